"""The files of a night: every FITS file below a folder, and the masters made of them."""

import json
import os
from collections import Counter
from pathlib import Path

from redpix.config.file_paths import fault_of_path
from redpix.core.damaged_files import REMEDY, readable
from redpix.core.exceptions import InputError
from redpix.io.sections import parse_section

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
    found, endings = [], Counter()
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [f"{place}/{name}" for name in sorted(names) if _is_fits(name)]
        endings.update(os.path.splitext(name)[1].lower() for name in names)
    if not found:
        raise InputError(
            f"night: {folder}: no FITS file below this folder; allowed: names that end in "
            f"{', '.join(ENDINGS[:3])}, also compressed{_others(endings)}"
        )
    for path in found:
        if fault := fault_of_path(path):
            raise InputError(f"night: {path!r}: {fault}")
    return found


def _others(endings):
    """Return words for the files that are no FITS files, by the ends of their names."""
    words = ", ".join(
        f"{number} {end or 'without ending'}" for end, number in endings.most_common(5)
    )
    return f"; it holds {words}" if words else ""


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

    Raises
    ------
    InputError
        If the file was damaged after it was written.
    """
    try:
        with readable(path, "the masters of a night"):
            masters = json.loads(Path(path).read_text(encoding="utf-8"))
            for name, master in masters.items():
                _check_master(name, master, masters)
    except InputError as error:
        raise InputError(f"{error}; {REMEDY}") from None
    return masters


def _check_master(name, master, masters):
    """Refuse an entry that `redpix.photometry.sort_night` does not write."""
    frames = master["frames"]
    if not isinstance(frames, list) or not all(isinstance(one, str) for one in frames):
        raise InputError(f"{name}: frames is not a list of paths")
    for key, others in (
        ("dark", [master["dark"]]),
        ("bias", [master["bias"]]),
        ("frame_darks", master.get("frame_darks", [])),
    ):
        for other in filter(None, others):
            if other not in masters:
                raise InputError(f"{name}: {key}: {other} is not a master of this night")
    darks = master.get("frame_darks", [])
    if darks and len(darks) != len(frames):
        raise InputError(f"{name}: frame_darks: {len(darks)} names for {len(frames)} frames")
    if master.get("kind") == "window" and parse_section(master.get("section", "")) is None:
        raise InputError(f"{name}: section: {master.get('section')} is not a section")
    for key in ("kind", "exposure", "factor", "mosaic"):
        if key not in master:
            raise InputError(f"{name}: {key} is missing")


def named_master(masters, name):
    """Return the entry of a master.

    Parameters
    ----------
    masters : dict of str to dict
        Masters by name.
    name : str
        Name of the master.

    Returns
    -------
    dict

    Raises
    ------
    InputError
        If the night has no master of this name.
    """
    if name not in masters:
        raise InputError(
            f"night: {name}: not a master of this night; allowed: {', '.join(masters)}"
        )
    return masters[name]


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
    master = named_master(masters, name)
    first = dict.fromkeys([master["dark"], master["bias"], *master.get("frame_darks", ())])
    return {
        "frames": master["frames"],
        "masters": [f"{folder}/{other}.fits" for other in first if other],
    }
