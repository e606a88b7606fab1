"""Record the origin of every product: inputs, parameters, code and versions."""

import functools
import hashlib
import logging
import os
import re
import sys
from pathlib import Path

from redpix.core.atomic_files import write_json
from redpix.core.code_versions import SCRIPTS, code_files, door_of
from redpix.core.exceptions import InputError
from redpix.core.job_record import read_record
from redpix.core.package_versions import loaded_versions
from redpix.core.version import commit

log = logging.getLogger("redpix")

#: folder of the records in results/<name>/
FOLDER = "provenance"

#: name of the record of the only job of a rule
WHOLE_RUN = "all"

#: folder of the checkout; records name its files relative to it, so that they fit every machine
ROOT = Path(__file__).resolve().parents[3]

#: prefix of the name of a file of redpix in a record, which tells it from a file of the run
OWN = "redpix:"

_programs = set()


def note_program(path):
    """Note a program that the job runs, for its record.

    Parameters
    ----------
    path : str or Path
        Path of the program.
    """
    _programs.add(str(path))


def checksum(path):
    """Return the SHA-256 sum of a file in hexadecimal digits.

    Parameters
    ----------
    path : str or Path
        Path of the file.

    Returns
    -------
    str
    """
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def record(snakemake):
    """Write the record of a job whose products are complete.

    The record is ``results/<name>/provenance/<rule>/<wildcards>.json``. It names files relative to
    the folder of the run, and files of redpix with the prefix `OWN`. Jobs without outputs in
    results are not recorded.

    Parameters
    ----------
    snakemake : snakemake.script.Snakemake
        The job, from Snakemake.
    """
    outputs = [Path(path) for path in snakemake.output]
    results = results_folder(outputs[0])
    if results is None:
        return
    inputs = dict.fromkeys(map(str, snakemake.input))
    door = door_of(snakemake.params["code"])
    for path in undeclared(door):
        log.warning("%s: loaded, but missing in the version of the code of %s", path, door)
    entry = {
        "rule": snakemake.rule,
        "wildcards": dict(snakemake.wildcards.items()),
        "outputs": {str(path): _described(path) for path in outputs if path.is_file()},
        "inputs": {name_in_record(path): checksum(path) for path in inputs if Path(path).is_file()},
        "code": {name_in_record(path): checksum(path) for path in code_files(door)},
        "threads": int(snakemake.threads),
        "parameters": {k: v for k, v in snakemake.params.items() if k != "code"},
        "versions": loaded_versions(),
        "programs": {path: checksum(path) for path in sorted(_programs)},
        "commit": commit(ROOT),
    }
    path = record_path(results, snakemake.rule, entry["wildcards"].values())
    write_json(path, entry, default=str)


def record_path(results, rule, wildcards):
    """Return the path of the record of a job.

    Parameters
    ----------
    results : Path
        ``results/<name>``.
    rule : str
        Name of the rule.
    wildcards : iterable of str
        Values of the job's wildcards, in order.

    Returns
    -------
    Path
    """
    return results / FOLDER / rule / f"{','.join(wildcards) or WHOLE_RUN}.json"


def results_folder(path):
    """Return ``results/<name>`` of a product, or None for a file outside of results.

    Parameters
    ----------
    path : str or Path
        Path of the product, relative to the folder of the run.

    Returns
    -------
    Path or None
    """
    parts = Path(path).parts
    return Path(*parts[:2]) if parts[0] == "results" and len(parts) > 2 else None


def records(results):
    """Yield the records of a run in the order of their paths.

    Parameters
    ----------
    results : Path
        ``results/<name>``.

    Yields
    ------
    dict

    Raises
    ------
    InputError
        If a record is damaged.
    """
    for path in sorted((results / FOLDER).rglob("*.json")):
        yield read_record(path)


def _described(path):
    """Return checksum and size of a product."""
    return {"sha256": checksum(path), "bytes": path.stat().st_size}


def name_in_record(path):
    """Return the name of a file in a record.

    A file of redpix has its path from `ROOT` after `OWN`. Products keep their path, even if the
    run started in the checkout of redpix.

    Parameters
    ----------
    path : path-like
        Path of the file.

    Returns
    -------
    str
    """
    absolute = Path(os.path.abspath(path))
    product = absolute.is_relative_to(os.path.abspath("results"))
    if absolute.is_relative_to(ROOT) and not product:
        return f"{OWN}{absolute.relative_to(ROOT)}"
    return str(path)


def located(name):
    """Return the path of a file that a record names, relative to the folder of the run.

    Parameters
    ----------
    name : str
        Name of the file in the record.

    Returns
    -------
    str
    """
    return str(ROOT / name.removeprefix(OWN)) if name.startswith(OWN) else name


def altered(inputs, product):
    """Yield the inputs of a job that have changed after a job of this run made them.

    Parameters
    ----------
    inputs : iterable of str
        Paths.
    product : str
        A product of the job. Outside of results the inputs have no record.

    Yields
    ------
    str
    """
    results = results_folder(product)
    paths = dict.fromkeys(map(str, inputs)) if results else []
    for path in filter(os.path.isfile, paths):
        recorded = _recorded(path, results)
        if recorded and checksum(path) != recorded["sha256"]:
            yield path


def _recorded(path, results):
    """Return checksum and size of a product of this run on record, or None without a record."""
    if results_folder(path) != results:
        return None
    names = {f"{name}.json" for name in _names(Path(path).relative_to(results))}
    for rule in _listing(results / FOLDER):
        for name in names & _listing(results / FOLDER / rule):
            outputs = _outputs(results / FOLDER / rule / name)
            if str(path) in outputs:
                return outputs[str(path)]
    return None


def _names(path):
    """Return possible names of the record of a product, which saves reading all records.

    The wildcards of a job are folders below that of the stage, the beginning of the file name, or
    both.

    Parameters
    ----------
    path : Path
        Relative to ``results/<name>``.

    Returns
    -------
    set of str
    """
    *folders, name = path.parts
    beginnings = [name[: cut.start()] for cut in re.finditer(r"[-.]", name)]
    names = {WHOLE_RUN, *beginnings}
    for first in range(1, len(folders)):
        names |= {",".join([*folders[first:], beginning]) for beginning in beginnings}
        names |= {",".join(folders[first:last]) for last in range(first + 1, len(folders) + 1)}
    return names


@functools.cache
def _listing(folder):
    """Return the names in a folder; empty if it does not exist."""
    return frozenset(os.listdir(folder)) if folder.is_dir() else frozenset()


@functools.cache
def _outputs(path):
    """Return the outputs that a record describes; empty if it is missing or damaged."""
    try:
        return read_record(path)["outputs"] if path.is_file() else {}
    except InputError:
        return {}


def undeclared(door):
    """Return the loaded modules of redpix that the version of a door leaves out.

    Parameters
    ----------
    door : str
        Name of a script, as `redpix.core.code_versions.code_files` takes it.

    Returns
    -------
    list of Path
        Empty if the version of the door's code is complete.
    """
    files = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
    loaded = {Path(path) for path in files if path and Path(path).is_relative_to(SCRIPTS)}
    return sorted(loaded - set(code_files(door)))
