"""Flux ratio and offset of stars whose images have PSFs of different widths and stamps."""

import numpy as np
import pytest
import subtraction_sky
from redpix.astrometry.star_fit import fit_stars


@pytest.mark.parametrize("sides", [(41, 41), (25, 41), (41, 25)])
def test_ratio_and_offset_with_stamps_of_any_size(sides):
    shape, x, y = (140, 140), np.array([45.3, 93.8]), np.array([60.2, 71.4])
    flux, shift = np.array([2e4, 5e4]), (0.11, -0.07)
    new = subtraction_sky.light(shape, x, y, flux, 1.6)
    reference = subtraction_sky.light(shape, x + shift[0], y + shift[1], 1.3 * flux, 2.1)
    psfs = [subtraction_sky.gaussian(width) for width in (1.6, 2.1)]
    stamps = [np.zeros((side, side)) for side in sides]
    for stamp, psf in zip(stamps, psfs, strict=True):
        inner = min(len(stamp), len(psf))
        low, cut = (len(stamp) - inner) // 2, (len(psf) - inner) // 2
        part = psf[cut : cut + inner, cut : cut + inner]
        stamp[low : low + inner, low : low + inner] = part / part.sum()
    noise = np.full(shape, 25.0)
    fit = fit_stars(
        new, reference, noise, noise, lambda *_: stamps[0], lambda *_: stamps[1], x=x, y=y
    )
    assert fit.ratio == pytest.approx(1.3, rel=1e-3)
    assert fit.offset == pytest.approx(
        np.tile(shift, (2, 1)), abs=6e-3
    )  # slopes from neighbouring pixels are 4 % too flat
    # errors of a star of two widths: sqrt(V) / flux sqrt(4 pi) sigma, of both images together
    sigma, total = np.hypot(1.6, 2.1), np.hypot(1, 1.3)
    expected = 5 * np.sqrt(4 * np.pi) / flux
    assert np.all(fit.ratio_error > expected * 1.3)
    assert np.all(fit.ratio_error < expected * total * sigma * 1.5)


@pytest.mark.parametrize("scale", [0.01, 100.0])
def test_errors_do_not_depend_on_the_units_of_the_images(scale):
    """Counts against electrons per second: the noise of both is in the scale of the reference."""
    sky = subtraction_sky.make(3)
    new, old = sky.new, sky.reference
    stars = np.array([[60.0, 70.0], [150.0, 120.0]])
    light = subtraction_sky.light(new.image.shape, stars[:, 0], stars[:, 1], [2e4, 5e4], 2.0)

    def fit(factor):
        return fit_stars(
            new.image + light,
            factor * (old.image + old.flux * light),
            new.variance,
            factor**2 * old.variance,
            lambda *_: new.psf,
            lambda *_: old.psf,
            x=stars[:, 0],
            y=stars[:, 1],
        )

    one, other = fit(1.0), fit(scale)
    np.testing.assert_allclose(other.ratio, scale * one.ratio, rtol=1e-3)
    np.testing.assert_allclose(other.ratio_error, scale * one.ratio_error, rtol=1e-3)
    np.testing.assert_allclose(other.offset_error, one.offset_error, rtol=1e-3)
