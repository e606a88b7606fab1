"""Tables of magnitudes: the objects, and equal objects."""

from typing import NamedTuple

import numpy as np
import pandas

from redpix.catalogue.positions import decimal_numbers, degrees
from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.io.table_values import shortened
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
from redpix.photoz.extreme_values import clean_flagged, clean_limits, clean_unobserved
from redpix.photoz.flux_units import converted_errors, in_units

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

    def joined(self, other):
        """Return the rows of this table and of another one.

        Parameters
        ----------
        other : GalaxyTable
            Objects in the same bands.

        Returns
        -------
        GalaxyTable
            Ids are text if those of a table are.
        """
        columns = (np.concatenate(pair) for pair in zip(self, other, strict=True))
        return GalaxyTable(*columns)


def read_objects(table, columns, roles, ids=None):
    """Return the objects of a table, and what was done to their values.

    Parameters
    ----------
    table : redpix.io.table.Table
        Table of magnitudes or fluxes.
    columns : redpix.photoz.magnitude_columns.Columns
        Columns of magnitudes or fluxes, and of errors.
    roles : redpix.photoz.column_names.Roles
        Columns of redshift, identifier and class.
    ids : ndarray, shape (n,), optional
        Exact ids of the rows; without them, ids are the lines of the file.

    Returns
    -------
    objects : GalaxyTable
    columns : redpix.photoz.magnitude_columns.Columns
        With the softening of the fluxes, in the units of the table.
    found : dict
        Codes of missing values by column, errors that were filled by column, magnitudes that are
        limits by column, cells that are not plain numbers by column, units of errors that were
        converted, number of redshifts that were set to 0, and spellings of classes.

    Raises
    ------
    InputError
        If a column is missing, a cell is not a number, an id occurs twice, or a class is unknown.
    """
    _check_header(table, columns)
    columns = in_units(columns, table.units)
    factors = converted_errors(columns, table.units)
    magnitudes, errors, columns, codes, filled, limits = _photometry(table, columns, factors)
    label, spellings = _labels(table, roles.label)
    redshift = _numbers(table, [roles.redshift])[:, 0]
    codes[roles.redshift], negative = clean_redshifts(redshift, label)
    objects = GalaxyTable(
        id=table.lines if ids is None else _distinct(ids, roles.id, table),
        redshift=redshift,
        label=label,
        magnitudes=magnitudes,
        errors=errors,
        about=_about(table),
    )
    found = {
        "missing": {column: counts for column, counts in codes.items() if counts},
        "errors_filled": filled,
        "limits": limits,
        "written": _written(table, roles, columns),
        "errors_converted": {column: table.units[column] for column in factors},
        "negative_redshifts": negative,
        "classes": spellings,
    }
    return objects, columns, found


def _check_header(table, columns):
    """Raise InputError if a table lacks columns of another one."""
    needed = (*columns.magnitudes, *filter(None, columns.errors))
    lacking = [column for column in needed if column not in table]
    if lacking:
        raise InputError(
            f"{table.name}: no column {lacking[0]}, which the training table has; there are "
            f"{shortened(', '.join(table.names), 200)}; allowed: the same photometry under the "
            "same names in both tables"
        )


def _photometry(table, columns, factors):
    """Return magnitudes, errors, columns, codes, numbers of filled errors and of limits."""
    codes, limits = {}, {}
    magnitudes = _numbers(table, columns.magnitudes)
    clean = clean_fluxes if columns.zero_points else clean_magnitudes
    for values, column in zip(magnitudes.T, columns.magnitudes, strict=True):
        codes[column] = clean(values)
    errors = _numbers(table, columns.errors)
    for values, column in zip(errors.T, columns.errors, strict=True):
        counts = clean_errors(values) if column not in columns.ivar else clean_variances(values)
        codes |= {column: counts} if column else {}
        values *= factors.get(column, 1.0)
    if columns.ivar:
        magnitudes[~np.isfinite(errors) & np.isin(columns.errors, columns.ivar)] = np.nan
    for values, error, column in zip(magnitudes.T, errors.T, columns.magnitudes, strict=False):
        if columns.zero_points:
            codes[column] |= clean_unobserved(values, error)
        else:
            limits[column] = clean_limits(values, error)
    for values, column in zip(magnitudes.T, columns.magnitudes, strict=True):
        limits[column] = limits.get(column, 0) + clean_flagged(values, _limit_flags(table, column))
    filled = fill_errors(errors, magnitudes) if columns.errors else ()
    if columns.zero_points:
        columns = _convert_fluxes(magnitudes, errors, columns)
    filled = {c: int(n) for c, n in zip(columns.magnitudes, filled, strict=False) if n}
    limits = {column: count for column, count in limits.items() if count}
    return magnitudes, errors, columns, codes, filled, limits


def _limit_flags(table, column):
    """Return the CDS's flags of the limits of a column, such as ``l_gmag``; empty without them."""
    name = f"l_{column}"
    return table.text(name) if name in table else np.full(len(table), "", object)


def _written(table, roles, columns):
    """Return how the cells of the columns that are used are written, if not as plain numbers."""
    used = {*columns.magnitudes, *columns.errors, roles.redshift}
    return {column: found for column, found in table.written.items() if column in used}


def _about(table):
    """Return the columns of `ABOUT`, shape (n, 3); positions in degrees."""
    values = np.full((len(table), len(ABOUT)), np.nan)
    for number, column in enumerate(ABOUT):
        name = next((name for name in (column, column.upper()) if name in table), None)
        if name is None:
            continue
        try:
            values[:, number] = table.numbers(name)
        except InputError:
            if column not in ("ra", "dec"):
                raise
            cells = degrees(table.text(name), column, "")[0]
            values[:, number] = decimal_numbers(cells)
            log.info("%s: %s is sexagesimal; objects.csv has degrees", table.name, name)
            if not np.isfinite(values[:, number]).any():
                raise
    return values


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


def _numbers(table, columns):
    """Return some columns as numbers, shape (n, columns), NaN where missing."""
    values = np.full((len(table), len(columns)), np.nan)
    for number, column in enumerate(columns):
        if column in table:
            try:
                values[:, number] = table.numbers(column)
            except InputError as error:
                raise InputError(str(error).replace(f": {column}: ", f": {column} ", 1)) from None
    return values


def _labels(table, column):
    """Return the label of the class of each row; without classes all are galaxies."""
    if column not in table:
        return np.zeros(len(table), int), {}
    return labels_of(table.text(column), table.where)


def _distinct(ids, column, table):
    """Return ids as numbers if all have at most 18 digits, else as text; refuse equal ones."""
    double = pandas.Series(ids).duplicated().to_numpy()
    if double.any():
        row = int(np.argmax(double))
        raise InputError(f"{table.where(row)}: {column} {ids[row]} occurs twice")
    if ids.dtype.kind in "iu" and ids.min() >= 0 and ids.max() < 10**18:
        return ids.astype(np.int64)
    return ids.astype(str)


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
    first = np.arange(len(magnitudes))
    # an error without a magnitude is not a measurement
    columns = [*magnitudes.T]
    columns += [
        np.where(one, error, np.nan) for one, error in zip(measured.T, errors.T, strict=False)
    ]
    telling = sum(np.isfinite(column).astype(np.int64) for column in columns) >= TELLING
    repeated = pandas.Series(_row_hashes(columns, len(first))).duplicated(keep=False).to_numpy()
    rows = np.flatnonzero(telling & repeated)
    values = np.nan_to_num(np.stack([column[rows] for column in columns], axis=1), nan=np.inf)
    _, where, number = np.unique(values, axis=0, return_index=True, return_inverse=True)
    first[rows] = rows[where[number.ravel()]]
    return first


def _row_hashes(columns, count):
    """Return a number per row that is equal for equal rows, and seldom for others."""
    key = np.zeros(count, np.uint64)
    for column in columns:
        values = np.where(np.isfinite(column), column, np.inf) + 0.0  # -0 counts as 0
        key = key * np.uint64(0x9E3779B97F4A7C15) + pandas.util.hash_array(values)
    return key
