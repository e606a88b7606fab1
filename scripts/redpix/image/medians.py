"""Median and robust standard deviation of many finite values, without tests for NaN."""

import numpy as np

#: standard deviation of a Gaussian over its median absolute deviation
_SIGMA = 1.482602218505602


def median_and_spread(values):
    """Return the median and the robust standard deviation of values.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Finite, at least one.

    Returns
    -------
    median, spread : float
        The spread is that of `astropy.stats.mad_std`.
    """
    middle = median(values)
    return middle, median(abs(values - middle)) * _SIGMA


def median(values):
    """Return the median of finite values.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Finite, at least one.

    Returns
    -------
    float
        As `numpy.median`.
    """
    half = len(values) // 2
    parted = np.partition(values, half)
    if len(values) % 2:
        return parted[half]
    return np.mean([parted[:half].max(), parted[half]])
