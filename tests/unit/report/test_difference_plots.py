"""Curves of difference images against the numbers that they show."""

import numpy as np
import pytest
from redpix.report.difference_plots import completeness_figure


def test_completeness_is_the_share_found_of_each_half_magnitude():
    rng = np.random.default_rng(1)
    magnitude = rng.uniform(18.1, 22.9, 500)
    found = rng.random(500) < 1 / (1 + np.exp(3 * (magnitude - 21)))
    (axes,) = completeness_figure({"r": magnitude}, {"r": found}).axes
    x, y = axes.lines[0].get_data()
    assert list(x) == pytest.approx(list(np.arange(18.25, 23, 0.5)))
    for middle, share in zip(x, y, strict=True):
        inside = abs(magnitude - middle) < 0.25
        assert share == pytest.approx(found[inside].mean())


@pytest.mark.parametrize("magnitudes", [[20.0], [20.0, 20.5], [19.9, 22.0]])
def test_magnitudes_on_the_edge_of_a_half_count(magnitudes):
    values = np.array(magnitudes)
    (axes,) = completeness_figure({"g": values}, {"g": np.ones(len(values), bool)}).axes
    x, y = axes.lines[0].get_data()
    assert np.all(y == 1)
    assert len(x) == len(np.unique(np.floor(2 * values)))


def test_bars_of_completeness_are_binomial():
    values = np.concatenate([np.full(10, 20.1), np.full(4, 21.1)])
    found = np.array([True] * 7 + [False] * 3 + [True] * 4)
    (axes,) = completeness_figure({"g": values}, {"g": found}).axes
    ends = [segment[:, 1] for segment in axes.collections[0].get_segments()]
    for (low, high), (hits, total) in zip(ends, [(7, 10), (4, 4)], strict=True):
        share = hits / total  # Wilson (1927): |p - share| = sqrt(p (1 - p) / n) at both ends
        for end in (low, high):
            assert abs(end - share) == pytest.approx(np.sqrt(end * (1 - end) / total), abs=1e-3)
    assert ends[1][1] == pytest.approx(1)
    assert ends[1][0] < 0.85
