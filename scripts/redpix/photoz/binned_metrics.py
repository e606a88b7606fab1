"""Metrics in bins of brightness, colour and redshift with their errors, and the attenuation."""

import numpy as np

from redpix.photoz.learners.base import FEWEST, nmad
from redpix.photoz.metrics import ks_distance

#: number of bins with equal numbers of objects
BINS = 4

#: number of bootstrap samples of the errors, and maximum number of objects per bin in them
RESAMPLES, MOST_RESAMPLED = 100, 5000

#: mean KS distance of n uniform values, times the square root of n (Kolmogorov distribution)
KS_BY_CHANCE = 0.8687

#: number of bins of brightness and of colour within which the attenuation is measured
CELL_BINS, OBJECTS_PER_CELL = 5, 20


def in_bins(scores, values):
    """Return the metrics of objects in bins of a quantity.

    Parameters
    ----------
    scores : redpix.photoz.metrics.Scores
        Scores of the objects.
    values : ndarray, shape (n,)
        Quantity; objects without it are left out.

    Returns
    -------
    list of dict
        ``from``, ``to``, ``n``, and per metric its value and ``..._error``. ``pit_ks_by_chance``
        is the mean distance of as many uniform values. Empty with too few objects or one value.
    """
    finite = np.isfinite(values)
    values, dz, pit = values[finite], scores.dz[finite].astype(float), scores.pit[finite]
    if len(values) < BINS * FEWEST or not np.ptp(values):
        return []
    edges = np.quantile(values, np.arange(BINS + 1) / BINS)
    index = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, BINS - 1)
    rows = []
    for number in range(BINS):
        own = index == number
        if own.sum() >= FEWEST:
            ends = {"from": float(edges[number]), "to": float(edges[number + 1])}
            rows.append({**ends, **_with_errors(dz[own], pit[own].astype(float))})
    return rows


def _with_errors(dz, pit):
    """Return the metrics of one bin with their errors."""
    n = len(dz)
    generator = np.random.default_rng(n)
    drawn = generator.integers(n, size=(RESAMPLES, min(n, MOST_RESAMPLED)))
    shrink = np.sqrt(drawn.shape[1] / n)
    values = {"n": n}
    for name, measure in MEASURES.items():
        values[name] = float(measure(dz, pit))
        spread = np.std([measure(dz[rows], pit[rows]) for rows in drawn])
        values[f"{name}_error"] = float(spread * shrink)
    by_chance = KS_BY_CHANCE / np.sqrt(n)
    return {**values, "pit_ks": ks_distance(pit), "pit_ks_by_chance": by_chance}


#: metrics of a bin, as functions of dz and of the PIT values
MEASURES = {
    "bias_median": lambda dz, pit: np.median(dz),
    "nmad": lambda dz, pit: nmad(dz),
    "outliers_005": lambda dz, pit: np.mean(np.abs(dz) > 0.05),
    "outliers_015": lambda dz, pit: np.mean(np.abs(dz) > 0.15),
    "coverage_68": lambda dz, pit: np.mean((pit >= 0.16) & (pit <= 0.84)),
}


def attenuation(z_phot, truth, conditions):
    """Return the slope of z_phot - z on z within cells of brightness and colour.

    Objects of like colours get like redshifts, so that high ones among them are too low and low
    ones too high. The slope is minus the fraction of the variance within a cell that the
    photometry does not explain. The slope of z - z_phot on z_phot should be 0.

    Parameters
    ----------
    z_phot, truth : ndarray, shape (n,)
        Predicted and true redshifts.
    conditions : ndarray, shape (n, 2)
        Brightness and colour.

    Returns
    -------
    dict
        ``slope``, ``slope_error``, ``slope_on_z_phot``, ``slope_on_z_phot_error``, ``n`` and
        ``cells``; slopes are None with too few objects.
    """
    rows = np.isfinite(conditions).all(axis=1) & np.isfinite(z_phot) & np.isfinite(truth)
    z_phot, truth, conditions = z_phot[rows], truth[rows], conditions[rows]
    bins = int(np.clip(np.sqrt(len(truth) / OBJECTS_PER_CELL), 1, CELL_BINS))
    cell = np.zeros(len(truth), int)
    for values in conditions.T:
        edges = np.quantile(values, np.arange(1, bins) / bins) if len(values) else []
        cell = cell * bins + np.searchsorted(edges, values)
    names = ("slope", "slope_error", "slope_on_z_phot", "slope_on_z_phot_error")
    if len(truth) < FEWEST:
        slopes = (None,) * 4
    else:
        slopes = (*_slope(truth, z_phot - truth, cell), *_slope(z_phot, truth - z_phot, cell))
    about = {"n": len(truth), "cells": len(np.unique(cell))}
    return {**dict(zip(names, slopes, strict=True)), **about}


def _slope(x, y, cell):
    """Return the slope of y on x within cells and its standard error; None if x is constant."""
    count = np.bincount(cell)
    x, y = (v - (np.bincount(cell, v) / np.maximum(count, 1))[cell] for v in (x, y))
    square = np.sum(x**2)
    if not square > 0:
        return None, None
    slope = np.sum(x * y) / square
    error = np.sqrt(np.sum((x * (y - slope * x)) ** 2)) / square  # White (1980)
    return float(slope), float(error)


def conditional(scores, z_phot, truth, conditions):
    """Return the metrics in bins of brightness, colour and redshift, and the attenuation.

    Parameters
    ----------
    scores : redpix.photoz.metrics.Scores
        Scores of the objects.
    z_phot, truth : ndarray, shape (n,)
        Predicted and true redshifts.
    conditions : ndarray, shape (n, 2)
        From `redpix.photoz.conditional_calibration.brightness_and_colour`.

    Returns
    -------
    dict
        ``brightness``, ``colour``, ``redshift`` and ``attenuation``.
    """
    return {
        "brightness": in_bins(scores, conditions[:, 0]),
        "colour": in_bins(scores, conditions[:, 1]),
        "redshift": in_bins(scores, truth),
        "attenuation": attenuation(z_phot, truth, conditions),
    }
