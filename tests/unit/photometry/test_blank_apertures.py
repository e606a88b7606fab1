"""Apertures without stars tell the scatter of sums where neighbouring pixels are correlated."""

import numpy as np
import pytest
import sep
from redpix.photometry.blank_apertures import variance_of_apertures
from scipy.ndimage import gaussian_filter

SIDE, RADIUS = 300, 8.0


def ratio_at(rest, x, y):
    """Return the variance of sums at positions for a noise of 1."""
    hidden = np.zeros(rest.shape, bool)
    return variance_of_apertures(rest, np.ones(rest.shape), hidden, x, y, RADIUS)


def test_white_noise_has_the_variance_of_its_pixels():
    rest = np.random.default_rng(3).normal(0, 1, (SIDE, SIDE))
    x, y = np.random.default_rng(4).uniform(10, 290, (2, 200))
    assert np.mean(ratio_at(rest, x, y) == 1) > 0.97


def test_correlated_noise_has_the_variance_of_its_sums():
    rng = np.random.default_rng(5)
    glow = gaussian_filter(rng.normal(0, 1, (SIDE, SIDE)), 6.0)
    rest = rng.normal(0, 1, (SIDE, SIDE)) + 0.3 * glow / glow.std()
    x, y = rng.uniform(10, 290, (2, 2000))
    total, *_ = sep.sum_circle(rest, x, y, RADIUS)
    truth = np.var(total) / (np.pi * RADIUS**2)
    assert truth > 5
    assert np.median(ratio_at(rest, x, y)) == pytest.approx(truth, rel=0.4)


def test_a_place_of_wrong_sky_has_larger_errors_than_the_rest():
    rng = np.random.default_rng(6)
    rows, columns = np.indices((SIDE, SIDE))
    wave = np.sin(columns / 9) * np.exp(-((columns - 80) ** 2 + (rows - 80) ** 2) / 2 / 30**2)
    rest = rng.normal(0, 1, (SIDE, SIDE)) + wave
    made = ratio_at(rest, np.array([80.0, 250.0]), np.array([80.0, 250.0]))
    assert made[0] > 5
    assert made[1] < 2
