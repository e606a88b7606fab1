"""Plots of photometric redshifts: whether PDFs mean what they say, what was learnt from."""

import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

_BLUE, _ORANGE, _GREY = "#2b5c8a", "#d9822b", "#99a"

#: bins of the histogram of PIT values
_BINS = 20

#: PDFs of single objects that are drawn
MOST_SHOWN = 12


def calibration_figure(pit):
    """Histogram of PIT values, and how often intervals of each probability hold the truth.

    Parameters
    ----------
    pit : ndarray, shape (n,)
        Probability below the truth in the PDF of each object.

    Returns
    -------
    Figure
    """
    figure = Figure(figsize=(10.5, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    count = len(pit)
    left.hist(pit, np.linspace(0, 1, _BINS + 1), color=_BLUE)
    even = count / _BINS
    spread = np.sqrt(even * (1 - 1 / _BINS))
    left.axhline(even, color="black", linewidth=0.8)
    for sign in (-1, 1):
        left.axhline(even + sign * 2 * spread, color="black", linewidth=0.8, linestyle=":")
    left.set(xlim=(0, 1), ylim=(0, None), xlabel="PIT: probability below the true redshift")
    left.set(ylabel="objects")
    left.set_title(f"PIT (n = {count:,})")
    levels = np.linspace(0, 1, 101)
    held = np.mean(np.abs(2 * pit[:, None] - 1) <= levels, axis=0)
    error = 2 * np.sqrt(levels * (1 - levels) / count)
    right.fill_between(
        *(levels, levels - error, levels + error), color=_GREY, alpha=0.35, linewidth=0
    )
    right.plot(levels, levels, color="black", linewidth=0.8)
    right.plot(levels, held, color=_BLUE)
    right.set(xlabel="probability of the central interval", ylabel="share of truths within it")
    right.set(xlim=(0, 1), ylim=(0, 1))
    right.set_title("Reliability")
    return figure


def densities_figure(density, grid, true, predicted, titles):
    """PDFs of single objects.

    Parameters
    ----------
    density : ndarray, shape (n, nodes)
    grid : ndarray, shape (nodes,)
    true, predicted : ndarray, shape (n,)
        The redshifts to be marked; a true one may be NaN.
    titles : sequence of str

    Returns
    -------
    Figure
    """
    columns = 4
    rows = -(-len(density) // columns)
    figure = Figure(figsize=(10.5, 0.5 + 1.55 * rows), layout="constrained")
    axes = figure.subplots(rows, columns, sharex=True, squeeze=False)
    some = density > 1e-3 * density.max(axis=1, keepdims=True)
    highest = max(grid[some.any(axis=0)][-1], np.nanmax(true, initial=0)) * 1.03
    for place in axes.flat[len(density) :]:
        place.set_visible(False)
    for place, values, z, guess, title in zip(
        axes.flat, density, true, predicted, titles, strict=False
    ):
        place.fill_between(grid, values, color=_BLUE, alpha=0.35, linewidth=0)
        place.plot(grid, values, color=_BLUE, linewidth=0.9)
        place.axvline(guess, color=_BLUE, linewidth=0.9, linestyle="--")
        place.axvline(z, color=_ORANGE, linewidth=1.2)
        place.set(xlim=(0, highest), ylim=(0, None), yticks=[])
        place.set_title(title, fontsize=7.5)
    for place in axes[-1]:
        place.set_xlabel("redshift")
    for place in axes[:, 0]:
        place.set_ylabel("PDF")
    return figure


def importance_figure(importance):
    """Importance of each attribute as horizontal bars.

    Parameters
    ----------
    importance : dict of str to float
        Shares that add up to 1.

    Returns
    -------
    Figure
    """
    names = sorted(importance, key=importance.get, reverse=True)
    figure = Figure(figsize=(10.5, 0.8 + 0.24 * len(names)), layout="constrained")
    axes = figure.subplots()
    axes.barh(np.arange(len(names)), [importance[name] for name in names], color=_BLUE)
    axes.set_yticks(np.arange(len(names)), names)
    axes.invert_yaxis()
    axes.set(xlabel="importance (share of what the splits explain)")
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def map_figure(places, redshift, spread, hexagonal):
    """A self-organising map: the mean redshift of each cell, and its scatter.

    Parameters
    ----------
    places : ndarray, shape (cells, 2) or (cells, 3)
        Centres of the cells; unit vectors on a sphere, which is drawn in Mollweide's projection.
    redshift, spread : ndarray, shape (cells,)
        NaN for a cell in which no object fell.
    hexagonal : bool
        What a cell of a flat map looks like.

    Returns
    -------
    Figure
    """
    sphere = places.shape[1] == 3
    figure = Figure(figsize=(10.5, 3.4 if sphere else 4.6), layout="constrained")
    kind = {"projection": "mollweide"} if sphere else {"aspect": "equal"}
    panels = figure.subplots(1, 2, subplot_kw=kind)
    if sphere:
        places = np.stack([np.arctan2(places[:, 1], places[:, 0]), np.arcsin(places[:, 2])], axis=1)
    for axes, values, label in (
        (panels[0], redshift, "mean redshift"),
        (panels[1], spread, "range of redshift"),
    ):
        if sphere:
            area = 2.6e4 / len(places)
            shown = axes.scatter(*places.T, c=values, s=area, cmap="viridis", linewidths=0)
            axes.set(xticklabels=[], yticklabels=[])
        else:
            shown = _draw_cells(axes, places, values, hexagonal)
        axes.grid(False)
        figure.colorbar(shown, ax=axes, label=label, shrink=0.85)
    return figure


def _draw_cells(axes, places, values, hexagonal):
    """Cells of a flat map as polygons that touch."""
    low, high = places.min(axis=0) - 0.7, places.max(axis=0) + 0.7
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), xlabel="column", ylabel="row")
    corners = np.arange(6) * 60 + 30 if hexagonal else np.arange(4) * 90 + 45
    radius = 1 / np.sqrt(3) if hexagonal else np.sqrt(0.5)
    angle = np.deg2rad(corners)
    shape = radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    cells = PolyCollection(places[:, None] + shape, array=np.ma.masked_invalid(values))
    cells.set_cmap("viridis")
    axes.add_collection(cells)
    return cells
