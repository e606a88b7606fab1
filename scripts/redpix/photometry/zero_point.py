"""Magnitudes from fluxes, where a catalogue knows some of the stars."""

from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

#: fewest stars for a zero point; largest error of their fluxes, relative
LEAST_STARS, _WORST = 3, 0.1


class ZeroPoint(NamedTuple):
    """magnitude = value - 2.5 log10(flux)."""

    value: float
    error: float
    stars: int


def match(x, y, flux, known_x, known_y, radius):
    """Index of the brightest measured star within a radius of each known one, -1 without any."""
    found = np.full(len(known_x), -1)
    if not len(x) or not len(known_x):
        return found
    inside = np.isfinite(known_x) & np.isfinite(known_y)
    tree = cKDTree(np.column_stack([x, y]))
    near = tree.query_ball_point(np.column_stack([known_x[inside], known_y[inside]]), radius)
    found[inside] = [max(some, key=lambda i: flux[i]) if some else -1 for some in near]
    return found


def zero_point(flux, error, flags, magnitude):
    """Zero point from stars of known magnitude: a clipped, weighted mean.

    Its error is that of the stars' errors or of their scatter, the larger.

    Parameters
    ----------
    flux, error : ndarray, shape (n,)
    flags : ndarray of int
        Stars with a flag are left out.
    magnitude : ndarray, shape (n,)
        NaN where unknown.

    Returns
    -------
    ZeroPoint
        Value and error NaN where fewer than `LEAST_STARS` stars are good and agree.
    """
    good = (flux > 0) & (error < _WORST * flux) & (flags == 0) & np.isfinite(magnitude)
    values = magnitude[good] + 2.5 * np.log10(flux[good])
    sigma = 1.0857 * error[good] / flux[good]
    for _ in range(5):
        if len(values) < LEAST_STARS:
            return ZeroPoint(np.nan, np.nan, len(values))
        rest = abs(values - np.median(values))
        spread = max(1.4826 * np.median(rest), 1e-4)
        kept = rest < 3 * np.maximum(spread, sigma)
        if kept.all():
            break
        values, sigma = values[kept], sigma[kept]
    weight = 1 / (sigma**2 + spread**2)
    mean = np.sum(weight * values) / weight.sum()
    scatter = (values - mean) ** 2 * len(values) / (len(values) - 1)
    error = np.sqrt(max(np.sum(weight**2 * sigma**2), np.sum(weight**2 * scatter))) / weight.sum()
    return ZeroPoint(float(mean), float(error), len(values))


def magnitudes(flux, error, value):
    """Magnitudes and their errors, NaN where a flux is not above 0."""
    bright = flux > 0
    safe = np.where(bright, flux, 1)
    return (
        np.where(bright, value - 2.5 * np.log10(safe), np.nan),
        np.where(bright, 1.0857 * error / safe, np.nan),
    )
