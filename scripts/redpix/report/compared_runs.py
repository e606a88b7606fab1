"""Read the products of two runs and compare them stage by stage."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from redpix.core.damaged_files import readable
from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.photoz import metrics
from redpix.photoz.pdf_file import read_pdfs
from redpix.report import compared_objects, compared_places, tables

#: columns that a table of transients must have
_TRANSIENTS = ("band", "x", "y", "flux", "flags")


class ScoredObjects(NamedTuple):
    """Redshifts of one method of a run.

    Attributes
    ----------
    table : DataFrame
        objects.csv.
    scores : redpix.photoz.metrics.Scores
        Scores of the rows of `scored`.
    scored : ndarray of int
        Rows of held-out objects with a known redshift, other than stars.
    """

    table: pd.DataFrame
    scores: metrics.Scores
    scored: np.ndarray


def attempt(faults, path, call, *arguments):
    """Return the result of a call that reads a product, or None if the product is damaged.

    Parameters
    ----------
    faults : list of str
        Receives a line that names a damaged product.
    path : Path
        The product.
    call : callable
        Function that reads it.
    *arguments
        Its arguments.

    Returns
    -------
    object or None
    """
    try:
        with readable(path, "a product of redpix"):
            return call(*arguments)
    except InputError as error:
        text = str(error)
        faults.append(text if str(path) in text else f"{path}: {text}")
        log.warning("%s", faults[-1])
        return None


def products_by_name(folder, pattern, parts):
    """Return the files of a run that match a pattern, by the names of their folders.

    Parameters
    ----------
    folder : Path
        ``results/<name>``.
    pattern : str
        Pattern below the folder.
    parts : slice
        Parts of the path, relative to the folder, that make the name.

    Returns
    -------
    dict of str to Path
    """
    paths = sorted(folder.glob(pattern))
    return {" ".join(path.relative_to(folder).parts[parts]): path for path in paths}


def methods_of(folder):
    """Return objects.csv of each method of a run, by its name, or the table's and its name.

    Parameters
    ----------
    folder : Path
        ``results/<name>``.

    Returns
    -------
    dict of str to Path
    """
    return products_by_name(folder, "photoz/*/objects.csv", slice(1, 2)) | products_by_name(
        folder, "tables/*/*/objects.csv", slice(1, 3)
    )


def read_predictions(path):
    """Return the redshifts of a method, with their scores.

    Parameters
    ----------
    path : Path
        objects.csv; pdfs.parquet lies beside it.

    Returns
    -------
    ScoredObjects
    """
    types = {"object_id": str, "class": str, "split": str}
    table = pd.read_csv(path, dtype=types)
    lost = [name for name in ("object_id", "redshift", "z_phot", "split") if name not in table]
    if lost:
        raise InputError(f"{path}: the column {', '.join(lost)} is missing")
    with readable(path.with_name("pdfs.parquet"), "PDFs of redpix"):
        ids, pdfs, grid = read_pdfs(path.with_name("pdfs.parquet"))
    place = pd.Series(np.arange(len(ids)), index=ids.astype(str))
    place = place[~place.index.duplicated()].reindex(table["object_id"]).to_numpy()
    known = table["redshift"].notna() & table["z_phot"].notna() & np.isfinite(place)
    stars = table["class"] == "STAR" if "class" in table else np.zeros(len(table), bool)
    held_out = (table["split"] == "test") & known & ~stars
    rows = np.flatnonzero(held_out.to_numpy())
    rows = rows[np.isfinite(pdfs[place[rows].astype(int)]).all(axis=1)]
    chosen = table.iloc[rows]
    scores = metrics.score(
        chosen["z_phot"].to_numpy(float),
        pdfs[place[rows].astype(int)],
        chosen["redshift"].to_numpy(float),
        grid,
    )
    return ScoredObjects(table, scores, rows)


def compare_redshifts(name, first, second, definitions, seed):
    """Return the metrics and the objects of one method of two runs.

    Parameters
    ----------
    name : str
        Name of the method.
    first, second : ScoredObjects
        Redshifts of each run.
    definitions : list of dict
        The metrics to show.
    seed : int
        Seed of the random numbers.

    Returns
    -------
    dict
        `name`; `n`, numbers of held-out objects of the first, the second, and both; `rows`, a list
        of (definition, texts, mark); `reason`, why numbers are missing; `objects`, from
        `redpix.report.compared_objects.object_changes`.
    """
    held_out = [one.table.iloc[one.scored] for one in (first, second)]
    low, high = compared_objects.match(held_out[0], held_out[1])
    scores = [first.scores, second.scores]
    paired = len(low) > 0
    if paired:
        rows = (low, high)
        scores = [
            metrics.Scores._make(column[row] for column in one)
            for one, row in zip(scores, rows, strict=True)
        ]
    changes = compared_objects.metric_changes(scores[0], scores[1], seed, paired=paired)
    by_key = {change.key: change for change in changes}
    summary = metrics.summarise(min(scores, key=lambda one: len(one.dz)))
    return {
        "name": name,
        "n": (len(held_out[0]), len(held_out[1]), len(low)),
        "rows": [change_row(row, by_key[row["key"]]) for row in definitions],
        "reason": summary.get("reason"),
        "paired": paired,
        "objects": compared_objects.object_changes(first.table, second.table),
    }


def change_row(definition, change):
    """Return a metric of two runs as text.

    Parameters
    ----------
    definition : dict
        Name and form of the metric.
    change : redpix.report.compared_objects.MetricChange
        Its values.

    Returns
    -------
    dict
        `name`, `first`, `second`, `difference`, `error` and `mark`.
    """
    form = definition["form"]
    signed = tables.format_metric(change.difference, form)
    if change.difference is not None and change.difference > 0 and not signed.startswith("+"):
        signed = f"+{signed}"
    return {
        "name": definition["name"],
        "first": tables.format_metric(change.first, form),
        "second": tables.format_metric(change.second, form),
        "difference": signed,
        "error": tables.format_metric(change.error, "plain" if form == "signed" else form),
        "mark": change.mark,
    }


def compare_changes(first, second, faults):
    """Return the transients of the pairs that two runs share.

    Parameters
    ----------
    first, second : Path
        ``results/<name>`` of each run.
    faults : list of str
        Receives a line per table that cannot be read.

    Returns
    -------
    list of dict
        `pair`, and the values of `redpix.report.compared_places.compare_transients`.
    """
    runs = [
        products_by_name(one, "subtraction/*/transients.csv", slice(1, 2))
        for one in (first, second)
    ]
    found = []
    for pair in runs[0]:
        if pair in runs[1]:
            paths = [run[pair] for run in runs]
            rows = _compared(paths, compared_places.compare_transients, _TRANSIENTS, faults)
            found += [{"pair": pair, **row} for row in rows or ()]
    return found


def _compared(paths, compare, columns, faults):
    """Return the comparison of two tables, or None if one of them is damaged."""
    tables_ = [attempt(faults, path, read_columns, path, columns) for path in paths]
    return None if any(one is None for one in tables_) else compare(*tables_)


def read_columns(path, columns):
    """Return a CSV that has some columns.

    Parameters
    ----------
    path : Path
        The file.
    columns : sequence of str
        Columns that it must have.

    Returns
    -------
    DataFrame

    Raises
    ------
    InputError
        If a column is missing.
    """
    table = pd.read_csv(path)
    lost = [name for name in columns if name not in table]
    if lost:
        raise InputError(f"the column {', '.join(lost)} is missing; allowed: a table of redpix")
    return table


def compare_photometry(first, second, faults):
    """Return the fluxes of the stars of the images that two runs share.

    Parameters
    ----------
    first, second : Path
        ``results/<name>`` of each run.
    faults : list of str
        Receives a line per table that cannot be read.

    Returns
    -------
    list of dict
        `image`, and the values of `redpix.report.compared_places.compare_stars`.
    """
    found = []
    for path in sorted(first.glob("photometry/*.residual.fits")):
        image = path.name.removesuffix(".residual.fits")
        paths = [folder / f"photometry/{image}.csv" for folder in (first, second)]
        if not all(one.exists() for one in paths):
            continue
        tables_ = [attempt(faults, one, pd.read_csv, one) for one in paths]
        if all(one is not None and "psf_flux" in one for one in tables_):
            found.append({"image": image, **compared_places.compare_stars(*tables_)})
    return found
