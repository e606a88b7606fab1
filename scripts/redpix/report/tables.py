"""Tables of a run, counted down to what fits on a page."""

import numpy as np
import pandas as pd

from redpix.core.field_name import FIELD_PATTERN

#: stages in the order in which data flow
STAGES = (
    *("demo", "catalogue", "frames", "errors", "registration"),
    *("detections", "sources", "pixels", "photoz", "tables", "coaddition", "subtraction"),
    *("injection", "photometry", "training_images"),
)

#: what is shown where there is no number
DASH = "–"


def timings(benchmarks, stored):
    """Cost of each stage from Snakemake's benchmark files.

    Parameters
    ----------
    benchmarks : sequence of DataFrame
        Each of a job: columns stage, s, max_rss (MiB) and cpu_time. NaN where a job was too short
        to be seen.
    stored : dict of str to float
        Megabytes that the files of each stage take.

    Returns
    -------
    DataFrame
        A row a stage, in the order of `STAGES`, others after them: stage, jobs, wall, cpu (s, all
        jobs together), memory (MiB, of the largest job), stored (MB).
    """
    if not benchmarks:
        return pd.DataFrame(columns=["stage", "jobs", "wall", "cpu", "memory", "stored"])
    jobs = pd.concat(benchmarks)
    stages = jobs.groupby("stage")
    table = stages[["s", "cpu_time"]].sum(min_count=1)
    table = table.assign(jobs=stages.size(), memory=stages["max_rss"].max())
    table = table.rename(columns={"s": "wall", "cpu_time": "cpu"})
    known = [stage for stage in STAGES if stage in table.index]
    others = sorted(set(table.index) - set(STAGES))
    table["stored"] = pd.Series(stored).reindex(table.index)
    return table.loc[[*known, *others]].reset_index()


def timings_by_field(benchmarks):
    """CPU seconds of each field in each stage, and their sum.

    Parameters
    ----------
    benchmarks : sequence of DataFrame
        As for `timings`, with the column job, which is a field's name where a job works a field.

    Returns
    -------
    DataFrame
        A row a field, a column a stage in the order of `STAGES`, then ``all``; the dearest first.
    """
    jobs = pd.concat(benchmarks) if benchmarks else pd.DataFrame(columns=["job", "stage"])
    jobs = jobs[jobs["job"].str.fullmatch(FIELD_PATTERN)]
    if jobs.empty:
        return pd.DataFrame()
    table = jobs.pivot_table("cpu_time", "job", "stage", "sum")
    table = table[[stage for stage in STAGES if stage in table]]
    table["all"] = table.sum(axis=1)
    return table.sort_values("all", ascending=False, kind="stable")


def whereabouts(objects, delivered):
    """How many catalogue objects of each class were found.

    Parameters
    ----------
    objects : DataFrame
        Columns class ("" where unknown), field, and pixels, the number of its pixels.
    delivered : sequence of str
        Fields that came.

    Returns
    -------
    DataFrame
        Columns class, catalogue, left_out (in a field that did not come), lost (in a field that
        came, without a pixel), found; a row a class, then one for all.
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
    """A metric as text: ``percent``, ``signed`` or ``plain``; a dash for None."""
    if value is None:
        return DASH
    patterns = {"percent": "{:.2%}", "signed": "{:+.4f}", "plain": "{:.4f}"}
    return patterns[form].format(value).replace("-", "−").replace("%", " %")


def metric_table(metrics, definitions):
    """The metrics of pixels, of each combiner of pixels, and of the baseline, as text.

    Parameters
    ----------
    metrics : dict
        As in metrics.json: ``pixels``, ``combiners``, ``baseline``, ``combiner``.
    definitions : sequence of dict
        ``key``, ``name`` and ``form`` (see `format_metric`) of each metric to be shown.

    Returns
    -------
    dict
        ``columns``: titles; ``n``: number of each; ``rows``: (name, cells); ``reasons``: why
        there are dashes, by title.
    """
    columns = {"pixels": metrics["pixels"]}
    for name, summary in metrics["combiners"].items():
        chosen = ", z_phot" if name == metrics["combiner"] else ""
        columns[f"objects: {name}{chosen}"] = summary
    columns["objects: summed aperture, baseline"] = metrics["baseline"]
    return side_by_side(columns, definitions)


def side_by_side(columns, definitions):
    """Metrics as text, a column a summary.

    Parameters
    ----------
    columns : dict of str to dict
        Summaries by title, as `redpix.photoz.metrics.summarise` gives them.
    definitions : sequence of dict
        As for `metric_table`.

    Returns
    -------
    dict
        As of `metric_table`.
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
    """Metrics as text, a row a summary.

    Parameters
    ----------
    summaries : dict of str to dict
        By title, as `redpix.photoz.metrics.summarise` gives them.
    definitions : sequence of dict
        As for `metric_table`.

    Returns
    -------
    dict
        ``columns``: names of the metrics; ``rows``: (title, number, cells); ``reasons``: why there
        are dashes, by title.
    """
    table = side_by_side(summaries, definitions)
    cells = [list(column) for column in zip(*(row for _, row in table["rows"]), strict=True)]
    return {
        "columns": [name for name, _ in table["rows"]],
        "rows": list(zip(table["columns"], table["n"], cells, strict=True)),
        "reasons": table["reasons"],
    }


def in_bins(dz, values, bins):
    """Scatter and outliers of redshifts in bins of a value with equal numbers of objects.

    Parameters
    ----------
    dz : ndarray, shape (n,)
        (z_phot - z_spec) / (1 + z_spec).
    values : ndarray, shape (n,)
    bins : int

    Returns
    -------
    list of dict
        ``bin``: its limits, ``n``, ``nmad`` and ``outliers``, the share with |dz| > 0.05, as text;
        none where there are fewer than ten objects a bin.
    """
    if len(dz) < 10 * bins:
        return []
    order = np.argsort(values, kind="stable")
    parts = []
    for rows in np.array_split(order, bins):
        own = dz[rows]
        nmad = 1.4826 * np.median(np.abs(own - np.median(own)))
        parts.append(
            {
                "bin": f"{values[rows[0]]:.2f} to {values[rows[-1]]:.2f}",
                "n": len(rows),
                "nmad": format_metric(nmad, "plain"),
                "outliers": format_metric(np.mean(np.abs(own) > 0.05), "percent"),
            }
        )
    return parts
