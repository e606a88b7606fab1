"""Plots of a run: predicted against true redshifts, their distribution, where the time went."""

from typing import NamedTuple

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

_BLUE, _ORANGE, _GREY = "#2b5c8a", "#d9822b", "#99a"

#: bins along a side of a histogram of pixels
_BINS = 80

#: largest |dz| / (1 + z) that is drawn
_LARGEST_DZ = 0.25

#: most objects drawn with their error bars
_MOST_POINTS = 3000


class Predictions(NamedTuple):
    """Redshifts of objects, one row each.

    Attributes
    ----------
    true, predicted, error : ndarray, shape (n,)
    """

    true: np.ndarray
    predicted: np.ndarray
    error: np.ndarray

    def thinned(self):
        """Every n-th, so many that they can be drawn; and n."""
        step = -(-len(self.true) // _MOST_POINTS) or 1
        return Predictions(*(column[::step] for column in self)), step


def highest_redshift(*redshifts):
    """End of an axis of redshifts: the tenth above 99.5 % of each array."""
    highest = max(np.percentile(values, 99.5) for values in redshifts)
    return float(np.ceil(10 * highest + 0.1) / 10)


class PixelHistograms:
    """Counts of pixels by true redshift and prediction, filled a chunk at a time.

    Parameters
    ----------
    highest : float
        End of the axes of redshift.

    Attributes
    ----------
    redshift : ndarray, shape (bins, bins)
        By true and predicted redshift.
    scatter : ndarray, shape (bins, bins)
        By true redshift and (predicted - true) / (1 + true).
    n : int
        Pixels with a true redshift, those beyond the axes included.
    """

    def __init__(self, highest):
        self.edges = np.linspace(0, highest, _BINS + 1)
        self.scatter_edges = np.linspace(-_LARGEST_DZ, _LARGEST_DZ, _BINS + 1)
        self.redshift = np.zeros((_BINS, _BINS))
        self.scatter = np.zeros((_BINS, _BINS))
        self.n = 0

    def add(self, true, predicted):
        """Count more pixels; those whose true redshift is NaN are passed over."""
        known = np.isfinite(true)
        true, predicted = true[known], predicted[known]
        self.n += len(true)
        self.redshift += np.histogram2d(true, predicted, [self.edges, self.edges])[0]
        dz = (predicted - true) / (1 + true)
        self.scatter += np.histogram2d(true, dz, [self.edges, self.scatter_edges])[0]


def redshift_figure(pixels, panels):
    """Predicted against true redshift for pixels and for objects, and the difference below.

    Parameters
    ----------
    pixels : PixelHistograms
    panels : dict of str to Predictions
        By title.

    Returns
    -------
    Figure
    """
    highest = pixels.edges[-1]
    columns = 1 + len(panels)
    figure = Figure(figsize=(10.5, 4.9), layout="constrained")
    axes = figure.subplots(
        *(2, columns), sharex=True, sharey="row", height_ratios=[2.6, 1], squeeze=False
    )
    norm = LogNorm(1, max(2, pixels.redshift.max(), pixels.scatter.max()))
    for place, edges, counts in (
        (axes[0, 0], pixels.edges, pixels.redshift),
        (axes[1, 0], pixels.scatter_edges, pixels.scatter),
    ):
        some = np.ma.masked_equal(counts.T, 0)
        shown = place.pcolormesh(pixels.edges, edges, some, norm=norm, cmap="viridis")
    figure.colorbar(shown, ax=axes, label="pixels per cell, left column", aspect=50, fraction=0.03)
    axes[0, 0].set_title(f"Pixels (n = {pixels.n:,})")
    for (above, below), (title, objects) in zip(axes.T[1:], panels.items(), strict=True):
        drawn, step = objects.thinned()
        thinned = f", one in {step} drawn" if step > 1 else ""
        above.set_title(f"{title} (n = {len(objects.true):,}{thinned})")
        _draw_objects(above, drawn.true, drawn.predicted, drawn.error)
        stretch = 1 + drawn.true
        _draw_objects(below, drawn.true, (drawn.predicted - drawn.true) / stretch, None)
    line = np.array([0, highest])
    for above, below in axes.T:
        above.plot(line, line, color="black", linewidth=0.8)
        for limit in (0.05, 0.15):
            for sign in (-1, 1):
                above.plot(line, line + sign * limit * (1 + line), **_dashes(limit))
                below.axhline(sign * limit, **_dashes(limit))
        below.axhline(0, color="black", linewidth=0.8)
        above.set(xlim=(0, highest), ylim=(0, highest), aspect="equal", adjustable="box")
        below.set(xlabel="true redshift", ylim=(-_LARGEST_DZ, _LARGEST_DZ))
    axes[0, 0].set_ylabel("predicted redshift")
    axes[1, 0].set_ylabel("(predicted − true) /\n(1 + true)")
    return figure


def _dashes(limit):
    return {"color": _GREY, "linewidth": 0.8, "linestyle": "--" if limit < 0.1 else ":"}


def _draw_objects(axes, x, y, error):
    axes.errorbar(
        *(x, y, error),
        fmt="o",
        markersize=2.4,
        color=_BLUE,
        alpha=0.75,
        markeredgewidth=0,
        elinewidth=0.5,
        ecolor="#2b5c8a55",
    )


def distribution_figure(z_phot, z_error):
    """Histograms of predicted redshifts and of their errors.

    Parameters
    ----------
    z_phot, z_error : ndarray, shape (n,)
        Finite.

    Returns
    -------
    Figure
    """
    figure = Figure(figsize=(10.5, 2.9), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.hist(z_phot, np.linspace(0, highest_redshift(z_phot), 41), color=_BLUE)
    left.set(xlabel="predicted redshift z_phot", ylabel="objects")
    right.hist(z_error, np.linspace(0, np.percentile(z_error, 99) * 1.05 + 1e-6, 41), color=_ORANGE)
    right.set(xlabel="its error z_error (half the 68 % interval)", ylabel="objects")
    return figure


def timing_figure(table):
    """Seconds and peak memory of each stage as horizontal bars.

    Parameters
    ----------
    table : DataFrame
        Columns stage, wall, cpu (seconds, all jobs), memory (MiB, largest job).

    Returns
    -------
    Figure
    """
    rows = np.arange(len(table))
    figure = Figure(figsize=(10.5, 0.9 + 0.36 * len(table)), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=[2, 1])
    left.barh(rows - 0.2, table["wall"], 0.38, color=_GREY, label="wall clock, all jobs")
    left.barh(rows + 0.2, table["cpu"], 0.38, color=_BLUE, label="CPU, all jobs")
    left.set(xlabel="time (s)")
    left.set_yticks(rows, table["stage"])
    left.invert_yaxis()
    left.legend(loc="lower right")
    right.barh(rows, table["memory"], 0.6, color=_ORANGE)
    right.set(xlabel="peak memory of a job (MiB)")
    for axes in (left, right):
        axes.grid(axis="x", color="#ddd", linewidth=0.6)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(axis="y", length=0)
    return figure
