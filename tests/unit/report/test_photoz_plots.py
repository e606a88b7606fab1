"""Plots of redshifts show the numbers that they get."""

import numpy as np
import pytest
from redpix.photoz.learners.som_topology import places
from redpix.report import photoz_plots


def test_histogram_and_reliability_by_slow_loop():
    pit = np.random.default_rng(1).beta(2, 3, 400)
    figure = photoz_plots.calibration_figure(pit)
    histogram, reliability = figure.axes
    heights = [patch.get_height() for patch in histogram.patches if patch.get_width() < 0.1]
    assert heights == [np.sum((pit >= k / 20) & (pit < (k + 1) / 20)) for k in range(20)]
    levels, held = reliability.lines[1].get_data()
    for level, share in zip(levels[[16, 68, 95]], held[[16, 68, 95]], strict=True):
        inside = [(1 - level) / 2 <= value <= (1 + level) / 2 for value in pit]
        assert share == pytest.approx(np.mean(inside), abs=0.003)
    for axes in figure.axes:
        assert axes.get_xlabel()
        assert axes.get_ylabel()


def test_densities_stand_with_their_truths():
    grid = np.linspace(0, 1, 101)
    density = np.exp(-0.5 * ((grid - np.array([[0.2], [0.4], [0.6]])) / 0.05) ** 2)
    true, predicted = np.array([0.21, 0.39, 0.7]), np.array([0.2, 0.4, 0.6])
    figure = photoz_plots.pdfs_figure(density, grid, true, predicted, list("abc"))
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title(loc="left") or axes.get_title() for axes in shown] == list("abc")
    for axes, z, guess in zip(shown, true, predicted, strict=True):
        curve, dashed, line = axes.lines
        assert line.get_xdata()[0] == z
        assert dashed.get_xdata()[0] == guess
        assert grid[np.argmax(curve.get_ydata())] == pytest.approx(guess, abs=0.006)
        assert axes.get_xlim()[1] > z


def test_importance_is_sorted():
    figure = photoz_plots.importance_figure({"u-g": 0.2, "g-r": 0.7, "mag_r": 0.1})
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["g-r", "u-g", "mag_r"]
    assert [patch.get_width() for patch in axes.patches] == [0.7, 0.2, 0.1]


@pytest.mark.parametrize("grid", ["rectangular", "hexagonal", "spherical"])
def test_a_map_shows_a_value_a_cell(grid):
    centres = places(grid, 4)
    redshift = np.linspace(0.1, 0.5, len(centres))
    redshift[3] = np.nan
    figure = photoz_plots.map_figure(centres, redshift, redshift / 2, grid == "hexagonal")
    for axes, values in zip(figure.axes[:2], (redshift, redshift / 2), strict=True):
        shown = np.ma.masked_invalid(axes.collections[0].get_array())
        assert shown.mask.sum() == 1
        assert shown.compressed() == pytest.approx(values[np.isfinite(values)])
