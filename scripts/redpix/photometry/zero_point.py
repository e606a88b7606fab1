"""Zero points from stars of known magnitude, and magnitudes from fluxes."""

from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from redpix.sdss.magnitudes import POGSON

#: minimum number of stars for a zero point
LEAST_STARS = 3

#: maximum relative error of the fluxes of these stars
_WORST = 0.1

#: maximum number of rounds of clipping at three standard deviations, and the least scatter, mag
_ROUNDS, _LEAST_SPREAD = 5, 1e-4


class ZeroPoint(NamedTuple):
    """Zero point of an image: magnitude = value - 2.5 log10(flux).

    Attributes
    ----------
    value, error : float
        Zero point and its 1-sigma error, mag; NaN if unknown.
    stars : int
        Number of stars from which it is measured.
    """

    value: float
    error: float
    stars: int

    def cards(self):
        """Return further header cards: an empty list."""
        return []


class SurveyZeroPoint(NamedTuple):
    """Zero point of an image from the stars of a survey.

    Attributes
    ----------
    value, error, stars
        As of `ZeroPoint`.
    catalogue, band, colour : str
        Names of the survey, of the band and of the colour.
    colour_term, colour_error : float
        Change of the zero point per magnitude of colour, and its 1-sigma error.
    pivot : float
        Colour at which the zero point holds; NaN without colours.
    """

    value: float
    error: float
    stars: int
    catalogue: str
    band: str
    colour: str
    colour_term: float
    colour_error: float
    pivot: float

    def cards(self):
        """Return the header cards of the survey and the colour term.

        Returns
        -------
        list of (str, object, str)
            Keyword, value and comment.
        """
        return [
            ("ZEROCAT", self.catalogue, "catalogue of the zero point"),
            ("ZEROBAND", self.band, "band of the magnitudes"),
            ("COLTERM", self.colour_term, "[mag/mag] change of ZEROPT with colour"),
            ("COLERR", self.colour_error, "[mag/mag] its error"),
            ("COLOUR", self.colour, "the colour"),
            ("COLPIVOT", self.pivot, "[mag] colour at which ZEROPT holds"),
        ]


def match(x, y, flux, known_x, known_y, radius):
    """Match each known star to the brightest measured star within a radius.

    Parameters
    ----------
    x, y, flux : ndarray, shape (n,)
        Positions and fluxes of measured stars.
    known_x, known_y : ndarray, shape (m,)
        Positions of known stars; NaN if unknown.
    radius : float
        Pixels.

    Returns
    -------
    ndarray of int, shape (m,)
        Index of the measured star; -1 without a match.
    """
    index = np.full(len(known_x), -1)
    if not len(x) or not len(known_x):
        return index
    inside = np.isfinite(known_x) & np.isfinite(known_y)
    tree = cKDTree(np.column_stack([x, y]))
    near = tree.query_ball_point(np.column_stack([known_x[inside], known_y[inside]]), radius)
    index[inside] = [max(some, key=lambda i: flux[i]) if some else -1 for some in near]
    return index


def zero_point(flux, error, flags, magnitude):
    """Return the zero point from stars of known magnitude: a clipped, weighted mean.

    Its error is computed from the errors of the stars and from their scatter; the larger is taken.

    Parameters
    ----------
    flux, error : ndarray, shape (n,)
        Fluxes and their 1-sigma errors, counts.
    flags : ndarray of int, shape (n,)
        Stars with a flag are left out.
    magnitude : ndarray, shape (n,)
        NaN if unknown.

    Returns
    -------
    ZeroPoint
        Value and error are NaN if fewer than `LEAST_STARS` usable stars agree.
    """
    good = (flux > 0) & (error < _WORST * flux) & (flags == 0) & np.isfinite(magnitude)
    values = magnitude[good] + 2.5 * np.log10(flux[good])
    sigma = POGSON * error[good] / flux[good]
    for _ in range(_ROUNDS):
        if len(values) < LEAST_STARS:
            break
        rest = abs(values - np.median(values))
        spread = max(1.4826 * np.median(rest), _LEAST_SPREAD)
        kept = rest < 3 * np.maximum(spread, sigma)
        if kept.all():
            break
        values, sigma = values[kept], sigma[kept]
    if len(values) < LEAST_STARS:
        return ZeroPoint(np.nan, np.nan, len(values))
    weight = 1 / (sigma**2 + spread**2)
    mean = np.sum(weight * values) / weight.sum()
    scatter = (values - mean) ** 2 * len(values) / (len(values) - 1)
    error = np.sqrt(max(np.sum(weight**2 * sigma**2), np.sum(weight**2 * scatter))) / weight.sum()
    return ZeroPoint(float(mean), float(error), len(values))


def magnitudes(flux, error, value):
    """Return magnitudes and their errors.

    Parameters
    ----------
    flux, error : ndarray, shape (n,)
        Fluxes and their 1-sigma errors, counts.
    value : float
        Zero point, mag.

    Returns
    -------
    magnitude, error : ndarray, shape (n,)
        NaN if a flux is not above 0.
    """
    bright = flux > 0
    safe = np.where(bright, flux, 1)
    return (
        np.where(bright, value - 2.5 * np.log10(safe), np.nan),
        np.where(bright, POGSON * error / safe, np.nan),
    )
