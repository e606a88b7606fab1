"""Fits to neighbours against numpy's least squares, one point at a time."""

import numpy as np
import pytest
from redpix.photoz.learners.local_linear import RIDGE, local_linear


def neighbours(n=30, k=25, d=3, seed=1):
    generator = np.random.default_rng(seed)
    offsets = generator.normal(0.3, 1, (n, k, d))
    return offsets, 0.4 + offsets @ [0.02, -0.03, 0.05] + generator.normal(0, 0.05, (n, k))


def ridge(offsets, values):
    """Return the fit by least squares, with the penalty on the slopes as further rows."""
    k, d = offsets.shape
    spread = np.sum((offsets - offsets.mean(axis=0)) ** 2)
    rows = np.hstack([np.ones((k, 1)), offsets])
    penalty = np.hstack([np.zeros((d, 1)), np.sqrt(RIDGE * spread / d) * np.eye(d)])
    target = np.concatenate([values, np.zeros(d)])
    return np.linalg.lstsq(np.vstack([rows, penalty]), target, rcond=None)[0]


def test_value_is_that_of_least_squares_with_a_penalty():
    offsets, values = neighbours()
    found = local_linear(offsets, values)
    slow = [ridge(*pair)[0] for pair in zip(offsets, values, strict=True)]
    inside = ~found.beyond
    assert inside.sum() > 25
    assert found.value[inside] == pytest.approx(np.array(slow)[inside])


def test_residuals_are_those_of_fits_without_the_neighbour():
    offsets, values = neighbours(n=1)
    found = local_linear(offsets, values)
    for left_out in range(offsets.shape[1]):
        kept = np.arange(offsets.shape[1]) != left_out
        intercept, *slopes = ridge(offsets[0, kept], values[0, kept])
        predicted = intercept + offsets[0, left_out] @ slopes
        # the penalty follows the spread of the neighbours, which one fewer hardly changes
        expected = values[0, left_out] - predicted
        assert found.residuals[0, left_out] == pytest.approx(expected, abs=2e-4)


def test_a_fit_that_leaves_the_neighbours_ends_at_them():
    values = np.linspace(0.1, 0.2, 20)[None]
    offsets = 5 + 10 * values[..., None]
    found = local_linear(offsets, values)
    assert found.value == pytest.approx(0.1)
    assert found.beyond.all()


@pytest.mark.parametrize("k", [1, 2, 4])
def test_few_or_coinciding_neighbours_give_finite_values(k):
    generator = np.random.default_rng(1)
    values = generator.uniform(0, 1, (50, k))
    for offsets in (generator.normal(size=(50, k, 5)), np.zeros((50, k, 5))):
        found = local_linear(offsets, values)
        assert np.isfinite(found.residuals).all()
        assert ((found.value >= values.min(axis=1)) & (found.value <= values.max(axis=1))).all()
    assert found.value == pytest.approx(values.mean(axis=1))
