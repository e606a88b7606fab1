"""Ensemble photometry: magnitudes relative to many comparison stars, chosen by their steadiness.

The magnitudes m of stars s in exposures e follow m[e, s] = M[s] + Z[e] (Honeycutt 1992, PASP 104,
435, eq. 2). Not every star needs to be in every exposure. A comparison star counts with the inverse
square of its own scatter (Broeg et al. 2005, AN 326, 134, eq. 2), which is found by iteration.
"""

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import LinearOperator, cg

from redpix.photometry.finite_moments import finite_moments
from redpix.sdss.magnitudes import POGSON

#: maximum number of rounds in which the scatter of the stars is measured again
_ROUNDS = 12

#: change of the scatter of all stars at which the rounds end, mag
_SETTLED = 1e-5

#: a star whose scatter exceeds its errors by more than this factor times the median is variable
_VARIABLE = 3.0

#: minimum number of exposures in which a comparison star is measured
_LEAST_EXPOSURES = 2

#: maximum error of a comparison star in an exposure, mag
_WORST = 0.1

#: variance that is added to each, so that a single bright star does not set the scale, mag squared
_LEAST_VARIANCE = 1e-8


class EnsembleMagnitudes(NamedTuple):
    """Magnitudes on the scale of an ensemble of comparison stars.

    Attributes
    ----------
    magnitude : ndarray, shape (exposures, stars)
        NaN where a star is not measured. A star is never compared with itself.
    error : ndarray, shape (exposures, stars)
        1-sigma errors, with those of the ensemble.
    offset : ndarray, shape (exposures,)
        Magnitude offset of each exposure, of mean 0; NaN without comparison stars.
    weight : ndarray, shape (stars,)
        Share of each star in the ensemble, of sum 1; 0 for a star that is not a comparison star.
    """

    magnitude: np.ndarray
    error: np.ndarray
    offset: np.ndarray
    weight: np.ndarray


def ensemble(flux, error, usable):
    """Return magnitudes on the scale of the steady stars.

    Parameters
    ----------
    flux, error : ndarray, shape (exposures, stars)
        Counts and 1-sigma errors; NaN where a star is not measured.
    usable : ndarray of bool, shape (stars,)
        Stars that may be comparison stars.

    Returns
    -------
    EnsembleMagnitudes
        All NaN if no two exposures share a comparison star.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        magnitude = np.where(flux > 0, -2.5 * np.log10(flux), np.nan)
        sigma = np.where(flux > 0, POGSON * error / flux, np.nan)
    good = np.isfinite(magnitude) & (sigma < _WORST) & usable
    good &= good.sum(axis=0) >= _LEAST_EXPOSURES
    good &= connected(good)[:, None]
    extra = np.zeros(good.shape[1])
    for _ in range(_ROUNDS):
        variance = np.nan_to_num(sigma, nan=1.0) ** 2 + extra**2 + _LEAST_VARIANCE
        weights = np.where(good, 1 / variance, 0.0)
        mean, offset = solve(magnitude, weights)
        own = offset_without(magnitude, weights, mean)
        before, extra = extra, excess_scatter(magnitude - own, sigma, good)
        steady = good & ~variable(magnitude - own, sigma, good)
        if np.array_equal(steady, good) and np.all(abs(extra - before) < _SETTLED):
            break
        good = steady
    scale = np.where(weights.sum(axis=1) > 0, offset, np.nan)
    others = weights.sum(axis=1)[:, None] - weights
    with np.errstate(divide="ignore"):
        uncertain = np.where(others > 0, 1 / np.sqrt(others), np.nan)
    total = weights.sum()
    share = weights.sum(axis=0) / total if total > 0 else np.zeros(good.shape[1])
    return EnsembleMagnitudes(magnitude - own, np.hypot(sigma, uncertain), scale, share)


def connected(good):
    """Return the exposures of the largest group that shares comparison stars.

    Parameters
    ----------
    good : ndarray of bool, shape (exposures, stars)
        Where comparison stars are measured.

    Returns
    -------
    ndarray of bool, shape (exposures,)
    """
    exposures, stars = good.shape
    rows, columns = np.nonzero(good)
    size = exposures + stars
    links = csr_array((np.ones(len(rows)), (rows, exposures + columns)), shape=(size, size))
    _, group = connected_components(links, directed=False)
    seen = good.any(axis=1)
    if not seen.any():
        return seen
    largest = np.bincount(group[:exposures][seen]).argmax()
    return seen & (group[:exposures] == largest)


def solve(magnitude, weights):
    """Return star magnitudes and exposure offsets by weighted least squares.

    Parameters
    ----------
    magnitude : ndarray, shape (exposures, stars)
        Values where the weight is 0 are ignored.
    weights : ndarray, shape (exposures, stars)
        Inverse variances.

    Returns
    -------
    mean : ndarray, shape (stars,)
        NaN for a star without weight.
    offset : ndarray, shape (exposures,)
        Of mean 0 over the exposures with weight; 0 for the others.
    """
    filled = np.where(weights > 0, magnitude, 0.0)
    of_star, of_exposure = weights.sum(axis=0), weights.sum(axis=1)
    per_star = np.where(of_star > 0, 1 / np.where(of_star > 0, of_star, 1), 0.0)
    seen = of_exposure > 0
    # the stars' magnitudes are eliminated: (D - W S^-1 W^T) Z = r; as a common offset is free, the
    # mean of Z is added to each equation, which makes it 0
    right = (weights * filled).sum(axis=1) - weights @ (per_star * (weights * filled).sum(axis=0))

    typical = of_exposure[seen].mean() if seen.any() else 1.0

    def normal(offset):
        common = seen * (typical * (seen @ offset) / max(seen.sum(), 1)) + ~seen * offset
        return of_exposure * offset - weights @ (per_star * (weights.T @ offset)) + common

    inverse = np.where(seen, 1 / np.where(seen, of_exposure, 1), 1.0)
    size = (len(seen), len(seen))
    offset, _ = cg(
        LinearOperator(size, matvec=normal, dtype=float),
        np.where(seen, right, 0.0),
        rtol=1e-10,
        maxiter=500,
        M=LinearOperator(size, matvec=lambda vector: inverse * vector, dtype=float),
    )
    offset = np.where(seen, offset - (offset[seen].mean() if seen.any() else 0.0), 0.0)
    total = (weights * (filled - offset[:, None])).sum(axis=0)
    return np.where(of_star > 0, total * per_star, np.nan), offset


def offset_without(magnitude, weights, mean):
    """Return the offset of each exposure by all comparison stars except the star itself.

    Parameters
    ----------
    magnitude, weights : ndarray, shape (exposures, stars)
        As for `solve`.
    mean : ndarray, shape (stars,)
        Magnitudes of the stars.

    Returns
    -------
    ndarray, shape (exposures, stars)
        NaN where no other comparison star is measured.
    """
    rest = np.where(weights > 0, weights * (np.where(weights > 0, magnitude, 0) - mean), 0.0)
    rest = np.nan_to_num(rest)
    others = weights.sum(axis=1)[:, None] - weights
    with np.errstate(invalid="ignore", divide="ignore"):
        # the tolerance removes the rounding of a sum less its only term
        some = others > 1e-9 * weights.sum(axis=1)[:, None]
        return np.where(some, (rest.sum(axis=1)[:, None] - rest) / others, np.nan)


def excess_scatter(magnitude, sigma, good):
    """Return the scatter of each star beyond its errors.

    Parameters
    ----------
    magnitude, sigma : ndarray, shape (exposures, stars)
        Magnitudes on the scale of the ensemble and their 1-sigma errors.
    good : ndarray of bool, shape (exposures, stars)
        Where a star counts.

    Returns
    -------
    ndarray, shape (stars,)
        Magnitudes; 0 for a star that is as steady as its errors.
    """
    square, expected = _variances(magnitude, sigma, good)
    return np.sqrt(np.maximum(np.nan_to_num(square - expected), 0))


def variable(magnitude, sigma, good):
    """Return the stars whose scatter is far above that of stars of the same errors.

    Parameters
    ----------
    magnitude, sigma, good
        As for `excess_scatter`.

    Returns
    -------
    ndarray of bool, shape (stars,)
        None if fewer than three stars are compared.
    """
    square, expected = _variances(magnitude, sigma, good)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.sqrt(square / expected)
    known = np.isfinite(ratio)
    if known.sum() < 3:
        return np.zeros(len(ratio), bool)
    return np.nan_to_num(ratio) > _VARIABLE * max(np.median(ratio[known]), 1.0)


def _variances(magnitude, sigma, good):
    """Return the sample variance of each star, and the mean of its squared errors."""
    good = good & np.isfinite(magnitude)
    number, _, square = finite_moments(magnitude, good)
    expected = np.where(good, sigma**2, 0).sum(axis=0) / np.maximum(number, 1)
    return square, np.where(number > 1, expected, np.nan)
