"""Listing of object tables that a user writes: names, and paths of their catalogues."""

import os
import re
from typing import NamedTuple

from redpix.config.file_paths import fault_of_file
from redpix.config.name_clashes import clashes
from redpix.config.table_rows import read_rows
from redpix.core.exceptions import InputError

#: columns of a listing that name columns of the catalogues
_NAMES = ("magnitudes", "errors", "redshift", "id", "class")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


class Entry(NamedTuple):
    """Catalogues of one table of objects.

    Attributes
    ----------
    train : str
        Path of the catalogue to train with; empty with a model.
    test : str
        Path of the catalogue to predict; empty: a part of `train` is held out.
    magnitudes : tuple of str
        Columns to use, by wavelength; empty: they are found in the header.
    names : dict of str
        Further columns that are named: errors (a tuple, in the order of `magnitudes`), redshift,
        id and label; the others are found in the header.
    model : str
        Path of a trained model that predicts `test`; empty: a model is trained.
    """

    train: str
    test: str
    magnitudes: tuple
    names: dict
    model: str = ""


def read_listing(path):
    """Return the tables of a listing.

    Its columns are name, train or model, and, where needed, test, magnitudes, errors, redshift, id,
    class.

    Parameters
    ----------
    path : str or None
        Path of the listing; None lists nothing. Paths in it are relative to the working folder.

    Returns
    -------
    dict of str to Entry

    Raises
    ------
    InputError
        One line for the first fault.
    """
    if path is None:
        return {}
    where = f"photoz.tables: {path}"
    rows, problems = read_rows(
        path, ("name",), optional=("train", "test", "model", *_NAMES), fill=True, name=where
    )
    if problems:
        raise InputError(problems[0])
    tables = {}
    for row in rows:
        name = row.cells["name"]
        if not _NAME.fullmatch(name) or name in tables:
            raise InputError(
                f"{row.where}: name {name!r} cannot be used; allowed: letters, digits, "
                "_ . - with a letter or digit first, each name once"
            )
        tables[name] = _entry(row)
    if not tables:
        raise InputError(f"{where}: lists no table; allowed: one or more")
    for name, fact in clashes(tables, ("{}",)):
        raise InputError(f"{where}: name {name}: {fact}; allowed: another name")
    return tables


def _entry(row):
    """Return the catalogues of a row; raise InputError if a file does not exist."""
    train, test, model = (row.cells.get(name, "") for name in ("train", "test", "model"))
    if bool(train) == bool(model) or (model and not test):
        raise InputError(
            f"{row.where}: {row.cells['name']}: train {train!r}, model {model!r}, test {test!r}; "
            "allowed: train, with or without test, or model and test"
        )
    for column, path in (("train", train), ("test", test), ("model", model)):
        allowed = "the path of a file (for test also nothing)"
        fault = fault_of_file(path, os.path.isfile, allowed) if path else None
        if fault:
            raise InputError(f"{row.where}: {row.cells['name']}: {column} {path!r}: {fault}")
    cells = {column: row.cells.get(column, "").strip() for column in _NAMES}
    magnitudes = tuple(filter(None, _split(cells["magnitudes"])))
    names = {column: cells[column] for column in ("redshift", "id") if cells[column]}
    if cells["class"]:
        names["label"] = cells["class"]
    if cells["errors"]:
        names["errors"] = _split(cells["errors"])
        if len(names["errors"]) != len(magnitudes):
            raise InputError(
                f"{row.where}: {row.cells['name']}: errors {cells['errors']!r}: "
                f"{len(names['errors'])} names beside {len(magnitudes)} magnitudes; allowed: one "
                "per name in magnitudes, empty between commas where there is none"
            )
    return Entry(train, test, magnitudes, names, model)


def _split(text):
    """Return the names in a cell, which are separated by commas."""
    return tuple(name.strip() for name in text.split(","))
