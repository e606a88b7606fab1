"""Tell a column z of redshifts from one of magnitudes by its values."""

import numpy as np

from redpix.catalogue.redshifts import missing_redshifts
from redpix.core.exceptions import InputError
from redpix.photoz.column_values import clean_magnitudes
from redpix.photoz.learners.base import FEWEST

#: largest median of redshifts, and by how much the median magnitudes of other bands exceed it
HIGHEST, ABOVE = 8.0, 6.0

#: bands beside which z may be a magnitude
_BANDS = ("u", "g", "r", "i")


def redshift_by_values(table, magnitudes, warn):
    """Return the column z or Z if its values are redshifts, although other bands stand beside it.

    No real colour spans `ABOVE` magnitudes in most objects of a table.

    Parameters
    ----------
    table : redpix.io.table.Table
        Table without another column of redshifts.
    magnitudes : sequence of str
        Columns that are magnitudes.
    warn : callable
        Called with one line of text if there is such a column.

    Returns
    -------
    str or None
        None if no column, or more than one, has such values.
    """
    others = [_median(table, c, clean_magnitudes) for c in table.names if c.lower() in _BANDS]
    others = [value for value in others if value is not None]
    if not others:
        return None
    found = {}
    for column in table.names:
        if column.lower() == "z" and column not in magnitudes:
            middle = _median(table, column, _clean)
            if middle is not None and middle < min(HIGHEST, min(others) - ABOVE):
                found[column] = middle
    if len(found) != 1:
        return None
    (column, middle), *_ = found.items()
    warn(
        f"{table.name}: {column} is taken as the redshift: its median is {middle:.3g}, that of "
        f"other bands at least {min(others):.3g}; the listing's column redshift names another"
    )
    return column


def _clean(values):
    """Set codes of missing redshifts to NaN, in place."""
    values[missing_redshifts(values)] = np.nan


def _median(table, column, clean):
    """Return the median of a column's valid numbers; None of text or of few numbers."""
    try:
        values = np.array(table.numbers(column), float)
    except InputError:
        return None
    clean(values)
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) >= FEWEST else None
