"""Make an effective PSF whose pixels sum to 1 wherever the star is within a pixel.

The flux of each star is free in a fit of the PSF, and each star has one position within its pixel.
So stars do not tell how the sum of their pixels depends on that position. Of undersampled stars, a
fitted spline makes it vary by several percent, and fluxes vary by as much. Pixels that are evenly
sensitive have the same sum at each position.
"""

import numpy as np
from scipy.ndimage import correlate1d

from redpix.psf.effective_psf import b_spline, position_powers, spline_matrix, spline_terms

#: divisions, of which each leaves a tenth to a half of the unevenness
_ROUNDS = 3

#: largest deviation of a sum from the mean in a PSF that is even enough
_EVEN = 5e-4


def with_even_pixels(psf):
    """Return a PSF divided by the sum of its pixels at each position within a pixel.

    The mean of the sum over the positions stays.

    Parameters
    ----------
    psf : redpix.psf.effective_psf.EffectivePsf
        PSF of the image.

    Returns
    -------
    redpix.psf.effective_psf.EffectivePsf
    """
    side = 2 * psf.degree + 1
    rows, columns = (np.linspace(0, length - 1, side) for length in psf.shape)
    y, x = (axis.ravel() for axis in np.meshgrid(rows, columns, indexing="ij"))
    powers = position_powers(x, y, psf.shape, psf.degree)
    for _ in range(_ROUNDS):
        tables = np.tensordot(powers, psf.terms, axes=1)
        sums = pixel_sums(tables, psf.step)
        # the light beyond the grid is not in the sums
        sums /= sums.mean(axis=(1, 2), keepdims=True)
        if abs(sums - 1).max() < _EVEN:
            break
        psf = psf._replace(terms=_divided(psf, tables, sums, (x, y)))
    return psf


def _divided(psf, tables, sums, places):
    """Return the terms of a PSF divided by sums of its pixels, which are given at the nodes."""
    # where the light ends, the sum of the pixels may be 0
    sums, values = np.where(sums > 0.5, sums, 1.0), tables
    for axis in (1, 2):
        values = correlate1d(values, [1 / 6, 2 / 3, 1 / 6], axis=axis, mode="mirror")
    terms = spline_terms(values / sums, places, psf.degree, psf.shape)
    # a stacked PSF ends where its terms are 0
    return np.where(psf.terms.any(axis=0), terms, 0.0)


def pixel_sums(tables, step):
    """Return the sum of a star's pixels, one of which has its centre at a node.

    Parameters
    ----------
    tables : ndarray, shape (n, k, k)
        Spline coefficients of PSFs.
    step : float
        Distance between nodes, pixels.

    Returns
    -------
    ndarray, shape (n, k, k)
    """
    knots = tables.shape[1]
    middle = knots // 2
    phases = np.arange(-middle, middle + 1) * step % 1.0
    reach = int((middle - 2) * step)
    pixels = phases[:, None] + np.arange(-reach, reach)
    weights = spline_matrix(pixels / step + middle, knots, b_spline).sum(axis=1)
    return weights @ tables @ weights.T
