"""From segments to pixel vectors: which pixels are an object's, and what is known at each."""

from typing import NamedTuple

import numpy as np


class Members(NamedTuple):
    """Pixels of catalogue objects, object by object in the order of the objects given.

    `index` (m,) is the object's place in that order, `x`, `y` (m,) are 0-based. `isolated` (n,)
    counts, an object, the pixels of its segment that do not hang together with its peak.
    """

    index: np.ndarray
    x: np.ndarray
    y: np.ndarray
    isolated: np.ndarray

    def only(self, keep):
        """The pixels for which `keep` is true."""
        return self._replace(index=self.index[keep], x=self.x[keep], y=self.y[keep])


def members(segmentation, labels, peak_x, peak_y):
    """Pixels of each object's segment that are connected with its peak.

    Parameters
    ----------
    segmentation : ndarray of int, shape (ny, nx)
        Number of the detection at each pixel; 0 where there is none.
    labels : ndarray of int, shape (n,)
        Number of each object's detection; all different.
    peak_x, peak_y : ndarray of int, shape (n,)
        0-based position of the object's brightest pixel.

    Returns
    -------
    Members
        Two pixels are connected if they touch along a side or at a corner.
    """
    labels = np.asarray(labels)
    highest = max(segmentation.max(initial=0), labels.max(initial=0))
    place = np.full(highest + 1, -1)
    place[labels] = np.arange(len(labels))
    y, x = np.nonzero((place >= 0)[segmentation])
    index = place[segmentation[y, x]]
    component = _components(index, x, y, segmentation.shape)
    at_peak = np.full(len(labels), -1)
    is_peak = (x == np.asarray(peak_x)[index]) & (y == np.asarray(peak_y)[index])
    at_peak[index[is_peak]] = component[is_peak]
    connected = component == at_peak[index]
    isolated = np.bincount(index[~connected], minlength=len(labels))
    order = np.flatnonzero(connected)
    order = order[np.argsort(index[order], kind="stable")]
    return Members(index[order], x[order], y[order], isolated)


def _components(index, x, y, shape):
    """Number of the 8-connected component of each pixel; neighbours of one object are joined."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    padded = np.full((shape[0] + 2, shape[1] + 2), -1)
    padded[y + 1, x + 1] = np.arange(len(x))
    pairs = []
    for step_y, step_x in ((0, 1), (1, -1), (1, 0), (1, 1)):
        other = padded[y + 1 + step_y, x + 1 + step_x]
        joined = (other >= 0) & (index[other] == index)
        pairs.append((np.flatnonzero(joined), other[joined]))
    rows, columns = (np.concatenate(side) for side in zip(*pairs, strict=True))
    graph = coo_array((np.ones(len(rows), bool), (rows, columns)), shape=(len(x), len(x)))
    return connected_components(graph, directed=False)[1]


def relative_distance(index, x, y, peak_x, peak_y):
    """Distance of each pixel from its object's peak over the object's largest such distance.

    Parameters
    ----------
    index, x, y : ndarray, shape (m,)
        Object and position of each pixel.
    peak_x, peak_y : ndarray, shape (n,)

    Returns
    -------
    ndarray, shape (m,), float32
        0 at the peak, 1 at the farthest of the pixels given; 0 for an object of a single pixel.
    """
    peak_x, peak_y = np.asarray(peak_x), np.asarray(peak_y)
    distance = np.hypot(x - peak_x[index], y - peak_y[index])
    largest = np.zeros(len(peak_x))
    np.maximum.at(largest, index, distance)
    return np.divide(
        distance, largest[index], out=np.zeros(len(x)), where=largest[index] > 0
    ).astype(np.float32)


def labels_of(object_ids, found_ids, numbers):
    """Number of each object's detection in another band; -1 where it was not found.

    Parameters
    ----------
    object_ids : ndarray of int64, shape (n,)
    found_ids : ndarray of int64, shape (m,)
        Object of each of the other band's detections, sorted.
    numbers : ndarray of int, shape (m,)
        Number of each of these detections in the segmentation.
    """
    if not len(found_ids):
        return np.full(len(object_ids), -1)
    place = np.minimum(np.searchsorted(found_ids, object_ids), len(found_ids) - 1)
    return np.where(found_ids[place] == object_ids, numbers[place], -1)


def usable(fluxes, errors, mask, reject):
    """Which pixels are numbers in every band, and which of those a mask bit rejects.

    Parameters
    ----------
    fluxes, errors : ndarray, shape (bands, m)
    mask : ndarray of int, shape (m,)
        Union of the bands' masks.
    reject : int
        Combined value of the rejected bits.

    Returns
    -------
    number, masked : ndarray of bool, shape (m,)
    """
    number = np.all(np.isfinite(fluxes) & np.isfinite(errors) & (errors > 0), axis=0)
    return number, number & ((mask & reject) != 0)
