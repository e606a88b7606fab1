"""Median and spread of many values are those of NumPy and astropy, bit by bit."""

import numpy as np
import pytest
from astropy.stats import mad_std, sigma_clip
from redpix.image.background import _clipping_limits
from redpix.image.medians import median, median_and_spread


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("number", [1, 2, 3, 1000, 10_001])
def test_median_and_spread_are_the_usual_ones(kind, number):
    values = np.random.default_rng(number).normal(3, 2, number).astype(kind)
    median, spread = median_and_spread(values)
    assert (median, spread) == (np.median(values), mad_std(values))
    assert np.result_type(median) == kind


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_limits_of_clipping_are_those_of_astropy(kind):
    rng = np.random.default_rng(6)
    values = rng.normal(900, 20, 4000).astype(kind)
    values[:300] += rng.exponential(500, 300).astype(kind)
    for sample in (values, np.round(values), np.full(50, kind(3))):
        kept = sigma_clip(
            sample, sigma=2.5, maxiters=10, cenfunc="mean", masked=False, return_bounds=True
        )
        assert _clipping_limits(sample) == (kept[1], kept[2])


@pytest.mark.parametrize("kind", ["<f4", ">f4", ">f8", ">i2", "u1"])
@pytest.mark.parametrize("number", [1, 6, 7])
def test_the_median_of_any_byte_order_is_numpys(kind, number):
    values = np.random.default_rng(2).uniform(0, 99, number).astype(kind)
    assert median(values) == np.median(values)
