"""Read tables that a service answered and a run keeps, which a person may have edited."""

import numpy as np
from astropy.table import Table

from redpix.core.damaged_files import REMEDY, readable
from redpix.core.exceptions import InputError


def read_kept(path, numbers, texts=()):
    """Return a table in ECSV that a job of this run wrote.

    Parameters
    ----------
    path : str
        ECSV.
    numbers, texts : sequence of str
        Columns of numbers and of texts that the table must have. Further columns hold numbers.

    Returns
    -------
    astropy.table.Table

    Raises
    ------
    InputError
        One line that names the file, if it cannot be read or lacks a column.
    """
    try:
        with readable(path, "a table in ECSV"):
            table = Table.read(path, format="ascii.ecsv")
            _check_columns(table, (*numbers, *texts), texts)
    except InputError as error:
        raise InputError(f"{error}; {REMEDY}") from None
    for name in numbers:
        if len(table):  # a missing number is NaN
            table[name] = np.ma.filled(np.ma.asarray(table[name], float), np.nan)
    return table


def _check_columns(table, needed, texts):
    """Refuse a table without a column, or with another type; a column without rows has any."""
    for name in needed:
        if name not in table.colnames:
            raise InputError(f"column {name} is missing")
    for name in table.colnames if len(table) else ():
        column, expected = table[name], "text" if name in texts else "number"
        if column.ndim != 1 or column.dtype.kind not in {"text": "US", "number": "fiu"}[expected]:
            raise InputError(f"column {name} does not hold one {expected} per row")
