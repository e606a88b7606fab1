"""Fluxes of transients on light that fills the image: the wings of the PSF do not hold it."""

import csv

import fits_sky
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

CARDS = {"GAIN": fits_sky.GAIN, "RDNOISE": fits_sky.READ_NOISE}
ROWS, COLUMNS = np.indices(fits_sky.SHAPE)


def galaxy():
    """Return a de Vaucouleurs profile whose light reaches the edges of the image."""
    radius = np.hypot(COLUMNS - 175, (ROWS - 165) / 0.6) / 22
    return np.minimum(2500 * np.exp(-7.67 * (radius**0.25 - 1)), 4000)


def scattered():
    """Return light that falls off from an edge."""
    return 400 * np.exp(-(fits_sky.SHAPE[1] - COLUMNS) / 25)


def transients(stars):
    """Return x, y, flux of new sources away from stars and from each other."""
    rng, made = np.random.default_rng(9), []
    while len(made) < 14:
        place = rng.uniform(25, np.array(fits_sky.SHAPE[::-1]) - 25)
        taken = [*zip(*stars[:2], strict=True), *(one[:2] for one in made)]
        if min(np.hypot(*(place - other)) for other in np.array(taken)) > 12:
            made.append((*place, 10 ** rng.uniform(3.7, 4.3)))
    return np.array(made).T


@pytest.mark.parametrize("shared", [True, False], ids=["galaxy", "scattered light"])
def test_fluxes_on_wide_light(shared, tmp_path):
    stars = fits_sky.stars(2)
    new = transients(stars)
    both = tuple(np.concatenate(pair) for pair in zip(stars, new, strict=True))
    light = galaxy() if shared else scattered()
    old_light = 1.5 * gaussian_filter(light, 2.0) if shared else 0.0
    science = fits_sky.counts(both, 2, level=200 + gaussian_filter(light, 1.6))
    reference = fits_sky.counts(stars, 52, width=2.0, flux=1.5, level=300 + old_light)
    paths = [
        fits_sky.write(tmp_path / name, image, **CARDS)
        for name, image in (("science.fits", science), ("reference.fits", reference))
    ]
    made = fits_sky.subtract(*paths, tmp_path)
    with open(made.transients, newline="") as file:
        rows = [
            (float(row["x"]), float(row["y"]), float(row["flux"])) for row in csv.DictReader(file)
        ]
    x, y, flux = np.transpose(rows)
    nearest = [np.argmin(np.hypot(x - at_x, y - at_y)) for at_x, at_y, _ in new.T]
    assert np.hypot(x[nearest] - new[0], y[nearest] - new[1]).max() < 0.5
    # the fluxes were 18 to 20 % too low on the galaxy, and 7 to 15 % too high in scattered light
    assert np.median(flux[nearest] / new[2]) == pytest.approx(1, abs=0.02)
