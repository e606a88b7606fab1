"""Saturated stars are one detection each."""

import numpy as np
import pytest
from redpix.image.masks import bit_value
from redpix.photometry.saturated_stars import in_wings, merged_detections, saturated_stars
from redpix.photometry.scene import Placed

SATURATED = bit_value("SATURATED")


def bleeding(shape=(100, 80)):
    """Return a mask of a disc at x = 30, y = 60, its bleeding column and a hot pixel."""
    y, x = np.indices(shape)
    mask = np.where(np.hypot(x - 30, y - 60) <= 4, SATURATED, 0).astype(np.int16)
    mask[:, 30] = SATURATED
    mask[5, 70] = SATURATED
    return mask


def test_a_star_is_at_the_thickest_place_of_its_column():
    x, y, labels = saturated_stars(bleeding())
    assert len(x) == 1
    assert (x[0], y[0]) == pytest.approx((30, 60), abs=0.5)
    assert labels[0, 30] == labels[60, 33] == 1
    assert labels[5, 70] == 0


def test_detections_about_a_saturated_star_are_one():
    ring = np.linspace(0, 2 * np.pi, 7)[:-1]
    stars = Placed(
        np.append(30 + 7 * np.cos(ring), 60.0),
        np.append(60 + 7 * np.sin(ring), 20.0),
        np.append(np.full(6, 1e5), 500.0),
    )
    merged = merged_detections(stars, bleeding(), 3.0)
    assert len(merged.x) == 2
    assert sorted(merged.flux) == [500.0, 1e5]
    assert (merged.x[-1], merged.y[-1]) == pytest.approx((30, 60), abs=0.5)


def test_faint_detections_in_the_wings_are_not_believed():
    stars = Placed(np.array([30.0]), np.array([60.0]), np.array([1e6]))
    new = Placed(np.array([40.0, 40, 70]), np.array([60.0, 62, 60]), np.array([2e3, 5e4, 2e3]))
    assert list(in_wings(new, stars, bleeding(), 3.0)) == [True, False, False]


def test_an_image_without_saturated_pixels_stays():
    stars = Placed(np.array([30.0]), np.array([60.0]), np.array([1e6]))
    none = np.zeros((100, 80), np.int16)
    assert merged_detections(stars, none, 3.0) is stars
    assert not in_wings(stars, stars, none, 3.0).any()
