"""Saturated stars are one star each."""

import numpy as np
import pytest
from redpix.image.masks import bit_value
from redpix.photometry.saturated_stars import errors_of_wings, one_per_group, saturated_stars
from redpix.photometry.scene import Placed

SATURATED = bit_value("SATURATED")


def disc(shape=(100, 80)):
    """Return a mask of a disc at x = 30, y = 60."""
    y, x = np.indices(shape)
    return np.where(np.hypot(x - 30, y - 60) <= 4, SATURATED, 0).astype(np.int16)


def bleeding():
    """Return a mask of the disc, its bleeding column and a hot pixel."""
    mask = disc()
    mask[:, 30] = SATURATED
    mask[5, 70] = SATURATED
    return mask


def ring(number, radius, flux):
    """Return stars in a ring about the disc."""
    angle = np.linspace(0.3, 2 * np.pi + 0.3, number + 1)[:-1]
    return Placed(30 + radius * np.cos(angle), 60 + radius * np.sin(angle), np.full(number, flux))


def one(x, y, flux):
    return Placed(np.array([x]), np.array([y]), np.array([flux]))


def test_a_star_is_at_the_thickest_place_of_its_column():
    x, y, labels = saturated_stars(bleeding())
    assert len(x) == 1
    assert (x[0], y[0]) == pytest.approx((30, 60), abs=0.5)
    assert labels[0, 30] == labels[60, 33] == 1
    assert labels[5, 70] == 0


def test_stars_about_a_group_of_saturated_pixels_are_one():
    stars = ring(6, 6.0, 1e5).join(one(60.0, 20.0, 500.0))
    merged = one_per_group(stars, bleeding(), 3.0)
    assert sorted(merged.flux) == [500.0, 6e5]
    assert (merged.x[-1], merged.y[-1]) == pytest.approx((30, 60), abs=0.5)


def test_a_saturated_star_that_is_one_keeps_its_position():
    stars = one(30.2, 59.9, 1e6)
    assert one_per_group(stars, bleeding(), 3.0).x[0] == 30.2


def test_faint_stars_that_crowd_about_a_saturated_star_are_errors_of_its_wings():
    around = one(30.0, 60.0, 1e6).join(ring(10, 11.0, 2e3)).join(one(40.0, 70.0, 5e4))
    elsewhere = Placed(np.array([60.0, 70, 75]), np.array([20.0, 60, 90]), np.full(3, 2e3))
    wrong = errors_of_wings(around.join(elsewhere), disc(), 3.0, 1.5)
    assert wrong.tolist() == [False] + [True] * 10 + [False] * 4


def test_two_faint_companions_of_a_saturated_star_are_believed():
    stars = one(30.0, 60.0, 1e6).join(ring(2, 11.0, 2e3))
    assert not errors_of_wings(stars, disc(), 3.0, 1.5).any()


def test_an_image_without_saturated_pixels_stays():
    stars = one(30.0, 60.0, 1e6)
    clear = np.zeros((100, 80), np.int16)
    assert one_per_group(stars, clear, 3.0) is stars
    assert not errors_of_wings(stars, clear, 3.0, 1.5).any()
