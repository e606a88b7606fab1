"""Covariance of the noise of two images of one sky."""

import numpy as np
import pytest
from redpix.image.noise_covariance import (
    blank_sky,
    covariances,
    neighbours,
    positive,
    unexpected,
)
from scipy import ndimage, signal

SHAPE = (420, 430)


def two_images(kernel, seed=3):
    """Return two images of one sky: shared faint sources, and noise filtered with a kernel."""
    rng = np.random.default_rng([seed, 9])
    faint = np.zeros(SHAPE)
    faint[rng.integers(0, SHAPE[0], 900), rng.integers(0, SHAPE[1], 900)] = rng.uniform(0, 60, 900)
    faint = ndimage.gaussian_filter(faint, 1.5)
    noises = (ndimage.convolve(rng.normal(0, 2, SHAPE), kernel, mode="wrap") for _ in range(2))
    return [(faint + noise).astype(np.float32) for noise in noises]


def measured(kernel):
    variances = [np.full(SHAPE, 4.0, np.float32)] * 2
    scaled, blank = blank_sky(two_images(kernel), variances, np.zeros(SHAPE, np.int16))
    return covariances(scaled, blank), np.count_nonzero(blank)


def test_white_noise_is_white_though_faint_sources_are_shared():
    found, pixels = measured(np.ones((1, 1)))
    for covariance in found:
        assert not unexpected(covariance, None, pixels)
        assert covariance[10, 10] == pytest.approx(1, abs=0.04)


def test_correlated_noise_is_measured():
    kernel = np.outer([0.25, 1, 0.25], [0.25, 1, 0.25]) / 1.125
    true = np.pad(signal.correlate2d(kernel, kernel), 8)
    found, pixels = measured(kernel)
    for covariance in found:
        assert unexpected(covariance, None, pixels)
        assert not unexpected(covariance, true, pixels)
        assert neighbours(covariance) == pytest.approx(neighbours(true), abs=0.03)
        np.testing.assert_allclose(covariance, true, atol=0.05)
        assert np.fft.fft2(np.fft.ifftshift(positive(covariance))).real.min() > 0


def test_little_blank_sky_gives_no_covariance():
    blank = np.zeros(SHAPE, bool)
    blank[:40, :40] = True
    assert covariances([blank.astype(float)] * 2, blank) is None
