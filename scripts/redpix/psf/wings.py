"""Measure the wings of the stars of an image and give them to its PSF.

Pixel by pixel the wings of a star lie below the noise. Means over rings of many stars do not. The
wings are a sum of falling power laws of the distance, fitted by non-negative least squares.
"""

from typing import NamedTuple

import numpy as np
from scipy.optimize import nnls
from scipy.spatial import cKDTree

from redpix.image.medians import median
from redpix.image.stamps import resized
from redpix.psf.effective_psf_fit import fit_profile
from redpix.psf.held_out import fit_to_stars

#: edges of the rings, FWHM
RINGS = np.arange(1.5, 8.1, 0.5)

#: distances between which a PSF passes over into its wings, FWHM
_START, _END = 1.6, 2.4

#: exponents of the power laws
_EXPONENTS = (2.5, 3.5, 5.0, 8.0)

#: distance at which the light of a star counts as sky, FWHM
_SKY = 7.0

#: half-width of a PSF with wings, FWHM, and its limits in pixels
_REACH, _LEAST_HALF, _MOST_HALF = 6.0, 20, 40

#: maximum number of stars
_MOST = 60

#: minimum number of stars from which wings are measured
_LEAST_STARS = 5

#: error of the light from 2 to 4 FWHM, relative to the flux, below which the rings alone are taken,
#: and above which they are not taken alone
_SURE, _WELL_MEASURED = 0.005, 0.015

#: error of the same light in a Moffat profile that is fitted to the cores of stars
_OF_PROFILE = 0.01

#: radius about another source in which pixels are left out, FWHM and its half-light radii
_AROUND = (2.0, 2.0)

#: maximum flux of another source within the rings, relative to the star
_BESIDE = 1.0


class Rings(NamedTuple):
    """Mean values of rings about stars.

    Attributes
    ----------
    star : ndarray of int, shape (n,)
        Number of the star among the stamps.
    radius : ndarray, shape (a,)
        Mean radius of each ring, pixels.
    value, error : ndarray, shape (n, a)
        Mean of each ring and its 1-sigma error; the error is infinite without a valid pixel.
    """

    star: np.ndarray
    radius: np.ndarray
    value: np.ndarray
    error: np.ndarray


def measure_rings(image, variance, invalid, stars, sources, fwhm, sky):
    """Return the means of rings about stars, without the pixels of other sources.

    Parameters
    ----------
    image, variance : ndarray, shape (ny, nx)
        Pixels without their background, and their variance.
    invalid : ndarray of bool, shape (ny, nx)
        Pixels that are left out.
    stars : redpix.psf.star_stamps.StarStamps
        The stars, the brightest first.
    sources : ndarray, shape (m, 4)
        x, y (0-based, pixels), flux and half-light radius of all sources.
    fwhm : float
        FWHM of the stars, pixels.
    sky : redpix.psf.local_sky.LocalSky
        Sky about the stars, which is subtracted.

    Returns
    -------
    Rings
    """
    half = int(np.ceil(RINGS[-1] * fwhm)) + 1
    tree = cKDTree(sources[:, :2])
    numbers, means = [], []
    for number, star in enumerate(zip(stars.x, stars.y, stars.flux, strict=True)):
        near = sources[tree.query_ball_point(star[:2], 1.2 * half)]
        others = near[np.linalg.norm(near[:, :2] - star[:2], axis=1) > 2]
        if len(numbers) < _MOST and not (others[:, 2] > _BESIDE * star[2]).any():
            numbers.append(number)
            plane = sky.plane[number]
            means.append(_means_about(star, image, variance, invalid, others, fwhm, plane))
    means = np.array(means, float).reshape(len(numbers), len(RINGS) - 1, 2)
    middles = (RINGS[1:] + RINGS[:-1]) / 2 * fwhm
    return Rings(np.array(numbers, int), middles, means[..., 0], means[..., 1])


def _means_about(star, image, variance, invalid, others, fwhm, plane):
    """Return the mean of each ring about a star, without a plane of sky, and its error."""
    x, y, _ = star
    region = _region(image.shape, x, y, int(np.ceil(RINGS[-1] * fwhm)) + 1)
    rows, columns = np.mgrid[region]
    image, variance = image[region], variance[region]
    if plane.any():
        image = image - (plane[0] + plane[1] * (columns - x) + plane[2] * (rows - y))
    usable = ~invalid[region] & np.isfinite(image)
    for other_x, other_y, _, size in others:
        away = np.hypot(columns - other_x, rows - other_y)
        usable &= away > _AROUND[0] * fwhm + _AROUND[1] * size
    ring = np.digitize(np.hypot(columns - x, rows - y), RINGS * fwhm) - 1
    members = [usable & (ring == one) for one in range(len(RINGS) - 1)]
    return [_clipped_mean(image[one], variance[one]) for one in members]


def _region(shape, x, y, half):
    """Return the slices of a square about a position, cut at the border."""
    column, row = round(float(x)), round(float(y))
    return (
        slice(max(0, row - half), min(shape[0], row + half + 1)),
        slice(max(0, column - half), min(shape[1], column + half + 1)),
    )


def _clipped_mean(values, variances):
    """Return the clipped mean and its error; 0 and infinity for fewer than four values."""
    if len(values) < 4:
        return 0.0, np.inf
    middle, spread = median(values), np.sqrt(median(variances))
    kept = abs(values - middle) < 3.5 * spread
    if np.count_nonzero(kept) < 4:
        return 0.0, np.inf
    return values[kept].mean(), np.sqrt(variances[kept].sum()) / np.count_nonzero(kept)


def with_wings(model, stamps, rings, fwhm, shape):
    """Return a PSF whose wings are those of the stars.

    Parameters
    ----------
    model : redpix.psf.psf_model.PsfModel
        PSF whose core is right.
    stamps : redpix.psf.star_stamps.StarStamps
        Isolated stars.
    rings : Rings
        Their rings.
    fwhm : float
        FWHM of the stars, pixels.
    shape : (int, int)
        ny, nx of the image; the stamp is not larger.

    Returns
    -------
    redpix.psf.psf_model.PsfModel
        Uncertain wings are averaged with those of a Moffat profile that is fitted to the stars.
        The same PSF if its stars are too few for both.
    """
    flux, error = None, np.inf
    if len(rings.star) >= _LEAST_STARS:
        flux, _ = fit_to_stars(model, stamps.take(rings.star), fwhm)
        error = wing_error(rings, flux, fwhm)
    weight = 1.0 if error < _SURE else 1 / (1 + (error / _OF_PROFILE) ** 2)
    profile = None
    if weight < 1 and len(stamps.x) >= _LEAST_STARS:
        profile, _ = fit_profile(stamps, shape, fwhm, degree=0)
    if profile is None:
        if not error < _WELL_MEASURED:
            return model
        weight = 1.0
    half = int(np.clip(np.ceil(_REACH * fwhm), _LEAST_HALF, _MOST_HALF))
    half = min(half, (min(shape) - 1) // 2)
    axis = np.arange(-half, half + 1)
    radius = np.hypot(axis, axis[:, None]) / fwhm
    share = np.clip((radius - _START) / (_END - _START), 0, 1)
    terms = np.stack([resized(term, 2 * half + 1) for term in model.terms])
    wings = np.zeros(radius.shape)
    if flux is not None:
        wings += weight * model.terms[0].sum() * _of_rings(radius, rings, flux, fwhm, half)
    if profile is not None:
        wings += (1 - weight) * _of_profile(radius, profile, terms[0], axis)
    terms *= 1 - share
    terms[0] += share * wings
    uncertain = error if profile is None else 1 / np.hypot(1 / error, 1 / _OF_PROFILE)
    return model._replace(terms=terms, wings=True, wing_error=float(uncertain))


def _of_rings(radius, rings, flux, fwhm, half):
    """Return the wings that the rings of stars have, at radii in FWHM."""
    powers = _wing_powers(rings, flux, fwhm)
    # the outer rings are the level of the sky, as in a curve of growth
    outer = min(half / fwhm, _SKY)
    return _laws(np.clip(radius, _START, outer)) @ powers - _laws(outer) @ powers


def _of_profile(radius, profile, core, axis):
    """Return the wings of a Moffat profile that has as much light in its core as a PSF."""
    middle = [(length - 1) / 2 for length in profile.shape[::-1]]
    place = (np.array([at]) for at in middle)
    light = profile.at(*place, axis[None, None, :], axis[None, :, None])[0]
    inner = radius < _START
    return light * core[inner].sum() / light[inner].sum()


def wing_error(rings, flux, fwhm):
    """Return the error of the mean light in the wings, from the scatter of the stars.

    Parameters
    ----------
    rings : Rings
        Rings about the stars.
    flux : ndarray, shape (n,)
        Flux of each star.
    fwhm : float
        FWHM of the stars, pixels.

    Returns
    -------
    float
        Relative to the flux; infinite if fewer than `_LEAST_STARS` have all their rings.
    """
    edges = RINGS * fwhm
    areas = np.pi * (edges[1:] ** 2 - edges[:-1] ** 2)
    wings, sky = (RINGS[:-1] >= 2) & (RINGS[:-1] < 4), RINGS[:-1] >= 6
    seen = np.isfinite(rings.error).all(axis=1)
    if np.count_nonzero(seen) < _LEAST_STARS:
        return np.inf
    level = np.average(rings.value[seen][:, sky], axis=1, weights=areas[sky])[:, None]
    light = ((rings.value[seen] - level) * areas)[:, wings].sum(axis=1)
    weight = flux[seen] ** 2 / np.sum(flux[seen] ** 2)
    share = light / flux[seen]
    mean = np.sum(weight * share)
    return float(np.sqrt(np.sum(weight**2 * (share - mean) ** 2)))


def _wing_powers(rings, flux, fwhm):
    """Return the coefficients of the power laws; the sky about each star is free."""
    weight = np.where(np.isfinite(rings.error), 1 / rings.error**2, 0)
    laws = flux[:, None, None] * _laws(rings.radius / fwhm)
    columns = np.concatenate([rings.value[..., None], laws], axis=2)
    # the sky of each star is free: columns without their weighted mean over the rings
    total = np.maximum(weight.sum(axis=1), 1e-300)[:, None, None]
    columns = columns - (weight[..., None] * columns).sum(axis=1, keepdims=True) / total
    columns = (np.sqrt(weight)[..., None] * columns).reshape(-1, columns.shape[2])
    return nnls(columns[:, 1:], columns[:, 0])[0]


def _laws(radius):
    """Return the power laws at radii in FWHM; the last axis has one entry per law."""
    return (np.asarray(radius)[..., None] / 2.0) ** -np.array(_EXPONENTS)
