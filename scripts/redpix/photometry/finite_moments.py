"""Means and sample variances of columns with missing values."""

from typing import NamedTuple

import numpy as np


class Moments(NamedTuple):
    """Moments of the values in each column.

    Attributes
    ----------
    number : ndarray of int, shape (columns,)
        Number of values.
    mean : ndarray, shape (columns,)
        NaN without values.
    variance : ndarray, shape (columns,)
        Sample variance, over the number less one; NaN with fewer than two values.
    """

    number: np.ndarray
    mean: np.ndarray
    variance: np.ndarray


def finite_moments(values, good=None):
    """Return the moments of the finite values in each column.

    Parameters
    ----------
    values : ndarray, shape (rows, columns)
        NaN if missing.
    good : ndarray of bool, shape (rows, columns), optional
        Values to use; all if not given.

    Returns
    -------
    Moments
    """
    good = np.isfinite(values) if good is None else good & np.isfinite(values)
    number = good.sum(axis=0)
    mean = np.where(good, values, 0).sum(axis=0) / np.maximum(number, 1)
    square = np.where(good, (values - mean) ** 2, 0).sum(axis=0) / np.maximum(number - 1, 1)
    return Moments(number, np.where(number > 0, mean, np.nan), np.where(number > 1, square, np.nan))
