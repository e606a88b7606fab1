"""Trends of light curves with airmass, position and seeing, fitted to each star and removed."""

from typing import NamedTuple

import numpy as np

#: minimum number of exposures per fitted number
LEAST_PER_TERM = 5

#: residuals above this many errors count less (Huber 1964), and the rounds of reweighting
_TUNING, _ROUNDS = 1.345, 20


class Detrended(NamedTuple):
    """Light curves without trends.

    Attributes
    ----------
    relative : ndarray, shape (exposures, stars)
        Relative fluxes; NaN for stars with too few exposures.
    terms : tuple of str
        Names of the fitted terms. A term that is constant or unknown is left out.
    """

    relative: np.ndarray
    terms: tuple


def trend_terms(names, airmass, x, y, fwhm):
    """Return the terms of a trend by name; each has the mean 0 for each star.

    Parameters
    ----------
    names : sequence of str
        Of ``airmass``, ``position`` and ``seeing``.
    airmass, fwhm : ndarray, shape (exposures,)
        NaN if unknown.
    x, y : ndarray, shape (exposures, stars)
        0-based positions, pixels.

    Returns
    -------
    dict of str to ndarray, shape (exposures, stars)
        Scaled to a spread of 1.
    """
    values = {}
    if "airmass" in names:
        values["airmass"] = np.broadcast_to(airmass[:, None], x.shape)
    if "position" in names:
        values |= {"x": x, "y": y}
    if "seeing" in names:
        values["seeing"] = np.broadcast_to(fwhm[:, None], x.shape)
    terms = {}
    for name, value in values.items():
        rest = value - value.mean(axis=0)
        spread = rest.std(axis=0).max()
        if np.isfinite(rest).all() and spread > 1e-6:
            terms[name] = rest / spread
    return terms


def detrend(relative, error, terms):
    """Return light curves less a robust linear fit of the terms to each star.

    A signal that resembles a term is partly removed. The fit gives outliers less weight, so a short
    eclipse changes it little.

    Parameters
    ----------
    relative, error : ndarray, shape (exposures, stars)
        Relative fluxes and their 1-sigma errors; NaN where a star is not measured.
    terms : mapping of str to ndarray, shape (exposures, stars)
        As from `trend_terms`.

    Returns
    -------
    Detrended
    """
    good = np.isfinite(relative) & np.isfinite(error)
    # stars, exposures, terms
    design = np.stack([np.ones(relative.shape), *terms.values()], axis=-1).swapaxes(0, 1)
    flux = np.where(good, relative, 0.0).T
    sigma = np.where(good, error, 1.0).T
    weight = np.where(good, 1 / np.where(good, error, 1.0) ** 2, 0.0).T
    enough = good.sum(axis=0) >= LEAST_PER_TERM * design.shape[2]
    robust = weight.copy()
    for _ in range(_ROUNDS):
        normal = np.einsum("se,sei,sej->sij", robust, design, design)
        right = np.einsum("se,sei,se->si", robust, design, flux)
        # stars with too few exposures are not used; a small ridge keeps their matrices regular
        ridge = 1e-9 * np.trace(normal, axis1=1, axis2=2)[:, None, None] + 1e-12
        found = np.linalg.solve(normal + ridge * np.eye(design.shape[2]), right[..., None])[..., 0]
        rest = flux - np.einsum("sei,si->se", design, found)
        pull = abs(rest) / np.maximum(sigma, _spread(rest, good.T)[:, None])
        robust = weight * np.minimum(1, _TUNING / np.maximum(pull, 1e-12))
    trend = np.einsum("sei,si->se", design[..., 1:], found[:, 1:]).T
    made = np.where(good & enough, relative - trend, np.nan)
    return Detrended(made, tuple(terms))


def _spread(rest, good):
    """Return the robust scatter of each row."""
    masked = np.where(good, abs(rest), np.nan)
    masked[~good.any(axis=1)] = 0.0
    return 1.4826 * np.nanmedian(masked, axis=1)
