"""Where every product comes from: inputs, parameters and versions, in a record beside it."""

import functools
import hashlib
import json
import logging
import os
import re
import sys
from importlib import metadata
from pathlib import Path

from redpix.core.atomic_files import write_text
from redpix.core.code_versions import SCRIPTS, code_files, door_of
from redpix.core.version import redpix_version

log = logging.getLogger("redpix")

#: folder of the records in results/<name>/
FOLDER = "provenance"

#: name of the record of a job that is the only one of its rule
WHOLE_RUN = "all"

#: the code itself: files below it are named from here, so that a record fits every machine
ROOT = Path(__file__).resolve().parents[3]

#: stands before the path, from `ROOT`, of a file of redpix; no path begins so, and a run that lies
#: elsewhere may have files of the same names
OWN = "redpix:"

#: packages whose version stands in the record of a job that has imported them
PACKAGES = {
    "astropy": "astropy",
    "astroscrappy": "astroscrappy",
    "faiss": "faiss-cpu",
    "galsim": "GalSim",
    "numpy": "numpy",
    "pandas": "pandas",
    "photutils": "photutils",
    "pyarrow": "pyarrow",
    "reproject": "reproject",
    "scipy": "scipy",
    "sep": "sep",
    "sklearn": "scikit-learn",
    "snakemake": "snakemake",
    "speclite": "speclite",
    "torch": "torch",
}

_programs = set()


def note_program(path):
    """Remember that the job runs a program, so that its record names it."""
    _programs.add(str(path))


def checksum(path):
    """SHA-256 of a file, in hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def record(snakemake):
    """Write what made the products of a job, once they are complete.

    Parameters
    ----------
    snakemake : snakemake.script.Snakemake
        Its outputs lie in results/<name>/; the record is provenance/<rule>/<wildcards>.json there.
        It names files from the folder of the run, those of redpix itself as `located` reads them.
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
        "inputs": {_named(path): checksum(path) for path in inputs if Path(path).is_file()},
        "code": {_named(path): checksum(path) for path in code_files(door)},
        "parameters": {k: v for k, v in snakemake.params.items() if k != "code"},
        "versions": _versions(),
        "programs": {path: checksum(path) for path in sorted(_programs)},
        "commit": commit(ROOT),
    }
    name = ",".join(entry["wildcards"].values()) or WHOLE_RUN
    text = json.dumps(entry, indent=1, default=str)
    write_text(results / FOLDER / snakemake.rule / f"{name}.json", text + "\n")


def results_folder(path):
    """``results/<name>`` of a product, or None for a file that lies elsewhere."""
    parts = Path(path).parts
    return Path(*parts[:2]) if parts[0] == "results" and len(parts) > 2 else None


def records(results):
    """Every record of a run, in the order of their paths."""
    for path in sorted((results / FOLDER).rglob("*.json")):
        yield json.loads(path.read_text(encoding="utf-8"))


def commit(root):
    """Commit that is checked out, as 40 digits; None for a copy without git.

    Changes that were never committed show in the checksums of the code, which are inputs.
    """
    folder = root / ".git"
    if folder.is_file():  # a further work tree
        folder = root / folder.read_text(encoding="utf-8").removeprefix("gitdir:").strip()
    head = folder / "HEAD"
    if not head.is_file():
        return None
    text = head.read_text(encoding="utf-8").strip()
    if not text.startswith("ref:"):
        return text
    name = text.removeprefix("ref:").strip()
    common = folder / "commondir"
    if common.is_file():
        folder /= common.read_text(encoding="utf-8").strip()
    if (folder / name).is_file():
        return (folder / name).read_text(encoding="utf-8").strip()
    packed = folder / "packed-refs"
    lines = packed.read_text(encoding="utf-8").splitlines() if packed.is_file() else []
    return next((line.split()[0] for line in lines if line.endswith(f" {name}")), None)


def _described(path):
    return {"sha256": checksum(path), "bytes": path.stat().st_size}


def _named(path):
    """Path of an input as the record names it.

    Files of redpix are named from its root, after `OWN`. Products are not, though the run be
    started in redpix's own folder: they are named as outputs are.
    """
    whole = Path(os.path.abspath(path))
    own = whole.is_relative_to(ROOT) and not whole.is_relative_to(os.path.abspath("results"))
    return f"{OWN}{whole.relative_to(ROOT)}" if own else str(path)


def located(name):
    """Path of a file that a record names, from the folder of the run."""
    return str(ROOT / name.removeprefix(OWN)) if name.startswith(OWN) else name


def altered(inputs, product):
    """Inputs of a job that this run made and that are no longer as they were made.

    Parameters
    ----------
    inputs : iterable of str
    product : str
        What the job makes; a file outside results/<name>/ has no neighbours on record.
    """
    results = results_folder(product)
    paths = dict.fromkeys(map(str, inputs)) if results else []
    for path in filter(os.path.isfile, paths):
        known = _recorded(path, results)
        if known and checksum(path) != known["sha256"]:
            yield path


def _recorded(path, results):
    """What the record of a product of this run says of it; None where there is no record."""
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
    """What the record of a product may be called: to read all records would take long.

    Its wildcards are folders below the stage's, or the beginning of the file's name, or both.

    Parameters
    ----------
    path : Path
        From results/<name>/.
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
    return frozenset(os.listdir(folder)) if folder.is_dir() else frozenset()


@functools.cache
def _outputs(path):
    return json.loads(path.read_text(encoding="utf-8"))["outputs"] if path.is_file() else {}


def undeclared(door):
    """Return the modules of redpix that this process has loaded and a door's version leaves out.

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


def _versions():
    """Return the versions of redpix, Python and imported packages, with their locations."""
    versions = {
        "redpix": {"version": redpix_version()},
        "python": {"version": sys.version.split()[0], "from": sys.executable},
    }
    for module, package in PACKAGES.items():
        if module in sys.modules:
            folder = str(Path(sys.modules[module].__file__).parents[1])
            versions[package] = {"version": metadata.version(package), "from": folder}
    return versions
