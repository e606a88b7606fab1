"""What else is worth knowing of fitted stars: their fit's quality, apertures, widths, flags."""

from typing import NamedTuple

import numpy as np
import sep
from scipy.spatial import cKDTree

from redpix.image.masks import bit_value, filled_from_nearest

#: bits of a star's flags
FLAGS = {
    "SATURATED": 1,  # saturated pixels in its core: its light comes from the rest
    "MASKED": 2,  # other masked pixels in its core
    "EDGE": 4,  # its core reaches beyond the image
    "BLENDED": 8,  # a star of a tenth of its light or more within 1.5 FWHM
    "MISFIT": 16,  # its pixels do not follow the PSF: no star, or not one
}

#: radius of a star's core, and of the aperture, in FWHM
CORE, APERTURE = 1.25, 3.0

#: chi^2 a pixel is a misfit above 1 by this many standard deviations of noise, and by this share
#: of the star's signal to noise squared, which an error of the PSF of a percent or two makes
_SIGMAS, _PSF_ERROR = 5.0, 3e-4

#: fewest stars for an aperture correction, and their least signal to noise
_LEAST, _BRIGHT = 10, 50.0


class Quality(NamedTuple):
    """A value a star."""

    chi2: np.ndarray  #: a pixel of the core, 1 for a good fit
    flags: np.ndarray
    aperture_flux: np.ndarray  #: within `APERTURE`, neighbours subtracted, out to infinity
    aperture_error: np.ndarray
    width_x: np.ndarray
    width_y: np.ndarray
    peak_x: np.ndarray
    peak_y: np.ndarray


def core_pixels(x, y, radius, shape):
    """Rows and columns of stamps about places; which pixels are in a circle, and in the image."""
    half = int(np.ceil(radius))
    axis = np.arange(-half, half + 1)
    rows = np.rint(y).astype(int)[:, None, None] + axis[:, None]
    columns = np.rint(x).astype(int)[:, None, None] + axis
    rows, columns = np.broadcast_arrays(rows, columns)
    near = np.hypot(columns - x[:, None, None], rows - y[:, None, None]) <= radius
    inside = (rows >= 0) & (rows < shape[0]) & (columns >= 0) & (columns < shape[1])
    return (np.clip(rows, 0, shape[0] - 1), np.clip(columns, 0, shape[1] - 1)), near, inside


def assess(result, mask, window):
    """Quality of all stars of a fit.

    Parameters
    ----------
    result : redpix.photometry.crowded.Result
    mask : ndarray of int
    window : int
        Odd side of the square in which widths are taken, pixels.
    """
    stars, scene, psf, model = result.stars, result.scene, result.psf, result.model
    rest = scene.image - model
    where, near, inside = core_pixels(stars.x, stars.y, CORE * psf.fwhm, rest.shape)
    weight = np.where(near & inside, scene.weight(model)[where], 0)
    pixels = np.maximum(np.sum(weight > 0, axis=(1, 2)), 1)
    chi2 = np.sum(weight * rest[where] ** 2, axis=(1, 2)) / pixels
    ratio = stars.flux / result.errors.flux
    flags = _mask_flags(mask[where], near, inside)
    limit = 1 + _SIGMAS * np.sqrt(2 / pixels) + _PSF_ERROR * ratio**2
    flags[chi2 > limit] |= FLAGS["MISFIT"]
    flags[_blended(stars, 1.5 * psf.fwhm)] |= FLAGS["BLENDED"]
    own = stars.flux[:, None, None] * psf.stamps(stars.x, stars.y, window // 2, derivatives=False)
    width, peak = _shapes(rest, own, stars, window)
    flux, error = aperture_fluxes(scene, rest, psf, stars)
    return Quality(chi2, flags, flux, error, *width, *peak)


def _mask_flags(bits, near, inside):
    flags = np.zeros(len(bits), int)
    seen = near & inside
    saturated = bit_value("SATURATED")
    flags[((bits & saturated) != 0).any(axis=(1, 2), where=seen)] |= FLAGS["SATURATED"]
    flags[((bits & ~saturated) != 0).any(axis=(1, 2), where=seen)] |= FLAGS["MASKED"]
    flags[(near & ~inside).any(axis=(1, 2))] |= FLAGS["EDGE"]
    return flags


def _blended(stars, distance):
    found = np.zeros(len(stars.x), bool)
    if len(stars.x) < 2:
        return found
    pairs = cKDTree(np.column_stack([stars.x, stars.y])).query_pairs(
        distance, output_type="ndarray"
    )
    for one, other in (pairs.T, pairs.T[::-1]):
        found[one[stars.flux[other] > 0.1 * stars.flux[one]]] = True
    return found


def _shapes(rest, own, stars, window):
    """Second-moment widths (x, y) of each star, NaN where noise leaves none; its peak (x, y)."""
    where, _, inside = core_pixels(stars.x, stars.y, window // 2, rest.shape)
    stamp = np.where(inside, rest[where] + own, 0)
    total = stamp.sum(axis=(1, 2))
    total = np.where(total > 0, total, np.nan)
    widths = []
    axis = np.arange(-(window // 2), window // 2 + 1)
    for plane in (stamp.sum(axis=1), stamp.sum(axis=2)):
        middle = plane @ axis / total
        variance = plane @ axis**2 / total - middle**2
        widths.append(np.sqrt(np.where(variance > 0, variance, np.nan)))
    half = window // 2
    core = np.where(inside, stamp, -np.inf)[:, half - 1 : half + 2, half - 1 : half + 2]
    highest = core.reshape(len(core), 9).argmax(axis=1) if len(core) else np.zeros(0, int)
    peak_x = np.rint(stars.x).astype(int) + highest % 3 - 1
    peak_y = np.rint(stars.y).astype(int) + highest // 3 - 1
    return widths, (peak_x, peak_y)


def nearest_known(plane, x, y):
    """Values of a plane at places, or in the pixel nearest to each that has one.

    Parameters
    ----------
    plane : ndarray, shape (ny, nx)
        NaN where it has none; not everywhere.
    x, y : ndarray of int, shape (n,)
        0-based; beyond the border the pixel on it counts.

    Returns
    -------
    ndarray, shape (n,)
    """
    at = np.clip(y, 0, plane.shape[0] - 1), np.clip(x, 0, plane.shape[1] - 1)
    return filled_from_nearest(plane, np.isnan(plane))[at]


def aperture_fluxes(scene, rest, psf, stars):
    """Flux of each star in a circle, the other stars subtracted, over the share of the PSF in it.

    Parameters
    ----------
    scene : redpix.photometry.psf_fit.Scene
    rest : ndarray
        The scene's image without all stars.

    Returns
    -------
    flux, error : ndarray, shape (n,)
    """
    radius = APERTURE * psf.fwhm
    share = enclosed(psf, radius)
    hidden = ~np.isfinite(scene.variance)
    variance = np.where(hidden, 0, scene.variance)
    summed, error, _ = sep.sum_circle(
        np.where(hidden, 0, rest), stars.x, stars.y, radius, var=variance, mask=hidden, subpix=5
    )
    column = np.clip(np.rint(stars.x).astype(int), 0, rest.shape[1] - 1)
    row = np.clip(np.rint(stars.y).astype(int), 0, rest.shape[0] - 1)
    photons = np.maximum(stars.flux, 0) * share / scene.gain[row, column]
    return stars.flux + summed / share, np.sqrt(error**2 + photons) / share


def enclosed(psf, radius):
    """Share of a star's light within a circle, in the middle of the image."""
    half = int(np.ceil(radius)) + 1
    middle = np.array([float(psf.shape[1] // 2)]), np.array([float(psf.shape[0] // 2)])
    stamp = np.ascontiguousarray(psf.stamps(*middle, min(half, psf.reach), derivatives=False)[0])
    centre = np.array([stamp.shape[0] // 2], float)
    return float(sep.sum_circle(stamp, centre, centre, radius, subpix=9)[0][0])


def aperture_correction(stars, quality, errors):
    """What PSF fluxes are to be multiplied with to agree with wide apertures on bright lone stars.

    Returns
    -------
    factor, error : float
        1 and NaN where there are fewer than ten such stars.
    number : int
    """
    ratio = stars.flux / errors.flux
    good = (quality.flags == 0) & (ratio > _BRIGHT) & np.isfinite(quality.aperture_flux)
    values = quality.aperture_flux[good] / stars.flux[good]
    sigma = quality.aperture_error[good] / stars.flux[good]
    for _ in range(3):
        if len(values) < _LEAST:
            return 1.0, float("nan"), len(values)
        spread = 1.4826 * np.median(abs(values - np.median(values)))
        kept = abs(values - np.median(values)) < 3 * np.maximum(sigma, spread)
        values, sigma = values[kept], sigma[kept]
    # the scatter of neighbours too faint to be found comes on top of what is known
    weight = 1 / (sigma**2 + np.median(sigma) ** 2)
    mean = np.sum(weight * values) / weight.sum()
    error = np.sqrt(np.sum(weight**2 * (values - mean) ** 2)) / weight.sum()
    return float(mean), float(error), len(values)
