"""Recalibrate PDFs by brightness and colour, where the PIT is not uniform."""

from typing import NamedTuple

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.stats import kstest

from redpix.photoz import pdf

#: minimum number of objects per cell, and maximum number of bins of brightness and of colour
OBJECTS_PER_CELL, MOST_BINS = 250, 4

#: probability of a KS distance by chance, for all cells together, below which a cell fails
CHANCE = 0.01

#: number of objects per knot of a curve, and maximum number of knots
OBJECTS_PER_KNOT, MOST_KNOTS = 150, 20


def brightness_and_colour(vectors, attributes):
    """Return what the calibration depends on: the middle magnitude, and the widest colour.

    Parameters
    ----------
    vectors : ndarray, shape (n, attributes)
        NaN where missing.
    attributes : redpix.photoz.attributes.Attributes
        Attributes of the vectors.

    Returns
    -------
    ndarray, shape (n, 2)
        Magnitudes. The colour is that of the first and the last band. A quantity that the
        attributes do not have is 0.
    """
    names, bands = attributes.names, attributes.bands
    columns = {name: vectors[:, number].astype(float) for number, name in enumerate(names)}
    middle = f"mag_{bands[len(bands) // 2]}"
    nothing = np.zeros(len(vectors))
    colours = [columns.get(f"{a}-{b}") for a, b in zip(bands, bands[1:], strict=False)]
    if colours and all(colour is not None for colour in colours):
        colour = sum(colours)
    else:
        first, last = columns.get(f"mag_{bands[0]}"), columns.get(f"mag_{bands[-1]}")
        colour = nothing if first is None or last is None else first - last
    return np.stack([columns.get(middle, nothing), colour], axis=1)


def level_curve(pit, knots):
    """Return the levels of the curve that makes PIT values uniform.

    Parameters
    ----------
    pit : ndarray, shape (n,)
        PIT values.
    knots : int
        Number of knots.

    Returns
    -------
    tuple of float
        Increasing quantiles of the PIT values.
    """
    levels = np.quantile(pit, np.arange(1, knots + 1) / (knots + 1))
    # equal levels make no curve: space them, as for truths outside all PDFs
    floor = 1e-3 * np.arange(1, knots + 1)
    levels = np.clip(levels, floor, 1 - floor[::-1])
    levels = np.maximum.accumulate(levels - floor) + floor
    return tuple(float(level) for level in levels)


def knots_of(count):
    """Return the number of knots of a curve.

    Parameters
    ----------
    count : int
        Number of objects.

    Returns
    -------
    int
    """
    return int(np.clip(count // OBJECTS_PER_KNOT, 1, MOST_KNOTS))


def map_by_levels(pdfs, levels, grid):
    """Return the PDFs whose cumulative distribution is G(F).

    Parameters
    ----------
    pdfs : ndarray, shape (n, nodes)
        PDFs with the cumulative distribution F.
    levels : sequence of float
        G is the monotone cubic curve from (0, 0) through the points (``levels[j]``,
        (j + 1) / (knots + 1)) to (1, 1).
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes.

    Returns
    -------
    ndarray, shape (n, nodes)
    """
    curve = PchipInterpolator([0, *levels, 1], np.linspace(0, 1, len(levels) + 2))
    return pdf.normalise(pdfs * curve.derivative()(pdf.cumulative(pdfs, grid)), grid)


class Cells(NamedTuple):
    """Cells of brightness and colour, and the curve of each.

    Bins of brightness have equal numbers of objects, and so do the bins of colour in each of them.
    """

    brightness: tuple = ()  #: inner edges of the bins of brightness, magnitudes
    colour: tuple = ()  #: per bin of brightness, inner edges of the bins of colour, magnitudes
    levels: tuple = ()  #: per cell, the levels of its curve; empty where the PIT is uniform
    distances: tuple = ()  #: per cell, KS distance of the PIT from uniform before its curve
    counts: tuple = ()  #: per cell, number of objects

    @classmethod
    def fit(cls, pit, conditions):
        """Return cells in which the PIT values of held-out objects are uniform.

        A cell gets a curve if its KS distance is larger than chance allows.

        Parameters
        ----------
        pit : ndarray, shape (n,)
            PIT values of calibrated PDFs.
        conditions : ndarray, shape (n, 2)
            From `brightness_and_colour`.

        Returns
        -------
        Cells
            Without cells if there are too few objects.
        """
        finite = np.isfinite(conditions).all(axis=1)
        pit, conditions = pit[finite], conditions[finite]
        bins = int(min(MOST_BINS, np.sqrt(len(pit) / OBJECTS_PER_CELL)))
        if bins < 2:
            return cls()
        steps = np.arange(1, bins) / bins
        brightness = np.quantile(conditions[:, 0], steps)
        rows = np.searchsorted(brightness, conditions[:, 0], side="right")
        colour = [
            np.quantile(conditions[rows == number, 1], steps)
            if np.any(rows == number)
            else np.zeros(bins - 1)
            for number in range(bins)
        ]
        cells = cls(tuple(brightness.tolist()), tuple(tuple(edge.tolist()) for edge in colour))
        index, levels, distances, counts = cells.index(conditions), [], [], []
        for number in range(bins**2):
            own = pit[index == number]
            test = kstest(own, "uniform") if len(own) else None
            fails = test is not None and test.pvalue < CHANCE / bins**2
            levels.append(level_curve(own, knots_of(len(own))) if fails else ())
            distances.append(float(test.statistic) if test else 0.0)
            counts.append(len(own))
        return cells._replace(
            levels=tuple(levels), distances=tuple(distances), counts=tuple(counts)
        )

    @classmethod
    def of(cls, values):
        """Return the cells that a list describes, as JSON gives it.

        Parameters
        ----------
        values : sequence
            In the order of the fields.

        Returns
        -------
        Cells

        Raises
        ------
        ValueError
            If their sizes do not agree.
        """
        nested = (tuple(tuple(edge) for edge in one) for one in (values[1], values[2]))
        colour, levels = nested
        cells = cls(tuple(values[0]), colour, levels, tuple(values[3]), tuple(values[4]))
        bins = len(cells.brightness) + 1
        if cells.levels and (len(colour) != bins or len(levels) != bins**2):
            raise ValueError("cells of brightness and colour do not agree")
        return cells

    def index(self, conditions):
        """Return the cell of each object, -1 where brightness or colour is missing.

        Parameters
        ----------
        conditions : ndarray, shape (n, 2)
            From `brightness_and_colour`.

        Returns
        -------
        ndarray of int, shape (n,)
        """
        bins = len(self.brightness) + 1
        rows = np.searchsorted(self.brightness, conditions[:, 0], side="right")
        result = np.full(len(conditions), -1)
        for number, edges in enumerate(self.colour):
            mask = (rows == number) & np.isfinite(conditions).all(axis=1)
            column = np.searchsorted(edges, conditions[mask, 1], side="right")
            result[mask] = number * bins + column
        return result

    def apply(self, pdfs, conditions, grid):
        """Return PDFs, recalibrated in the cells that have a curve.

        Parameters
        ----------
        pdfs : ndarray, shape (n, nodes)
            PDFs that are calibrated over all objects.
        conditions : ndarray, shape (n, 2), or None
            From `brightness_and_colour`; None changes nothing.
        grid : ndarray, shape (nodes,)
            Redshifts of the nodes.

        Returns
        -------
        ndarray, shape (n, nodes)
        """
        if conditions is None or not any(self.levels):
            return pdfs
        index, pdfs = self.index(conditions), pdfs.copy()
        for number, levels in enumerate(self.levels):
            rows = np.flatnonzero(index == number)
            if levels and len(rows):
                pdfs[rows] = map_by_levels(pdfs[rows], levels, grid)
        return pdfs

    def about(self):
        """Return the number of cells, of those with a curve, and their KS distances.

        Returns
        -------
        dict
        """
        return {
            "cells": len(self.levels),
            "recalibrated": sum(map(bool, self.levels)),
            "pit_ks": [round(value, 4) for value in self.distances],
            "n": list(self.counts),
        }
