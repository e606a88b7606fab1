"""Tables of a run, short enough for a page."""

import numpy as np
import pandas as pd

from redpix.core.field_name import FIELD_PATTERN
from redpix.photoz.learners.base import nmad

#: stages in the order in which the data flow through them
STAGES = (
    "demo",
    "catalogue",
    "frames",
    "errors",
    "registration",
    "detections",
    "sources",
    "pixels",
    "photoz",
    "tables",
    "coaddition",
    "subtraction",
    "injection",
    "photometry",
    "training_images",
)

#: text for a missing number
DASH = "–"


def timings(benchmarks, stored):
    """Return the cost of each stage from the benchmark files of Snakemake.

    Parameters
    ----------
    benchmarks : sequence of DataFrame
        One per job, with the columns stage, s, max_rss (MiB) and cpu_time (s). NaN if the job
        was too short to be sampled.
    stored : dict of str to float
        Size of the files of each stage in MB.

    Returns
    -------
    DataFrame
        One row per stage, in the order of `STAGES` with other stages at the end. Columns: stage;
        jobs, their number; wall and cpu, seconds of all jobs; memory, MiB of the largest job;
        stored, MB.
    """
    if not benchmarks:
        return pd.DataFrame(columns=["stage", "jobs", "wall", "cpu", "memory", "stored"])
    jobs = pd.concat(benchmarks)
    stages = jobs.groupby("stage")
    table = stages[["s", "cpu_time"]].sum(min_count=1)
    table = table.assign(jobs=stages.size(), memory=stages["max_rss"].max())
    table = table.rename(columns={"s": "wall", "cpu_time": "cpu"})
    in_order = [stage for stage in STAGES if stage in table.index]
    others = sorted(set(table.index) - set(STAGES))
    table["stored"] = pd.Series(stored).reindex(table.index)
    return table.loc[[*in_order, *others]].reset_index()


def timings_by_field(benchmarks):
    """Return the CPU time of each field in each stage, and the sum, in seconds.

    Parameters
    ----------
    benchmarks : sequence of DataFrame
        As in `timings`, with the column job: the name of the field if the job has one field.

    Returns
    -------
    DataFrame
        One row per field, the most expensive first. One column per stage in the order of
        `STAGES`, then the column all.
    """
    jobs = pd.concat(benchmarks) if benchmarks else pd.DataFrame(columns=["job", "stage"])
    # fields of a table of images have any names
    named = jobs["job"].isin(jobs["job"][jobs["stage"] == "registration"])
    jobs = jobs[jobs["job"].str.fullmatch(FIELD_PATTERN) | named]
    if jobs.empty:
        return pd.DataFrame()
    table = jobs.pivot_table("cpu_time", "job", "stage", "sum")
    table = table[[stage for stage in STAGES if stage in table]]
    table["all"] = table.sum(axis=1)
    return table.sort_values("all", ascending=False, kind="stable")


def whereabouts(objects, delivered):
    """Return the number of catalogue objects by class and fate.

    Parameters
    ----------
    objects : DataFrame
        Columns class ("" if unknown), field, and pixels, the number of pixels of the object.
    delivered : sequence of str
        Names of the fields that were delivered.

    Returns
    -------
    DataFrame
        One row per class, then one row for all. Columns: class; catalogue, all objects; left_out,
        those in a missing field; lost, those without a pixel in a delivered field; found, those
        with pixels.
    """
    came = objects["field"].isin(delivered)
    counts = pd.DataFrame(
        {
            "class": objects["class"].replace({"": "unknown"}),
            "catalogue": 1,
            "left_out": ~came,
            "lost": came & (objects["pixels"] == 0),
            "found": objects["pixels"] > 0,
        }
    )
    table = counts.groupby("class").sum().astype(int)
    total = table.sum().to_frame("all").T
    return pd.concat([table, total]).rename_axis("class").reset_index()


def format_metric(value, form):
    """Return a metric as text.

    Parameters
    ----------
    value : float or None
        None gives a dash.
    form : {"percent", "signed", "plain"}
        Format of the metric.

    Returns
    -------
    str
    """
    if value is None:
        return DASH
    patterns = {"percent": "{:.2%}", "signed": "{:+.4f}", "plain": "{:.4f}"}
    return patterns[form].format(value).replace("-", "−").replace("%", " %")


def metric_table(metrics, definitions):
    """Return the metrics of pixels, of each combiner of pixels, and of the baseline, as text.

    Parameters
    ----------
    metrics : dict
        From metrics.json, with the keys pixels, combiners, baseline and combiner.
    definitions : sequence of dict
        ``key``, ``name`` and ``form`` (see `format_metric`) of each metric to show.

    Returns
    -------
    dict
        ``columns``: titles; ``n``: number of predictions per column; ``rows``: (name, cells);
        ``reasons``: the reason for dashes, by title.
    """
    columns = {"pixels": metrics["pixels"]}
    for name, summary in metrics["combiners"].items():
        chosen = ", z_phot" if name == metrics["combiner"] else ""
        columns[f"objects: {name}{chosen}"] = summary
    columns["objects: summed aperture, baseline"] = metrics["baseline"]
    return side_by_side(columns, definitions)


def side_by_side(columns, definitions):
    """Return metrics as text, with one column per summary.

    Parameters
    ----------
    columns : dict of str to dict
        Summaries from `redpix.photoz.metrics.summarise`, by title.
    definitions : sequence of dict
        As in `metric_table`.

    Returns
    -------
    dict
        As from `metric_table`.
    """
    rows = [
        (
            row["name"],
            [format_metric(values[row["key"]], row["form"]) for values in columns.values()],
        )
        for row in definitions
    ]
    return {
        "columns": list(columns),
        "n": [values["n"] for values in columns.values()],
        "rows": rows,
        "reasons": {
            title: values["reason"] for title, values in columns.items() if "reason" in values
        },
    }


def one_below_other(summaries, definitions):
    """Return metrics as text, with one row per summary.

    Parameters
    ----------
    summaries : dict of str to dict
        Summaries from `redpix.photoz.metrics.summarise`, by title.
    definitions : sequence of dict
        As in `metric_table`.

    Returns
    -------
    dict
        ``columns``: names of the metrics; ``rows``: (title, number, cells); ``reasons``: the
        reason for dashes, by title.
    """
    table = side_by_side(summaries, definitions)
    of_metrics = [row for _, row in table["rows"]]
    cells = [list(column) for column in zip(*of_metrics, strict=True)]
    return {
        "columns": [name for name, _ in table["rows"]],
        "rows": list(zip(table["columns"], table["n"], cells, strict=True)),
        "reasons": table["reasons"],
    }


def in_bins(dz, values, bins):
    """Return scatter and outliers of redshifts in bins with equal numbers of objects.

    Parameters
    ----------
    dz : ndarray, shape (n,)
        (z_phot - z_spec) / (1 + z_spec).
    values : ndarray, shape (n,)
        The quantity that is binned.
    bins : int
        Number of bins.

    Returns
    -------
    list of dict
        ``bin``: the limits; ``n``: number of objects; ``nmad`` and ``outliers``, the share with
        |dz| > 0.05, as text. Empty with fewer than ten objects per bin.
    """
    if len(dz) < 10 * bins:
        return []
    order = np.argsort(values, kind="stable")
    cells = []
    for rows in np.array_split(order, bins):
        inside = dz[rows]
        cells.append(
            {
                "bin": f"{values[rows[0]]:.2f} to {values[rows[-1]]:.2f}",
                "n": len(rows),
                "nmad": format_metric(nmad(inside), "plain"),
                "outliers": format_metric(np.mean(np.abs(inside) > 0.05), "percent"),
            }
        )
    return cells
