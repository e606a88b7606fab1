"""Diagonals of the inverses of large sparse normal matrices."""

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu

#: maximum number of stars whose errors are computed from one dense matrix
_DENSE = 150

#: added to the unit diagonal of a scaled normal matrix, so that it can be inverted
_ALMOST = 1e-12


def inverse_diagonal(normal, n):
    """Return the diagonal of the inverse of a normal matrix, by groups of overlapping stars.

    Parameters
    ----------
    normal : sparse array, shape (k n, k n)
        Parameter j of star i has the index j n + i.
    n : int
        Number of stars.

    Returns
    -------
    ndarray, shape (k n,)
        NaN for parameters that the data do not constrain.
    """
    diagonal = normal.diagonal()
    constrained = diagonal > 0
    scale = np.where(constrained, 1 / np.sqrt(np.where(constrained, diagonal, 1)), 0)
    scaled = (sparse.diags_array(scale) @ normal @ sparse.diags_array(scale)).tocoo()
    kinds = normal.shape[0] // n
    number, group = connected_components(scaled, directed=False)
    count = np.bincount(group, minlength=number)
    # index of each parameter within its group
    order = np.argsort(group, kind="stable")
    rank = np.empty(len(group), int)
    rank[order] = np.arange(len(group)) - np.repeat(np.cumsum(count) - count, count)
    result = np.empty(len(group))
    for size in np.unique(count):
        groups = np.flatnonzero(count == size)
        slot = np.full(number, -1)
        slot[groups] = np.arange(len(groups))
        members = slot[group] >= 0
        if size > kinds * _DENSE:
            for one in groups:
                rows = np.flatnonzero(group == one)
                result[rows] = _sparse_inverse_diagonal(scaled.tocsr()[rows][:, rows].tocsc())
            continue
        dense = np.zeros((len(groups), size, size))
        inside = members[scaled.row]
        row, column = scaled.row[inside], scaled.col[inside]
        dense[slot[group[row]], rank[row], rank[column]] = scaled.data[inside]
        # the matrix of two stars at one position is singular: their errors become very large
        dense += np.eye(size) * np.where(np.einsum("nii->ni", dense) > 0, _ALMOST, 1.0)[:, None]
        inverse = np.einsum("nii->ni", np.linalg.inv(dense))
        result[members] = inverse[slot[group[members]], rank[members]]
    return np.where(constrained, result * scale**2, np.nan)


def _sparse_inverse_diagonal(matrix, chunk=256):
    """Return the diagonal of the inverse of a sparse matrix, some columns at a time."""
    n = matrix.shape[0]
    solver = splu(matrix + _ALMOST * sparse.eye_array(n, format="csc"))
    diagonal = np.empty(n)
    for first in range(0, n, chunk):
        some = np.arange(first, min(first + chunk, n))
        unit = np.zeros((n, len(some)))
        unit[some, np.arange(len(some))] = 1
        diagonal[some] = solver.solve(unit)[some, np.arange(len(some))]
    return diagonal
