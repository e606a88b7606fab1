"""Light curves: the same stars in many exposures, on one scale, and what their scatter may be."""

from typing import NamedTuple

import numpy as np

from redpix.alignment import fit_map
from redpix.asterisms import match

#: brightest stars that exposures are matched with, by number; a star is found this near, pixels
_BRIGHTEST, _NEAR = 200, 2.0

#: least signal to noise of stars that set the scale of an exposure
_BRIGHT = 50.0

#: Osborn et al. (2015, MNRAS 452, 1707), eq. 7: its empirical factor, m^(2/3) s^(1/2), as at good
#: sites, and the scale height of the turbulence, m
_TURBULENCE, _SCALE_HEIGHT = 1.5, 8000.0


class Scaled(NamedTuple):
    """Light curves on one scale.

    Attributes
    ----------
    relative : ndarray, shape (exposures, stars)
        Flux over the star's own mean; NaN where it is not measured.
    error : ndarray, shape (exposures, stars)
    scale : ndarray, shape (exposures,)
        Light that came through, over the mean of all exposures.
    mean : ndarray, shape (stars,)
        Mean flux at scale 1.
    """

    relative: np.ndarray
    error: np.ndarray
    scale: np.ndarray
    mean: np.ndarray


def place_in(exposure, reference, shape):
    """A map from the reference's pixels to those of an exposure, by their stars alone.

    Parameters
    ----------
    exposure, reference : ndarray, shape (n, 2)
        x, y of stars, the brightest first.
    shape : (int, int)
        Of the reference.

    Returns
    -------
    redpix.alignment.Map

    Raises
    ------
    InputError
        If the two show different skies.
    """
    matrix = match(reference[:_BRIGHTEST], exposure[:_BRIGHTEST], _NEAR)
    return fit_map(matrix, shape, reference[:_BRIGHTEST], exposure, _NEAR)


def put_on_one_scale(flux, error, usable, rounds=5):
    """Relative light curves: each exposure is divided by what its bright, steady stars have.

    Parameters
    ----------
    flux, error : ndarray, shape (exposures, stars)
        NaN where a star is not measured.
    usable : ndarray of bool, shape (stars,)
        Stars that may set the scale.

    Returns
    -------
    Scaled
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        bright = usable & np.all(flux > _BRIGHT * error, axis=0)
    if not bright.any():
        whole = usable & np.isfinite(flux).all(axis=0)
        bright = whole if whole.any() else np.isfinite(flux).all(axis=0)
    scale, weight = np.ones(len(flux)), np.ones(flux.shape[1])
    for _ in range(rounds):
        mean = _mean(flux / scale[:, None])
        ratio = flux[:, bright] / mean[bright]
        # stars that vary say little
        spread = np.std(ratio / scale[:, None], axis=0) if len(flux) > 1 else np.ones(bright.sum())
        weight = 1 / (spread**2 + np.median(spread) ** 2 + 1e-12)
        scale = ratio @ weight / weight.sum()
        scale /= scale.mean()
    mean = _mean(flux / scale[:, None])
    norm = scale[:, None] * np.where(mean > 0, mean, np.nan)
    return Scaled(flux / norm, error / norm, scale, mean)


def _mean(values):
    """Mean of what is known in each column, NaN where nothing is."""
    known = np.isfinite(values)
    number = known.sum(axis=0)
    total = np.where(known, values, 0).sum(axis=0)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)


def scintillation(diameter, exposure, airmass, altitude):
    """Relative scatter of starlight that the air makes.

    Osborn et al. (2015), eq. 7: sigma^2 = 10^-5 C^2 D^(-4/3) t^-1 (sec z)^3 exp(-2 h / H), after
    Young (1967).

    Parameters
    ----------
    diameter : float
        Of the telescope, m.
    exposure : float
        Seconds.
    airmass : float
    altitude : float
        Of the site, m.
    """
    variance = 1e-5 * _TURBULENCE**2 * diameter ** (-4 / 3) / exposure * airmass**3
    return float(np.sqrt(variance * np.exp(-2 * altitude / _SCALE_HEIGHT)))


def scatter(scaled):
    """Scatter of each star's light curve, and what its errors of flux let expect.

    Returns
    -------
    number : ndarray of int
        Exposures in which it is measured.
    measured : ndarray
        Standard deviation of the relative flux; NaN from fewer than three exposures.
    expected : ndarray
        Root mean square of the relative errors.
    """
    known = np.isfinite(scaled.relative)
    number = known.sum(axis=0)
    relative = np.where(known, scaled.relative, 0)
    enough = number >= 3
    count = np.where(enough, number, 3)
    mean = relative.sum(axis=0) / count
    square = np.where(known, (relative - mean) ** 2, 0).sum(axis=0) / (count - 1)
    errors = np.where(known, scaled.error, 0)
    return (
        number,
        np.where(enough, np.sqrt(square), np.nan),
        np.where(enough, np.sqrt((errors**2).sum(axis=0) / count), np.nan),
    )
