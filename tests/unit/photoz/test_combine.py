"""Combination of pixels against a slow loop, and the width of the product."""

import numpy as np
import pytest
from redpix.photoz import pdf
from redpix.photoz.combine import (
    FLOOR,
    LEAST_SNR,
    WEIGHTS,
    GeometricMeans,
    WeightedMeans,
    fit_exponent,
    with_median,
)
from redpix.photoz.learners.base import Prediction

GRID = pdf.make_grid(0.0, 1.0, 0.005)


def predictions(n, seed=1):
    generator = np.random.default_rng(seed)
    pdfs = pdf.normalise(generator.random((n, len(GRID))), GRID)
    share = generator.dirichlet([1, 1, 1], n)
    return Prediction(generator.uniform(0, 1, n), pdfs, share, generator.integers(0, 2, n))


@pytest.mark.parametrize("combiner", sorted(WEIGHTS))
def test_stack_is_the_weighted_mean_by_slow_loop(combiner):
    pixels = predictions(500)
    generator = np.random.default_rng(2)
    index, snr = generator.integers(0, 9, 500), generator.gamma(2, 3, 500)
    weight = WEIGHTS[combiner](snr)
    stack = WeightedMeans(10, len(GRID))
    for rows in np.split(np.arange(500), [7, 7, 300]):
        stack.add(index[rows], weight[rows], Prediction(*(column[rows] for column in pixels)))
    found = stack.prediction()
    for number in range(9):
        rows = np.flatnonzero(index == number)
        total = sum(weight[row] for row in rows)
        for name in Prediction._fields:
            column = getattr(pixels, name)
            slow = sum(weight[row] * column[row] for row in rows) / total
            assert getattr(found, name)[number] == pytest.approx(slow, rel=1e-5)
    assert np.isnan(found.redshift[9])
    moments = stack.moments()
    for number in range(9):
        rows = index == number
        z, share = pixels.redshift[rows], weight[rows] / weight[rows].sum()
        mean = np.sum(share * z)
        deviation = np.sqrt(np.sum(share * (z - mean) ** 2))
        assert moments[number] == pytest.approx([mean, deviation], rel=1e-6)


def test_weights_are_squared_signal_to_noise_and_never_vanish():
    snr = np.array([0.0, 2.0, 10.0])
    assert WEIGHTS["weighted"](snr) == pytest.approx([LEAST_SNR**2, 4, 100])
    assert WEIGHTS["mean"](snr).tolist() == [1, 1, 1]


def test_product_is_that_of_powers_by_slow_loop():
    pixels = predictions(300)
    pdfs = pixels.pdf.copy()
    pdfs[:, :40] = 0  # no pixel is sure enough to rule a redshift out for good
    generator = np.random.default_rng(2)
    index, weight = generator.integers(0, 5, 300), generator.gamma(2, 3, 300)
    product = GeometricMeans(6, len(GRID))
    for rows in np.split(np.arange(300), [7, 7, 200]):
        product.add(index[rows], weight[rows], pdfs[rows])
    found = product.pdfs(2.5, GRID)
    for number in range(5):
        rows = np.flatnonzero(index == number)
        slow = np.ones(len(GRID))
        for row in rows:
            share = weight[row] / weight[rows].sum()
            slow *= np.maximum(pdfs[row], FLOOR) ** (2.5 * share)
        assert found[number] == pytest.approx(slow / np.trapezoid(slow, GRID), rel=1e-4)
    assert np.isnan(found[5]).all()


@pytest.mark.parametrize("independent", [1, 4])
def test_exponent_is_the_number_of_independent_pixels(independent):
    """Objects have 12 pixels; groups of 12 / `independent` pixels have equal PDFs."""
    generator = np.random.default_rng(6)
    truth = generator.uniform(0.3, 0.7, 1500)
    said = truth[:, None] + generator.normal(0, 0.05, (1500, independent))
    product = GeometricMeans(1500, len(GRID))
    for column in range(12):
        redshift = said[:, column % independent, None]
        pdfs = pdf.normalise(np.exp(-0.5 * ((GRID - redshift) / 0.05) ** 2), GRID)
        product.add(np.arange(1500), np.ones(1500), pdfs)
    found = fit_exponent(product, np.arange(1500), truth, GRID)
    assert found == pytest.approx(independent, rel=0.12)
    whole = with_median(predictions(1500), product.pdfs(found, GRID), GRID)
    assert np.std(whole.redshift - truth) == pytest.approx(0.05 / independent**0.5, rel=0.06)
