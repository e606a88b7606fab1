"""Quality of fitted stars: goodness of fit, aperture fluxes, widths and flags."""

from typing import NamedTuple

import numpy as np
import sep
from scipy.spatial import cKDTree

from redpix.image.masks import bit_value
from redpix.photometry.blank_apertures import variance_of_apertures
from redpix.photometry.star_flags import FLAGS

#: radius of the core of a star, FWHM
CORE = 1.25

#: radius of the aperture, FWHM
APERTURE = 3.0

#: excess of chi^2 per pixel over 1 that makes a misfit, standard deviations of noise
_SIGMAS = 5.0

#: further excess that is allowed, times the squared signal-to-noise ratio of the star; an error of
#: the PSF of one or two per cent causes it
_PSF_ERROR = 3e-4

#: minimum number of stars for an aperture correction
_LEAST = 10

#: minimum signal-to-noise ratio of these stars
_BRIGHT = 50.0


class Quality(NamedTuple):
    """Quality of stars, one value per star.

    Attributes
    ----------
    chi2 : ndarray, shape (n,)
        Chi^2 per pixel of the core; 1 for a good fit.
    flags : ndarray of int, shape (n,)
        Bits of `FLAGS`.
    aperture_flux, aperture_error : ndarray, shape (n,)
        Flux in an aperture of radius `APERTURE` without neighbours, extrapolated to infinity, and
        its 1-sigma error, counts.
    width_x, width_y : ndarray, shape (n,)
        Second-moment widths, pixels.
    peak_x, peak_y : ndarray of int, shape (n,)
        0-based brightest pixels.
    """

    chi2: np.ndarray
    flags: np.ndarray
    aperture_flux: np.ndarray
    aperture_error: np.ndarray
    width_x: np.ndarray
    width_y: np.ndarray
    peak_x: np.ndarray
    peak_y: np.ndarray


def core_pixels(x, y, radius, shape):
    """Return the pixels of stamps about positions.

    Parameters
    ----------
    x, y : ndarray, shape (n,)
        0-based positions.
    radius : float
        Pixels.
    shape : (int, int)
        ny, nx of the image.

    Returns
    -------
    where : (ndarray of int, ndarray of int), shape (n, side, side)
        Rows and columns, clipped to the image.
    near : ndarray of bool, shape (n, side, side)
        Pixels within the radius.
    inside : ndarray of bool, shape (n, side, side)
        Pixels within the image.
    """
    half = int(np.ceil(radius))
    axis = np.arange(-half, half + 1)
    rows = np.rint(y).astype(int)[:, None, None] + axis[:, None]
    columns = np.rint(x).astype(int)[:, None, None] + axis
    rows, columns = np.broadcast_arrays(rows, columns)
    near = np.hypot(columns - x[:, None, None], rows - y[:, None, None]) <= radius
    inside = (rows >= 0) & (rows < shape[0]) & (columns >= 0) & (columns < shape[1])
    return (np.clip(rows, 0, shape[0] - 1), np.clip(columns, 0, shape[1] - 1)), near, inside


def assess(result, mask, window):
    """Return the quality of all stars of a fit.

    Parameters
    ----------
    result : redpix.photometry.crowded.Result
        Fitted stars of the image.
    mask : ndarray of int, shape (ny, nx)
        Bits of `redpix.image.masks`.
    window : int
        Odd side of the square in which widths are measured, pixels.

    Returns
    -------
    Quality
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
    shapes = psf.stamps(stars.x, stars.y, window // 2, derivatives=False)
    width, peak = _shapes(rest, stars.flux[:, None, None] * shapes, stars, window)
    flux, error = aperture_fluxes(scene, rest, psf, stars)
    return Quality(chi2, flags, flux, error, *width, *peak)


def _mask_flags(bits, near, inside):
    """Return the flags SATURATED, MASKED and EDGE of each star."""
    flags = np.zeros(len(bits), int)
    seen = near & inside
    saturated = bit_value("SATURATED")
    flags[((bits & saturated) != 0).any(axis=(1, 2), where=seen)] |= FLAGS["SATURATED"]
    flags[((bits & ~saturated) != 0).any(axis=(1, 2), where=seen)] |= FLAGS["MASKED"]
    flags[(near & ~inside).any(axis=(1, 2))] |= FLAGS["EDGE"]
    return flags


def _blended(stars, distance):
    """Find the stars with a star of at least a tenth of their flux within a distance."""
    blended = np.zeros(len(stars.x), bool)
    if len(stars.x) < 2:
        return blended
    pairs = cKDTree(np.column_stack([stars.x, stars.y])).query_pairs(
        distance, output_type="ndarray"
    )
    for one, other in (pairs.T, pairs.T[::-1]):
        blended[one[stars.flux[other] > 0.1 * stars.flux[one]]] = True
    return blended


def _shapes(rest, models, stars, window):
    """Return second-moment widths (x, y), NaN if noise dominates, and peaks (x, y) of stars."""
    where, _, inside = core_pixels(stars.x, stars.y, window // 2, rest.shape)
    stamp = np.where(inside, rest[where] + models, 0)
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


def aperture_fluxes(scene, rest, psf, stars):
    """Return the flux of each star in a circle over the fraction of the PSF in it.

    The other stars are subtracted.

    Parameters
    ----------
    scene : redpix.photometry.scene.Scene
        Image with its noise.
    rest : ndarray, shape (ny, nx)
        Image of the scene without all stars, counts.
    psf : redpix.psf.effective_psf.EffectivePsf
        PSF of the image.
    stars : redpix.photometry.scene.Placed
        Positions and fluxes of the stars.

    Returns
    -------
    flux, error : ndarray, shape (n,)
        Counts.
    """
    radius = min(APERTURE * psf.fwhm, psf.reach)
    share = enclosed(psf, radius)
    hidden = ~np.isfinite(scene.variance)
    variance = np.where(hidden, 0, scene.variance)
    blank = np.where(hidden, 0, rest)
    summed, error, _ = sep.sum_circle(
        blank, stars.x, stars.y, radius, var=variance, mask=hidden, subpix=5
    )
    error = error * np.sqrt(
        variance_of_apertures(blank, variance, hidden, stars.x, stars.y, radius)
    )
    column = np.clip(np.rint(stars.x).astype(int), 0, rest.shape[1] - 1)
    row = np.clip(np.rint(stars.y).astype(int), 0, rest.shape[0] - 1)
    photons = np.maximum(stars.flux, 0) * share / scene.gain[row, column]
    return stars.flux + summed / share, np.sqrt(error**2 + photons) / share


def enclosed(psf, radius):
    """Return the fraction of a star's flux within a circle, in the middle of the image.

    Parameters
    ----------
    psf : redpix.psf.effective_psf.EffectivePsf
        PSF of the image.
    radius : float
        Pixels.

    Returns
    -------
    float
    """
    half = int(np.ceil(radius)) + 1
    middle = np.array([float(psf.shape[1] // 2)]), np.array([float(psf.shape[0] // 2)])
    stamp = np.ascontiguousarray(psf.stamps(*middle, min(half, psf.reach), derivatives=False)[0])
    centre = np.array([stamp.shape[0] // 2], float)
    return float(sep.sum_circle(stamp, centre, centre, radius, subpix=9)[0][0])


def aperture_correction(stars, quality, errors):
    """Return the factor from PSF fluxes to aperture fluxes, from bright isolated stars.

    Parameters
    ----------
    stars : redpix.photometry.scene.Placed
        Positions and fluxes of the stars.
    quality : Quality
        Quality of the stars.
    errors : redpix.photometry.scene.Errors
        1-sigma errors of the stars.

    Returns
    -------
    factor, error : float
        1 and NaN if there are fewer than ten usable stars.
    number : int
        Number of usable stars.
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
    # undetected neighbours add scatter to the known errors
    weight = 1 / (sigma**2 + np.median(sigma) ** 2)
    mean = np.sum(weight * values) / weight.sum()
    error = np.sqrt(np.sum(weight**2 * (values - mean) ** 2)) / weight.sum()
    return float(mean), float(error), len(values)
