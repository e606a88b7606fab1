"""Tables of measurements as CSV, the same bytes for the same numbers."""

import csv

import numpy as np

from redpix.core.atomic_files import atomic

#: digits after the point; other numbers have seven significant digits
DECIMALS = {
    **dict.fromkeys(("centroid_x", "centroid_y", "width_x", "width_y", "x_error", "y_error"), 4),
    **dict.fromkeys(("ra", "dec", "mjd"), 7),
    **dict.fromkeys(("magnitude", "magnitude_error", "chi2", "x", "y", "airmass"), 4),
}


def cell(name, value):
    """A value as text; nothing for what is not known."""
    if isinstance(value, str | np.str_):
        return str(value)
    if isinstance(value, int | np.integer):
        return str(int(value))
    if not np.isfinite(value):
        return ""
    return f"{value:.{DECIMALS[name]}f}" if name in DECIMALS else f"{value:.7g}"


def write_table(path, columns):
    """Columns of one length, by name."""
    with atomic(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for row in zip(*columns.values(), strict=True):
            writer.writerow([cell(*item) for item in zip(columns, row, strict=True)])
