"""Values of a table's columns as text, numbers or their natural type; words of a missing value."""

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

#: cells of a missing value
MISSING = (
    "",
    "null",
    "Null",
    "NULL",
    "<null>",
    "none",
    "None",
    "NONE",
    "nan",
    "NaN",
    "NAN",
    "Nan",
    "n/a",
    "N/A",
    "#N/A",
    "NA",
    "<NA>",
    "-",
    "--",
    "...",
    "masked",
    "Masked",
    "MASKED",
    "INDEF",
    "NaT",
    "#VALUE!",
    "#DIV/0!",
    "#NUM!",
    "#REF!",
    "1.#INF",
    "-1.#INF",
    "\\N",
    "nodata",
    "NODATA",
    "-nan",
    "-nan(ind)",
    "1.#QNAN",
    "-1.#IND",
)

#: whole numbers above this one may lose digits as a float64
EXACT = 2**53

_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$|^[+-]?(?i:inf|infinity|nan)$"
_FORTRAN = r"^([+-]?[0-9]*\.?[0-9]+|[+-]?[0-9]+\.)[dD]([+-]?[0-9]+)$"
#: pattern of a whole number
WHOLE = r"^-?(0|[1-9][0-9]*)$"


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


def trimmed(column, missing=MISSING):
    """Return a column of text without blanks around its cells; words of a missing value are null.

    Parameters
    ----------
    column : pyarrow.ChunkedArray
        Column of text.
    missing : sequence of str
        Cells of a missing value.

    Returns
    -------
    pyarrow.ChunkedArray
    """
    column = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.is_in(column, pa.array(missing)), pa.scalar(None, pa.string()), column)


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

    Fortran's exponents, such as 5.0D-02, are read.

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
        return _cast(column)
    except pa.ArrowInvalid:  # few columns have Fortran's exponents
        plain = pc.replace_substring_regex(column, _FORTRAN, r"\1e\2")
    try:
        return _cast(plain)
    except pa.ArrowInvalid:
        row = first_true(pc.invert(pc.match_substring_regex(plain, _NUMBER)))
        comma = " with a decimal point" if "," in plain[row].as_py() else ""
        raise CellError(
            row,
            f"{shown(column, row)} is not a number; allowed: numbers{comma}, empty where unknown",
        ) from None


def _cast(column):
    """Return a column as float64, NaN where missing; raise ArrowInvalid for other text."""
    # whole numbers beyond 2**53 are rounded, because a float64 cannot hold them
    number = pc.cast(column, pa.float64(), safe=pa.types.is_string(column.type))
    return np.array(pc.fill_null(number, np.nan).to_numpy(), dtype=np.float64)


def whole_numbers(column):
    """Return a column of integers as int64, or as uint64 if int64 is too small.

    Parameters
    ----------
    column : pyarrow.ChunkedArray
        Column of integers without missing values.

    Returns
    -------
    ndarray of int64 or uint64, shape (n,)
    """
    unsigned = column.type == pa.uint64() and (pc.max(column).as_py() or 0) > 2**63 - 1
    return pc.cast(column, pa.uint64() if unsigned else pa.int64()).to_numpy()


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
            bounds = pc.min_max(column).as_py()
            exact = all(abs(bound or 0) <= EXACT for bound in bounds.values())
            return as_numbers(column) if exact else as_text(column)
        return whole_numbers(column)
    if column.null_count:
        column = pc.fill_null(column, pa.scalar(float("nan"), column.type))
    return np.array(column.to_numpy())


def _inferred(column):
    """Return text in the narrowest type that every cell allows."""
    given = pc.drop_null(column)
    if not len(given):
        return np.full(len(column), np.nan)
    if all_match(given, WHOLE):
        for kind in (pa.int64(), pa.uint64()):
            try:
                numbers = pc.cast(column, kind)
            except pa.ArrowInvalid:
                continue
            return as_values(numbers)
        return as_text(column)
    if not column.null_count and all_match(column, "^(True|False)$"):
        return as_text(column) == "True"
    try:
        return _cast(column)
    except pa.ArrowInvalid:
        return as_text(column)


def all_match(column, pattern):
    """Return whether every cell has a pattern; missing cells do not count.

    Parameters
    ----------
    column : pyarrow.ChunkedArray
        Column of text.
    pattern : str
        Regular expression.

    Returns
    -------
    bool
    """
    return pc.all(pc.match_substring_regex(column, pattern)).as_py() is not False


def first_true(mask):
    """Return the 0-based place of the first true value.

    Parameters
    ----------
    mask : pyarrow.ChunkedArray of bool
        Mask with a true value.

    Returns
    -------
    int
    """
    return int(np.argmax(pc.fill_null(mask, False).to_numpy()))


def shown(column, row):
    """Return a cell as messages show it, at most 60 characters long.

    Parameters
    ----------
    column : pyarrow.ChunkedArray
        Column of a table.
    row : int
        0-based.

    Returns
    -------
    str
    """
    cell = column[row].as_py()
    text = repr(cell)
    return text if len(text) <= 60 else f"{text[:57]}..."


def shortened(text, length=60):
    """Return text on one line of bounded length.

    Parameters
    ----------
    text : str
        Any text.
    length : int
        Largest number of characters.

    Returns
    -------
    str
    """
    text = re.sub(r"\s+", " ", text).strip()
    return text if len(text) <= length else f"{text[: length - 3]}..."
