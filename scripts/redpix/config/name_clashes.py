"""Names of a user's table whose products would share a file."""

import os
from pathlib import Path

#: files in photometry/, logs/photometry/ and provenance/ that belong to an image
OF_IMAGE = (
    "{}.calibrated.fits",
    "{}.csv",
    "{}.rejected.csv",
    "{}.residual.fits",
    "logs/{}.log",
    "logs/{}.calibration.log",
)

#: files beside them that belong to the whole run
BESIDE_IMAGES = ("lightcurves.csv", "scatter.csv", "logs/light_curves.log")

#: files in frames/, sources/, pixels/ and their logs that belong to a field of a table of frames
OF_FIELD = (
    "frames/{}.json",
    "logs/{}.log",
    "logs/{}.names.log",
    "sources/{}.csv",
    "sources/{}.detections.csv",
    "pixels/{}.counts.csv",
)

#: files beside them that belong to the whole run
BESIDE_FIELDS = (
    "frames/softening.json",
    "logs/softening.log",
    "logs/delivered.log",
    "logs/exposures.log",
)


def clashes(names, products, beside=(), folds_case=None):
    """Yield each name whose products share a file with those of an earlier name or of the run.

    Parameters
    ----------
    names : iterable of str
        Names of a table, each once.
    products : sequence of str
        Files of a name, with ``{}`` in its place.
    beside : sequence of str
        Files of the whole run.
    folds_case : bool, optional
        Whether files whose names differ by case alone are one file; found by default.

    Yields
    ------
    name : str
    fact : str
        Such as ``its file e1.rejected.csv is also a file of e1``.
    """
    folds_case = _folds_case(Path.cwd()) if folds_case is None else folds_case
    owners = {_folded(path, folds_case): "the run" for path in beside}
    for name in names:
        paths = [product.format(name) for product in products]
        for path in paths:
            owner = owners.get(_folded(path, folds_case))
            if owner is not None:
                yield name, f"its file {os.path.basename(path)} is also a file of {owner}"
                break
        owners |= {_folded(path, folds_case): name for path in paths}


def target_faults(targets):
    """Yield a line per target whose light curve would replace that of another.

    Parameters
    ----------
    targets : list of (str, float, float)
        The key `photometry.targets`.

    Yields
    ------
    str
        ``key: value: fact; allowed: ...``
    """
    names = [name for name, _, _ in targets]
    for name in dict.fromkeys(name for name in names if names.count(name) > 1):
        yield f"photometry.targets: {name} is there {names.count(name)} times; allowed: once"
    for name, fact in clashes(dict.fromkeys(names), ("{}.csv",), ("exposures.csv",)):
        yield f"photometry.targets: {name}: {fact}; allowed: another name"


def _folded(path, folds_case):
    """Return the name by which a file system knows a path."""
    return path.casefold() if folds_case else path


def _folds_case(folder):
    """Return whether the file system of a folder takes capitals and small letters for the same."""
    for path in (folder, *folder.parents):
        other = path.with_name(path.name.swapcase()) if path.name else path
        if other != path:
            return other.exists() and other.samefile(path)
    return False
