"""Errors of aperture fluxes from apertures without stars.

Where sky or PSF are wrong, the light that remains in neighbouring pixels is correlated. Then a sum
over an aperture scatters more than the noise of its pixels says. Sums over a grid of apertures on
the residual image tell by how much (Labbe et al. 2003, AJ 125, 1107).
"""

import numpy as np
import sep
from scipy.spatial import cKDTree

#: maximum number of apertures
_MANY = 4000

#: number of the nearest apertures that tell of the sky about a star, and least number at all
_NEAREST, _LEAST = 12, 30

#: variance over the expected one from which the whole image, and a place in it, have more noise
_IMAGE, _PLACE = 1.4, 3.0

#: median of chi^2 with one degree of freedom
_MEDIAN = 0.4549


def variance_of_apertures(rest, variance, hidden, x, y, radius):
    """Return the variance of sums over apertures, relative to that of the noise of their pixels.

    Parameters
    ----------
    rest : ndarray, shape (ny, nx)
        Image without its stars, counts; 0 in pixels that are left out.
    variance : ndarray, shape (ny, nx)
        Variance of the empty sky, counts squared.
    hidden : ndarray of bool, shape (ny, nx)
        Pixels that are left out.
    x, y : ndarray, shape (n,)
        0-based positions of the stars.
    radius : float
        Radius of the apertures, pixels.

    Returns
    -------
    ndarray, shape (n,)
        At each star; 1 where the noise of the pixels explains the sums.
    """
    ratio = np.ones(len(x))
    ny, nx = rest.shape
    step = max(1.5 * radius, np.sqrt(rest.size / _MANY))
    columns, rows = (np.arange(radius, side - radius, step) for side in (nx, ny))
    columns, rows = (axis.ravel() for axis in np.meshgrid(columns, rows))
    if len(columns) < _LEAST or not len(x):
        return ratio
    total, error, flag = sep.sum_circle(
        rest, columns, rows, radius, var=variance, mask=hidden, subpix=1
    )
    whole = (flag & sep.APER_HASMASKED) == 0
    squares = (total / error) ** 2
    known = whole & np.isfinite(squares)
    if known.sum() < _LEAST:
        return ratio
    places, squares = np.column_stack([columns, rows])[known], squares[known]
    everywhere = float(np.median(squares)) / _MEDIAN
    _, near = cKDTree(places).query(np.column_stack([x, y]), _NEAREST)
    there = np.median(squares[near], axis=1) / _MEDIAN
    ratio[:] = everywhere if everywhere > _IMAGE else 1.0
    return np.where(there > _PLACE, np.maximum(there, ratio), ratio)
