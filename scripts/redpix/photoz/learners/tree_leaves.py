"""Leaves of decision trees, and PDFs from the training redshifts in the leaves."""

import numpy as np
from scipy.sparse import csr_array

from redpix.photoz import pdf

#: width of the smoothing Gaussian of a PDF, in units of the standard deviation of the PDF
SMOOTHING = 0.4


def leaf_of(vectors, left, right, feature, threshold, missing_left):
    """Return the leaf of each vector in a tree.

    Parameters
    ----------
    vectors : ndarray, shape (n, attributes)
        NaN where an attribute is missing.
    left, right : ndarray of int, shape (nodes,)
        0-based nodes below each node; the first node is the root.
    feature : ndarray of int, shape (nodes,)
        Attribute of the split, negative in leaves.
    threshold : ndarray, shape (nodes,)
        A vector with a value up to the threshold goes left.
    missing_left : ndarray of bool, shape (nodes,)
        True if a vector without the attribute goes left.

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


def attribute_span(vectors):
    """Return the smallest and the largest value of each attribute.

    Parameters
    ----------
    vectors : ndarray, shape (n, attributes)
        NaN where an attribute is missing.

    Returns
    -------
    ndarray, shape (2, attributes)
    """
    return np.stack([np.nanmin(vectors, axis=0), np.nanmax(vectors, axis=0)])


def leaf_shares(leaf, redshift, leaves, grid):
    """Return the fraction of the redshifts of each leaf at each node of the grid.

    Parameters
    ----------
    leaf : ndarray of int, shape (n,)
        Leaf of each redshift.
    redshift : ndarray, shape (n,)
        Redshifts.
    leaves : int
        Number of leaves.
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes.

    Returns
    -------
    scipy.sparse.csr_array, shape (leaves, nodes)
    """
    cell, fraction = pdf.cells(redshift, grid)
    count = np.bincount(leaf, minlength=leaves)[leaf]
    data = np.concatenate([(1 - fraction) / count, fraction / count])
    places = (np.concatenate([leaf, leaf]), np.concatenate([cell, cell + 1]))
    return csr_array((data, places), (leaves, len(grid)))


def smoothed_shares(share, grid):
    """Return the PDFs of summed fractions, smoothed in proportion to their widths.

    Parameters
    ----------
    share : ndarray, shape (n, nodes)
        From `leaf_shares`, summed over trees.
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes.

    Returns
    -------
    ndarray, shape (n, nodes)
    """
    share = share / share.sum(axis=1)[:, None]
    mean = np.einsum("ij,j->i", share, grid)
    spread = np.sqrt(np.einsum("ij,ij->i", share, (grid - mean[:, None]) ** 2))
    return pdf.smooth(share, np.maximum(SMOOTHING * spread, grid[1] - grid[0]), grid)
