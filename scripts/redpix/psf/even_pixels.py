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


def with_even_pixels(psf):
    """Return a PSF divided by the sum of its pixels at each position within a pixel.

    Parameters
    ----------
    psf : redpix.psf.effective_psf.EffectivePsf
        PSF of the image.

    Returns
    -------
    redpix.psf.effective_psf.EffectivePsf
    """
    for _ in range(_ROUNDS):
        psf = _divided(psf)
    return psf


def _divided(psf):
    """Return a PSF divided by the sums of its pixels at the nodes, between which a spline leads."""
    side = 2 * psf.degree + 1
    rows, columns = (np.linspace(0, length - 1, side) for length in psf.shape)
    y, x = (axis.ravel() for axis in np.meshgrid(rows, columns, indexing="ij"))
    tables = np.tensordot(position_powers(x, y, psf.shape, psf.degree), psf.terms, axes=1)
    sums = pixel_sums(tables, psf.step)
    # where the light ends, the sum of the pixels may be 0
    sums = np.where(sums > 0.5, sums, 1.0)
    values = tables
    for axis in (1, 2):
        values = correlate1d(values, [1 / 6, 2 / 3, 1 / 6], axis=axis, mode="mirror")
    terms = spline_terms(values / sums, (x, y), psf.degree, psf.shape)
    # a stacked PSF ends where its terms are 0
    return psf._replace(terms=np.where(psf.terms.any(axis=0), terms, 0.0))


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
