"""Compare the redshifts of two runs object by object: pure functions on tables."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from redpix.photoz.metrics import NAMES, Scores, summarise

#: number of resamples of the objects, which give sampling errors
RESAMPLES = 200

#: difference of a metric in units of its sampling error above which it is marked
MARKED = 2.0

#: best value of metrics that are best at a value other than the smallest
_BEST = {"bias": 0.0, "bias_median": 0.0, "coverage_68": 0.68, "coverage_95": 0.95}


class MetricChange(NamedTuple):
    """One metric of two runs on the same objects.

    Attributes
    ----------
    key : str
        Name of the metric in metrics.json.
    first, second : float or None
        Value of each run; None with too few objects.
    difference : float or None
        Second minus first.
    error : float or None
        1-sigma sampling error of the difference.
    mark : {"better", "worse", "same", ""}
        Whether the second run is better beyond the sampling error; empty without values.
    """

    key: str
    first: float | None
    second: float | None
    difference: float | None
    error: float | None
    mark: str


def match(first, second, key="object_id"):
    """Return the rows of two tables that have the same object.

    Parameters
    ----------
    first, second : DataFrame
        Tables with one row per object.
    key : str
        Column with the id of the object.

    Returns
    -------
    first, second : ndarray of int, shape (n,)
        Rows of each table, 0-based, in the order of the first. An id that is repeated in a table
        is left out.
    """
    rows = []
    for table in (first, second):
        ids = table[key].astype(str).to_numpy()
        single = ~pd.Series(ids).duplicated(keep=False).to_numpy()
        rows.append(pd.Series(np.flatnonzero(single), index=ids[single]))
    shared = rows[0].index[rows[0].index.isin(rows[1].index)]
    return rows[0][shared].to_numpy(int), rows[1][shared].to_numpy(int)


def metric_changes(first, second, seed, resamples=RESAMPLES, paired=True):
    """Return the metrics of two runs with the sampling errors of their differences.

    The objects are resampled with replacement. The same objects enter both runs if they are
    paired, so that their scatter cancels in the difference.

    Parameters
    ----------
    first, second : redpix.photoz.metrics.Scores
        Scores of objects; row by row the same objects if they are paired.
    seed : int
        Seed of the random numbers.
    resamples : int
        Number of resamples.
    paired : bool
        Whether both runs have the same objects.

    Returns
    -------
    list of MetricChange
    """
    values = [summarise(scores) for scores in (first, second)]
    if any("reason" in one for one in values):
        both = ((one[key] for one in values) for key in NAMES)
        return [
            MetricChange(key, *pair, None, None, "") for key, pair in zip(NAMES, both, strict=True)
        ]
    generator = np.random.default_rng([seed, len(first.dz), len(second.dz)])
    differences = []
    for _ in range(resamples):
        rows = generator.integers(0, len(first.dz), len(first.dz))
        others = rows if paired else generator.integers(0, len(second.dz), len(second.dz))
        low, high = summarise(_rows(first, rows)), summarise(_rows(second, others))
        differences.append([high[key] - low[key] for key in NAMES])
    errors = np.std(differences, axis=0, ddof=1)
    return [
        change_of(key, values[0][key], values[1][key], float(error))
        for key, error in zip(NAMES, errors, strict=True)
    ]


def _rows(scores, rows):
    """Return some rows of scores."""
    return Scores._make(column[rows] for column in scores)


def change_of(key, first, second, error):
    """Return a metric of two runs, marked if their difference exceeds its sampling error.

    Parameters
    ----------
    key : str
        Name of the metric.
    first, second : float
        Value of each run.
    error : float
        1-sigma sampling error of the difference.

    Returns
    -------
    MetricChange
    """
    difference = second - first
    mark = "same"
    if abs(difference) > MARKED * error:
        best = _BEST.get(key)
        off = [value if best is None else abs(value - best) for value in (first, second)]
        mark = "better" if off[1] < off[0] else "worse"
    return MetricChange(key, first, second, difference, error, mark)


def object_changes(first, second):
    """Return the redshifts of the objects that two runs share.

    Parameters
    ----------
    first, second : DataFrame
        objects.csv of each run: object_id, redshift, z_phot, z_error, split.

    Returns
    -------
    DataFrame
        object, redshift, first, second, change (second minus first, over 1 + z), sigmas (the
        change over the errors of both), better (how much closer to the true redshift the second
        is, over 1 + z), and split of the second run; the largest change first.
    """
    low, high = match(first, second)
    one, two = first.iloc[low].reset_index(drop=True), second.iloc[high].reset_index(drop=True)
    true = two["redshift"].where(two["redshift"].notna(), one["redshift"]).astype(float)
    scale = 1 + true.where(true.notna(), one["z_phot"])
    step = two["z_phot"] - one["z_phot"]
    table = pd.DataFrame(
        {
            "object": two["object_id"].astype(str),
            "redshift": true,
            "first": one["z_phot"],
            "second": two["z_phot"],
            "change": step / scale,
            "sigmas": step / np.hypot(one["z_error"], two["z_error"]).replace(0, np.nan),
            "better": ((one["z_phot"] - true).abs() - (two["z_phot"] - true).abs()) / scale,
            "split": two["split"].where(
                two["split"] == one["split"], one["split"] + ", " + two["split"]
            ),
        }
    )
    order = np.argsort(-table["change"].abs().fillna(-1).to_numpy(), kind="stable")
    return table.iloc[order].reset_index(drop=True)
