"""A spectrum is refused before anything is measured; images of the sky are not."""

import numpy as np
import pytest
from redpix.core.exceptions import InputError
from redpix.photometry.spectrum_check import refuse_spectrum, spectrum_lines
from star_field import Moffat, draw

SHAPE = 200, 320


def sky(level=200.0):
    return np.random.default_rng(3).normal(level, np.sqrt(level), SHAPE)


def trace(slope=0.01):
    rows, columns = np.indices(SHAPE)
    light = 2000 * np.exp(-((rows - 95 - slope * columns) ** 2) / 2 / 2.5**2)
    return light * (1 + 0.3 * np.sin(columns / 9))


@pytest.mark.parametrize("turned", [False, True])
def test_a_spectrum_is_refused(turned):
    image = sky() + trace()
    image = image.T if turned else image
    name = "columns" if turned else "rows"
    with pytest.raises(
        InputError, match=rf"^a.fits: {name} 9\d to 10\d .* as in a spectrum; allowed"
    ):
        refuse_spectrum("a.fits", image, np.zeros(image.shape, np.int16))


def test_images_of_the_sky_are_not_spectra():
    rng = np.random.default_rng(4)
    x, y = rng.uniform(0, 199, (2, 400))
    stars = draw(SHAPE, x, y, 10 ** rng.uniform(3, 5, 400), Moffat(3.0), 0.1)
    bad = sky() + 500 * (np.arange(SHAPE[1]) == 77)
    glow = sky() + 800 * np.exp(-np.indices(SHAPE)[0] / 10)
    half = sky() + 300 * (np.arange(SHAPE[1]) > 150)
    for image in (sky(), sky() + stars, sky() + trace(0.5), bad, glow, half):
        assert spectrum_lines(image, np.zeros(SHAPE, bool)) is None


def test_a_mask_that_hides_the_spectrum_is_a_way_out():
    mask = np.zeros(SHAPE, np.int16)
    mask[80:115] = 1
    refuse_spectrum("a.fits", sky() + trace(), mask)
