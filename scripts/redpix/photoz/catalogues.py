"""Tables of magnitudes: the choice of columns, the objects, and equal objects."""

import re
from typing import NamedTuple

import numpy as np
import pandas

from redpix.core.exceptions import InputError
from redpix.photoz.attributes import WAVELENGTH_ORDER
from redpix.photoz.learners.base import CLASSES

#: names of a column of errors, from the name of the column of magnitudes
ERROR_NAMES = (
    "{}_error",
    "{}_err",
    "{}Error",
    "{}Err",
    "{}err",
    "error_{}",
    "err_{}",
    "e_{}",
    "e{}",
    "sigma_{}",
    "{}_sigma",
)

#: names of columns with errors that are not magnitudes, such as redshifts and proper motions
NO_MAGNITUDE = re.compile(
    r"z_?(?!mag|psf|(c?model)|petro|auto|aper|iso|kron|fiber|tot)[a-z]|(phot|photo|spec)_?z"
    r"|.*redshift|parallax|pm(_?(ra|de)|$)|radial_velocity|rv($|_)",
    re.IGNORECASE,
)

#: names of columns that are refused as magnitudes, because they are the truth
TRUTH = re.compile("redshift|z_?spec", re.IGNORECASE)

#: columns that are copied to objects.csv
ABOUT = ("ra", "dec", "redshiftError")

#: range of valid magnitudes; others mark a missing measurement
FAINTEST, BRIGHTEST = 50.0, -30.0

#: minimum number of values of a row; rows with fewer may be equal by chance
TELLING = 3


class Columns(NamedTuple):
    """The columns of a table that are used."""

    magnitudes: tuple  #: names, by increasing wavelength
    errors: tuple  #: names of the columns of their errors, or empty


class GalaxyTable(NamedTuple):
    """Objects of a table, one row per object."""

    id: np.ndarray  #: (n,), int64 or str
    redshift: np.ndarray  #: (n,), NaN where unknown
    label: np.ndarray  #: (n,), index into `CLASSES`, -1 where unknown
    magnitudes: np.ndarray  #: (n, bands), NaN where not measured
    errors: np.ndarray  #: (n, bands), or (n, 0) without errors
    about: np.ndarray  #: (n, 3), `ABOUT`, NaN where unknown

    def take(self, rows):
        """Return some rows.

        Parameters
        ----------
        rows : ndarray of bool or int
            Mask or indices of the rows.

        Returns
        -------
        GalaxyTable
        """
        columns = (column[rows] for column in self)
        return GalaxyTable(*columns)


def choose_columns(header, magnitudes, name, warn):
    """Return the columns of magnitudes and of their errors.

    Parameters
    ----------
    header : sequence of str
        Names of the columns of the table.
    magnitudes : sequence of str
        Columns of magnitudes. If it is empty, they are u, g, r, i, z and, in the order of the
        table, each column with a column of errors (`ERROR_NAMES`) whose name does not match
        `NO_MAGNITUDE`.
    name : str
        Name of the file, for messages.
    warn : callable
        Called with one line of text if columns are ignored because of their names.

    Returns
    -------
    Columns

    Raises
    ------
    InputError
        If a column is missing, is the truth, or if there are fewer than two magnitudes.
    """
    partners = {
        column: next((p.format(column) for p in ERROR_NAMES if p.format(column) in header), None)
        for column in header
    }
    if magnitudes:
        missing = [column for column in magnitudes if column not in header]
        if missing:
            raise InputError(f"{name}: no column {missing[0]}; there are {', '.join(header)}")
        chosen = tuple(magnitudes)
    else:
        survey = [band for band in WAVELENGTH_ORDER if band in header]
        reserved = {"redshift", "ra", "dec", "id", "class", *survey}
        named = [c for c in header if partners[c] and c not in reserved]
        others = [c for c in named if NO_MAGNITUDE.match(c) and not TRUTH.match(c)]
        if others:
            warn(
                f"{name}: ignored, because the names do not look like magnitudes: "
                f"{', '.join(others)}; the listing's column magnitudes selects columns"
            )
        chosen = tuple(survey + [column for column in named if column not in others])
    if len(chosen) < 2:
        raise InputError(
            f"{name}: columns of at least two magnitudes are needed, such as u, g, r, i, z; "
            f"there are {', '.join(header)}"
        )
    forbidden = [column for column in chosen if TRUTH.match(column)]
    if forbidden:
        raise InputError(f"{name}: {forbidden[0]} is the truth and cannot be a magnitude")
    errors = tuple(partners[column] for column in chosen)
    return Columns(chosen, errors if all(errors) else ())


def read_objects(rows, columns, name):
    """Return the objects of a table.

    Parameters
    ----------
    rows : DataFrame of str
        Cells; the index is the 1-based line of the file.
    columns : Columns
        Columns of magnitudes and errors.
    name : str
        Name of the file, for messages.

    Returns
    -------
    GalaxyTable

    Raises
    ------
    InputError
        If a column is missing, a cell is not a number, an id occurs twice, or a class is unknown.
    """
    for column in columns.magnitudes + columns.errors:
        if column not in rows:
            raise InputError(f"{name}: no column {column}, which the other file has")
    magnitudes = _numbers(rows, columns.magnitudes, name)
    errors = _numbers(rows, columns.errors, name)
    magnitudes[(magnitudes > FAINTEST) | (magnitudes < BRIGHTEST)] = np.nan
    errors[~(errors > 0) | np.isinf(errors)] = np.nan
    redshift = _numbers(rows, ["redshift"], name)[:, 0]
    redshift[~(redshift > -0.01)] = np.nan
    return GalaxyTable(
        id=_identifiers(rows, name),
        redshift=redshift,
        label=_labels(rows, name),
        magnitudes=magnitudes,
        errors=errors,
        about=_numbers(rows, ABOUT, name),
    )


def _numbers(rows, columns, name):
    """Return some columns as numbers, shape (n, columns), NaN where missing."""
    values = np.full((len(rows), len(columns)), np.nan)
    for number, column in enumerate(columns):
        if column not in rows:
            continue
        text = rows[column].replace("", "nan")
        values[:, number] = pandas.to_numeric(text, errors="coerce")
        bad_lines = rows.index[np.isnan(values[:, number]) & (text.str.lower() != "nan")]
        if len(bad_lines):
            line = bad_lines[0]
            raise InputError(
                f"{name}: line {line}: {column} {rows[column][line]!r} is not a number"
            )
    return values


def _labels(rows, name):
    """Return the label of the class of each row; without classes all are galaxies."""
    if "class" not in rows:
        return np.zeros(len(rows), int)
    labels = {"": -1, **{text: index for index, text in enumerate(CLASSES)}}
    bad_lines = rows.index[~rows["class"].isin(labels)]
    if len(bad_lines):
        line = bad_lines[0]
        raise InputError(
            f"{name}: line {line}: class {rows['class'][line]!r} is unknown; allowed: "
            f"{', '.join(CLASSES)}"
        )
    return rows["class"].map(labels).to_numpy(int)


def _identifiers(rows, name):
    """Return the ids as numbers if all are, else as text; without ids, the lines of the file."""
    if "id" not in rows:
        return rows.index.to_numpy(np.int64)
    double = rows.index[rows["id"].duplicated()]
    if len(double):
        raise InputError(f"{name}: line {double[0]}: id {rows['id'][double[0]]} occurs twice")
    if rows["id"].str.fullmatch("[0-9]{1,18}").all():
        return rows["id"].to_numpy(str).astype(np.int64)
    return rows["id"].to_numpy(str)


def alike(magnitudes, errors):
    """Return for each row the first row with the same magnitudes and errors.

    It is the row itself if all earlier rows differ, or if the row has fewer than `TELLING` values.

    Parameters
    ----------
    magnitudes, errors : ndarray, shape (n, bands)
        NaN where not measured. Errors may have the shape (n, 0).

    Returns
    -------
    ndarray of int, shape (n,)
        0-based rows.
    """
    measured = np.isfinite(magnitudes)
    if errors.shape[1]:
        # an error without a magnitude is not a measurement
        magnitudes = np.hstack([magnitudes, np.where(measured, errors, np.nan)])
    first = np.arange(len(magnitudes))
    telling = np.flatnonzero(np.isfinite(magnitudes).sum(axis=1) >= TELLING)
    rows = np.nan_to_num(magnitudes[telling], nan=np.inf)
    _, where, number = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    first[telling] = telling[where[number]]
    return first
