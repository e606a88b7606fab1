"""Redshifts of catalogued objects from their magnitudes: columns, checks, learning."""

import re
from typing import NamedTuple

import numpy as np
import pandas

from redpix.core.exceptions import InputError
from redpix.photoz.attributes import WAVELENGTH_ORDER
from redpix.photoz.learners.base import CLASSES

#: how a column of errors may be named after that of its magnitudes
ERROR_NAMES = (
    *("{}_error", "{}_err", "{}Error", "{}Err", "{}err", "error_{}", "err_{}", "e_{}", "e{}"),
    *("sigma_{}", "{}_sigma"),
)

#: names of columns that are no magnitudes although errors stand beside them: redshifts, motions
NO_MAGNITUDE = re.compile(
    r"z_?(?!mag|psf|(c?model)|petro|auto|aper|iso|kron|fiber|tot)[a-z]|(phot|photo|spec)_?z"
    r"|.*redshift|parallax|pm(_?(ra|de)|$)|radial_velocity|rv($|_)",
    re.IGNORECASE,
)

#: and of those that may not be used even if they are asked for
TRUTH = re.compile("redshift|z_?spec", re.IGNORECASE)

#: columns that are carried along
ABOUT = ("ra", "dec", "redshiftError")

#: magnitudes from here to there are measurements; others stand for none
FAINTEST, BRIGHTEST = 50.0, -30.0

#: a column of so close a rank correlation with the redshift is the redshift; or of so close a one
#: if it is also, in the median, so near to it
LEAK, NEAR_LEAK, NEAR = 0.999, 0.9, 0.01

#: fields of a table that tell objects apart; rows of fewer numbers may be alike by chance
COMPARED, TELLING = ("magnitudes", "errors"), 3


class Columns(NamedTuple):
    """Which columns of a table are used."""

    magnitudes: tuple  #: by wavelength
    errors: tuple  #: of the magnitudes, in their order; empty where there are none


class Catalogue(NamedTuple):
    """Objects of a table, one row each."""

    id: np.ndarray  #: (n,), int64 or str
    redshift: np.ndarray  #: (n,), NaN where unknown
    label: np.ndarray  #: (n,), index into `CLASSES`, -1 where unknown
    magnitudes: np.ndarray  #: (n, bands), NaN where not measured
    errors: np.ndarray  #: (n, bands) or (n, 0)
    about: np.ndarray  #: (n, 3), `ABOUT`, NaN where unknown

    def take(self, rows):
        """The rows of a mask."""
        return Catalogue(*(column[rows] for column in self))


def choose_columns(header, asked, name, warn):
    """Columns of magnitudes and their errors.

    Parameters
    ----------
    header : sequence of str
    asked : sequence of str
        Columns of magnitudes; where empty, those of u, g, r, i, z that are there and every
        column that has a column of errors beside it (`ERROR_NAMES`), in the table's order,
        unless its name is that of something else (`NO_MAGNITUDE`).
    name : str
        The file's name, for messages.
    warn : callable
        Called with a line for columns whose names are.

    Returns
    -------
    Columns
    """
    partners = {
        column: next((p.format(column) for p in ERROR_NAMES if p.format(column) in header), None)
        for column in header
    }
    if asked:
        missing = [column for column in asked if column not in header]
        if missing:
            raise InputError(f"{name}: no column {missing[0]}; there are {', '.join(header)}")
        chosen = tuple(asked)
    else:
        survey = [band for band in WAVELENGTH_ORDER if band in header]
        reserved = {"redshift", "ra", "dec", "id", "class", *survey}
        named = [c for c in header if partners[c] and c not in reserved]
        others = [c for c in named if NO_MAGNITUDE.match(c) and not TRUTH.match(c)]
        if others:
            warn(
                f"{name}: by their names no magnitudes, so not used: {', '.join(others)}; the "
                "listing's column magnitudes names those that are"
            )
        chosen = (*survey, *(column for column in named if column not in others))
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
    """The objects of a table.

    Parameters
    ----------
    rows : DataFrame of str
        Cells; index: line of the file.
    columns : Columns
    name : str
        The file's name, for messages.

    Raises
    ------
    InputError
        For a missing column, a cell that is no number, an id given twice, an unknown class.
    """
    for column in (*columns.magnitudes, *columns.errors):
        if column not in rows:
            raise InputError(f"{name}: no column {column}, which the other file has")

    def numbers(column):
        if column not in rows:
            return np.full(len(rows), np.nan)
        text = rows[column].replace("", "nan")
        found = pandas.to_numeric(text, errors="coerce")
        wrong = rows.index[found.isna() & (text.str.lower() != "nan")]
        if len(wrong):
            raise InputError(
                f"{name}: line {wrong[0]}: {column} {rows[column][wrong[0]]!r} is not a number"
            )
        return np.array(found, float)

    def stacked(names):
        if not names:
            return np.empty((len(rows), 0))
        return np.stack([numbers(column) for column in names], axis=1)

    magnitudes, errors = stacked(columns.magnitudes), stacked(columns.errors)
    magnitudes[(magnitudes > FAINTEST) | (magnitudes < BRIGHTEST)] = np.nan
    errors[~(errors > 0) | np.isinf(errors)] = np.nan
    redshift = numbers("redshift")
    redshift[~(redshift > -0.01)] = np.nan
    label = np.zeros(len(rows), int)
    if "class" in rows:
        known = {"": -1, **{text: index for index, text in enumerate(CLASSES)}}
        strange = rows.index[~rows["class"].isin(known)]
        if len(strange):
            raise InputError(
                f"{name}: line {strange[0]}: class {rows['class'][strange[0]]!r} is none of "
                f"{', '.join(CLASSES)}"
            )
        label = rows["class"].map(known).to_numpy(int)
    return Catalogue(_identifiers(rows, name), redshift, label, magnitudes, errors, stacked(ABOUT))


def _identifiers(rows, name):
    """Numbers where all ids are, else texts; the line of the file where there are no ids."""
    if "id" not in rows:
        return rows.index.to_numpy(np.int64)
    double = rows.index[rows["id"].duplicated()]
    if len(double):
        raise InputError(f"{name}: line {double[0]}: id {rows['id'][double[0]]} is there twice")
    if rows["id"].str.fullmatch("[0-9]{1,18}").all():
        return rows["id"].to_numpy(str).astype(np.int64)
    return rows["id"].to_numpy(str)


def alike(magnitudes, errors):
    """For each row the first that has the same magnitudes and errors, itself if none has.

    Rows with fewer than `TELLING` numbers are like no other.

    Parameters
    ----------
    magnitudes, errors : ndarray, shape (n, bands)
        NaN where not measured; errors also of shape (n, 0).

    Returns
    -------
    ndarray of int, shape (n,)
    """
    measured = np.isfinite(magnitudes)
    if errors.shape[1]:
        # errors of magnitudes that are not measured are no measurements
        magnitudes = np.hstack([magnitudes, np.where(measured, errors, np.nan)])
    first = np.arange(len(magnitudes))
    telling = np.flatnonzero(np.isfinite(magnitudes).sum(axis=1) >= TELLING)
    rows = np.nan_to_num(magnitudes[telling], nan=np.inf)
    _, where, number = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    first[telling] = telling[where[number]]
    return first
