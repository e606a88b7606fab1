"""Find the peaks of an image."""

import numpy as np
from scipy.ndimage import maximum_filter
from scipy.spatial import cKDTree

#: minimum number of the 8 neighbours above half of a peak; with fewer it is a hot pixel
LEAST_NEIGHBOURS = 4

#: the 8 neighbours of a pixel
_NEIGHBOURS = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if (dy, dx) != (0, 0)]


def find_peaks(image, threshold):
    """Find pixels above a threshold that are not lower than their 8 neighbours.

    NaN pixels and pixels beyond the edge are lower than any pixel.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Counts.
    threshold : float
        Counts.

    Returns
    -------
    y, x : ndarray of int, shape (n,)
        0-based pixels, sorted by y, then x.
    hot : ndarray of bool, shape (n,)
        Peaks with fewer than `LEAST_NEIGHBOURS` neighbours above half of their value.
    """
    filled = np.where(np.isfinite(image), image, -np.inf)
    highest = maximum_filter(filled, 3, mode="constant", cval=-np.inf)
    y, x = np.nonzero((filled > threshold) & (filled == highest))
    padded = np.pad(filled, 1, constant_values=-np.inf)
    count = sum(padded[y + 1 + dy, x + 1 + dx] > filled[y, x] / 2 for dy, dx in _NEIGHBOURS)
    return y, x, np.asarray(count) < LEAST_NEIGHBOURS


def in_clusters(x, y, distance):
    """Find points with another point within a distance, such as peaks on a saturated plateau.

    Parameters
    ----------
    x, y : ndarray, shape (n,)
        Positions of the points, pixels.
    distance : float
        Pixels.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    crowded = np.zeros(len(x), bool)
    if len(x) > 1:
        near, _ = cKDTree(np.column_stack([x, y])).query(np.column_stack([x, y]), k=2)
        crowded = near[:, 1] < distance
    return crowded
