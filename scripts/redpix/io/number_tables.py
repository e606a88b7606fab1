"""Tables that a user writes: read as text with every row's line, cells checked by a schema."""

import csv
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from redpix.core.exceptions import InputError

_WHOLE = re.compile(r"[0-9]{1,19}")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


class Table(NamedTuple):
    """Cells of a CSV, as text.

    Attributes
    ----------
    rows : DataFrame of str
        Index: line of the file, 1-based, the header included.
    ragged : list of (int, str)
        Line of each row that cannot be read, and why.
    """

    rows: pd.DataFrame
    ragged: list


def read_table(lines, name):
    """Cells of a CSV, each with its line.

    Empty lines and lines that begin with # are passed over.

    Parameters
    ----------
    lines : iterable of str
        The text.
    name : str
        What a message calls it.

    Raises
    ------
    InputError
        If it has no header that can be used.
    """
    header, rows, numbers, ragged = _cells(lines)
    _check_header(header, name)
    table = pd.DataFrame(rows, columns=header, index=pd.Index(numbers, dtype="int64"), dtype=object)
    return Table(table, ragged)


def _cells(lines):
    """Header, rows with their lines, and what is wrong with lines that are no rows."""
    header, rows, numbers, ragged = None, [], [], []
    for number, line in enumerate(lines, start=1):
        if line.startswith("#") or not line.strip():
            continue
        try:
            # a line at a time: an open quote must not swallow the lines after it
            row = [cell.strip(" \t") for cell in next(csv.reader([line], strict=True))]
        except csv.Error as error:
            ragged.append((number, f"no CSV: {error}"))
            continue
        if header is None:
            header = row
        elif "\ufffd" in line:
            ragged.append((number, "no text in UTF-8"))
        elif len(row) != len(header):
            ragged.append((number, f"{len(row)} cells, the header has {len(header)}"))
        else:
            rows.append(row)
            numbers.append(number)
    return header, rows, numbers, ragged


def _check_header(header, name):
    if header is None:
        raise InputError(f"{name}: empty; allowed: a CSV with a header line")
    start = header[0][:40]
    if start.startswith("<"):
        raise InputError(f"{name}: begins with {start!r}, which is a web page and no CSV")
    if len(header) == 1:
        raise InputError(
            f"{name}: the header {start!r} has one cell; allowed: cells separated by commas"
        )
    if "" in header:
        raise InputError(f"{name}: column {header.index('') + 1} of the header has no name")
    double = [column for column in header if header.count(column) > 1]
    if double:
        raise InputError(f"{name}: the header names {double[0]!r} more than once")


def checked_numbers(text, rule):
    """Numbers of a column of text, and what is wrong with each.

    Parameters
    ----------
    text : ndarray of str (dtype object)
        Cells; an empty one is unknown, and nothing is wrong with it.
    rule : Mapping
        JSON schema of a cell: type integer (not negative) or number, minimum, and where there are
        such limits maximum or exclusiveMaximum.

    Returns
    -------
    number : ndarray of uint64 or float64
        0 or NaN where unknown or not readable.
    flaw : ndarray of str (dtype object)
        A predicate, as in "is not a whole number"; empty where nothing is wrong.
    """
    if rule["type"] == "integer":
        pattern, convert, kind = _WHOLE, int, "whole"
        number = np.zeros(len(text), np.uint64)
    else:
        pattern, convert, kind = _NUMBER, float, "finite"
        number = np.full(len(text), np.nan)
    given = text != ""
    readable = np.array([pattern.fullmatch(cell) is not None for cell in text], bool)
    number[readable] = [convert(cell) for cell in text[readable]]
    flaw = np.full(len(text), "", dtype=object)
    flaw[given & ~(readable & np.isfinite(number))] = f"is not a {kind} number"
    allowed = number >= rule["minimum"]
    if "maximum" in rule:
        allowed &= number <= rule["maximum"]
    if "exclusiveMaximum" in rule:
        allowed &= number < rule["exclusiveMaximum"]
    flaw[given & (flaw == "") & ~allowed] = f"is outside {_interval(rule)}"
    return number, flaw


def _interval(rule):
    if "exclusiveMaximum" in rule:
        return f"[{rule['minimum']}, {rule['exclusiveMaximum']})"
    return f"[{rule['minimum']}, {rule['maximum']}]" if "maximum" in rule else "[0, inf)"


def numbers(table, column, name):
    """A column of text as finite numbers; anything else is refused with its line."""
    values = pd.to_numeric(table[column], errors="coerce").to_numpy(float)
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        raise InputError(
            f"{name}: line {table.index[bad[0]]}: {column} is "
            f"{table[column].iloc[bad[0]][:40]!r}; allowed: a finite number"
        )
    return values


def read_user_table(path):
    """Cells of a user's CSV as text, index: line; every line must be a row."""
    try:
        with open(path, newline="", encoding="utf-8", errors="replace") as file:
            table = read_table(file, path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    if table.ragged:
        line, why = table.ragged[0]
        raise InputError(f"{path}: line {line}: {why}")
    if table.rows.empty:
        raise InputError(f"{Path(path)}: no row; allowed: one or more")
    return table.rows
