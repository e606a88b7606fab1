"""Means and sample variances of columns with missing values, as numpy has them."""

import warnings

import numpy as np
from redpix.photometry.finite_moments import finite_moments


def test_moments_are_those_of_numpy():
    values = np.random.default_rng(1).normal(5, 2, (7, 4))
    values[[0, 3], 0] = np.nan
    values[1:, 1] = np.inf
    values[:, 2] = np.nan
    number, mean, variance = finite_moments(values)
    known = np.where(np.isfinite(values), values, np.nan)
    np.testing.assert_array_equal(number, [5, 1, 0, 7])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of columns without values
        np.testing.assert_allclose(mean, np.nanmean(known, axis=0))
        np.testing.assert_allclose(variance, np.nanvar(known, axis=0, ddof=1))


def test_only_good_values_count():
    values = np.array([[1.0, 2.0], [3.0, np.nan], [100.0, 4.0]])
    good = np.array([[True, True], [True, True], [False, True]])
    number, mean, variance = finite_moments(values, good)
    np.testing.assert_array_equal(number, [2, 2])
    np.testing.assert_array_equal(mean, [2, 3])
    np.testing.assert_array_equal(variance, [2, 2])
