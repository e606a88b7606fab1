"""Figures of photometric redshifts: calibration of PDFs, single PDFs, importance, maps."""

import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

_BLUE, _ORANGE, _GREY = "#2b5c8a", "#d9822b", "#99a"

#: number of bins of the histogram of PIT values
_BINS = 20

#: maximum number of objects whose PDFs are drawn
MOST_SHOWN = 12


def calibration_figure(pit):
    """Return a figure of PIT values, and of the coverage of central intervals.

    Parameters
    ----------
    pit : ndarray, shape (n,)
        Probability below the true redshift in the PDF of each object.

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
    low, high = levels - error, levels + error
    right.fill_between(levels, low, high, color=_GREY, alpha=0.35, linewidth=0)
    right.plot(levels, levels, color="black", linewidth=0.8)
    right.plot(levels, held, color=_BLUE)
    right.set(xlabel="probability of the central interval", ylabel="share of truths within it")
    right.set(xlim=(0, 1), ylim=(0, 1))
    right.set_title("Reliability")
    return figure


def pdfs_figure(pdfs, grid, true, predicted, titles):
    """Return a figure of the PDFs of single objects.

    Parameters
    ----------
    pdfs : ndarray, shape (n, nodes)
        Probability per unit of redshift.
    grid : ndarray, shape (nodes,)
        Redshifts.
    true, predicted : ndarray, shape (n,)
        The redshifts to mark; a true one may be NaN.
    titles : sequence of str
        Title of each object.

    Returns
    -------
    Figure
    """
    columns = 4
    rows = -(-len(pdfs) // columns)
    figure = Figure(figsize=(10.5, 0.5 + 1.55 * rows), layout="constrained")
    axes = figure.subplots(rows, columns, sharex=True, squeeze=False)
    visible = pdfs > 1e-3 * pdfs.max(axis=1, keepdims=True)
    highest = max(grid[visible.any(axis=0)][-1], np.nanmax(true, initial=0)) * 1.03
    for panel in axes.flat[len(pdfs) :]:
        panel.set_visible(False)
    for panel, values, z, guess, title in zip(
        axes.flat, pdfs, true, predicted, titles, strict=False
    ):
        panel.fill_between(grid, values, color=_BLUE, alpha=0.35, linewidth=0)
        panel.plot(grid, values, color=_BLUE, linewidth=0.9)
        panel.axvline(guess, color=_BLUE, linewidth=0.9, linestyle="--")
        panel.axvline(z, color=_ORANGE, linewidth=1.2)
        panel.set(xlim=(0, highest), ylim=(0, None), yticks=[])
        panel.set_title(title, fontsize=7.5)
    for panel in axes[-1]:
        panel.set_xlabel("redshift")
    for panel in axes[:, 0]:
        panel.set_ylabel("PDF")
    return figure


def importance_figure(importance):
    """Return a figure of the importance of each attribute as horizontal bars.

    Parameters
    ----------
    importance : dict of str to float
        Shares, whose sum is 1, by attribute.

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
    axes.set(xlabel="importance (share of the variance that the splits explain)")
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def map_figure(centres, redshift, spread, hexagonal):
    """Return a figure of a self-organising map: redshift of each cell, and its range.

    Parameters
    ----------
    centres : ndarray, shape (cells, 2) or (cells, 3)
        Centres of the cells. Unit vectors on a sphere are drawn in the Mollweide projection.
    redshift, spread : ndarray, shape (cells,)
        Mean and range of the redshifts; NaN for an empty cell.
    hexagonal : bool
        Whether the cells of a plane are hexagons, else squares.

    Returns
    -------
    Figure
    """
    sphere = centres.shape[1] == 3
    figure = Figure(figsize=(10.5, 3.4 if sphere else 4.6), layout="constrained")
    kind = {"projection": "mollweide"} if sphere else {"aspect": "equal"}
    panels = figure.subplots(1, 2, subplot_kw=kind)
    if sphere:
        longitude, latitude = np.arctan2(centres[:, 1], centres[:, 0]), np.arcsin(centres[:, 2])
        centres = np.stack([longitude, latitude], axis=1)
    for axes, values, label in (
        (panels[0], redshift, "mean redshift"),
        (panels[1], spread, "range of redshift"),
    ):
        if sphere:
            area = 2.6e4 / len(centres)
            shown = axes.scatter(*centres.T, c=values, s=area, cmap="viridis", linewidths=0)
            axes.set(xticklabels=[], yticklabels=[])
        else:
            shown = _draw_cells(axes, centres, values, hexagonal)
        axes.grid(False)
        figure.colorbar(shown, ax=axes, label=label, shrink=0.85)
    return figure


def _draw_cells(axes, centres, values, hexagonal):
    """Draw the cells of a plane as polygons that touch."""
    low, high = centres.min(axis=0) - 0.7, centres.max(axis=0) + 0.7
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), xlabel="column", ylabel="row")
    corners = np.arange(6) * 60 + 30 if hexagonal else np.arange(4) * 90 + 45
    radius = 1 / np.sqrt(3) if hexagonal else np.sqrt(0.5)
    angle = np.deg2rad(corners)
    shape = radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    cells = PolyCollection(centres[:, None] + shape, array=np.ma.masked_invalid(values))
    cells.set_cmap("viridis")
    axes.add_collection(cells)
    return cells
