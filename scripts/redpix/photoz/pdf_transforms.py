"""Widen, narrow and move PDFs."""

import numpy as np

from redpix.photoz.pdf import cells, from_samples, normalise


def stretch(pdfs, centre, scale, grid):
    """Widen or narrow each PDF about its centre: p(centre + (z - centre) / scale), normalised.

    A PDF that becomes zero at all nodes is replaced by its centre, divided between two nodes.

    Parameters
    ----------
    pdfs : ndarray, shape (n, nodes)
        PDFs, one row per object or pixel.
    centre : ndarray, shape (n,)
        Redshifts about which the PDFs are widened.
    scale : float
        Above 1 widens, below 1 narrows.
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes.

    Returns
    -------
    ndarray, shape (n, nodes)
    """
    source = centre[:, None] + (grid - centre[:, None]) / scale
    stretched = _resampled(source, pdfs, grid)
    lost = ~stretched.any(axis=1)
    stretched[lost] = from_samples(centre[lost, None], np.zeros(np.sum(lost)), grid)
    return normalise(stretched, grid)


def shift(pdfs, offset, grid):
    """Move each PDF by its offset: p(z - offset), normalised.

    Parameters
    ----------
    pdfs : ndarray, shape (n, nodes)
        PDFs, one row per object or pixel.
    offset : ndarray, shape (n,)
        Redshifts. A PDF that would leave the grid completely is not moved.
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes.

    Returns
    -------
    ndarray, shape (n, nodes)
    """
    moved = _resampled(grid - np.asarray(offset)[:, None], pdfs, grid)
    inside = moved.any(axis=1)
    return normalise(np.where(inside[:, None], moved, pdfs), grid)


def _resampled(source, pdfs, grid):
    """Return each PDF at its redshifts `source`, shape (n, nodes); 0 outside the grid."""
    inside = (source >= grid[0]) & (source <= grid[-1])
    cell, fraction = cells(source, grid)
    rows = np.arange(len(pdfs))[:, None]
    values = pdfs[rows, cell] * (1 - fraction) + pdfs[rows, cell + 1] * fraction
    return np.where(inside, values, 0)
