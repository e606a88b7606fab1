"""Find the pixels of each catalogue object in a segmentation map."""

from typing import NamedTuple

import numpy as np


class Members(NamedTuple):
    """Pixels of n catalogue objects, m in all, sorted by object.

    Attributes
    ----------
    index : ndarray of int, shape (m,)
        Index of the pixel's object in the given order of objects.
    x, y : ndarray of int, shape (m,)
        0-based position.
    isolated : ndarray of int, shape (n,)
        Number of pixels of each object's segment that are not connected to its peak.
    """

    index: np.ndarray
    x: np.ndarray
    y: np.ndarray
    isolated: np.ndarray

    def only(self, keep):
        """Return some of the pixels.

        Parameters
        ----------
        keep : ndarray of bool, shape (m,)
            Whether a pixel is kept.

        Returns
        -------
        Members
        """
        return self._replace(index=self.index[keep], x=self.x[keep], y=self.y[keep])


def members(segmentation, labels, peak_x, peak_y):
    """Return the pixels of each object's segment that are connected to its peak.

    Two pixels are connected if they share a side or a corner.

    Parameters
    ----------
    segmentation : ndarray of int, shape (ny, nx)
        Number of the detection at each pixel; 0 outside all detections.
    labels : ndarray of int, shape (n,)
        Number of each object's detection. All numbers differ.
    peak_x, peak_y : ndarray of int, shape (n,)
        0-based position of the object's brightest pixel.

    Returns
    -------
    Members
    """
    labels = np.asarray(labels)
    highest = max(segmentation.max(initial=0), labels.max(initial=0))
    object_of_label = np.full(highest + 1, -1)
    object_of_label[labels] = np.arange(len(labels))
    y, x = np.nonzero((object_of_label >= 0)[segmentation])
    index = object_of_label[segmentation[y, x]]
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
    """Return the number of each pixel's 8-connected component within its object."""
    from scipy.sparse import coo_array  # slow to import; other functions do not need it
    from scipy.sparse.csgraph import connected_components

    padded = np.full((shape[0] + 2, shape[1] + 2), -1, np.int32)
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
    """Return each pixel's distance from its object's peak, relative to the object's largest.

    Parameters
    ----------
    index, x, y : ndarray, shape (m,)
        Index of the object and 0-based position of each pixel.
    peak_x, peak_y : ndarray, shape (n,)
        0-based position of each object's peak.

    Returns
    -------
    ndarray, shape (m,), float32
        0 at the peak, 1 at the object's farthest pixel; 0 for an object of a single pixel.
    """
    peak_x, peak_y = np.asarray(peak_x), np.asarray(peak_y)
    distance = np.hypot(x - peak_x[index], y - peak_y[index])
    largest = np.zeros(len(peak_x))
    np.maximum.at(largest, index, distance)
    return np.divide(
        distance, largest[index], out=np.zeros(len(x)), where=largest[index] > 0
    ).astype(np.float32)


def labels_of(object_ids, detected_ids, numbers):
    """Return the number of each object's detection in another band.

    Parameters
    ----------
    object_ids : ndarray of int64, shape (n,)
        Identifiers of the objects.
    detected_ids : ndarray of int64, shape (m,)
        Identifier of the object of each detection in the other band, sorted.
    numbers : ndarray of int, shape (m,)
        Number of each of these detections in the segmentation map.

    Returns
    -------
    ndarray of int, shape (n,)
        -1 for an object that was not detected.
    """
    if not len(detected_ids):
        return np.full(len(object_ids), -1)
    row = np.minimum(np.searchsorted(detected_ids, object_ids), len(detected_ids) - 1)
    return np.where(detected_ids[row] == object_ids, numbers[row], -1)


def usable(fluxes, errors, mask, reject):
    """Return whether pixels are numbers in every band, and whether a mask bit rejects them.

    Parameters
    ----------
    fluxes, errors : ndarray, shape (bands, m)
        Nanomaggies. A valid error is finite and positive.
    mask : ndarray of int, shape (m,)
        Union of the bands' masks.
    reject : int
        Combined value of the rejected bits.

    Returns
    -------
    number : ndarray of bool, shape (m,)
        Whether fluxes and errors of all bands are valid.
    masked : ndarray of bool, shape (m,)
        Whether a valid pixel has a rejected bit.
    """
    number = np.all(np.isfinite(fluxes) & np.isfinite(errors) & (errors > 0), axis=0)
    return number, number & ((mask & reject) != 0)
