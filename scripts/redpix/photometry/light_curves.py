"""Light curves: the same stars in many exposures, on one scale, and what their scatter may be."""

from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from redpix.astrometry.quads import BRIGHTEST, CHANCE, chance, match, shift
from redpix.astrometry.star_map import Map, fit_map
from redpix.core.exceptions import InputError

#: brightest stars that exposures are matched with, by number; a star is found this near, pixels
_BRIGHTEST, _NEAR = 200, 2.0

#: least signal to noise of stars that set the scale of an exposure
_BRIGHT = 50.0

#: waves over a pixel, cycles along x and y, in which a flux may depend on a star's place in it
_WAVES = ((1, 0), (0, 1), (1, 1), (1, -1), (2, 0), (0, 2))

#: numbers of terms of a response: light alone, slopes and waves, waves that change over the image
_TERMS = (1, 15, 39)

#: fewest stars a term that these are fitted to; scatter that more terms must leave, over that of
#: less; parts of the stars that are left out in turn
_STARS_A_TERM, _HELPS, _PARTS = 5, 0.9, 5

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
    response : ndarray, shape (exposures, stars)
        Light of a star that is measured at its place, over that at others; 1 where that is not
        known to differ. What a star has in all exposures is in its mean.
    """

    relative: np.ndarray
    error: np.ndarray
    scale: np.ndarray
    mean: np.ndarray
    response: np.ndarray


def place_in(exposure, reference, shape, matrix=None):
    """A map from the reference's pixels to those of an exposure.

    Their WCS, a shift, and what their stars alone tell are tried; the map is taken that brings
    most stars together.

    Parameters
    ----------
    exposure, reference : ndarray, shape (n, 2)
        x, y of stars, the brightest first.
    shape : (int, int)
        Of the reference.
    matrix : ndarray, shape (3, 3), optional
        Homography from the reference's pixels to those of the exposure, by their WCS.

    Returns
    -------
    redpix.astrometry.star_map.Map

    Raises
    ------
    InputError
        If the two show different skies.
    """
    new, seen = reference[:_BRIGHTEST], exposure[:_BRIGHTEST]
    expected = len(new) * len(seen) * np.pi * _NEAR**2 / np.prod(shape)
    pairs = min(len(new), BRIGHTEST) * min(len(seen), BRIGHTEST)
    # how many were tried for a matrix, and stars that it was made from
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


def _together(place, reference, exposure):
    """Number of stars of an exposure that a map brings stars of the reference to."""
    distance, nearest = cKDTree(exposure).query(np.transpose(place(*reference.T)))
    return len(np.unique(nearest[distance < _NEAR]))


def put_on_one_scale(flux, error, usable, x, y):
    """Relative light curves: each exposure is divided by what its bright, steady stars have.

    Where stars are hardly wider than a pixel their flux depends on where in it they fall, in each
    exposure in its own way, as it was focused and guided; and without a flat field, on where in the
    image. Such a dependence, common to all stars, is fitted with the scale and divided out where
    that makes stars steadier; each by a fit to others, so that no star's scatter is fitted away.

    Parameters
    ----------
    flux, error : ndarray, shape (exposures, stars)
        NaN where a star is not measured.
    usable : ndarray of bool, shape (stars,)
        Stars that may set the scale.
    x, y : ndarray, shape (exposures, stars)
        Where the stars lie, pixels.

    Returns
    -------
    Scaled

    Raises
    ------
    InputError
        If no star is measured in all exposures.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        bright = usable & np.all(flux > _BRIGHT * error, axis=0)
    if not bright.any():
        whole = usable & np.isfinite(flux).all(axis=0)
        bright = whole if whole.any() else np.isfinite(flux).all(axis=0)
    if not bright.any():
        raise InputError("no star is measured in all exposures")
    light, scale = _best_light(flux, np.flatnonzero(bright), response_terms(x, y))
    mean = _mean(flux / light)
    norm = light * np.where(mean > 0, mean, np.nan)
    return Scaled(flux / norm, error / norm, scale, mean, light / scale[:, None])


def response_terms(x, y):
    """What a flux may depend on in an exposure; shape (..., 39).

    They are 1, x and y over their spread, cosines and sines over a pixel, and these times x and y.
    """
    slopes = [(place - place.mean()) / max(place.std(), 1.0) for place in (x, y)]
    angles = [2 * np.pi * (i * x + j * y) for i, j in _WAVES]
    waves = [*map(np.cos, angles), *map(np.sin, angles)]
    changes = [slope * wave for slope in slopes for wave in waves]
    return np.stack([np.ones(np.shape(x)), *slopes, *waves, *changes], axis=-1)


def _best_light(flux, stars, terms):
    """As of `_light`, from as many terms as make stars steadier that they are not fitted to."""
    best = _light(flux, stars, terms[..., :1])
    for number in _TERMS[1:]:
        if len(flux) < 3 or len(stars) < _STARS_A_TERM * number:
            break
        some = terms[..., :number]
        light, scale = _light(flux, stars, some)
        for first in range(_PARTS):
            part = slice(first, None, _PARTS)
            light[:, stars[part]] = _light(flux, np.delete(stars, part), some)[0][:, stars[part]]
        if _spread(flux, light, stars) < _HELPS * _spread(flux, best[0], stars):
            best = light, scale
    return best


def _spread(flux, light, stars):
    """Median scatter of some stars, relative."""
    made = flux[:, stars] / light[:, stars]
    return np.median(np.std(made, axis=0) / made.mean(axis=0))


def _light(flux, chosen, terms, rounds=5):
    """Share of their light that exposures have of all stars, linear in terms, by chosen stars.

    Returns
    -------
    light : ndarray, shape (exposures, stars)
    scale : ndarray, shape (exposures,)
        Its constant term, of mean 1.
    """
    light = np.ones(flux.shape)
    for _ in range(rounds):
        ratio = flux[:, chosen] / _mean(flux / light)[chosen]
        # stars that vary say little
        spread = np.std(ratio / light[:, chosen], axis=0)
        weight = 1 / (spread**2 + np.median(spread) ** 2 + 1e-12)
        design = terms[:, chosen].swapaxes(1, 2)
        normal = (design * weight) @ design.swapaxes(1, 2)
        factors = np.linalg.solve(normal, (design * weight) @ ratio[..., None])[..., 0]
        factors /= factors[:, 0].mean()
        light = (terms @ factors[..., None])[..., 0]
    return light, factors[:, 0]


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
