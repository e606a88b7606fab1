"""Counts in the plots of a run, against slow loops."""

import numpy as np
import pandas as pd
import pytest
from redpix.report import redshift_plots as plots
from redpix.report.figures import house_style
from redpix.report.timing_plots import timing_figure


def test_axes_end_above_almost_all_redshifts():
    assert plots.highest_redshift(np.array([0.02, 0.05])) == pytest.approx(0.1)
    assert plots.highest_redshift(np.array([0.33]), np.array([0.1])) == pytest.approx(0.4)
    many = np.append(np.linspace(0, 0.5, 1000), 6.0)
    assert plots.highest_redshift(many) == pytest.approx(0.6)


def test_pixels_are_counted_where_they_are():
    generator = np.random.default_rng(1)
    true = generator.uniform(0, 0.6, 500)
    predicted = true + generator.normal(0, 0.1, 500)
    true[::7] = np.nan
    counted = plots.PixelHistograms(0.5)
    for rows in np.array_split(np.arange(500), 4):
        counted.add(true[rows], predicted[rows])
    redshift, scatter = np.zeros((80, 80)), np.zeros((80, 80))
    for t, p in zip(true, predicted, strict=True):
        if np.isnan(t):
            continue
        if 0 <= t <= 0.5 and 0 <= p <= 0.5:
            redshift[int(t / 0.5 * 80), int(p / 0.5 * 80)] += 1
        dz = (p - t) / (1 + t)
        if 0 <= t <= 0.5 and abs(dz) <= 0.25:
            scatter[int(t / 0.5 * 80), int((dz + 0.25) / 0.5 * 80)] += 1
    np.testing.assert_array_equal(counted.redshift, redshift)
    np.testing.assert_array_equal(counted.scatter, scatter)
    assert counted.n == np.isfinite(true).sum()
    assert 0 < counted.redshift.sum() < counted.n


@pytest.mark.parametrize(("count", "step"), [(1, 1), (3000, 1), (3001, 2), (9001, 4)])
def test_many_objects_are_thinned(count, step):
    columns = plots.Predictions(*np.arange(3 * count).reshape(3, count))
    drawn, used_step = columns.thinned()
    assert used_step == step
    assert len(drawn.true) <= 3000
    np.testing.assert_array_equal(drawn.predicted, columns.predicted[::step])


def test_the_redshift_figure_says_how_many_it_shows():
    generator = np.random.default_rng(2)
    true = generator.uniform(0, 0.5, 3500)
    objects = plots.Predictions(true, true + 0.01, np.full(3500, 0.02))
    counted = plots.PixelHistograms(0.5)
    counted.add(true, true)
    with house_style():
        figure = plots.redshift_figure(counted, {"Objects": objects, "Few": objects.thinned()[0]})
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert "Pixels (n = 3,500)" in titles
    assert "Objects (n = 3,500, one in 2 drawn)" in titles
    assert "Few (n = 1,750)" in titles


def test_bars_are_as_long_as_the_stages_took():
    table = pd.DataFrame(
        {"stage": ["a", "b"], "wall": [3.0, 4.0], "cpu": [1.0, 2.0], "memory": [50.0, np.nan]}
    )
    with house_style():
        figure = timing_figure(table)
    left, right = figure.axes
    assert [bar.get_width() for bar in left.patches] == [3, 4, 1, 2]
    assert left.get_xlabel() == "time (s)"
    assert right.get_xlabel() == "peak memory of a job (MiB)"
