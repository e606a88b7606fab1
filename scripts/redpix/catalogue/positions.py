"""Right ascensions and declinations in degrees, whatever their notation."""

import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from redpix.core.exceptions import InputError
from redpix.image.sphere import unit_vectors

_DEGREES = ("deg", "degs", "degree", "degrees", "°", "d:m:s", "dms", "dd:mm:ss", "ddmmss")
# a VOTable has 15 deg for an hour
_HOURS = ("h", "hr", "hrs", "hour", "hours", "hourangle", "h:m:s", "hms", "hh:mm:ss", "15 deg")
_RADIANS = ("rad", "rads", "radian", "radians")
_NOT_A_UNIT = ("", "j2000", "j2000.0", "icrs", "fk5", "eq. j2000")

_SEXAGESIMAL = re.compile(
    r"([+−-]?)([0-9]{1,3})\s*([:hd°\s])\s*([0-9]{1,2})\s*[:m'′\s]\s*"
    r"([0-9]{1,2}(?:\.[0-9]*)?)\s*(?:s|\"|″|'')?",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def unit_of(text, column, name):
    """Return the unit of a coordinate.

    Parameters
    ----------
    text : str
        Unit as the table gives it; empty: not given.
    column : str
        ``ra`` or ``dec``.
    name : str
        Name of the table in messages.

    Returns
    -------
    str
        ``deg``, ``hour`` or ``rad``; empty if it is not given.

    Raises
    ------
    InputError
        If it is not a unit of this coordinate.
    """
    bare = text.strip().strip("\"'").lower()
    if bare in _NOT_A_UNIT:
        return ""
    kinds = {"deg": _DEGREES, "hour": _HOURS if column == "ra" else (), "rad": _RADIANS}
    for unit, spellings in kinds.items():
        if bare in spellings:
            return unit
    hours = ", hours" if column == "ra" else ""
    raise InputError(f"{name}: {column}: unit {text!r}; allowed: degrees{hours}, radians")


def degrees(cells, column, unit):
    """Return coordinates in degrees as text; cells that are not understood stay as they are.

    Parameters
    ----------
    cells : ndarray of str (dtype object), shape (n,)
        Decimal or sexagesimal coordinates.
    column : str
        ``ra`` or ``dec``.
    unit : str
        ``deg``, ``hour`` or ``rad``. If empty, decimal numbers are degrees, and a sexagesimal right
        ascension is in hours.

    Returns
    -------
    cells : ndarray of str (dtype object), shape (n,)
        Cells that are decimal degrees stay as they are.
    assumed : list of str
        What was assumed, for the log.
    """
    assumed = []
    found = _matching(cells, r"[0-9]\s*[:hHdD°\s]\s*[0-9]")
    if unit in ("hour", "rad"):
        scale = 15.0 if unit == "hour" else float(np.rad2deg(1.0))
        decimal = _matching(cells, f"^{_NUMBER.pattern}$")
        cells = _replaced(cells, decimal, lambda cell: float(cell) * scale)
        assumed.append(f"{column} in {'hours' if unit == 'hour' else 'radians'}")
    if found.any():
        before = cells
        hours = column == "ra" and unit in ("", "hour")
        cells = _replaced(cells, found, lambda cell: _of_sexagesimal(cell, column, hours))
        marked = _matching(before, rf"^[^0-9]?[0-9]+\s*[{'dD°' if hours else 'hH'}]")
        in_hours = marked != hours
        for how, which in (("hours", in_hours), ("degrees", ~in_hours)):
            count = np.count_nonzero(which & (cells != before))
            assumed += [f"{count} sexagesimal {column} in {how}"] if count else []
    if column == "ra":
        cells, count = _wrapped(cells)
        assumed += [f"{count} negative ra plus 360 degrees"] if count else []
    return cells, assumed


def decimal_numbers(cells):
    """Return decimal cells as numbers.

    Parameters
    ----------
    cells : ndarray of str (dtype object), shape (n,)
        Cells of text.

    Returns
    -------
    ndarray of float64, shape (n,)
        NaN where a cell is not a decimal number.
    """
    decimal = _matching(cells, f"^{_NUMBER.pattern}$")
    number = np.full(len(cells), np.nan)
    number[decimal] = pc.cast(pa.array(cells[decimal], pa.string()), pa.float64()).to_numpy()
    return number


def far_from_their_frame(ra, dec, frames, limit=1.0):
    """Return the objects far from the other objects of their frame.

    Parameters
    ----------
    ra, dec : ndarray, shape (n,)
        Degrees; NaN: unknown.
    frames : ndarray of str, shape (n,)
        Name of the frame of each object.
    limit : float
        Largest distance from the median direction of the frame, degrees. A frame is 0.23 wide.

    Returns
    -------
    ndarray of int
        0-based rows.
    """
    vector = unit_vectors(ra, dec)
    rows = np.flatnonzero(np.isfinite(vector).all(axis=1))
    frame, _ = pd.factorize(frames[rows])
    order = np.argsort(frame, kind="stable")
    far = []
    if not len(rows):
        return rows
    for members in np.split(rows[order], np.flatnonzero(np.diff(frame[order])) + 1):
        middle = np.median(vector[members], axis=0)
        distance = np.linalg.norm(vector[members] - middle, axis=1)
        far.extend(members[distance > 2 * np.sin(np.deg2rad(limit) / 2)])
    return np.array(sorted(far), dtype=np.int64)


def _matching(cells, pattern):
    """Return which cells have a pattern."""
    return pc.match_substring_regex(pa.array(cells, pa.string()), pattern).to_numpy(False)


def _replaced(cells, where, convert):
    """Return cells, some converted to text of a number; those that give None stay."""
    cells = cells.copy()
    for row in np.flatnonzero(where):
        number = convert(cells[row])
        if number is not None:
            cells[row] = repr(float(number))
    return cells


def _of_sexagesimal(cell, column, hours):
    """Return degrees, or None if the cell is not a sexagesimal coordinate."""
    match = _SEXAGESIMAL.fullmatch(cell.strip())
    if match is None:
        return None
    sign, whole, mark, minutes, seconds = match.groups()
    if int(minutes) >= 60 or float(seconds) >= 60 or (column == "dec" and mark in "hH"):
        return None
    hours = mark in "hH" or (hours and mark not in "dD°")
    number = int(whole) + int(minutes) / 60 + float(seconds) / 3600
    return (-1 if sign in ("-", "−") else 1) * number * (15 if hours else 1)


def _wrapped(cells):
    """Return right ascensions from -180 up to 0 plus 360 degrees, and their number."""
    negative = _matching(cells, "^-[0-9.]")
    if not negative.any():
        return cells, 0
    wrapped = _replaced(cells, negative, _plus_circle)
    return wrapped, np.count_nonzero(wrapped != cells)


def _plus_circle(cell):
    """Return a right ascension from -180 up to 0 plus 360 degrees; None for other cells."""
    if _NUMBER.fullmatch(cell) is None or not -180 <= float(cell) < 0:
        return None
    number = float(cell) + 360
    return number if number < 360 else 0.0
