"""A star's pixels sum to 1 wherever it is within a pixel."""

import numpy as np
import pytest
from redpix.psf.effective_psf_fit import effective_psf, fit_profile
from redpix.psf.even_pixels import with_even_pixels
from redpix.psf.psf_correction import corrected
from redpix.psf.star_stamps import StarStamps
from star_field import Moffat

HALF, SHAPE = 12, (200, 300)


def stamps(number, profile, seed=2):
    """Noisy stamps of stars anywhere in an image, of 100,000 counts."""
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(20, SHAPE[1] - 20, number), rng.uniform(20, SHAPE[0] - 20, number)
    column, row = np.rint(x).astype(int), np.rint(y).astype(int)
    axis = np.arange(-HALF, HALF + 1)
    clean = np.array(
        [
            1e5 * profile.at(axis - (a - c), axis[:, None] - (b - d))
            for a, b, c, d in zip(x, y, column, row, strict=True)
        ]
    )
    variance = np.full(clean.shape, 25.0)
    pixels = rng.normal(clean, np.sqrt(variance + clean))
    flux, gain = np.full(number, 1e5), np.ones(clean.shape)
    return StarStamps(x, y, flux, column, row, pixels, variance, gain)


def sums(psf):
    """Sums of the pixels of stars at many positions within a pixel."""
    rng = np.random.default_rng(8)
    x, y = rng.uniform(80, 120, (2, 400))
    return psf.stamps(x, y, psf.reach - 1, derivatives=False).sum(axis=(1, 2))


@pytest.mark.parametrize("fwhm", [1.2, 1.8])
def test_the_sum_does_not_depend_on_the_position_in_the_pixel(fwhm):
    profile, fitted = fit_profile(stamps(40, Moffat(fwhm, 3.0, 0.7, 0.5)), SHAPE, fwhm)
    made = corrected(effective_psf(profile, len(fitted.x)), fitted)
    assert np.std(sums(made)) < 0.0005
    assert np.mean(sums(made)) == pytest.approx(1, abs=0.01)


def test_an_uneven_psf_is_mended_and_an_even_one_is_kept():
    profile, fitted = fit_profile(stamps(40, Moffat(2.0)), SHAPE, 2.0)
    psf = effective_psf(profile, len(fitted.x))
    grid = (np.arange(psf.terms.shape[1]) - psf.terms.shape[1] // 2) * psf.step
    wave = 1 + 0.1 * np.cos(2 * np.pi * grid)
    uneven = psf._replace(terms=psf.terms * wave)
    assert np.std(sums(uneven)) > 0.02
    assert np.std(sums(with_even_pixels(uneven))) < 0.002
    even = with_even_pixels(psf).terms
    assert np.abs(even - psf.terms).max() < 0.005 * psf.terms.max()
