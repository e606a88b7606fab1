"""Write tables of measurements as CSV; the same numbers give the same bytes."""

import csv

import numpy as np

from redpix.core.atomic_files import atomic

#: decimals of some columns; other numbers have seven significant digits
DECIMALS = {
    **dict.fromkeys(("centroid_x", "centroid_y", "width_x", "width_y", "x_error", "y_error"), 4),
    **dict.fromkeys(("ra", "dec", "mjd", "bjd_tdb"), 7),
    **dict.fromkeys(("magnitude", "magnitude_error", "chi2", "x", "y", "airmass"), 4),
}


def cell(name, value):
    """Return a value as text.

    Parameters
    ----------
    name : str
        Name of the column.
    value : str, int or float
        Value of the cell.

    Returns
    -------
    str
        Empty for NaN and infinite values.
    """
    if isinstance(value, str | np.str_):
        return str(value)
    if isinstance(value, int | np.integer):
        return str(int(value))
    if not np.isfinite(value):
        return ""
    return f"{value:.{DECIMALS[name]}f}" if name in DECIMALS else f"{value:.7g}"


def write_table(path, columns):
    """Write a CSV table.

    Parameters
    ----------
    path : str
        File to write.
    columns : mapping of str to sequence
        Columns of equal length by name.
    """
    with atomic(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for row in zip(*columns.values(), strict=True):
            writer.writerow([cell(*item) for item in zip(columns, row, strict=True)])
