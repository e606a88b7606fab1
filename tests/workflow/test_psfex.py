"""PSFs of images with many stars, with few stars and without stars."""

import logging

import numpy as np
import pytest
import subtraction_sky
from conftest import ROOT
from redpix.core.exceptions import InputError
from redpix.psf.moffat import moffat_stamp
from redpix.psf.psf_choice import fit_psf
from redpix.psf.psfex import find_sources
from redpix.psf.sextractor import copied_settings

SHAPE = (500, 520)
CONFIG = ROOT / "resources/psfex/stars.psfex"


def sources(folder, stars, flux=3e3):
    """Return the sources that SExtractor finds in stars of a Gaussian PSF on noise of 1."""
    rng = np.random.default_rng(3)
    columns, rows = np.meshgrid(np.arange(40, 500, 60.0), np.arange(40, 480, 60.0))
    x, y = (place.ravel()[:stars] + rng.uniform(0, 1, stars) for place in (columns, rows))
    image = subtraction_sky.light(SHAPE, x, y, [flux] * stars, 1.6) + rng.normal(0, 1, SHAPE)
    names = ("sources.sex", "stars.param", "sources.conv")
    keys = ("config", "parameters", "filter")
    paths = {
        key: ROOT / "resources/sextractor" / name for key, name in zip(keys, names, strict=True)
    }
    settings = copied_settings(paths, folder)
    mask = np.zeros(SHAPE, np.int16)
    return find_sources("a", image, np.ones(SHAPE), mask, folder, settings, "a.fits")


def test_psf_of_many_stars_is_the_true_one(tmp_path):
    model, places = fit_psf(sources(tmp_path, 56), CONFIG, "a.fits")
    true = subtraction_sky.gaussian(1.6, 41)
    assert model.stars > 40
    assert len(places) == model.stars
    assert model.fwhm == pytest.approx(1.6 * 2.355, rel=0.03)
    for x, y in ((60, 60), (250, 250), (450, 400)):
        stamp = model.at(x, y)
        assert stamp.sum() == pytest.approx(1)
        middle = np.s_[len(stamp) // 2 - 20 : len(stamp) // 2 + 21]
        assert abs(stamp[middle, middle] - true).max() < 0.02 * true.max()
        # what a matched filter sees: the effective area
        assert np.sum(stamp**2) == pytest.approx(np.sum(true**2), rel=0.02)


def test_few_stars_give_a_profile_and_a_warning(tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        model, _ = fit_psf(sources(tmp_path, 2, flux=400.0), CONFIG, "a.fits")
    assert "a.fits: too few stars for a PSF" in caplog.text
    assert model.stars == 0
    assert np.allclose(
        model.at(9, 9), moffat_stamp(model.fwhm, 41, integrated=False), rtol=0.1, atol=1e-4
    )
    assert 2.5 < model.fwhm < 6


def test_no_star_is_an_error(tmp_path):
    with pytest.raises(InputError, match="a.fits: no source, so no PSF"):
        fit_psf(sources(tmp_path, 0), CONFIG, "a.fits")
