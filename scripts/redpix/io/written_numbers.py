"""Numbers as people write them in cells: limits, errors behind them, marks of doubt, units."""

import re
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eEdD][+-]?[0-9]+)?"
_ERROR = r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eEdD][+-]?[0-9]+)?"

#: how numbers are written; the name of a group says what it is
_FORMS = {
    "plain": f"(?P<n>{_NUMBER})|[+-]?(?i:inf|infinity)",
    "limits": f"[<>≤≥]=?\\s*{_NUMBER}",
    "errors": rf"(?P<n>{_NUMBER})\s*(?:±|\+/-|\+-|\\pm)\s*(?P<e>{_ERROR})",
    "brackets": rf"(?P<n>{_NUMBER})\s*\((?P<e>{_ERROR})\)",
    "doubtful": rf"(?P<n>{_NUMBER})\s*[:?*]+|~\s*(?P<m>{_NUMBER})",
    "units": rf"(?P<n>{_NUMBER})\s*(?i:mags?|dex)",
    "quotes": f"b?'(?P<n>{_NUMBER})'",
    "missing": r"\*+|\.+|[…—–?]+|[<>]|(?i:undef|undefined|nd|n\.d\.|not (?:observed|detected))",
}
_ANY = "^(?:" + "|".join(re.sub(r"\?P<[a-z]>", "?:", form) for form in _FORMS.values()) + ")$"
_DIGITS = "[0-9]"


class Written(NamedTuple):
    """Numbers of a column of text.

    Attributes
    ----------
    numbers : ndarray of float64, shape (n,)
        NaN for limits and missing values.
    errors : ndarray of float64, shape (n,)
        Errors that stand behind numbers; NaN where there is none.
    counts : dict of str to int
        Cells by the way in which they are written: ``limits``, ``errors``, ``last digits`` (errors
        in brackets that count the last digits), ``doubtful``, ``units``, ``quotes``, ``missing``.
    examples : dict of str to str
        The first cell of each way.
    """

    numbers: np.ndarray
    errors: np.ndarray
    counts: dict
    examples: dict


def with_numbers(table, but=()):
    """Return a table with numbers in place of text such as ``>26.5`` and ``20.1±0.05``.

    Limits are missing values. Errors behind numbers become a column ``<name>_err`` if the table
    does not have it. `read_written` lists the ways in which numbers are written; other columns
    stay.

    Parameters
    ----------
    table : redpix.io.table.Table
        From `redpix.io.tables.read_table`.
    but : sequence of str
        Columns that stay as they are, in lower case.

    Returns
    -------
    redpix.io.table.Table
    """
    columns, written = {}, {}
    taken = {name.lower() for name in table.names}
    for name in table.names:
        found = None if name.lower() in but else read_written(table.column(name))
        if found is None:
            continue
        columns[name] = _column(found.numbers)
        written[name] = {"counts": found.counts, "examples": found.examples}
        if np.isfinite(found.errors).any() and f"{name}_err".lower() not in taken:
            columns[f"{name}_err"] = _column(found.errors)
            written[name]["column"] = f"{name}_err"
    return table.with_columns(columns, written) if written else table


def _column(values):
    """Return numbers as a column; NaN is missing."""
    return pa.chunked_array([pa.array(values, from_pandas=True)])


def read_written(column):
    """Return the numbers of a column of text, or None if it is plain numbers or other text.

    Every cell has to be a number in one of these ways: ``>26.5``, ``20.1±0.05``, ``20.1+/-0.05``,
    ``20.1(0.05)``, ``20.12(5)``, ``20.1:``, ``20.1?``, ``20.1*``, ``~20.1``, ``20.1 mag``,
    ``'20.1'``, or a missing value such as ``***``. An error in brackets without a decimal point
    counts the last digits of the number.

    Parameters
    ----------
    column : pyarrow.ChunkedArray
        Column of a table.

    Returns
    -------
    Written or None
    """
    if not pa.types.is_string(column.type) or column.null_count == len(column):
        return None
    if _are_plain(column):
        return None
    cells = pc.replace_substring(pc.replace_substring(column, "−", "-"), "\u00a0", " ")
    given = pc.drop_null(cells)
    if not pc.all(pc.match_substring_regex(given, _ANY)).as_py():
        return None
    if not pc.any(pc.match_substring_regex(given, _DIGITS)).as_py():
        return None
    return _read(cells.to_pylist())


def _are_plain(column):
    """Return whether all cells are numbers, also with exponents of Fortran."""
    try:
        pc.cast(column, pa.float64())
        return True
    except pa.ArrowInvalid:
        given = pc.drop_null(column)
        return pc.all(pc.match_substring_regex(given, f"^{_NUMBER}$")).as_py()


def _read(cells):
    """Return the numbers of cells, all of which are written in a way of `_FORMS`."""
    patterns = {kind: re.compile(form) for kind, form in _FORMS.items()}
    written = Written(np.full(len(cells), np.nan), np.full(len(cells), np.nan), {}, {})
    for row, cell in enumerate(cells):
        if cell is None:
            continue
        kind, match = next(
            (kind, match)
            for kind, pattern in patterns.items()
            if (match := pattern.fullmatch(cell)) is not None
        )
        groups = match.groupdict()
        number = groups.get("n") or groups.get("m")
        if number:
            written.numbers[row] = _value(number)
        if groups.get("e"):
            written.errors[row], kind = _error(number, groups["e"], kind)
        if kind != "plain":
            written.counts[kind] = written.counts.get(kind, 0) + 1
            written.examples.setdefault(kind, cell)
    return written


def _value(text):
    """Return a number, also with an exponent of Fortran."""
    return float(text.lower().replace("d", "e"))


def _error(number, error, kind):
    """Return the error behind a number, and how it is written."""
    if kind == "errors" or "." in error or "e" in error.lower():
        return _value(error), "errors"
    mantissa, _, exponent = number.lower().replace("d", "e").partition("e")
    digits = len(mantissa.partition(".")[2])
    return float(error) * 10.0 ** (int(exponent or 0) - digits), "last digits"
