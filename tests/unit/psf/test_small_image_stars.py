"""Widths of the stars of small images, and profiles that stand in for PSFs, against simulations."""

import numpy as np
import pytest
from astropy.io import fits
from redpix.core.exceptions import InputError
from redpix.psf.given_psf import given_psf
from redpix.psf.moffat import alpha_of, moffat_pixels
from redpix.psf.small_image_stars import WidthFits, fit_widths, mean_width, same_width
from redpix.psf.stand_in import stand_in_psf

SIDE, FWHM = 63, 2.6


def scene(sources, noise=5.0, seed=1):
    """Return image, variance and mask of (x, y, flux, fwhm) sources of Moffat profiles."""
    rows, columns = np.mgrid[:SIDE, :SIDE].astype(float)
    image = np.random.default_rng(seed).normal(0, noise, (SIDE, SIDE))
    for x, y, flux, fwhm in sources:
        image += flux * moffat_pixels(columns - x, rows - y, alpha_of(fwhm, 3.0), 3.0, 0.0, 0.0)
    return image, np.full(image.shape, noise**2), np.zeros(image.shape, np.int16)


def test_stars_at_the_edge_count_and_galaxies_do_not():
    stars = [(4.3, 30.2, 4000, FWHM), (58.8, 7.6, 6000, FWHM)]
    galaxies = [(31.0, 31.0, 40000, 5.5), (20.0, 50.0, 20000, 4.6)]
    fits = fit_widths(*scene(stars + galaxies))
    chosen = fits.take(same_width(fits))
    assert sorted(np.rint(chosen.x)) == [4, 59]
    assert mean_width(chosen) == pytest.approx(np.hypot(FWHM, 0.6), rel=0.05)


def test_many_stars_outvote_a_narrow_peak():
    ones = np.ones(4)
    fits = WidthFits(ones, ones, ones, np.array([3.0, 3.1, 2.9, 1.5]), 0.05 * ones)
    assert same_width(fits).tolist() == [True, True, True, False]


def test_a_hot_pixel_is_not_a_star():
    image, variance, mask = scene([])
    image[20, 30] += 1000
    assert stand_in_psf(image, variance, mask) is None


def test_a_change_on_a_galaxy_is_a_star():
    """The image shows a galaxy only; what is new on it has the width of the PSF."""
    image, variance, mask = scene([(31.0, 31.0, 60000, 6.0)])
    new, _, _ = scene([(31.0, 31.0, 60000, 6.0), (33.0, 30.4, 9000, FWHM)], seed=2)
    made = stand_in_psf(new, variance, mask, (new - image, 2 * variance, mask))
    assert made.fwhm == pytest.approx(np.hypot(FWHM, 0.6), rel=0.06)
    assert made.stars == 0


def test_three_stars_make_a_profile_of_their_shape():
    stars = [(10.3, 30.2, 9000, FWHM), (58.8, 7.6, 9000, FWHM), (40.2, 50.9, 9000, FWHM)]
    made = stand_in_psf(*scene(stars))
    axis = np.arange(41) - 20.0
    true = moffat_pixels(axis, axis[:, None], alpha_of(FWHM, 3.0), 3.0, 0.0, 0.0)
    assert made.stars == 3
    assert abs(made.at(30, 30) - true).sum() < 0.04
    # flux by a fit with the profile
    shape = made.at(30, 30)
    assert (true * shape).sum() / (shape**2).sum() == pytest.approx(1, abs=0.015)


def test_a_given_psf_is_cut_or_padded_and_of_unit_sum(tmp_path):
    for side in (21, 61):
        axis = np.arange(side) - side // 2
        stamp = 7 * np.exp(-(axis**2 + axis[:, None] ** 2) / (2 * 1.5**2))
        path = str(tmp_path / f"{side}.fits")
        fits.PrimaryHDU(stamp).writeto(path)
        made = given_psf({"psf": path, "fwhm": None}).at(10, 10)
        assert made.shape == (41, 41)
        assert made.sum() == pytest.approx(1)
        assert np.unravel_index(made.argmax(), made.shape) == (20, 20)
    assert given_psf({}) is None
    with pytest.raises(InputError, match="fwhm: 40 pixels; allowed: 0.8 to 15"):
        given_psf({"fwhm": 40.0})
