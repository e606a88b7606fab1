"""Choose for each light curve between fluxes of the PSF and of circles.

The PSF of an undersampled or trailed star is uncertain, and its error differs between exposures. A
sum within a circle does not depend on the PSF, but it has more noise of the sky. The scatter of the
bright stars beyond their errors, the excess, tells which flux is steadier at which brightness.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import chdtri

from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.photometry.light_curves import Scaled, put_on_one_scale, scatter

#: share and maximum number of the comparison stars, the brightest, that tell the excess
_SHARE, _MOST = 0.25, 50

#: minimum number of degrees of freedom, exposures less one times stars, that tell the excess
_LEAST_FREEDOM = 30

#: a flux of circles is used if its expected scatter is this fraction of that of the PSF or less
_HELPS = 0.9

#: maximum light in a circle over that of its own star
_CROWDED = 1.25


class Choice(NamedTuple):
    """Light curves on one scale, each of the steadier flux.

    Attributes
    ----------
    scaled : redpix.photometry.light_curves.Scaled
    flux, error : ndarray, shape (exposures, stars)
        Counts of the PSF's scale.
    radius : ndarray, shape (stars,)
        Radius of the circle, pixels; 0 where the flux is that of the PSF.
    excess : ndarray, shape (stars,)
        Relative scatter of bright stars beyond their errors, with the flux that a star has; NaN if
        too few stars tell it.
    """

    scaled: Scaled
    flux: np.ndarray
    error: np.ndarray
    radius: np.ndarray
    excess: np.ndarray


def steadier(scaled, flux, error, circles, steady, x, y):
    """Return light curves of the steadier flux of each star.

    Parameters
    ----------
    scaled : redpix.photometry.light_curves.Scaled
        Light curves of fluxes of the PSF.
    flux, error : ndarray, shape (exposures, stars)
        Fluxes of the PSF and 1-sigma errors, counts.
    circles : mapping of float to (ndarray, ndarray)
        Sums within circles and 1-sigma errors by the radius in pixels, each of the shape of `flux`.
    steady : ndarray of bool, shape (stars,)
        Stars that may set the scale.
    x, y : ndarray, shape (exposures, stars)
        0-based positions, pixels.

    Returns
    -------
    Choice
    """
    bright = bright_stars(scaled, steady)
    excess = excess_of(scaled, bright)
    number = flux.shape[1]
    chosen = Choice(scaled, flux, error, np.zeros(number), np.full(number, excess))
    photons = scatter(scaled)[2]
    limit = _HELPS * np.hypot(photons, excess)
    # circles have no fewer photons than the PSF
    if not np.any(limit[bright] > photons[bright]):
        return chosen
    for radius, (sums, sigma) in circles.items():
        try:
            other = put_on_one_scale(sums, sigma, steady, x, y)
        except InputError as error:
            log.info("sums in circles of %g pixels are not tried: %s", radius, error)
            continue
        other, crowded = without_neighbours(other, scaled, bright)
        own = excess_of(other, bright & ~crowded)
        expected = np.hypot(scatter(other)[2], own)
        complete = (np.isfinite(other.relative) | ~np.isfinite(scaled.relative)).all(axis=0)
        with np.errstate(invalid="ignore"):
            better = complete & ~crowded & (expected < limit)
        limit = np.where(better, expected, limit)
        chosen = _with_circle(chosen, other, better, radius, own)
    return chosen


def bright_stars(scaled, steady):
    """Return the brightest comparison stars, whose scatter tells the excess.

    Parameters
    ----------
    scaled : redpix.photometry.light_curves.Scaled
        Light curves on one scale.
    steady : ndarray of bool, shape (stars,)
        Stars that may set the scale.

    Returns
    -------
    ndarray of bool, shape (stars,)
    """
    expected = scatter(scaled)[2]
    usable = steady & np.isfinite(scaled.relative).all(axis=0) & np.isfinite(expected)
    number = min(_MOST, int(np.ceil(_SHARE * usable.sum())))
    order = np.argsort(np.where(usable, expected, np.inf), kind="stable")[:number]
    bright = np.zeros(len(steady), bool)
    bright[order] = True
    return bright & usable


def excess_of(scaled, stars):
    """Return the scatter of stars beyond their errors.

    Parameters
    ----------
    scaled : redpix.photometry.light_curves.Scaled
        Light curves on one scale.
    stars : ndarray of bool, shape (stars,)
        Bright, steady stars.

    Returns
    -------
    float
        Relative; 0 if the errors explain the scatter; NaN if too few stars tell it.
    """
    _, measured, expected = scatter(scaled)
    stars = stars & np.isfinite(measured) & np.isfinite(expected)
    freedom = len(scaled.relative) - 1
    if freedom < 2 or freedom * np.count_nonzero(stars) < _LEAST_FREEDOM:
        return float("nan")
    variance = np.median(measured[stars] ** 2) * freedom / chdtri(freedom, 0.5)
    return float(np.sqrt(max(variance - np.median(expected[stars] ** 2), 0.0)))


def without_neighbours(circle, psf, bright):
    """Return light curves of circles with the steady light of neighbours removed.

    The own light of a star is that of its PSF times the share of the circle, which the bright stars
    tell. The rest is of neighbours. It does not vary, so all variation is of the star.

    Parameters
    ----------
    circle, psf : redpix.photometry.light_curves.Scaled
        Light curves of circles and of the PSF.
    bright : ndarray of bool, shape (stars,)
        Stars that tell the share.

    Returns
    -------
    light_curves : redpix.photometry.light_curves.Scaled
    crowded : ndarray of bool, shape (stars,)
        Stars with too much light of neighbours, or of unknown light.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = circle.mean / psf.mean
        share = np.nanmedian(ratio[bright])
        light = np.maximum(ratio / share, 1.0)
        made = circle._replace(
            relative=1 + (circle.relative - 1) * light, error=circle.error * light
        )
        return made, ~(light < _CROWDED)


def _with_circle(chosen, other, better, radius, excess):
    """Return a choice in which some stars have the light curves of a circle."""
    scaled = chosen.scaled
    relative, error, response = (
        np.where(better, getattr(other, name), getattr(scaled, name))
        for name in ("relative", "error", "response")
    )
    counts = scaled.mean * scaled.scale[:, None] * response
    return Choice(
        scaled._replace(relative=relative, error=error, response=response),
        np.where(better, relative * counts, chosen.flux),
        np.where(better, error * counts, chosen.error),
        np.where(better, radius, chosen.radius),
        np.where(better, excess, chosen.excess),
    )
