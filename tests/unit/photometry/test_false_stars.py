"""Detections on the negative image tell of false stars."""

import numpy as np
import pytest
from redpix.photometry import ccd, crowded
from redpix.photometry.false_stars import doubtful_limit
from redpix.photometry.quality import assess
from redpix.photometry.trust import flag_untrusted
from star_field import Moffat, draw, simulate


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
    assert not result.doubtful.any()
    assert result.false.sky == result.false.light == 5.0


def test_false_stars_of_a_rippled_sky_are_flagged():
    field, result = measured(2.0)
    stars = result.stars
    near = np.hypot(stars.x[:, None] - field.x, stars.y[:, None] - field.y).min(axis=1)
    false = near > 3
    assert false.sum() > 20
    assert result.false.is_high
    # the rate is the fraction of false stars
    assert result.false.rate == pytest.approx(false.mean(), rel=0.5)
    assert result.doubtful[false].mean() > 0.9
    # bright stars stay clean
    bright = ~false & (stars.flux > 2 * np.quantile(stars.flux[false], 0.9))
    assert bright.sum() >= 3
    assert not result.doubtful[bright].any()


def test_stars_as_faint_as_many_false_ones_are_doubtful():
    stars = np.arange(5.5, 105.5)
    false = np.array([5.6, 6.0, 6.2, 7.0, 90.0])
    # up to 7 sigma, four detections on the negative image stand beside two stars; up to 90 five
    # beside 85
    assert doubtful_limit(stars, false, 5.0) == 7.0
    assert doubtful_limit(stars, false[:2], 5.0) == 5.0
    assert doubtful_limit(stars, np.zeros(0), 5.0) == 5.0


def test_stars_about_a_glow_that_the_sky_does_not_follow_are_flagged():
    rng = np.random.default_rng([9, 1])
    (x, y), flux = rng.uniform(8, 247, (2, 30)), rng.uniform(1e4, 1e5, 30)
    image = 300 + draw((256, 256), x, y, flux, Moffat(2.6), 0.1)
    rows, columns = np.indices(image.shape)
    image += 200 * np.exp(-((columns - 255) ** 2 + rows**2) / 2 / 25**2)
    image = rng.poisson(image * 1.5) / 1.5
    mask = np.zeros(image.shape, np.int16)
    sky = ccd.background(image, mask, 64)
    gain = np.full(image.shape, 1.5)
    known = {"error": sky.rms, "gain": gain, "mask": mask, "threshold": 5.0, "mesh": 64}
    result = crowded.measure(image - sky.level, **known)
    flags = flag_untrusted("image", result, assess(result, mask, 11), "").flags
    distance = np.hypot(result.stars.x[:, None] - x, result.stars.y[:, None] - y).min(axis=1)
    false = distance > 2
    assert false.sum() > 5
    assert np.count_nonzero(flags[false] == 0) <= 0.02 * np.count_nonzero(flags == 0)
    assert np.count_nonzero(flags == 0) > 20
