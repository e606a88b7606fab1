"""Values of a table's columns: numbers, exact ids, text; what stands for a missing value."""

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

#: cells of a missing value
MISSING = (
    *("", "null", "Null", "NULL", "<null>", "none", "None", "NONE", "nan", "NaN", "NAN", "Nan"),
    *("n/a", "N/A", "#N/A", "NA", "<NA>", "--", "masked"),
)

#: whole numbers above this one may lose digits as a float64
EXACT = 2**53

_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$|^[+-]?(?i:inf|infinity|nan)$"
_WHOLE = r"^-?(0|[1-9][0-9]*)$"
_DOTTED = r"^-?(0|[1-9][0-9]*)\.0*$"
_RAISED = r"^[0-9](\.[0-9]+)?[eE]\+?[0-9]{1,2}$"


class CellError(ValueError):
    """A cell that cannot be used.

    Attributes
    ----------
    row : int
        0-based.
    fact : str
        Value, fact and what is allowed.
    """

    def __init__(self, row, fact):
        super().__init__(fact)
        self.row, self.fact = row, fact


def as_text(column):
    """Return a column as text, an object array of str; a missing value is empty.

    Parameters
    ----------
    column : pyarrow.ChunkedArray
        Column of a table.

    Returns
    -------
    ndarray of str (dtype object), shape (n,)
    """
    if pa.types.is_boolean(column.type):
        column = pc.if_else(column, "True", "False")
    if pa.types.is_floating(column.type):
        text = np.full(len(column), "", dtype=object)
        # str of a NumPy float is the shortest text that gives it back
        text[pc.is_valid(column).to_numpy()] = [str(x) for x in pc.drop_null(column).to_numpy()]
        return text
    return pc.fill_null(pc.cast(column, pa.string()), "").to_numpy()


def as_numbers(column):
    """Return a column as float64; a missing value is NaN.

    Parameters
    ----------
    column : pyarrow.ChunkedArray
        Column of a table.

    Returns
    -------
    ndarray of float64, shape (n,)

    Raises
    ------
    CellError
        For the first cell that is not a number.
    """
    try:
        # whole numbers beyond 2**53 are rounded, as a float64 has no place for them
        number = pc.cast(column, pa.float64(), safe=pa.types.is_string(column.type))
    except pa.ArrowInvalid:
        row = _first(pc.invert(pc.match_substring_regex(column, _NUMBER)))
        raise CellError(
            row, f"{shown(column, row)} is not a number; allowed: numbers, empty where unknown"
        ) from None
    return np.array(pc.fill_null(number, np.nan).to_numpy(), dtype=np.float64)


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
        raise CellError(_first(pc.is_null(column)), "is missing; allowed: an id in each row")
    if pa.types.is_integer(column.type):
        unsigned = column.type == pa.uint64() and pc.max(column).as_py() > 2**63 - 1
        return _whole(column, pa.uint64() if unsigned else pa.int64())
    if pa.types.is_floating(column.type):
        return _ids_of_floats(column)
    if not pa.types.is_string(column.type):
        return as_text(column).astype(str)
    column = _ids_without_fraction(column)
    if _all(column, _WHOLE):
        _refuse_equal_rounded(column)
        for kind in (pa.int64(), pa.uint64()):
            try:
                return _whole(column, kind)
            except pa.ArrowInvalid:
                continue
    return as_text(column).astype(str)


def _whole(column, kind):
    return pc.cast(column, kind).to_numpy()


def _ids_of_floats(column):
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
    whole = pc.match_substring_regex(column, _WHOLE)
    if not pc.all(pc.or_(pc.or_(dotted, raised), whole)).as_py():
        return column
    if pc.any(raised).as_py():
        row = _first(raised)
        raise CellError(row, f"{shown(column, row)} {_LOST}")
    if pc.any(dotted).as_py():
        exact = pc.replace_substring_regex(column, r"\.0*$", "")
        suspect = pc.and_(dotted, _is_large(exact))
        large = pc.filter(exact, suspect).to_pylist()
        if large and all(int(float(cell)) == int(cell) for cell in large):
            row = _first(suspect)
            raise CellError(row, f"{shown(column, row)} {_LOST}")
        return exact
    return column


_LOST = (
    "lost its last digits as a floating-point number, as spreadsheets store ids; allowed: the "
    "whole number, as the archive gives it"
)


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
            raise CellError(row, f"{cell} is there twice and {_LOST}")
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
        number = int(cell.as_py())
        if int(float(number)) != number:
            return 0
        largest = max(largest, int(np.spacing(float(abs(number)))))
    return largest if largest > 1 else 0


def as_values(column):
    """Return a column in its natural type.

    Text is read as bool, int64, uint64 or float64 where each cell allows it. Whole numbers
    beside missing values are float64, or text if a float64 cannot hold them.

    Parameters
    ----------
    column : pyarrow.ChunkedArray
        Column of a table.

    Returns
    -------
    ndarray, shape (n,)
    """
    if pa.types.is_string(column.type):
        return _inferred(column)
    if pa.types.is_boolean(column.type):
        return as_text(column) if column.null_count else column.to_numpy().astype(bool)
    if pa.types.is_integer(column.type):
        if column.null_count:
            fits = pc.max(pc.abs_checked(column)).as_py() or 0
            return as_numbers(column) if fits <= EXACT else as_text(column)
        return as_ids(column)
    if column.null_count:
        column = pc.fill_null(column, pa.scalar(float("nan"), column.type))
    return np.array(column.to_numpy())


def _inferred(column):
    given = pc.drop_null(column)
    if not len(given):
        return np.full(len(column), np.nan)
    if _all(given, _WHOLE):
        for kind in (pa.int64(), pa.uint64()):
            try:
                numbers = pc.cast(column, kind)
            except pa.ArrowInvalid:
                continue
            return as_values(numbers)
        return as_text(column)
    if not column.null_count and _all(column, "^(True|False)$"):
        return as_text(column) == "True"
    try:
        return as_numbers(column)
    except CellError:
        return as_text(column)


def _all(column, pattern):
    return pc.all(pc.match_substring_regex(column, pattern)).as_py() is not False


def _first(mask):
    return int(np.argmax(pc.fill_null(mask, False).to_numpy()))


def shown(column, row):
    """Return a cell as messages show it, at most 60 characters long."""
    cell = column[row].as_py()
    text = repr(cell)
    return text if len(text) <= 60 else f"{text[:57]}..."


def shortened(text, length=60):
    """Return text on one line of bounded length."""
    text = re.sub(r"\s+", " ", text).strip()
    return text if len(text) <= length else f"{text[: length - 3]}..."
