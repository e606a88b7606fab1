"""Light curves: the same stars in many exposures on one flux scale, and their expected scatter."""

from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from redpix.astrometry.quads import BRIGHTEST, CHANCE, chance, match, shift
from redpix.astrometry.star_map import Map, fit_map
from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.photometry.ensemble import ensemble
from redpix.photometry.finite_moments import finite_moments

#: maximum number of stars, the brightest, by which two exposures are matched
_BRIGHTEST = 200

#: maximum distance between matched stars, pixels
_NEAR = 2.0

#: minimum signal-to-noise ratio of the stars that set the scale of an exposure
_BRIGHT = 50.0

#: cycles per pixel along x and y of the waves by which a flux may depend on the pixel phase
_WAVES = ((1, 0), (0, 1), (1, 1), (1, -1), (2, 0), (0, 2))

#: terms of a response: constant; slopes; squares, too; slopes and waves; waves that vary
_TERMS = ([0], [0, 1, 2], [0, 1, 2, 39, 40, 41], list(range(15)), list(range(39)))

#: minimum number of stars per fitted term
_STARS_PER_TERM = 5

#: a response with more terms is used if it reduces the scatter to this fraction or less
_HELPS = 0.9

#: number of groups of stars that are held out in turn
_PARTS = 5

#: minimum number of exposures for the scatter of a star
LEAST_EXPOSURES = 3


class Scaled(NamedTuple):
    """Light curves on one flux scale.

    Attributes
    ----------
    relative : ndarray, shape (exposures, stars)
        Flux over the star's mean flux; NaN where a star is not measured.
    error : ndarray, shape (exposures, stars)
        1-sigma errors of `relative`.
    scale : ndarray, shape (exposures,)
        Transmission of each exposure over the mean of all exposures.
    mean : ndarray, shape (stars,)
        Mean flux at scale 1, counts.
    response : ndarray, shape (exposures, stars)
        Sensitivity at the star's position over the mean sensitivity; 1 where no dependence on
        position is fitted. A factor common to all exposures of a star is in `mean`.
    """

    relative: np.ndarray
    error: np.ndarray
    scale: np.ndarray
    mean: np.ndarray
    response: np.ndarray


def star_transform(exposure, reference, shape, matrix=None):
    """Return the transform from the reference's pixels to those of an exposure.

    Three proposals are tried: the WCS of both, a shift, and a match of star patterns. The transform
    that matches most stars is returned.

    Parameters
    ----------
    exposure, reference : ndarray, shape (n, 2)
        0-based x and y of stars, the brightest first.
    shape : (int, int)
        Numbers of rows and columns of the reference.
    matrix : ndarray, shape (3, 3), optional
        Homography from the reference's pixels to those of the exposure, from the WCS of both.

    Returns
    -------
    redpix.astrometry.star_map.Map

    Raises
    ------
    InputError
        If the two exposures show different skies.
    """
    new, seen = reference[:_BRIGHTEST], exposure[:_BRIGHTEST]
    expected = len(new) * len(seen) * np.pi * _NEAR**2 / np.prod(shape)
    pairs = min(len(new), BRIGHTEST) * min(len(seen), BRIGHTEST)
    # matrix, number of matrices tried, number of stars that define the matrix
    proposals = [(shift(new, seen, _NEAR), pairs, 1)]
    if matrix is not None:
        proposals.insert(0, (matrix, 1, 0))
    maps = []
    for proposal, tried, given in proposals:
        count = _together(Map(proposal, shape, np.zeros((6, 2))), new, seen)
        if chance(count - given, expected, tried) < CHANCE:
            maps.append(fit_map(proposal, shape, new, exposure, _NEAR))
    try:
        maps.append(fit_map(match(new, seen, _NEAR), shape, new, exposure, _NEAR))
    except InputError:
        if not maps:
            raise
    return max(maps, key=lambda one: _together(one, new, seen))


def _together(transform, reference, exposure):
    """Return the number of an exposure's stars that match transformed stars of the reference."""
    distance, near = cKDTree(exposure).query(np.transpose(transform(*reference.T)))
    return len(np.unique(near[distance < _NEAR]))


def put_on_one_scale(flux, error, usable, x, y):
    """Return relative light curves: fluxes divided by the transmission and the response.

    The transmission of an exposure is measured from its bright, steady stars. The flux of an
    undersampled star depends on the phase of its centre in a pixel, differently in each exposure.
    Without a flat field, the flux also depends on the position in the image. Both dependences are
    common to all stars. They are divided out if this reduces the scatter. The response of each star
    is fitted to the other stars, so a star's own scatter remains.

    Parameters
    ----------
    flux, error : ndarray, shape (exposures, stars)
        Counts and 1-sigma errors; NaN where a star is not measured.
    usable : ndarray of bool, shape (stars,)
        Stars that may set the scale.
    x, y : ndarray, shape (exposures, stars)
        0-based positions of the stars, pixels.

    Returns
    -------
    Scaled

    Raises
    ------
    InputError
        If no star is measured in all exposures, and the exposures do not share steady stars.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        bright = usable & np.all(flux > _BRIGHT * error, axis=0)
    if not bright.any():
        bright = _faint_or_flagged(np.isfinite(flux).all(axis=0), usable)
    if bright.any():
        light, scale = _best_light(flux, np.flatnonzero(bright), response_terms(x, y))
    else:
        scale = _scale_of_ensemble(flux, error, usable)
        light = np.broadcast_to(scale[:, None], flux.shape)
    mean = finite_moments(flux / light).mean
    norm = light * np.where(mean > 0, mean, np.nan)
    return Scaled(flux / norm, error / norm, scale, mean, light / scale[:, None])


def _faint_or_flagged(complete, usable):
    """Return the faint stars that set the scale, or else flagged ones; say so."""
    if (complete & usable).any():
        log.info("no star without a flag exceeds %g sigma: fainter ones set the scale", _BRIGHT)
        return complete & usable
    if complete.any():
        log.warning("each star that all exposures measure has a flag: these stars set the scale")
    return complete


def _scale_of_ensemble(flux, error, usable):
    """Return the transmission of exposures by stars of which each is in some exposures."""
    scale = 10 ** (-0.4 * ensemble(flux, error, usable).offset)
    if np.count_nonzero(scale > 0) < 2:
        raise InputError("no star is measured in all exposures, nor steady stars in several")
    return scale / np.nanmean(scale)


def response_terms(x, y):
    """Return the terms on which a flux may depend in an exposure.

    The terms are 1, x and y over their spread, cosines and sines of the pixel phase, their
    products with x and y, and the squares and the product of x and y.

    Parameters
    ----------
    x, y : ndarray, shape (exposures, stars)
        0-based positions of the stars, pixels.

    Returns
    -------
    ndarray, shape (exposures, stars, 42)
    """
    slopes = [(axis - axis.mean()) / max(axis.std(), 1.0) for axis in (x, y)]
    angles = [2 * np.pi * (i * x + j * y) for i, j in _WAVES]
    waves = [*map(np.cos, angles), *map(np.sin, angles)]
    changes = [slope * wave for slope in slopes for wave in waves]
    squares = [slopes[0] ** 2, slopes[0] * slopes[1], slopes[1] ** 2]
    return np.stack([np.ones(np.shape(x)), *slopes, *waves, *changes, *squares], axis=-1)


def _best_light(flux, stars, terms):
    """Return transmission and scale as `_light`, with the terms that steady held-out stars."""
    best = _light(flux, stars, terms[..., _TERMS[0]])
    for numbers in _TERMS[1:]:
        if len(flux) < 3 or len(stars) < _STARS_PER_TERM * len(numbers):
            break
        some = terms[..., numbers]
        light, scale = _light(flux, stars, some)
        for first in range(_PARTS):
            held = slice(first, None, _PARTS)
            light[:, stars[held]] = _light(flux, np.delete(stars, held), some)[0][:, stars[held]]
        if _spread(flux, light, stars) < _HELPS * _spread(flux, best[0], stars):
            best = light, scale
    return best


def _spread(flux, light, stars):
    """Return the median relative scatter of some stars."""
    made = flux[:, stars] / light[:, stars]
    return np.median(np.std(made, axis=0) / made.mean(axis=0))


def _light(flux, chosen, terms, rounds=5):
    """Fit the transmission of exposures to chosen stars, linear in some terms.

    Returns
    -------
    light : ndarray, shape (exposures, stars)
        Transmission times response of all stars.
    scale : ndarray, shape (exposures,)
        Constant term of `light`, of mean 1.
    """
    light = np.ones(flux.shape)
    for _ in range(rounds):
        ratio = flux[:, chosen] / finite_moments(flux / light).mean[chosen]
        # variable stars get a low weight
        spread = np.std(ratio / light[:, chosen], axis=0)
        weight = 1 / (spread**2 + np.median(spread) ** 2 + 1e-12)
        design = terms[:, chosen].swapaxes(1, 2)
        normal = (design * weight) @ design.swapaxes(1, 2)
        factors = np.linalg.solve(normal, (design * weight) @ ratio[..., None])[..., 0]
        factors /= factors[:, 0].mean()
        light = (terms @ factors[..., None])[..., 0]
    return light, factors[:, 0]


def scatter(scaled):
    """Return the scatter of each star's light curve and the scatter expected from its errors.

    Parameters
    ----------
    scaled : Scaled
        Light curves on one scale.

    Returns
    -------
    number : ndarray of int, shape (stars,)
        Number of exposures in which a star is measured.
    measured : ndarray, shape (stars,)
        Standard deviation of the relative flux; NaN if there are fewer than three exposures.
    expected : ndarray, shape (stars,)
        Root mean square of the relative errors; NaN if there are fewer than three exposures.
    """
    number, _, variance = finite_moments(scaled.relative)
    errors = np.where(np.isfinite(scaled.relative), scaled.error, 0)
    expected = (errors**2).sum(axis=0) / np.maximum(number, 1)
    enough = number >= LEAST_EXPOSURES
    return (
        number,
        np.where(enough, np.sqrt(variance), np.nan),
        np.where(enough, np.sqrt(expected), np.nan),
    )
