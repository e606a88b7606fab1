"""Redshifts and classes in the cells of self-organising maps."""

from typing import NamedTuple

import numpy as np
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from redpix.photoz.learners import som_training

#: quantiles of the residuals of a cell that a map stores
QUANTILES = (np.arange(9) + 0.5) / 9

#: distance below which cells are neighbours, including those that share a corner
TOUCHING = 1.6

#: ridge penalty on the slopes, relative to the mean variance of the attributes near a cell
RIDGE = 0.01

#: number of vectors that are predicted at a time; bounds the memory
BLOCK = 5000


class Maps(NamedTuple):
    """Several maps and the contents of their cells, one row per map."""

    used: np.ndarray  #: (maps, attributes), bool: attributes that the map uses
    prototype: np.ndarray  #: (maps, cells, attributes), 0 for attributes that are not used
    centre: np.ndarray  #: (maps, cells, attributes), mean of the vectors in and near the cell
    known: np.ndarray  #: (maps, cells), bool: the cell has training vectors
    value: np.ndarray  #: (maps, cells, values), mean redshift, or fraction of each class
    slope: np.ndarray  #: (maps, cells, attributes), gradient of the redshift; 0 for classes
    quantile: np.ndarray  #: (maps, cells, quantiles) of the residuals; (maps, cells, 0) for classes
    span: np.ndarray  #: (maps, cells, 2), smallest and largest redshift in and near the cell


def fit_cells(vectors, values, used, prototype, distance, mode):
    """Fit the redshifts or the classes in the cells of one map.

    Parameters
    ----------
    vectors : ndarray, shape (n, attributes)
        Standardised; NaN where an attribute is missing.
    values : ndarray, shape (n, 1) or (n, classes)
        Redshifts, or 1 in the column of a vector's class and 0 elsewhere.
    used : ndarray of bool, shape (attributes,)
        Attributes that the map uses.
    prototype : ndarray, shape (cells, used attributes)
        Prototypes of the cells.
    distance : ndarray, shape (cells, cells)
        Distances of the cells on the map.
    mode : {"linear", "mean"}
        Fit a linear function near each cell, or take the mean of each cell.

    Returns
    -------
    Maps
        Of this map alone: the fields lack their first axis.
    """
    cells = len(prototype)
    cell = som_training.mismatch(vectors[:, used], prototype).argmin(axis=1)
    member = som_training.membership(cell, cells)
    count = np.bincount(cell, minlength=cells)
    near = som_training.neighbourhood(distance, 1.0)
    there = np.isfinite(vectors)
    weight = near @ (member @ there.astype(float))
    centre = near @ (member @ np.where(there, vectors, 0)) / np.maximum(weight, 1e-12)
    full = np.zeros_like(centre)
    full[:, used] = prototype
    value = member @ values / np.maximum(count, 1)[:, None]
    slope = np.zeros_like(centre)
    if values.shape[1] > 1:  # fractions of classes
        empty = np.zeros((cells, 0))
        return Maps(used, full, centre, count > 0, value, slope, empty, empty)
    if mode == "linear":
        filled = np.where(there, vectors, centre[cell])
        centre, value, slope = _linear(filled, values[:, 0], member, near)
    span = _redshift_span(values[:, 0], cell, distance)
    low, high = span.T
    offset = np.where(there, vectors - centre[cell], 0)
    fitted = value[cell, 0] + np.einsum("ij,ij->i", offset, slope[cell])
    residual = values[:, 0] - np.clip(fitted, low[cell], high[cell])
    quantile = _cell_quantiles(residual, cell, count)
    return Maps(used, full, centre, count > 0, value, slope, quantile, span)


def _redshift_span(redshift, cell, distance):
    """Return the smallest and largest redshift in each cell and its neighbours, (cells, 2)."""
    cells = len(distance)
    low, high = np.full(cells, np.inf), np.full(cells, -np.inf)
    np.minimum.at(low, cell, redshift)
    np.maximum.at(high, cell, redshift)
    touching = distance < TOUCHING
    low = np.where(touching, low, np.inf).min(axis=1)
    high = np.where(touching, high, -np.inf).max(axis=1)
    return np.stack([low, high], axis=1)


def _linear(vectors, redshift, member, near):
    """Fit the redshifts near each cell; return the mean vector, the mean redshift, the slopes."""
    attributes = vectors.shape[1]
    columns = np.concatenate([np.ones((len(vectors), 1)), vectors], axis=1)
    pairs = np.einsum("ij,ik->ijk", columns, columns).reshape(len(vectors), -1)
    moments = (near @ (member @ pairs)).reshape(-1, attributes + 1, attributes + 1)
    crossed = near @ (member @ (columns * redshift[:, None]))
    weight = np.maximum(moments[:, 0, 0], 1e-12)
    centre, value = moments[:, 0, 1:] / weight[:, None], crossed[:, 0] / weight
    spread = moments[:, 1:, 1:] / weight[:, None, None] - centre[:, :, None] * centre[:, None]
    joint = crossed[:, 1:] / weight[:, None] - centre * value[:, None]
    penalty = RIDGE * np.trace(spread, axis1=1, axis2=2) / attributes
    spread += np.maximum(penalty, 1e-9)[:, None, None] * np.eye(attributes)
    return centre, value[:, None], np.linalg.solve(spread, joint[:, :, None])[:, :, 0]


def _cell_quantiles(residual, cell, count):
    """Return the quantiles of the residuals of each cell, (cells, quantiles); 0 if it is empty."""
    order = np.lexsort((residual, cell))
    ordered = np.append(residual[order], 0.0)
    start = (np.cumsum(count) - count)[:, None]
    place = QUANTILES * np.maximum(count - 1, 0)[:, None]
    below = place.astype(int)
    first = np.minimum(start + below, len(residual))
    second = np.minimum(first + (place > below), len(residual))
    quantiles = ordered[first] + (place - below) * (ordered[second] - ordered[first])
    return np.where(count[:, None] > 0, quantiles, 0)


def predict_cells(maps, vectors, n_threads):
    """Return the predictions of each map.

    Parameters
    ----------
    maps : Maps
        Trained maps.
    vectors : ndarray, shape (n, attributes)
        Standardised; NaN where an attribute is missing.
    n_threads : int
        Number of threads.

    Returns
    -------
    values : ndarray, shape (maps, n, quantiles) or (maps, n, classes)
        Samples of the redshift, or fractions of the classes.
    misfit : ndarray, shape (n,)
        Mean distance from the nearest prototypes.
    """
    with threadpool_limits(1):
        predicted = Parallel(n_jobs=n_threads, prefer="threads")(
            delayed(_predict_one_map)(Maps(*fields), vectors) for fields in zip(*maps, strict=True)
        )
    values = np.stack([values for values, _ in predicted])
    return values, np.mean([misfit for _, misfit in predicted], axis=0)


def _predict_one_map(one, vectors):
    """Return redshifts or fractions of classes, and distances from the prototypes."""
    inputs, prototype = vectors[:, one.used], one.prototype[:, one.used]
    cell, misfit = np.empty(len(vectors), int), np.empty(len(vectors))
    for start in range(0, len(vectors), BLOCK):
        block = slice(start, start + BLOCK)
        squared = som_training.mismatch(inputs[block], prototype)
        squared[:, ~one.known] = np.inf
        cell[block] = squared.argmin(axis=1)
        there = np.isfinite(inputs[block]).mean(axis=1)
        misfit[block] = np.sqrt(squared.min(axis=1) / np.maximum(there, 1e-9))
    if not one.quantile.shape[1]:
        return one.value[cell], misfit
    offset = np.nan_to_num(vectors - one.centre[cell])
    fitted = one.value[cell, 0] + np.einsum("ij,ij->i", offset, one.slope[cell])
    fitted = np.clip(fitted, one.span[cell, 0], one.span[cell, 1])
    return fitted[:, None] + one.quantile[cell], misfit
