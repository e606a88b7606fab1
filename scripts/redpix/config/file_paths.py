"""Paths of files that a user names: which ones Snakemake cannot take, and which do not exist."""

import re

from redpix.core.exceptions import InputError
from redpix.io.image_path import image_file

#: what Snakemake would replace in a path: a name or an expression in braces
_BRACES = re.compile(r"[{}]")

#: what a path may be instead
_ALLOWED = "a path without braces; rename the file or its folder, or name a link to it"


def fault_of_path(path):
    """Return why Snakemake cannot take a path, or None.

    Parameters
    ----------
    path : str
        Path of a file, which may name an HDU in brackets, or of a folder.

    Returns
    -------
    str or None
        ``fact; allowed: ...``
    """
    if _BRACES.search(path):
        return f"a brace in a path is the mark of a wildcard of Snakemake; allowed: {_ALLOWED}"
    if not path.isprintable():
        return (
            "holds a line break, a control character or bytes that are not UTF-8; allowed: a path "
            "of printable characters"
        )
    return None


def fault_of_file(path, exists, allowed=None):
    """Return why a path cannot be that of an input file, or None.

    Parameters
    ----------
    path : str
        Path of a file, which may name an HDU in brackets.
    exists : callable
        ``exists(path)`` returns whether a file exists, or whether this run makes it.
    allowed : str, optional
        What the path may be, for the message of a missing file.

    Returns
    -------
    str or None
        ``fact`` or ``fact; allowed: ...``
    """
    fault = fault_of_path(path)
    if fault is None and not exists(image_file(path)):
        fault = "the file does not exist"
        fault = f"{fault}; allowed: {allowed}" if allowed else fault
    return fault


def check_folder(key, folder):
    """Raise InputError if Snakemake cannot take the paths of the files in a folder.

    Parameters
    ----------
    key : str
        Beginning of the message.
    folder : path-like
        Folder of files that Snakemake reads by their full path.

    Raises
    ------
    InputError
        ``key: folder: fact; allowed: ...``
    """
    fault = fault_of_path(str(folder))
    if fault:
        raise InputError(f"{key}: {folder}: {fault}")
