"""The last lines of a run: what was left out, which jobs failed, where the report is."""

import csv
import errno
import os
import re
import shutil
from pathlib import Path

from redpix.core.damaged_files import REMEDY, readable
from redpix.core.exceptions import InputError
from redpix.core.field_name import FIELD_PATTERN

#: free space below which a disk counts as full, bytes
LEAST_FREE = 1_000_000


def read_rows(path, columns):
    """Return the rows of a list that a job wrote, and a person may have edited.

    Parameters
    ----------
    path : path-like
        CSV.
    columns : sequence of str
        Columns that it must have.

    Returns
    -------
    list of dict of str to str

    Raises
    ------
    InputError
        If the file cannot be read as text, or lacks a column.
    """
    try:
        with (
            readable(path, "a list of this run", also=(csv.Error,)),
            open(path, newline="", encoding="utf-8") as file,
        ):
            reader = csv.DictReader(file)
            missing = [name for name in columns if name not in (reader.fieldnames or ())]
            if missing:
                raise InputError(f"column {missing[0]} is missing")
            return [row for row in reader if None not in map(row.get, columns)]
    except InputError as error:
        raise InputError(f"{error}; {REMEDY}") from None


def read_delivered(path):
    """Return the names of the fields that were delivered.

    Parameters
    ----------
    path : path-like
        CSV with the columns field, delivered, reason.

    Returns
    -------
    list of str
    """
    rows = read_rows(path, ("field", "delivered"))
    return [row["field"] for row in rows if row["delivered"] == "yes"]


def read_left_out(path):
    """Return the reason for each field that was not delivered.

    Parameters
    ----------
    path : path-like
        CSV with the columns field, delivered, reason.

    Returns
    -------
    dict of str to str
    """
    rows = read_rows(path, ("field", "delivered", "reason"))
    return {row["field"]: row["reason"] for row in rows if row["delivered"] != "yes"}


def read_unused_exposures(path):
    """Return the reason for each exposure that is left out of the light curves.

    Parameters
    ----------
    path : path-like
        CSV with the columns image, used, reason.

    Returns
    -------
    dict of str to str
    """
    rows = read_rows(path, ("image", "used", "reason"))
    return {row["image"]: row["reason"] for row in rows if row["used"] == "no"}


def failed_jobs(logs):
    """Return the jobs that failed in all attempts.

    Parameters
    ----------
    logs : list of str
        Paths of the logs of Snakemake for a run.

    Returns
    -------
    list of str
        Field, or else first product, and rule of each job. A job whose product exists succeeded
        in a later attempt and is left out.
    """
    text = "".join(Path(path).read_text(encoding="utf-8", errors="replace") for path in logs)
    failed = {}
    for rule, details in re.findall(r"^Error in rule (\w+):\n((?: {4}.*\n)*)", text, re.M):
        named = dict(re.findall(r"^ {4}(\w+): ([^,\n]+)", details, re.M))
        if "output" in named and not Path(named["output"]).exists():
            field = re.search(FIELD_PATTERN, Path(named["output"]).name)
            product = f"field {field[0]}" if field else named["output"]
            failed[named["output"]] = f"{product}: {rule}"
    return list(failed.values())


def closing_words(results, page, changes_left_out=None, remarks=()):
    """Return the last lines of a run that succeeded.

    Parameters
    ----------
    results : Path
        ``results/<name>``.
    page : str
        The report, below `results`.
    changes_left_out : callable, optional
        Returns name and reason of each pair or stack that is left out, given the reasons for the
        fields that were not delivered.
    remarks : sequence of str
        Further lines.

    Returns
    -------
    str
    """
    lines = []
    delivered, exposures = results / "frames/delivered.csv", results / "frames/exposures.csv"
    if delivered.exists():
        missing = read_left_out(delivered).items()
        lines += [f"Left out: field {field}: {reason}" for field, reason in missing]
    if changes_left_out is not None and exposures.exists():
        missing = changes_left_out(read_left_out(exposures))
        lines += [f"Left out: {name}: {reason}" for name, reason in missing]
    curves = results / "photometry/light_curves/exposures.csv"
    if curves.exists():
        missing = read_unused_exposures(curves).items()
        lines += [f"Left out of light curves: {image}: {reason}" for image, reason in missing]
    path = results / page
    end = f"Report: {path.resolve()}" if path.exists() else f"Results: {results}"
    return "\n".join([*lines, *remarks, end])


def failure_words(results, logs):
    """Return the last lines of a run that failed: the jobs that failed, and what to do.

    Parameters
    ----------
    results : str
        ``results/<name>``.
    logs : list of str
        Paths of the logs of Snakemake for the run.

    Returns
    -------
    str
    """
    lines = [f"Failed: {job}" for job in failed_jobs(logs)]
    if _is_disk_full(results, logs):
        lines.append("The disk is full: free space, then run the same command to continue")
    end = f"Messages are above, logs under {results}/logs. The same command goes on from there."
    return "\n".join([*lines, end])


def check_disk(folder):
    """Refuse to start where Snakemake could not write its own files.

    Parameters
    ----------
    folder : path-like
        Folder of the run.

    Raises
    ------
    InputError
        If its disk has less than `LEAST_FREE`.
    """
    free = shutil.disk_usage(folder).free
    if free < LEAST_FREE:
        raise InputError(
            f"{Path(folder).resolve()}: {free} bytes are free on this disk; allowed: {LEAST_FREE} "
            "or more; free space, then run the same command"
        )


def _is_disk_full(results, logs):
    """Return whether a run failed on a full disk: its own or that of temporary files."""
    place = next(one for one in (Path(results), *Path(results).absolute().parents) if one.exists())
    if shutil.disk_usage(place).free < LEAST_FREE:
        return True
    text = "".join(Path(path).read_text(encoding="utf-8", errors="replace") for path in logs)
    return any(os.strerror(number) in text for number in (errno.ENOSPC, errno.EDQUOT))
