"""Metrics of redshifts and PDFs.

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
from redpix.photoz.learners.base import FEWEST, nmad

#: names of the metrics, in the order of metrics.json
NAMES = (
    "bias",
    "bias_median",
    "nmad",
    "sigma68",
    "outliers_005",
    "outliers_015",
    "crps",
    "cde",
    "coverage_68",
    "coverage_95",
    "pit_ks",
)


class Scores(NamedTuple):
    """Scores of objects or pixels, one row per object or pixel."""

    dz: np.ndarray  #: (n,), float32, (z_phot - z_spec) / (1 + z_spec)
    crps: np.ndarray  #: (n,), float32, continuous ranked probability score
    cde: np.ndarray  #: (n,), float32, loss of the conditional density estimate
    pit: np.ndarray  #: (n,), float32, probability integral transform F(z_spec)

    @classmethod
    def concatenate(cls, parts):
        """Return the rows of several scores, one after the other.

        Parameters
        ----------
        parts : list of Scores
            May be empty.

        Returns
        -------
        Scores
        """
        if not parts:
            return cls(**{name: np.empty(0, np.float32) for name in cls._fields})
        columns = (np.concatenate(column) for column in zip(*parts, strict=True))
        return cls(*columns)


def score(z_phot, pdfs, z_spec, grid):
    """Compare predictions with true redshifts.

    Parameters
    ----------
    z_phot, z_spec : ndarray, shape (n,)
        Predicted and true redshifts.
    pdfs : ndarray, shape (n, nodes)
        See `redpix.photoz.pdf`.
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes.

    Returns
    -------
    Scores
    """
    pdfs = pdfs.astype(np.float64)
    distribution = pdf.cumulative(pdfs, grid)
    inside = (z_spec >= grid[0]) & (z_spec <= grid[-1])
    at_truth = np.where(inside, pdf.evaluate(pdfs, z_spec, grid), 0)
    scores = {
        "dz": (z_phot - z_spec) / (1 + z_spec),
        "crps": crps(distribution, z_spec, grid),
        "cde": _squared_integral(pdfs, grid).sum(axis=1) - 2 * at_truth,
        "pit": pdf.evaluate(distribution, z_spec, grid),
    }
    return Scores(**{name: values.astype(np.float32) for name, values in scores.items()})


def _squared_integral(values, grid):
    """Integrate the square of piecewise linear functions over each cell, (n, nodes - 1)."""
    left, right = values[:, :-1], values[:, 1:]
    return (left**2 + left * right + right**2) * ((grid[1] - grid[0]) / 3)


def crps(distribution, z_spec, grid):
    """Return the continuous ranked probability score, exact for a piecewise linear F.

    Parameters
    ----------
    distribution : ndarray, shape (n, nodes)
        F at the nodes, from 0 at the first to 1 at the last.
    z_spec : ndarray, shape (n,)
        True redshifts. A redshift outside the grid adds its distance from the grid.
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes.

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
    index = np.arange(len(distribution))
    left, right = distribution[index, cell], distribution[index, cell + 1]
    below = inside - grid[cell]
    middle = left + (right - left) * below / step
    total += below * (left**2 + left * middle + middle**2) / 3
    left, middle, right = 1 - left, 1 - middle, 1 - right
    total += (step - below) * (middle**2 + middle * right + right**2) / 3
    return total + np.abs(z_spec - inside)


def ks_distance(pit):
    """Return the Kolmogorov-Smirnov distance of PIT values from the uniform distribution.

    Parameters
    ----------
    pit : ndarray, shape (n,)
        PIT values, 0 to 1; n is at least 1.

    Returns
    -------
    float
    """
    return float(kstest(pit, "uniform").statistic)


def summarise(scores):
    """Return the metrics of the module's docstring.

    Parameters
    ----------
    scores : Scores
        Scores of the objects or pixels.

    Returns
    -------
    dict
        ``n`` and `NAMES`. For fewer than `FEWEST` rows the metrics are None, and there is a
        ``reason``.
    """
    n = len(scores.dz)
    if n < FEWEST:
        reason = f"{n} scored; at least {FEWEST} are needed"
        return {"n": n, **dict.fromkeys(NAMES), "reason": reason}
    dz, pit = scores.dz.astype(np.float64), scores.pit.astype(np.float64)
    low, high = np.percentile(dz, [16, 84])
    values = {
        "bias": dz.mean(),
        "bias_median": np.median(dz),
        "nmad": nmad(dz),
        "sigma68": (high - low) / 2,
        "outliers_005": np.mean(np.abs(dz) > 0.05),
        "outliers_015": np.mean(np.abs(dz) > 0.15),
        "crps": scores.crps.mean(dtype=np.float64),
        "cde": scores.cde.mean(dtype=np.float64),
        "coverage_68": np.mean((pit >= 0.16) & (pit <= 0.84)),
        "coverage_95": np.mean((pit >= 0.025) & (pit <= 0.975)),
        "pit_ks": ks_distance(pit),
    }
    return {"n": n, **{name: float(values[name]) for name in NAMES}}
