"""Paths of files that a user names: which ones Snakemake cannot take, and which do not exist."""

import glob
import os
import re

from redpix.core.exceptions import InputError
from redpix.io.image_path import image_file, named_hdu
from redpix.io.table_bytes import is_path

#: what Snakemake would replace in a path: a name or an expression in braces
_BRACES = re.compile(r"[{}]")

#: a name in angle brackets, which Snakemake replaces since version 9
_PATHVAR = re.compile(r"<[a-z][a-z0-9_]*>")

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
    if _PATHVAR.search(path):
        return (
            "a name in angle brackets is the mark of a variable of Snakemake; allowed: a path "
            "without them; rename the file or its folder, or name a link to it"
        )
    if not path.isprintable():
        return (
            "holds a line break, a control character or bytes that are not UTF-8; allowed: a path "
            "of printable characters"
        )
    return None


def located(path, listing):
    """Return the path of a file that a listing names.

    Parameters
    ----------
    path : str
        Path of a file, which may name an HDU in brackets, or a pattern that one file matches. It
        is relative to the working folder or else to the folder of the listing.
    listing : str
        Path of the listing.

    Returns
    -------
    str
        The path itself, if no file is found.

    Raises
    ------
    InputError
        If a pattern matches several files.
    """
    hdu = named_hdu(path)
    for folder in ("", os.path.dirname(listing)):
        candidate = os.path.join(folder, image_file(path))
        if os.path.exists(candidate):
            return candidate + hdu
        matches = sorted(glob.glob(candidate)) if glob.has_magic(candidate) else []
        if len(matches) > 1:
            raise InputError(
                f"{path}: {len(matches)} files match, such as {matches[0]} and {matches[1]}; "
                "allowed: a pattern that one file matches"
            )
        if matches:
            return matches[0] + hdu
    return path


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


def training_tables(training):
    """Yield key and path of every table that training images are made from.

    Parameters
    ----------
    training : Mapping
        Section training_images of the configuration.

    Yields
    ------
    key, path : str
    """
    if training["table"] is not None:
        yield "table", training["table"]
    for key in ("cosmology", "bands", "spectra", "filters"):
        value = training.get(key) or []
        names = [value] if isinstance(value, str) else value
        yield from ((key, name) for name in names if is_path(name))


def injection_tables(injection):
    """Yield key and path of every table that injected sources are made from.

    Parameters
    ----------
    injection : Mapping
        Section injection of the configuration.

    Yields
    ------
    key, path : str
    """
    for key in ("galaxies", "points"):
        if injection[key] != "demo":
            yield key, injection[key]
    yield from (("filters", name) for name in injection["filters"] or [] if is_path(name))


def path_faults(config):
    """Yield a line per path of the configuration that Snakemake cannot take.

    Parameters
    ----------
    config : Mapping
        Completed configuration.

    Yields
    ------
    str
        ``key: value: fact; allowed: ...``
    """
    paths = [
        ("source", config["source"]),
        ("gather", config["gather"]),
        ("catalogue.from", config["catalogue"]["from"]),
        ("photoz.model", config["photoz"]["model"]),
        ("container", config["container"]),
        ("subtraction.marks", config["subtraction"]["marks"]),
    ]
    injection = injection_tables(config["injection"])
    paths += [(f"injection.{key}", path) for key, path in injection]
    paths += [
        ("subtraction.identify.lists", one) for one in config["subtraction"]["identify"]["lists"]
    ]
    training = training_tables(config["training_images"])
    paths += [(f"training_images.{key}", path) for key, path in training]
    for key, path in paths:
        fault = fault_of_path(path) if path else None
        if fault:
            yield f"{key}: {path}: {fault}"
