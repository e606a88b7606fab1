"""The PSF that the stars of an image support: its stars, degree, engine and wings."""

import fits_sky
import numpy as np
import pytest
from redpix.core import programs
from redpix.core.exceptions import InputError
from redpix.psf.psf_choice import fit_psf
from redpix.psf.psfex import find_sources
from redpix.psf.sextractor import copied_settings
from redpix.psf.star_locus import star_locus

SHAPE = (420, 440)


def star(x, y, alpha, beta=2.5, half=60):
    """Return the pixels of a star of unit flux, a Moffat profile averaged over 5 x 5 points.

    They are those within `half` of the pixel in which the star lies.
    """
    fine = np.arange(-5 * half - 2, 5 * half + 3) / 5
    across, up = fine - (x - round(x)), fine - (y - round(y))
    light = (1 + (across**2 + up[:, None] ** 2) / alpha**2) ** -beta
    side = 2 * half + 1
    return light.reshape(side, 5, side, 5).mean(axis=(1, 3)) * (beta - 1) / (np.pi * alpha**2)


def width_at(x, alpha, slope):
    return alpha * (1 + slope * (2 * x / SHAPE[1] - 1))


def image_of(number, alpha, beta=2.5, slope=0.0, seed=1):
    """Return an image of stars on noise of 1; their scale length changes along x."""
    rng = np.random.default_rng([seed, 7])
    side = int(np.ceil(np.sqrt(number)))
    axis = (np.arange(side) + 0.5) / side
    x, y = (grid.ravel()[:number] for grid in np.meshgrid(axis * SHAPE[1], axis * SHAPE[0]))
    x, y = x + rng.uniform(-2, 2, number), y + rng.uniform(-2, 2, number)
    image = np.pad(rng.normal(0, 1, SHAPE), 60)
    for left, up, flux in zip(x, y, 10 ** rng.uniform(3.6, 4.4, number), strict=True):
        region = tuple(slice(round(place), round(place) + 121) for place in (up, left))
        image[region] += flux * star(left, up, width_at(left, alpha, slope), beta)
    return image[60:-60, 60:-60]


def sources_of(image, folder):
    settings = copied_settings(fits_sky.resources(), folder)
    planes = image, np.ones(SHAPE), np.zeros(SHAPE, np.int16)
    return find_sources("a", *planes, folder, settings, "a.fits")


def psf_of(image, folder, engine="auto"):
    return fit_psf(sources_of(image, folder), fits_sky.resources()["psfex"], "a.fits", engine)[0]


def test_stars_are_told_from_galaxies_and_cosmic_rays():
    rng = np.random.default_rng(2)
    stars, galaxies, rays = rng.normal(1.4, 0.05, 8), rng.uniform(1.8, 6, 60), np.full(20, 0.45)
    size = np.concatenate([stars, galaxies, rays])
    selected = star_locus(size, np.full(len(size), 1.1), np.ones(len(size), bool))
    assert selected[:8].all()
    assert not selected[8:].any()


def test_few_stars_of_a_constant_psf_give_a_constant_psf(tmp_path):
    assert psf_of(image_of(25, alpha=2.0), tmp_path).degree == 0


@pytest.mark.parametrize("engine", ["psfex", "effective"])
def test_a_psf_that_changes_over_the_image_is_followed(tmp_path, engine):
    model = psf_of(image_of(64, alpha=2.4, slope=0.15), tmp_path, engine)
    assert model.degree >= 1
    for x in (60, 380):
        true = star(x, 210, width_at(x, 2.4, 0.15))
        assert np.sum(model.at(x, 210) ** 2) == pytest.approx(np.sum(true**2), rel=0.06)


@pytest.mark.parametrize("engine", ["psfex", "effective"])
def test_wings_are_those_of_the_stars(tmp_path, engine):
    alpha, beta = 2.0, 2.2
    model = psf_of(image_of(64, alpha, beta), tmp_path, engine)
    assert model.wings
    fwhm = 2 * alpha * np.sqrt(2 ** (1 / beta) - 1)
    curves = []
    for stamp in (model.at(220, 210), star(220, 210, alpha, beta)):
        axis = np.arange(len(stamp)) - len(stamp) // 2
        radius = np.hypot(axis, axis[:, None])
        sums = np.array([stamp[radius < r * fwhm].sum() for r in (1, 2, 3, 4, 5, 6)])
        curves.append(sums / sums[-1])
    np.testing.assert_allclose(*curves, atol=0.01)


@pytest.mark.parametrize("engine", ["psfex", "effective"])
def test_the_sum_of_a_psf_is_that_of_a_curve_of_growth(tmp_path, engine):
    """The sky of a curve of growth lies from 6 to 8 FWHM, where these stars still have light."""
    alpha, beta = 2.6, 1.9
    model = psf_of(image_of(36, alpha, beta), tmp_path, engine)
    assert model.wings
    fwhm = 2 * alpha * np.sqrt(2 ** (1 / beta) - 1)
    true, axis = star(220, 210, alpha, beta), np.arange(-60, 61)
    radius = np.hypot(axis, axis[:, None]) / fwhm
    growth = true - true[(radius > 6) & (radius < 8)].mean()
    total = growth[radius < 7].sum()
    half = len(model.at(220, 210)) // 2
    within = radius[60 - half : 61 + half, 60 - half : 61 + half]
    for size in (1, 1.5, 2, 3, 4):
        assert model.at(220, 210)[within < size].sum() == pytest.approx(
            growth[radius < size].sum() / total, abs=0.01
        )


def test_a_narrow_psf_is_made_on_a_finer_grid(tmp_path):
    model = psf_of(image_of(64, alpha=0.9), tmp_path)
    assert model.engine == "effective"
    assert "effective, degree 0" in model.words
    peak = model.at(220, 210).max()
    assert peak == pytest.approx(star(220, 210, 0.9).max(), rel=0.03)


def test_without_psfex_the_effective_psf_is_used_and_said(tmp_path, monkeypatch, caplog):
    """PSFEx has no build for Apple silicon and ARM Linux."""
    sources = sources_of(image_of(25, alpha=2.0), tmp_path)
    monkeypatch.setitem(programs.NAMES, "psfex", ("no-such-program",))
    config = fits_sky.resources()["psfex"]
    model, _ = fit_psf(sources, config, "a.fits")
    assert model.engine == "effective"
    assert "a.fits: PSFEx is not on the PATH" in caplog.text
    with pytest.raises(InputError, match="no-such-program is on the PATH"):
        fit_psf(sources, config, "a.fits", "psfex")
