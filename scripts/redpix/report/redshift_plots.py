"""Figures of redshifts: predicted against true ones, and their distribution."""

from typing import NamedTuple

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

_BLUE, _ORANGE, _GREY = "#2b5c8a", "#d9822b", "#99a"

#: number of bins along a side of a histogram of pixels
_BINS = 80

#: half range of the axis of (predicted - true) / (1 + true)
_LARGEST_DZ = 0.25

#: maximum number of objects drawn with error bars
_MOST_POINTS = 3000


class Predictions(NamedTuple):
    """Redshifts of objects, one row per object.

    Attributes
    ----------
    true, predicted : ndarray, shape (n,)
        Redshifts.
    error : ndarray, shape (n,)
        1-sigma error of the predicted redshift.
    """

    true: np.ndarray
    predicted: np.ndarray
    error: np.ndarray

    def thinned(self):
        """Return every n-th row, at most `_MOST_POINTS` rows, and n."""
        step = -(-len(self.true) // _MOST_POINTS) or 1
        return Predictions._make(column[::step] for column in self), step


def highest_redshift(*redshifts):
    """Return the end of an axis of redshifts: the 99.5th percentile, rounded up to a tenth.

    Parameters
    ----------
    *redshifts : ndarray
        The largest of their percentiles counts. Values that are not finite are left out.

    Returns
    -------
    float
        1 without a value.
    """
    finite = [values[np.isfinite(values)] for values in map(np.asarray, redshifts)]
    highest = max((np.percentile(values, 99.5) for values in finite if len(values)), default=0.99)
    return float(np.ceil(10 * max(highest, 0) + 0.1) / 10)


class PixelHistograms:
    """Counts of pixels by true redshift and prediction, filled chunk by chunk.

    Parameters
    ----------
    highest : float
        Upper end of the axes of redshift.

    Attributes
    ----------
    redshift : ndarray, shape (bins, bins)
        Number of pixels by true and predicted redshift.
    scatter : ndarray, shape (bins, bins)
        Number of pixels by true redshift and (predicted - true) / (1 + true).
    n : int
        Number of pixels with both redshifts, including those beyond the axes.
    """

    def __init__(self, highest):
        self.edges = np.linspace(0, highest, _BINS + 1)
        self.scatter_edges = np.linspace(-_LARGEST_DZ, _LARGEST_DZ, _BINS + 1)
        self.redshift = np.zeros((_BINS, _BINS))
        self.scatter = np.zeros((_BINS, _BINS))
        self.n = 0

    def add(self, true, predicted):
        """Count more pixels, without those whose redshifts are not finite.

        Parameters
        ----------
        true, predicted : ndarray, shape (n,)
            Redshifts.
        """
        usable = np.isfinite(true) & np.isfinite(predicted)
        true, predicted = true[usable], predicted[usable]
        self.n += len(true)
        self.redshift += np.histogram2d(true, predicted, [self.edges, self.edges])[0]
        dz = (predicted - true) / (1 + true)
        self.scatter += np.histogram2d(true, dz, [self.edges, self.scatter_edges])[0]


def redshift_figure(pixels, panels):
    """Return a figure of predicted against true redshift, with the difference below.

    Parameters
    ----------
    pixels : PixelHistograms
        Shown in the left column.
    panels : dict of str to Predictions
        Shown in the other columns, by title.

    Returns
    -------
    Figure
    """
    figure = Figure(figsize=(10.5, 4.9), layout="constrained")
    axes = figure.subplots(
        nrows=2,
        ncols=1 + len(panels),
        sharex=True,
        sharey="row",
        height_ratios=[2.6, 1],
        squeeze=False,
    )
    _draw_pixels(figure, axes, pixels)
    for (above, below), (title, objects) in zip(axes.T[1:], panels.items(), strict=True):
        drawn, step = objects.thinned()
        thinned = f", one in {step} drawn" if step > 1 else ""
        above.set_title(f"{title} (n = {len(objects.true):,}{thinned})")
        _draw_objects(above, drawn.true, drawn.predicted, drawn.error)
        stretch = 1 + drawn.true
        _draw_objects(below, drawn.true, (drawn.predicted - drawn.true) / stretch, None)
    for above, below in axes.T:
        _draw_lines(above, below, pixels.edges[-1])
    axes[0, 0].set_ylabel("predicted redshift")
    axes[1, 0].set_ylabel("(predicted − true) /\n(1 + true)")
    return figure


def _draw_pixels(figure, axes, pixels):
    """Draw the histograms of pixels in the left column."""
    norm = LogNorm(1, max(2, pixels.redshift.max(), pixels.scatter.max()))
    for panel, edges, counts in (
        (axes[0, 0], pixels.edges, pixels.redshift),
        (axes[1, 0], pixels.scatter_edges, pixels.scatter),
    ):
        filled = np.ma.masked_equal(counts.T, 0)
        shown = panel.pcolormesh(pixels.edges, edges, filled, norm=norm, cmap="viridis")
    figure.colorbar(shown, ax=axes, label="pixels per cell, left column", aspect=50, fraction=0.03)
    axes[0, 0].set_title(f"Pixels (n = {pixels.n:,})")


def _draw_lines(above, below, highest):
    """Draw equality and its limits, and set the ranges of the axes of a column."""
    line = np.array([0, highest])
    above.plot(line, line, color="black", linewidth=0.8)
    for limit in (0.05, 0.15):
        for sign in (-1, 1):
            above.plot(line, line + sign * limit * (1 + line), **_dashes(limit))
            below.axhline(sign * limit, **_dashes(limit))
    below.axhline(0, color="black", linewidth=0.8)
    above.set(xlim=(0, highest), ylim=(0, highest), aspect="equal", adjustable="box")
    below.set(xlabel="true redshift", ylim=(-_LARGEST_DZ, _LARGEST_DZ))


def _dashes(limit):
    """Return the style of the line of a limit."""
    return {"color": _GREY, "linewidth": 0.8, "linestyle": "--" if limit < 0.1 else ":"}


def _draw_objects(axes, x, y, error):
    """Draw one point per object, with the error bar of y if it is given."""
    axes.errorbar(
        x,
        y,
        error,
        fmt="o",
        markersize=2.4,
        color=_BLUE,
        alpha=0.75,
        markeredgewidth=0,
        elinewidth=0.5,
        ecolor="#2b5c8a55",
    )


def distribution_figure(z_phot, z_error):
    """Return a figure with histograms of predicted redshifts and of their errors.

    Parameters
    ----------
    z_phot, z_error : Series, shape (n,)
        Predicted redshifts, finite, and their errors, which may be NaN.

    Returns
    -------
    Figure
    """
    figure = Figure(figsize=(10.5, 2.9), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.hist(z_phot, np.linspace(0, highest_redshift(z_phot), 41), color=_BLUE)
    left.set(xlabel="predicted redshift z_phot", ylabel="objects")
    errors = z_error[np.isfinite(z_error)]
    longest = np.percentile(errors, 99) * 1.05 + 1e-6 if len(errors) else 1.0
    right.hist(errors, np.linspace(0, longest, 41), color=_ORANGE)
    right.set(xlabel="its error z_error (half the 68 % interval)", ylabel="objects")
    return figure
