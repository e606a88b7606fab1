"""One rule for redshifts that are missing by a code, or slightly below 0."""

import numpy as np

from redpix.catalogue.positions import decimal_numbers

#: numbers that stand for a missing redshift, besides those outside the limits below
CODES = (9.0, 9.9, 9.99, 9.999, 9.9999)

#: redshifts above the first are missing; those from the second to 0 are peculiar velocities
HIGHEST, LOWEST = 20.0, -0.01


def missing_redshifts(values):
    """Return which redshifts are codes of a missing value, such as -1, -99, 9.99 and 9999.

    Parameters
    ----------
    values : ndarray of float
        Redshifts; NaN: missing.

    Returns
    -------
    ndarray of bool
        True for codes and NaN.
    """
    return ~(values > LOWEST) | (values > HIGHEST) | np.isin(values, CODES)


def standard_redshifts(rows):
    """Write the redshifts of a catalogue by one rule: empty for a code, 0 for a galaxy below 0.

    Redshifts from -0.01 to 0 of galaxies and quasars are peculiar velocities or noise, and become
    0. Those of stars stay, because they are radial velocities.

    Parameters
    ----------
    rows : DataFrame of str
        Cells, with or without the columns redshift and class; changed in place.

    Returns
    -------
    list of str
        What was done with how many rows; empty if nothing was.
    """
    if "redshift" not in rows:
        return []
    cells = rows["redshift"].to_numpy().copy()
    number = decimal_numbers(cells)
    code = np.isfinite(number) & missing_redshifts(number)
    star = rows["class"].str.upper().to_numpy() == "STAR" if "class" in rows else False
    negative = (number < 0) & ~code & ~star
    said = []
    if code.any():
        values, counts = np.unique(number[code], return_counts=True)
        listed = ", ".join(f"{v:g} ({n})" for v, n in list(zip(values, counts, strict=True))[:5])
        said.append(f"redshift unknown in {code.sum()} rows: {listed}")
    if negative.any():
        said.append(f"redshift from -0.01 to 0 of {negative.sum()} galaxies and quasars set to 0")
    if said:
        cells[code], cells[negative] = "", "0"
        rows["redshift"] = cells
    return said
