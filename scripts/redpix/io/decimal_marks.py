"""Decimal commas, and commas between thousands, in tables of text."""

import re

import pyarrow as pa
import pyarrow.compute as pc

#: a number with a comma, also as a limit or with a mark
_DECIMAL_COMMA = r"^[<>~≤≥]?=?\s*[+-]?([0-9]*,[0-9]+|[0-9]+,?)([eE][+-]?[0-9]+)?\s*[:?*]?$"

#: the same, if the comma cannot stand between thousands
_NO_THOUSANDS = r"^[+-]?(0?,[0-9]+|[0-9]*,([0-9]{1,2}|[0-9]{4,})|[0-9]{4,},[0-9]+)$"

#: numbers with commas between thousands, and those whose commas cannot be decimal ones
_THOUSANDS = r"^[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?$"
_ONLY_THOUSANDS = r"^[+-]?[0-9]{1,3}((,[0-9]{3})+\.[0-9]*|(,[0-9]{3}){2,})$"
_PLAIN = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"

_POINT = re.compile(rb"(?:^|[;|\t ,])\"?[<>+-]?[0-9]*\.[0-9]", re.M)


def with_points(body, columns, delimiter, words):
    """Return columns whose numbers have decimal points and nothing between thousands.

    Commas are decimal ones if no number of the table has a point. Where commas separate the
    cells, a number must show it, too, such as "0,25" or "19,5". Commas stand between thousands
    if a column has a number such as "1,234.5" or "1,234,567".

    Parameters
    ----------
    body : bytes
        Text of the rows.
    columns : dict of pyarrow.ChunkedArray
        Cells as text.
    delimiter : str
        Between the cells.
    words : list of str
        How the file was understood; what was done is added.

    Returns
    -------
    dict of pyarrow.ChunkedArray
    """
    if b"," not in body or (delimiter == "," and b'"' not in body):
        return columns
    if not _POINT.search(body) and (delimiter != "," or _any(columns, _NO_THOUSANDS)):
        said, changed = "decimal commas", _changed(columns, _DECIMAL_COMMA, ".")
    else:
        said = "commas between thousands"
        some = {n: c for n, c in columns.items() if _has(c, _ONLY_THOUSANDS)}
        changed = _changed(some, f"{_THOUSANDS}|{_PLAIN}", "")
    if changed:
        words.append(said)
    return columns | changed


def _has(column, pattern):
    """Return whether a cell of a column has a pattern."""
    return pa.types.is_string(column.type) and bool(
        pc.any(pc.match_substring_regex(pc.drop_null(column), pattern)).as_py()
    )


def _any(columns, pattern):
    """Return whether a cell of a table has a pattern."""
    return any(_has(column, pattern) for column in columns.values())


def _changed(columns, pattern, mark):
    """Return the columns with commas in which all cells have a pattern, with another mark."""
    changed = {}
    for name, column in columns.items():
        given = pc.drop_null(column)
        commas = pc.any(pc.match_substring(given, ",")).as_py()
        if commas and pc.all(pc.match_substring_regex(given, pattern)).as_py():
            changed[name] = pc.replace_substring(column, ",", mark)
    return changed
