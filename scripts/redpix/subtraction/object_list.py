"""A user's list of objects that transients may be, such as one of the Transient Name Server."""

import re
from typing import NamedTuple

import numpy as np

from redpix.catalogue.positions import decimal_numbers, degrees, unit_of
from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.io.tables import read_table

#: names of the columns, in order of preference, in lower case without blanks, dots, underscores
SPELLINGS = {
    "name": ("name", "objname", "iauname", "objectname", "designation", "object", "id"),
    "prefix": ("nameprefix",),
    "ra": ("ra", "radeg", "raj2000", "raicrs", "rightascension"),
    "dec": ("dec", "decdeg", "decl", "declination", "dej2000", "decj2000", "deicrs"),
    "type": ("type", "objtype", "classification", "class", "spectraltype", "kind"),
}


class ObjectList(NamedTuple):
    """Objects of a list.

    Attributes
    ----------
    name, kind : list of str
    ra, dec : ndarray, shape (n,)
        Degrees; NaN if a cell is empty.
    """

    name: list
    kind: list
    ra: np.ndarray
    dec: np.ndarray


def read_object_list(path):
    """Return the objects of a user's list.

    Parameters
    ----------
    path : str
        Table in any format of `redpix.io.tables.read_table` with the columns name, ra, dec and, if
        known, type. Positions are in degrees or sexagesimal.

    Returns
    -------
    ObjectList

    Raises
    ------
    InputError
        If the table cannot be read, or a column is missing, or a position is not one.
    """
    table = read_table(path, allow_empty=True)
    log.info("%s", table.understood)
    names = {name: _column(table, name) for name in SPELLINGS}
    missing = [name for name in ("name", "ra", "dec") if names[name] is None]
    if missing:
        raise InputError(
            f"{path}: has the columns {', '.join(table.names)}; allowed: name, ra, dec (degrees or "
            "sexagesimal) and type"
        )
    texts = {name: table.text(column) for name, column in names.items() if column}
    ra, dec = (_degrees(table, names[axis], axis) for axis in ("ra", "dec"))
    prefixes = texts.get("prefix", [""] * len(table))
    full = [" ".join(filter(None, pair)) for pair in zip(prefixes, texts["name"], strict=True)]
    return ObjectList(full, list(texts.get("type", [""] * len(table))), ra, dec)


def _column(table, name):
    """Return the column of a table with one of the spellings of a name, or None."""
    plain = {}
    for column in table.names:
        key = re.sub(r"[(\[].*|[^a-z0-9]", "", column.lower())
        plain.setdefault(key, column)
    return next((plain[word] for word in SPELLINGS[name] if word in plain), None)


def _degrees(table, column, axis):
    """Return a coordinate of all rows in degrees."""
    bracketed = re.fullmatch(r".*[(\[]\s*(.*?)\s*[)\]]\s*", column)
    unit = table.units.get(column) or (bracketed[1] if bracketed else "")
    unit = unit_of(unit, axis, table.name)
    cells = table.text(column)
    texts, assumed = degrees(cells, axis, unit)
    for words in assumed:
        log.info("%s: %s", table.name, words)
    values = decimal_numbers(texts)
    largest = 360 if axis == "ra" else 90
    wrong = (np.array([bool(cell) for cell in cells], bool) & ~np.isfinite(values)) | (
        abs(values) > largest
    )
    if wrong.any():
        row = int(np.argmax(wrong))
        raise InputError(
            f"{table.where(row)}: {column}: {cells[row]!r}; allowed: degrees or sexagesimal"
        )
    return values
