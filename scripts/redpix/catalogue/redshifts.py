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


#: smallest number of redshifts of exactly 0 that are a code, how many times as many they have to be
#: as other redshifts up to `NEAR`, and their smallest fraction
LEAST_ZEROS, TIMES, NEAR, FRACTION = 10, 3, 0.02, 0.01


def zero_is_a_code(values):
    """Return whether redshifts of exactly 0 stand for a missing value.

    Measured redshifts of galaxies are seldom 0 to the last digit. So 0 is a code if there are far
    more of them than of other redshifts near 0.

    Parameters
    ----------
    values : ndarray of float
        Redshifts of galaxies and quasars; NaN: missing.

    Returns
    -------
    bool
    """
    zeros = int(np.sum(values == 0))
    near = int(np.sum((values != 0) & (np.abs(values) <= NEAR)))
    return zeros >= max(LEAST_ZEROS, TIMES * near, FRACTION * np.isfinite(values).sum())


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
