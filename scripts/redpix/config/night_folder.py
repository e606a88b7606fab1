"""The files of a night: every FITS file below a folder, and the masters made of them."""

import json
import os
from pathlib import Path

from redpix.config.file_paths import fault_of_path
from redpix.core.exceptions import InputError

#: endings of the names of FITS files, in lower case, before a compression's own ending
ENDINGS = (".fits", ".fit", ".fts", ".fits.fz", ".fz")
PACKED = (".gz", ".bz2", ".xz")


def night_files(folder):
    """Return the FITS files below a folder, sorted.

    Parameters
    ----------
    folder : str
        Folder that holds the raw files.

    Returns
    -------
    list of str

    Raises
    ------
    InputError
        If the folder does not exist or holds no FITS file.
    """
    if not os.path.isdir(folder):
        raise InputError(f"night: {folder}: this folder does not exist")
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [f"{place}/{name}" for name in sorted(names) if _is_fits(name)]
    if not found:
        raise InputError(
            f"night: {folder}: no FITS file below this folder; allowed: names that end in "
            f"{', '.join(ENDINGS[:3])}, also compressed"
        )
    for path in found:
        if fault := fault_of_path(path):
            raise InputError(f"night: {path!r}: {fault}")
    return found


def _is_fits(name):
    """Return whether a name is that of a FITS file, plain or compressed."""
    name = name.lower()
    stem = next((name.removesuffix(end) for end in PACKED if name.endswith(end)), name)
    return not name.startswith(".") and stem.endswith(ENDINGS)


def read_masters(path):
    """Return the masters of a night by name, as `redpix.photometry.sort_night` wrote them.

    Parameters
    ----------
    path : path-like
        Path of the file.

    Returns
    -------
    dict of str to dict
        With the names of `redpix.photometry.night_plan.Master`.
    """
    return json.loads(Path(path).read_text(encoding="utf-8"))


def files_of_master(masters, name, folder):
    """Return the raw frames of a master, and the masters that are needed first.

    Parameters
    ----------
    masters : dict of str to dict
        Masters by name.
    name : str
        Name of the master.
    folder : str
        Folder of the masters.

    Returns
    -------
    dict of str to list of str
        ``frames`` and ``masters``.

    Raises
    ------
    InputError
        If the night has no master of this name.
    """
    if name not in masters:
        raise InputError(
            f"night: {name}: not a master of this night; allowed: {', '.join(masters)}"
        )
    master = masters[name]
    first = [master["dark"], master["bias"]]
    return {
        "frames": master["frames"],
        "masters": [f"{folder}/{other}.fits" for other in first if other],
    }
