"""Exact ids of a table's rows, which never pass through a float."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from redpix.io.table_values import (
    EXACT,
    WHOLE,
    CellError,
    all_match,
    as_text,
    first_true,
    shown,
    whole_numbers,
)

_DOTTED = r"^-?(0|[1-9][0-9]*)\.0*$"
_RAISED = r"^[0-9](\.[0-9]+)?[eE]\+?[0-9]{1,2}$"

# most digits of a whole number that a float64 can hold
_LONGEST = 308

_LOST = (
    "lost its last digits as a floating-point number, as spreadsheets store ids; allowed: the "
    "whole number, as the archive gives it"
)


def as_ids(column):
    """Return ids exactly: int64, uint64 where int64 is too small, or text.

    No id passes through a float.

    Parameters
    ----------
    column : pyarrow.ChunkedArray
        Column of a table.

    Returns
    -------
    ndarray of int64, uint64 or str, shape (n,)

    Raises
    ------
    CellError
        For an id that is missing, or that lost digits as a floating-point number.
    """
    if column.null_count:
        raise CellError(first_true(pc.is_null(column)), "is missing; allowed: an id in each row")
    if pa.types.is_integer(column.type):
        return whole_numbers(column)
    if pa.types.is_floating(column.type):
        return _ids_of_floats(column)
    if not pa.types.is_string(column.type):
        return as_text(column).astype(str)
    column = _ids_without_fraction(column)
    if all_match(column, WHOLE):
        _refuse_equal_rounded(column)
        for kind in (pa.int64(), pa.uint64()):
            try:
                return pc.cast(column, kind).to_numpy()
            except pa.ArrowInvalid:
                continue
    return as_text(column).astype(str)


def _ids_of_floats(column):
    """Return floating-point ids as int64; raise CellError if one can have lost digits."""
    values = column.to_numpy()
    wrong = (values != np.floor(values)) | (abs(values) > EXACT)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise CellError(
            row,
            f"{float(values[row])!r} is stored as a floating-point number, which holds 15 digits "
            "of an id; allowed: whole numbers or text",
        )
    return values.astype(np.int64)


def _ids_without_fraction(column):
    """Return ids without a trailing ``.0``; raise CellError if digits were lost."""
    dotted = pc.match_substring_regex(column, _DOTTED)
    raised = pc.match_substring_regex(column, _RAISED)
    whole = pc.match_substring_regex(column, WHOLE)
    if not pc.all(pc.or_(pc.or_(dotted, raised), whole)).as_py():
        return column
    if pc.any(raised).as_py():
        row = first_true(raised)
        raise CellError(row, f"{shown(column, row)} {_LOST}")
    if pc.any(dotted).as_py():
        exact = pc.replace_substring_regex(column, r"\.0*$", "")
        suspect = pc.and_(dotted, _is_large(exact))
        large = pc.filter(exact, suspect).to_pylist()
        if large and all(int(float(cell)) == int(cell) for cell in large):
            row = first_true(suspect)
            raise CellError(row, f"{shown(column, row)} {_LOST}")
        return exact
    return column


def _is_large(column):
    """Return which whole numbers, as text, may be larger than a float64 holds exactly."""
    return pc.greater(pc.utf8_length(column), 15)


def _refuse_equal_rounded(column):
    """Raise CellError if ids are equal and each is a number that a float64 can hold."""
    large = pc.filter(column, _is_large(column))
    if len(large) == len(pc.unique(large)) or not rounded(large):
        return
    seen = set()
    for row, cell in enumerate(column.to_pylist()):
        if cell in seen:
            raise CellError(row, f"{cell} occurs twice and {_LOST}")
        seen.add(cell)


def rounded(ids):
    """Return the spacing of float64 if every id looks as if a float64 had held it, else 0.

    Parameters
    ----------
    ids : pyarrow.ChunkedArray
        Whole numbers, as text or integers.

    Returns
    -------
    int
        Largest spacing of float64 near the ids; 0 if an id lies between two such numbers.
    """
    largest = 0
    for cell in ids:
        text = str(cell.as_py())
        if len(text) > _LONGEST:
            return 0
        number = int(text)
        if int(float(number)) != number:
            return 0
        largest = max(largest, int(np.spacing(float(abs(number)))))
    return largest if largest > 1 else 0
