"""Store PDFs in few bytes: scaled integers of the part of the grid where they are not zero."""

from typing import NamedTuple

import numpy as np

from redpix.photoz import pdf

#: integer that the peak of a PDF becomes; the largest of two signed bytes
PEAK = 32767


class Sparse(NamedTuple):
    """Compressed PDFs, without the zeros at both ends of the grid.

    Values are integers in units of the peak divided by `PEAK`. The unit need not be stored,
    because a PDF integrates to 1.
    """

    first: np.ndarray  #: (n,), int16, 0-based node of the first value of each PDF
    bounds: np.ndarray  #: (n + 1,), int32: PDF i has the values[bounds[i] : bounds[i + 1]]
    values: np.ndarray  #: int16, values of all PDFs, one PDF after the other


def pack(pdfs):
    """Compress PDFs.

    Parameters
    ----------
    pdfs : ndarray, shape (n, nodes)
        PDFs, one row per object or pixel; NaN where an object has no PDF, which has no values then.

    Returns
    -------
    Sparse
    """
    pdfs = np.where(np.isfinite(pdfs), pdfs, 0)
    peak = pdfs.max(axis=1, keepdims=True)
    values = np.rint(pdfs * (PEAK / np.where(peak > 0, peak, 1))).astype(np.int16)
    nodes = values.shape[1]
    positive = values > 0
    first = np.argmax(positive, axis=1)
    end = np.where(positive.any(axis=1), nodes - np.argmax(positive[:, ::-1], axis=1), first)
    column = np.arange(nodes)
    kept = (column >= first[:, None]) & (column < end[:, None])
    bounds = np.concatenate([[0], np.cumsum(end - first)])
    return Sparse(first.astype(np.int16), bounds.astype(np.int32), values[kept])


def unpack(sparse, grid):
    """Return the PDFs of a `Sparse`, each of unit integral.

    Parameters
    ----------
    sparse : Sparse
        Compressed PDFs.
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes.

    Returns
    -------
    ndarray, shape (n, nodes)
        NaN for an object without a PDF.
    """
    lengths = np.diff(sparse.bounds)
    pdfs = np.zeros((len(lengths), len(grid)))
    row = np.repeat(np.arange(len(lengths)), lengths)
    within = np.arange(len(sparse.values)) - np.repeat(sparse.bounds[:-1], lengths)
    pdfs[row, np.repeat(sparse.first, lengths) + within] = sparse.values
    pdfs[lengths == 0] = np.nan
    return pdf.normalise(pdfs, grid)
