"""The sky about stars where a background is not flat."""

import numpy as np
from redpix.psf.local_sky import is_flat, local_sky

FWHM, NOISE = 3.0, 5.0
ROWS, COLUMNS = np.indices((200, 220))


def field(background):
    """Return image, variance and stars (x, y, flux, size) on a background."""
    rng = np.random.default_rng(4)
    x, y = (
        axis.ravel() for axis in np.meshgrid(np.arange(30, 200, 28.3), np.arange(30, 180, 27.1))
    )
    image = background + rng.normal(0, NOISE, ROWS.shape)
    for at_x, at_y in zip(x, y, strict=True):
        distance2 = (COLUMNS - at_x) ** 2 + (ROWS - at_y) ** 2
        image += 4000 * np.exp(-distance2 / 2 / (FWHM / 2.355) ** 2)
    sources = np.column_stack([x, y, np.full(len(x), 4e4), np.full(len(x), 1.6)])
    return image, np.full(ROWS.shape, NOISE**2), sources


def sky_of(background):
    """Return the sky about the stars of a field and their positions."""
    image, variance, sources = field(background)
    invalid = np.zeros(image.shape, bool)
    return local_sky(image, variance, invalid, sources[:, :3], sources, FWHM), sources


def test_a_flat_background_is_left_alone():
    found, _ = sky_of(np.zeros(ROWS.shape))
    assert not found.plane.any()


def test_level_and_slopes_are_those_of_the_light_beneath():
    light = 40 + 0.5 * COLUMNS - 0.3 * ROWS + 30 * np.sin(COLUMNS / 50)
    found, sources = sky_of(light)
    x, y = np.rint(sources[:, :2].T).astype(int)
    pixels = np.pi * (8**2 - 5**2) * FWHM**2
    wrong = found.plane[:, 0] - light[y, x]
    # noise, and half the curvature times the mean square of a quarter of the ring's width
    assert np.std(wrong) < 2 * NOISE / np.sqrt(pixels) + 30 / 50**2 * (6.7 * FWHM) ** 2 / 4
    np.testing.assert_allclose(found.plane[:, 2], -0.3, atol=0.08)
    stamps = found.on_squares(x, y, 4)
    middle = stamps[:, 4, 4] - found.plane[:, 0]
    assert abs(middle).max() < 1
    np.testing.assert_allclose(stamps[:, 8, 4] - stamps[:, 0, 4], 8 * found.plane[:, 2])


def test_few_stars_and_faint_light_do_not_tell():
    light = np.full(3, 100.0)
    assert is_flat(np.array([90.0, 80.0]), np.ones(2), light[:2])
    assert not is_flat(np.array([90.0, 80.0, -70.0]), np.ones(3), light)
    assert is_flat(np.array([90.0, 80.0, -70.0]), np.full(3, np.inf), light)
    assert is_flat(np.array([90.0, 80.0, -70.0]), np.ones(3), 300 * light)
