"""Pixels to objects by slow loop, and widths that mean what they say."""

import numpy as np
import pytest
from redpix.photoz import pdf
from redpix.photoz.combine import COMBINERS, LEAST_SNR, Stack
from redpix.photoz.learner import Prediction

GRID = pdf.make_grid(0.0, 1.0, 0.005)


def predictions(n, seed=1):
    generator = np.random.default_rng(seed)
    density = pdf.normalise(generator.random((n, len(GRID))), GRID)
    share = generator.dirichlet([1, 1, 1], n)
    return Prediction(generator.uniform(0, 1, n), density, share, generator.integers(0, 2, n))


@pytest.mark.parametrize("combiner", sorted(COMBINERS))
def test_stack_is_the_weighted_mean_by_slow_loop(combiner):
    pixels = predictions(500)
    generator = np.random.default_rng(2)
    index, snr = generator.integers(0, 9, 500), generator.gamma(2, 3, 500)
    weight = COMBINERS[combiner](snr)
    stack = Stack(10, len(GRID))
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


def test_weights_are_squared_signal_to_noise_and_never_vanish():
    snr = np.array([0.0, 2.0, 10.0])
    assert COMBINERS["weighted"](snr) == pytest.approx([LEAST_SNR**2, 4, 100])
    assert COMBINERS["mean"](snr).tolist() == [1, 1, 1]
