"""What the cells of self-organising maps know of redshifts and classes."""

from typing import NamedTuple

import numpy as np
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from redpix.photoz.learners import som_training

#: quantiles of a cell's residuals that are kept
QUANTILES = (np.arange(9) + 0.5) / 9

#: cells nearer than this touch, at a corner perhaps
TOUCHING = 1.6

#: penalty on slopes, relative to the mean variance of attributes about a cell
RIDGE = 0.01

#: vectors predicted at a time, which bounds memory
BLOCK = 5000


class Maps(NamedTuple):
    """Several maps and what their cells know, a map a row."""

    used: np.ndarray  #: (maps, attributes), bool: attributes that the map sees
    prototype: np.ndarray  #: (maps, cells, attributes), 0 where not used
    centre: np.ndarray  #: (maps, cells, attributes): mean of the vectors in and about the cell
    known: np.ndarray  #: (maps, cells), bool: some vector fell there
    value: np.ndarray  #: (maps, cells, values): mean redshift, or share of each class
    slope: np.ndarray  #: (maps, cells, attributes): of the redshift; 0 for classes
    quantile: np.ndarray  #: (maps, cells, quantiles): of the residuals; none for classes
    span: np.ndarray  #: (maps, cells, 2): smallest and largest redshift in and about the cell


def fit_cells(vectors, values, used, prototype, distance, mode):
    """What the cells of one map know: the fields of `Maps` but ``used``.

    Parameters
    ----------
    vectors : ndarray, shape (n, attributes)
        Scaled; NaN where missing.
    values : ndarray, shape (n, 1) or (n, classes)
        Redshifts, or 1 in the column of a vector's class.
    used : ndarray of bool, shape (attributes,)
    prototype : ndarray, shape (cells, used attributes)
    distance : ndarray, shape (cells, cells)
    mode : str
        ``linear`` or ``mean``.
    """
    cells = len(prototype)
    cell = som_training.mismatch(vectors[:, used], prototype).argmin(axis=1)
    member = som_training.membership(cell, cells)
    count = np.bincount(cell, minlength=cells)
    near = som_training.neighbourhood(distance, 1.0)
    there = np.isfinite(vectors)
    told = near @ (member @ there.astype(float))
    centre = near @ (member @ np.where(there, vectors, 0)) / np.maximum(told, 1e-12)
    whole = np.zeros_like(centre)
    whole[:, used] = prototype
    value = member @ values / np.maximum(count, 1)[:, None]
    slope = np.zeros_like(centre)
    if values.shape[1] > 1:  # shares of classes
        none = np.zeros((cells, 0))
        return whole, centre, count > 0, value, slope, none, none
    if mode == "linear":
        filled = np.where(there, vectors, centre[cell])
        centre, value, slope = _linear(filled, values[:, 0], member, near)
    low, high = np.full(cells, np.inf), np.full(cells, -np.inf)
    np.minimum.at(low, cell, values[:, 0])
    np.maximum.at(high, cell, values[:, 0])
    touching = distance < TOUCHING
    low = np.where(touching, low, np.inf).min(axis=1)
    high = np.where(touching, high, -np.inf).max(axis=1)
    span = np.stack([low, high], axis=1)
    offset = np.where(there, vectors - centre[cell], 0)
    fitted = value[cell, 0] + np.einsum("ij,ij->i", offset, slope[cell])
    residual = values[:, 0] - np.clip(fitted, low[cell], high[cell])
    return whole, centre, count > 0, value, slope, _cell_quantiles(residual, cell, count), span


def _linear(vectors, redshift, member, near):
    """A linear fit about each cell: its vectors' mean, their mean redshift, the slopes there."""
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
    """Quantiles of each cell's residuals, shape (cells, quantiles); 0 where it has none."""
    order = np.lexsort((residual, cell))
    ordered = np.append(residual[order], 0.0)
    start = (np.cumsum(count) - count)[:, None]
    place = QUANTILES * np.maximum(count - 1, 0)[:, None]
    below = place.astype(int)
    first = np.minimum(start + below, len(residual))
    second = np.minimum(first + (place > below), len(residual))
    found = ordered[first] + (place - below) * (ordered[second] - ordered[first])
    return np.where(count[:, None] > 0, found, 0)


def predict_cells(found, vectors, n_threads):
    """What each map says of scaled vectors, shape (n, attributes), with `n_threads` threads.

    Returns
    -------
    ndarray, shape (maps, n, quantiles) or (maps, n, classes)
        Samples of the redshift, or shares of the classes.
    ndarray, shape (n,)
        Mean distance from the nearest prototypes.
    """
    with threadpool_limits(1):
        said = Parallel(n_jobs=n_threads, prefer="threads")(
            delayed(_predict_one_map)(Maps(*parts), vectors) for parts in zip(*found, strict=True)
        )
    return np.stack([one for one, _ in said]), np.mean([misfit for _, misfit in said], axis=0)


def _predict_one_map(found, vectors):
    """Samples of the redshift, or shares of the classes, and distances from the prototypes."""
    inputs, prototype = vectors[:, found.used], found.prototype[:, found.used]
    cell, misfit = np.empty(len(vectors), int), np.empty(len(vectors))
    for start in range(0, len(vectors), BLOCK):
        part = slice(start, start + BLOCK)
        squared = som_training.mismatch(inputs[part], prototype)
        squared[:, ~found.known] = np.inf
        cell[part] = squared.argmin(axis=1)
        there = np.isfinite(inputs[part]).mean(axis=1)
        misfit[part] = np.sqrt(squared.min(axis=1) / np.maximum(there, 1e-9))
    if not found.quantile.shape[1]:
        return found.value[cell], misfit
    offset = np.nan_to_num(vectors - found.centre[cell])
    fitted = found.value[cell, 0] + np.einsum("ij,ij->i", offset, found.slope[cell])
    fitted = np.clip(fitted, *found.span[cell].T)
    return fitted[:, None] + found.quantile[cell], misfit
