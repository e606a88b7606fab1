"""Defocused stars, trails and undersampled stars: the PSF adapts, or apertures are offered."""

import numpy as np
import pytest
from redpix.photometry import ccd, crowded
from redpix.photometry.quality import FLAGS, aperture_correction, assess
from redpix.photometry.trust import better_column, flag_untrusted
from scipy.ndimage import gaussian_filter
from star_field import Moffat

HALF, FINE = 24, 5
AXIS = (np.arange(-HALF * FINE, HALF * FINE + FINE) - (FINE - 1) / 2) / FINE


def binned(fine):
    side = 2 * HALF + 1
    made = fine.reshape(side, FINE, side, FINE).sum(axis=(1, 3))
    return made / made.sum()


def donut(dx, dy, outer):
    """Return a defocused star of flux 1 in a stamp: a ring, blurred by 1.2 pixels."""
    radius = np.hypot(AXIS - dx, AXIS[:, None] - dy)
    ring = ((radius < outer) & (radius > 0.4 * outer)).astype(float)
    return binned(gaussian_filter(ring, 1.2 * FINE))


def trail(dx, dy, length):
    """Return a star of FWHM 2.6 pixels that drifted along a line."""
    alpha2 = (2.6 / 2) ** 2 / (2 ** (1 / 3) - 1)
    total = 0.0
    for step in np.linspace(-length / 2, length / 2, 31):
        along, across = AXIS - dx - 0.92 * step, AXIS[:, None] - dy - 0.39 * step
        total = total + (1 + (along**2 + across**2) / alpha2) ** -3.0
    return binned(total)


def moffat(dx, dy, fwhm):
    axis = np.arange(-HALF, HALF + 1)
    return Moffat(fwhm).at(axis - dx, axis[:, None] - dy)


def field(shape, size, side=256, stars=24):
    """Return an image of stars of a shape on a sky of 300 counts, and their truth."""
    rng = np.random.default_rng(5)
    x, y = rng.uniform(12, side - 12, (2, stars))
    flux = 10 ** rng.uniform(4.0, 5.4, stars)
    image = np.zeros((side + 2 * HALF, side + 2 * HALF))
    for column, row, light in zip(x, y, flux, strict=True):
        i, j = round(row), round(column)
        stamp = shape(column - j, row - i, size)
        image[i : i + 2 * HALF + 1, j : j + 2 * HALF + 1] += light * stamp
    clean = image[HALF:-HALF, HALF:-HALF] + 300
    return rng.poisson(clean * 1.5) / 1.5, x, y, flux


@pytest.mark.parametrize(
    ("shape", "size", "settings"),
    [
        (moffat, 1.1, {}),
        (moffat, 1.5, {}),
        (moffat, 3.0, {}),
        (trail, 8.0, {}),
        (trail, 15.0, {}),
        (trail, 20.0, {"stars": 16}),
        (trail, 25.0, {"stars": 12, "side": 320}),
        (donut, 5.0, {}),
        (donut, 8.0, {"stars": 12}),
        (donut, 14.0, {"stars": 12, "side": 320}),
    ],
)
def test_fluxes_are_right_or_apertures_are(shape, size, settings):
    image, x, y, flux = field(shape, size, **settings)
    mask = np.zeros(image.shape, np.int16)
    sky = ccd.background(image, mask, 64)
    result = crowded.measure(
        image - sky.level,
        error=sky.rms,
        gain=np.full(image.shape, 1.5),
        mask=mask,
        threshold=5.0,
        mesh=64,
    )
    quality = assess(result, mask, 11)
    correction = aperture_correction(result.stars, quality, result.errors)[0]
    column, reason = better_column("image", result, quality, correction)
    flags = flag_untrusted("image", result, quality, reason).flags & ~FLAGS["PSF"]
    better = quality.aperture_flux if column != "psf_flux" else result.stars.flux * correction
    distance = np.hypot(result.stars.x[:, None] - x, result.stars.y[:, None] - y)
    nearest, real = distance.argmin(axis=1), distance.min(axis=1) < 2
    assert len(set(nearest[real])) > 0.8 * len(x)
    assert np.count_nonzero(~real & (flags == 0)) <= 1
    clean = real & (flags == 0) & (flux[nearest] > np.median(flux))
    assert clean.sum() >= 3
    assert abs(np.median(2.5 * np.log10(better[clean] / flux[nearest][clean]))) < 0.02
