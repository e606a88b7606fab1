"""How good redshifts, their densities and classes are, by the field's definitions.

With dz = (z_phot - z_spec) / (1 + z_spec) and F the predicted cumulative distribution:

bias, bias_median    mean and median of dz
nmad                 1.4826 median|dz - median(dz)|
sigma68              half the distance of the 16th and 84th percentiles of dz
outliers_005, _015   fraction with |dz| > 0.05, > 0.15
crps                 mean of the integral of (F(z) - 1[z >= z_spec])^2 dz
cde                  mean of (integral of f^2 dz - 2 f(z_spec)), lower is better
coverage_68, _95     fraction of z_spec within the central 68 % and 95 % of f
pit_ks               Kolmogorov-Smirnov distance of PIT = F(z_spec) from uniform
"""

from typing import NamedTuple

import numpy as np
from scipy.stats import kstest

from redpix.photoz import pdf
from redpix.photoz.learners.base import FEWEST

NAMES = (
    *("bias", "bias_median", "nmad", "sigma68", "outliers_005", "outliers_015"),
    *("crps", "cde", "coverage_68", "coverage_95", "pit_ks"),
)


class Scores(NamedTuple):
    """What each object or pixel contributes: arrays of shape (n,), float32."""

    dz: np.ndarray
    crps: np.ndarray
    cde: np.ndarray
    pit: np.ndarray

    @classmethod
    def concatenate(cls, parts):
        """One from several, possibly none."""
        if not parts:
            return cls(*(np.empty(0, np.float32) for _ in cls._fields))
        return cls(*(np.concatenate(field) for field in zip(*parts, strict=True)))


def score(z_phot, pdfs, z_spec, grid):
    """Score predictions against the truth.

    Parameters
    ----------
    z_phot, z_spec : ndarray, shape (n,)
    pdfs : ndarray, shape (n, nodes)
        See `redpix.photoz.pdf`.
    grid : ndarray, shape (nodes,)

    Returns
    -------
    Scores
    """
    pdfs = pdfs.astype(np.float64)
    distribution = pdf.cumulative(pdfs, grid)
    inside = (z_spec >= grid[0]) & (z_spec <= grid[-1])
    at_truth = np.where(inside, pdf.evaluate(pdfs, z_spec, grid), 0)
    parts = (
        (z_phot - z_spec) / (1 + z_spec),
        crps(distribution, z_spec, grid),
        _squared_integral(pdfs, grid).sum(axis=1) - 2 * at_truth,
        pdf.evaluate(distribution, z_spec, grid),
    )
    return Scores(*(part.astype(np.float32) for part in parts))


def _squared_integral(values, grid):
    """Integral of the square of a piecewise linear function over each cell, (n, nodes - 1)."""
    left, right = values[:, :-1], values[:, 1:]
    return (left**2 + left * right + right**2) * ((grid[1] - grid[0]) / 3)


def crps(distribution, z_spec, grid):
    """Continuous ranked probability score of each row, exact for a piecewise linear F.

    Parameters
    ----------
    distribution : ndarray, shape (n, nodes)
        F at the nodes: 0 at the first, 1 at the last.
    z_spec : ndarray, shape (n,)
        A truth outside the grid adds its distance from the grid.
    grid : ndarray, shape (nodes,)

    Returns
    -------
    ndarray, shape (n,)
    """
    step = grid[1] - grid[0]
    inside = np.clip(z_spec, grid[0], grid[-1])
    cell = np.minimum(((inside - grid[0]) / step).astype(np.int64), len(grid) - 2)
    cells = np.arange(len(grid) - 1)
    total = np.where(cells < cell[:, None], _squared_integral(distribution, grid), 0).sum(axis=1)
    upper = _squared_integral(1 - distribution, grid)
    total += np.where(cells > cell[:, None], upper, 0).sum(axis=1)
    rows = np.arange(len(distribution))
    left, right = distribution[rows, cell], distribution[rows, cell + 1]
    below = inside - grid[cell]
    middle = left + (right - left) * below / step
    total += below * (left**2 + left * middle + middle**2) / 3
    left, middle, right = 1 - left, 1 - middle, 1 - right
    total += (step - below) * (middle**2 + middle * right + right**2) / 3
    return total + np.abs(z_spec - inside)


def summarise(scores):
    """The metrics of the module's docstring as plain numbers.

    Returns
    -------
    dict
        ``n``, then `NAMES`; all null, with a ``reason``, for fewer than `FEWEST` rows.
    """
    n = len(scores.dz)
    if n < FEWEST:
        reason = f"{n} scored; at least {FEWEST} are needed"
        return {"n": n, **dict.fromkeys(NAMES), "reason": reason}
    dz, pit = scores.dz.astype(np.float64), scores.pit.astype(np.float64)
    median = np.median(dz)
    low, high = np.percentile(dz, [16, 84])
    values = (
        *(dz.mean(), median, 1.4826 * np.median(np.abs(dz - median)), (high - low) / 2),
        *(np.mean(np.abs(dz) > 0.05), np.mean(np.abs(dz) > 0.15)),
        *(scores.crps.mean(dtype=np.float64), scores.cde.mean(dtype=np.float64)),
        np.mean((pit >= 0.16) & (pit <= 0.84)),
        np.mean((pit >= 0.025) & (pit <= 0.975)),
        kstest(pit, "uniform").statistic,
    )
    return {"n": n, **{name: float(v) for name, v in zip(NAMES, values, strict=True)}}


def classification(true, predicted, names):
    """Accuracy and confusion of predicted classes.

    Parameters
    ----------
    true, predicted : ndarray of int, shape (n,)
        Indices into `names`; -1 (unknown or not predicted) is left out.
    names : sequence of str

    Returns
    -------
    dict
        ``n``, ``accuracy``, ``confusion`` (true class -> predicted class -> objects); null with a
        ``reason`` where nothing can be told.
    """
    told = (true >= 0) & (predicted >= 0)
    n = int(told.sum())
    if n < FEWEST:
        reason = f"{n} scored; at least {FEWEST} are needed"
        return {"n": n, "accuracy": None, "confusion": None, "reason": reason}
    if len(np.unique(true[told])) < 2:
        only = names[true[told][0]]
        reason = f"one class only among the scored: {only}"
        return {"n": n, "accuracy": None, "confusion": None, "reason": reason}
    table = np.zeros((len(names), len(names)), int)
    np.add.at(table, (true[told], predicted[told]), 1)
    confusion = {
        row: {column: int(table[i, j]) for j, column in enumerate(names)}
        for i, row in enumerate(names)
    }
    return {"n": n, "accuracy": float(np.trace(table) / n), "confusion": confusion}
