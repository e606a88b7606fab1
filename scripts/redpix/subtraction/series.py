"""Objects that change in a series of differences from one reference, and their light curves.

Positions are 0-based pixels of the reference, which all epochs share.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree


class SeriesEpoch(NamedTuple):
    """One epoch of a series.

    Attributes
    ----------
    name : str
        Name of the pair.
    mjd : float
        Modified Julian Date (UTC) of the middle of the exposure; NaN if unknown.
    x, y, error : ndarray, shape (n,)
        Detections in pixels of the reference, with the 1-sigma error along an axis.
    scorr, flux, flux_error : ndarray, shape (n,)
        Score, and flux in the unit of the reference.
    flags : ndarray of int, shape (n,)
        Transient flags.
    fwhm : float
        FWHM of the wider PSF, pixels of the reference.
    area : float
        Area of the image, square pixels of the reference.
    forced : callable
        ``forced(x, y)`` returns flux, its error and mask bits at positions in the reference; NaN
        outside the image.
    """

    name: str
    mjd: float
    x: np.ndarray
    y: np.ndarray
    error: np.ndarray
    scorr: np.ndarray
    flux: np.ndarray
    flux_error: np.ndarray
    flags: np.ndarray
    fwhm: float
    area: float
    forced: Callable


class Detections(NamedTuple):
    """Detections of all epochs, one row per detection; see `SeriesEpoch`."""

    epoch: np.ndarray
    row: np.ndarray
    x: np.ndarray
    y: np.ndarray
    error: np.ndarray
    scorr: np.ndarray
    flux: np.ndarray
    flux_error: np.ndarray
    flags: np.ndarray

    def take(self, rows):
        """Return some of the detections."""
        return Detections._make(column[rows] for column in self)


class LightCurve(NamedTuple):
    """Flux of one object at every epoch.

    Attributes
    ----------
    x, y : float or ndarray
        Position; of a moving object one per epoch.
    flux, flux_error : ndarray, shape (epochs,)
        Forced photometry, unit of the reference; NaN outside an image.
    flags : ndarray of int, shape (epochs,)
        Mask bits at the position.
    detected : ndarray of bool, shape (epochs,)
        Whether the difference of the epoch has a row there.
    scorr : float
        Score of largest absolute value among the detections.
    """

    x: np.ndarray
    y: np.ndarray
    flux: np.ndarray
    flux_error: np.ndarray
    flags: np.ndarray
    detected: np.ndarray
    scorr: float

    def mean(self):
        """Return the mean flux and its error, weighted by the inverse variance."""
        good = np.isfinite(self.flux) & (self.flux_error > 0) & (self.flags == 0)
        if not good.any():
            return np.nan, np.nan
        weight = self.flux_error[good] ** -2.0
        return float(np.average(self.flux[good], weights=weight)), float(weight.sum() ** -0.5)

    def chi2(self):
        """Return chi-squared per degree of freedom of a constant flux; NaN below two epochs."""
        good = np.isfinite(self.flux) & (self.flux_error > 0) & (self.flags == 0)
        if good.sum() < 2:
            return np.nan
        pull = (self.flux[good] - self.mean()[0]) / self.flux_error[good]
        return float(np.sum(pull**2) / (good.sum() - 1))


def all_detections(epochs, allowed=0):
    """Return the detections of all epochs.

    Parameters
    ----------
    epochs : list of SeriesEpoch
        Epochs of the series.
    allowed : int
        Flags that a detection may have.

    Returns
    -------
    Detections
    """
    parts = []
    for number, epoch in enumerate(epochs):
        rows = np.flatnonzero((epoch.flags & ~allowed) == 0)
        columns = [getattr(epoch, name)[rows] for name in Detections._fields[2:]]
        parts.append([np.full(len(rows), number), rows, *columns])
    return Detections._make(np.concatenate(column) for column in zip(*parts, strict=True))


def groups_of(detections, radius):
    """Group detections that lie at one place.

    Parameters
    ----------
    detections : Detections
        Detections of all epochs.
    radius : float
        Maximum distance of neighbours, pixels of the reference.

    Returns
    -------
    ndarray of int, shape (n,)
        Number of the group of each detection.
    """
    number = len(detections.x)
    if not number:
        return np.zeros(0, int)
    tree = cKDTree(np.column_stack([detections.x, detections.y]))
    pairs = tree.query_pairs(radius, output_type="ndarray")
    links = coo_matrix((np.ones(len(pairs)), pairs.T), shape=(number, number))
    return connected_components(links, directed=False)[1]


def light_curve(epochs, detections):
    """Return the light curve of an object at rest, by forced photometry at its mean place.

    Parameters
    ----------
    epochs : list of SeriesEpoch
        Epochs of the series.
    detections : Detections
        Detections of the object.

    Returns
    -------
    LightCurve
    """
    weight = np.maximum(np.nan_to_num(detections.error, nan=1.0), 0.02) ** -2.0
    x, y = (float(np.average(along, weights=weight)) for along in (detections.x, detections.y))
    there = np.isin(np.arange(len(epochs)), detections.epoch)
    return forced_curve(epochs, x, y, there, detections.scorr)


def forced_curve(epochs, x, y, detected, scorr):
    """Return a light curve at given places.

    Parameters
    ----------
    epochs : list of SeriesEpoch
        Epochs of the series.
    x, y : float or ndarray, shape (epochs,)
        Places in pixels of the reference.
    detected : ndarray of bool, shape (epochs,)
        Epochs with a detection.
    scorr : ndarray
        Scores of the detections.

    Returns
    -------
    LightCurve
    """
    xs, ys = (np.broadcast_to(along, len(epochs)) for along in (x, y))
    values = [epoch.forced(u, v) for epoch, u, v in zip(epochs, xs, ys, strict=True)]
    flux, error, flags = (np.array(column) for column in zip(*values, strict=True))
    highest = float(scorr[np.argmax(abs(scorr))])
    return LightCurve(x, y, flux, error, flags.astype(int), detected, highest)
