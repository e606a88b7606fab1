"""Detections on the negative image tell of false stars."""

import numpy as np
import pytest
from redpix.photometry import crowded
from redpix.photometry.false_stars import raised_threshold
from star_field import Moffat, simulate


def measured(ripple):
    """Measure a field whose sky has ripples of an amplitude in units of its noise."""
    field = simulate(7, 256, 40, Moffat())
    noise = np.sqrt(field.sky_variance)
    y, x = np.indices(field.image.shape)
    waves = ripple * noise * np.sin(x / 3) * np.sin(y / 3.3)
    plane = np.full(field.image.shape, noise)
    return field, crowded.measure(
        field.image - field.sky + waves,
        error=plane,
        gain=np.full(plane.shape, field.gain),
        mask=np.zeros(plane.shape, np.int16),
        threshold=5.0,
        mesh=64,
    )


def test_a_clean_image_has_a_low_rate():
    _, result = measured(0)
    assert result.false.rate < 0.05
    assert result.false.removed == 0
    assert result.false.sky == result.false.light == 5.0


def test_false_stars_of_a_rippled_sky_are_left_out():
    field, result = measured(2.0)
    assert result.false.is_high
    assert result.false.sky > 5
    assert result.false.removed > 20
    near = np.hypot(result.stars.x[:, None] - field.x, result.stars.y[:, None] - field.y).min(
        axis=1
    )
    assert np.count_nonzero(near > 3) < 0.2 * result.false.removed


def test_the_threshold_is_raised_as_far_as_needed():
    stars = np.arange(5.5, 105.5)
    false = np.array([5.2, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0])
    limit = raised_threshold(stars, false, 5.0)
    # four of 92 stars may be false
    assert limit == pytest.approx(8.0)
    assert raised_threshold(stars, false[:3], 5.0) == 5.0
