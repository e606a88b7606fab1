"""Densities in few bytes: the stretch of the grid on which they differ from nothing."""

from typing import NamedTuple

import numpy as np

from redpix.photoz import pdf

#: number that stands for the peak of a density, the largest that two signed bytes hold
PEAK = 32767


class Sparse(NamedTuple):
    """Densities, one an object, without the nodes that are next to nothing at both ends.

    A value is in units of the peak over `PEAK`, for a density is known but for a factor: it
    integrates to 1. What lies below half a unit is nothing.
    """

    first: np.ndarray  #: (n,), int16, node of the grid that the first value belongs to
    bounds: np.ndarray  #: (n + 1,), int32: values[bounds[i] : bounds[i + 1]] are those of object i
    values: np.ndarray  #: int16, values of all objects, one after the other


def pack(pdfs):
    """`Sparse` of densities, shape (n, nodes)."""
    scaled = pdfs * (PEAK / pdfs.max(axis=1, keepdims=True))
    values = np.rint(scaled).astype(np.int16)
    nodes = values.shape[1]
    some = values > 0
    first = np.argmax(some, axis=1)
    end = nodes - np.argmax(some[:, ::-1], axis=1)
    column = np.arange(nodes)
    kept = (column >= first[:, None]) & (column < end[:, None])
    bounds = np.concatenate([[0], np.cumsum(end - first)])
    return Sparse(first.astype(np.int16), bounds.astype(np.int32), values[kept])


def unpack(sparse, grid):
    """Densities of a `Sparse`, shape (n, nodes), each of unit integral."""
    lengths = np.diff(sparse.bounds)
    pdfs = np.zeros((len(lengths), len(grid)))
    row = np.repeat(np.arange(len(lengths)), lengths)
    within = np.arange(len(sparse.values)) - np.repeat(sparse.bounds[:-1], lengths)
    pdfs[row, np.repeat(sparse.first, lengths) + within] = sparse.values
    return pdf.normalise(pdfs, grid)
