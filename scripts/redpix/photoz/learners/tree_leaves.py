"""Densities from the redshifts that fell into the leaves of trees or the cells of maps."""

import numpy as np
from scipy.sparse import csr_array

from redpix.photoz import pdf

#: a density is smoothed by this part of its own standard deviation
SMOOTHING = 0.4


def leaf_of(vectors, left, right, feature, threshold, missing_left):
    """Leaf of a tree into which each vector falls.

    Parameters
    ----------
    vectors : ndarray, shape (n, attributes)
        NaN where missing.
    left, right : ndarray of int, shape (nodes,)
        Nodes below a node; the first node is the root.
    feature : ndarray of int, shape (nodes,)
        Attribute by which a node parts, negative in leaves.
    threshold : ndarray, shape (nodes,)
        What is not above it goes left.
    missing_left : ndarray of bool, shape (nodes,)
        A missing attribute goes left.

    Returns
    -------
    ndarray of int, shape (n,)
    """
    node = np.zeros(len(vectors), np.int64)
    rows = np.arange(len(vectors)) if feature[0] >= 0 else np.arange(0)
    while len(rows):
        at = node[rows]
        value = vectors[rows, feature[at]]
        go_left = np.where(np.isnan(value), missing_left[at], value <= threshold[at])
        node[rows] = np.where(go_left, left[at], right[at])
        rows = rows[feature[node[rows]] >= 0]
    return node


def leaf_shares(leaf, redshift, leaves, grid):
    """Share of each leaf's redshifts on the nodes of the grid: sparse, (leaves, nodes).

    Parameters
    ----------
    leaf : ndarray of int, shape (n,)
        Leaf of each redshift.
    redshift : ndarray, shape (n,)
    leaves : int
    grid : ndarray, shape (nodes,)
    """
    cell, fraction = pdf.cells(redshift, grid)
    count = np.bincount(leaf, minlength=leaves)[leaf]
    data = np.concatenate([(1 - fraction) / count, fraction / count])
    places = (np.concatenate([leaf, leaf]), np.concatenate([cell, cell + 1]))
    return csr_array((data, places), (leaves, len(grid)))


def smoothed_shares(share, grid):
    """Densities of summed shares, shape (n, nodes), smoothed by a part of their own width."""
    share = share / share.sum(axis=1)[:, None]
    mean = np.einsum("ij,j->i", share, grid)
    spread = np.sqrt(np.einsum("ij,ij->i", share, (grid - mean[:, None]) ** 2))
    return pdf.smooth(share, np.maximum(SMOOTHING * spread, grid[1] - grid[0]), grid)
