"""Tables that a user writes: read as text with every row's line, cells checked by a schema."""

import csv
import re
from typing import NamedTuple

import numpy as np
import pandas as pd

from redpix.exceptions import InputError

_WHOLE = re.compile(r"[0-9]{1,19}")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


class Table(NamedTuple):
    """Cells of a CSV, as text.

    Attributes
    ----------
    rows : DataFrame of str
        Index: line of the file, 1-based, the header included.
    ragged : list of (int, int)
        Line and number of cells of each row that does not have the header's number of cells.
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
        If it is no CSV, or has no header that can be used.
    """
    reader = csv.reader(("\n" if line.startswith("#") else line for line in lines), strict=True)
    try:
        header, rows, numbers, ragged = _cells(reader)
    except UnicodeDecodeError:
        raise InputError(f"{name}: no text in UTF-8; allowed: a CSV, plain or .gz") from None
    except csv.Error as error:
        raise InputError(f"{name}: line {reader.line_num} is no CSV: {error}") from None
    _check_header(header, name)
    table = pd.DataFrame(rows, columns=header, index=pd.Index(numbers, dtype="int64"), dtype=object)
    return Table(table, ragged)


def _cells(reader):
    header, rows, numbers, ragged = None, [], [], []
    for row in reader:
        if not row:
            continue
        row = [cell.strip(" \t") for cell in row]
        if header is None:
            header = row
        elif len(row) == len(header):
            rows.append(row)
            numbers.append(reader.line_num)
        else:
            ragged.append((reader.line_num, len(row)))
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
