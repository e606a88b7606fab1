"""A stamp that is shifted along two axes is that of an interpolation in two dimensions."""

import numpy as np
import pytest
from redpix.psf.shifted_stamp import shifted_stamps
from scipy import ndimage


@pytest.mark.parametrize("half", [6, 14])
@pytest.mark.parametrize(("x", "y"), [(0.0, 0.0), (0.37, -0.81), (-1.0, 0.5)])
def test_a_shifted_stamp_and_its_slopes_are_those_of_an_interpolation(x, y, half):
    coefficients = ndimage.spline_filter(np.random.default_rng(4).normal(size=(21, 23)), 5)
    axis = np.arange(-half, half + 1)

    def moved(x, y):
        """Return the stamp by interpolation in two dimensions."""
        places = np.meshgrid(axis - y + 10, axis - x + 11, indexing="ij")
        return ndimage.map_coordinates(coefficients, places, order=5, prefilter=False)

    stack = np.stack([np.zeros((21, 23)), coefficients])
    places = np.array([0.2, x]), np.array([0.3, y])
    value, by_x, by_y = (made[1] for made in shifted_stamps(stack, *places, half))
    np.testing.assert_allclose(value, moved(x, y), atol=1e-9)
    inside, step = np.s_[half - 4 : half + 5, half - 4 : half + 5], 1e-4
    slope = (moved(x + step, y) - moved(x - step, y)) / (2 * step)
    np.testing.assert_allclose(by_x[inside], slope[inside], atol=1e-5)
    slope = (moved(x, y + step) - moved(x, y - step)) / (2 * step)
    np.testing.assert_allclose(by_y[inside], slope[inside], atol=1e-5)


def test_one_stamp_serves_all_places():
    coefficients = ndimage.spline_filter(np.random.default_rng(5).normal(size=(21, 21)), 5)[None]
    x, y = np.array([0.1, -0.6]), np.array([0.9, 0.0])
    shared = shifted_stamps(coefficients, x, y, 7)
    separate = shifted_stamps(np.repeat(coefficients, 2, axis=0), x, y, 7)
    np.testing.assert_array_equal(shared, separate)
    assert not np.allclose(shared[0][0], shared[0][1])


def test_slopes_over_a_step_are_differences_of_shifted_stamps():
    coefficients = ndimage.spline_filter(np.random.default_rng(6).normal(size=(21, 21)), 3)
    axis, place, step = np.arange(-6, 7), np.array([0.3, -0.45]), 0.1

    def moved(x, y):
        """Return the stamp by interpolation in two dimensions."""
        places = np.meshgrid(axis - y + 10, axis - x + 10, indexing="ij")
        return ndimage.map_coordinates(coefficients, places, order=3, prefilter=False)

    stack = np.stack([np.zeros((21, 21)), coefficients])
    stamp = np.array([1])
    value, by_x, by_y = (
        made[0] for made in shifted_stamps(stack, place[:1], place[1:], 6, 3, stamp, step)
    )
    np.testing.assert_allclose(value, moved(*place), atol=1e-12)
    changes = ((step, 0), by_x), ((0, step), by_y)
    for change, slope in changes:
        expected = (moved(*place + change) - moved(*place - change)) / (2 * step)
        np.testing.assert_allclose(slope, expected, atol=1e-12)
