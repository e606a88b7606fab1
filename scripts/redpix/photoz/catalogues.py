"""Tables of magnitudes: the objects, and equal objects."""

from typing import NamedTuple

import numpy as np
import pandas

from redpix.core.exceptions import InputError
from redpix.photoz.column_values import (
    clean_errors,
    clean_fluxes,
    clean_magnitudes,
    clean_redshifts,
    clean_variances,
    fill_errors,
    labels_of,
    magnitudes_of_fluxes,
    softening_of,
)

#: columns that are copied to objects.csv
ABOUT = ("ra", "dec", "redshiftError")

#: minimum number of values of a row; rows with fewer may be equal by chance
TELLING = 3


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


def read_objects(rows, columns, roles, name):
    """Return the objects of a table, and what was done to their values.

    Parameters
    ----------
    rows : DataFrame of str
        Cells; the index is the 1-based line of the file.
    columns : redpix.photoz.magnitude_columns.Columns
        Columns of magnitudes or fluxes, and of errors.
    roles : redpix.photoz.column_names.Roles
        Columns of redshift, identifier and class.
    name : str
        Name of the file, for messages.

    Returns
    -------
    objects : GalaxyTable
    columns : redpix.photoz.magnitude_columns.Columns
        With the softening of the fluxes.
    found : dict
        Codes of missing values by column, errors that were filled by column, number of redshifts
        that were set to 0, and spellings of classes.

    Raises
    ------
    InputError
        If a column is missing, a cell is not a number, an id occurs twice, or a class is unknown.
    """
    for column in (*columns.magnitudes, *filter(None, columns.errors)):
        if column not in rows:
            raise InputError(f"{name}: no column {column}, which the other file has")
    magnitudes, errors, columns, codes, filled = _photometry(rows, columns, name)
    label, spellings = _labels(rows, roles.label, name)
    redshift = _numbers(rows, [roles.redshift], name)[:, 0]
    codes[roles.redshift], negative = clean_redshifts(redshift, label)
    objects = GalaxyTable(
        id=_identifiers(rows, roles.id, name),
        redshift=redshift,
        label=label,
        magnitudes=magnitudes,
        errors=errors,
        about=_numbers(rows, ABOUT, name),
    )
    found = {
        "missing": {column: counts for column, counts in codes.items() if counts},
        "errors_filled": filled,
        "negative_redshifts": negative,
        "classes": spellings,
    }
    return objects, columns, found


def _photometry(rows, columns, name):
    """Return magnitudes, errors, columns, codes of missing values and numbers of filled errors."""
    codes = {}
    magnitudes = _numbers(rows, columns.magnitudes, name)
    clean = clean_fluxes if columns.zero_points else clean_magnitudes
    for values, column in zip(magnitudes.T, columns.magnitudes, strict=True):
        codes[column] = clean(values)
    errors = _numbers(rows, columns.errors, name)
    for values, column in zip(errors.T, columns.errors, strict=True):
        counts = clean_errors(values) if column not in columns.ivar else clean_variances(values)
        codes |= {column: counts} if column else {}
    if columns.ivar:
        magnitudes[~np.isfinite(errors) & np.isin(columns.errors, columns.ivar)] = np.nan
    filled = fill_errors(errors, magnitudes) if columns.errors else ()
    if columns.zero_points:
        columns = _convert_fluxes(magnitudes, errors, columns)
    filled = {c: int(n) for c, n in zip(columns.magnitudes, filled, strict=False) if n}
    return magnitudes, errors, columns, codes, filled


def _convert_fluxes(flux, errors, columns):
    """Turn fluxes and their errors into magnitudes, in place; return the columns with softening."""
    error = errors if errors.shape[1] else np.full(flux.shape, np.nan)
    softening = columns.softening or tuple(map(softening_of, flux.T, error.T))
    for band, (zero_point, soft) in enumerate(zip(columns.zero_points, softening, strict=True)):
        flux[:, band], converted = magnitudes_of_fluxes(
            flux[:, band], error[:, band], zero_point, soft
        )
        if errors.shape[1]:
            errors[:, band] = converted
    return columns._replace(softening=softening)


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


def _labels(rows, column, name):
    """Return the label of the class of each row; without classes all are galaxies."""
    if column not in rows:
        return np.zeros(len(rows), int), {}
    return labels_of(rows[column].to_numpy(), lambda row: f"{name}: line {rows.index[row]}")


def _identifiers(rows, column, name):
    """Return the ids as numbers if all are, else as text; without ids, the lines of the file."""
    if column not in rows:
        return rows.index.to_numpy(np.int64)
    double = rows.index[rows[column].duplicated()]
    if len(double):
        raise InputError(
            f"{name}: line {double[0]}: {column} {rows[column][double[0]]} occurs twice"
        )
    if rows[column].str.fullmatch("[0-9]{1,18}").all():
        return rows[column].to_numpy(str).astype(np.int64)
    return rows[column].to_numpy(str)


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
