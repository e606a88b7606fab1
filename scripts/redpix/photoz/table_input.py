"""Read one table of magnitudes: its columns, ids and values, and how they were understood."""

from typing import NamedTuple

import numpy as np

from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.io.tables import read_table
from redpix.io.written_numbers import with_numbers
from redpix.photoz import catalogues
from redpix.photoz.bare_fluxes import as_cigale, check_bare_fluxes
from redpix.photoz.catalogue_doubts import (
    check_errors,
    check_extinction,
    check_quality,
)
from redpix.photoz.column_names import IDS, LABELS, Names, find_roles
from redpix.photoz.input_words import describe_input, in_words
from redpix.photoz.magnitude_columns import Columns, choose_columns
from redpix.photoz.photometry_doubts import check_fluxes, check_order, check_written
from redpix.photoz.redshift_values import redshift_by_values

#: no column is named
NO_NAMES = Names()


class Input(NamedTuple):
    """A table that was read."""

    objects: catalogues.GalaxyTable
    columns: Columns
    with_ids: bool
    understood: dict  #: for metrics.json: columns, zero points, and what was done to values


class Warnings(list):
    """Warnings of a run, which go to the log, too."""

    def __call__(self, text):
        """Add a warning.

        Parameters
        ----------
        text : str
            One line.
        """
        log.warning("%s", text)
        self.append(text)


def read(path, names=NO_NAMES, columns=None, warn=None):
    """Return the objects of a table, and how its columns were understood.

    Parameters
    ----------
    path : str
        Table in any format of `redpix.io.tables.read_table`.
    names : redpix.photoz.column_names.Names, optional
        Columns that the user names; the others are found by name.
    columns : redpix.photoz.magnitude_columns.Columns, optional
        Columns of another table, which are used here, too.
    warn : callable, optional
        Called with one line of text per doubtful property; by default the log has them.

    Returns
    -------
    Input

    Raises
    ------
    InputError
        If the table cannot be read or lacks columns.
    """
    return understand(open_table(path, names), names, columns, warn)


def open_table(path, names):
    """Return a table with all columns, as `redpix.io.tables.read_table` reads it.

    Parameters
    ----------
    path : str
        Table in any format of `redpix.io.tables.read_table`.
    names : redpix.photoz.column_names.Names
        Columns that the user names.

    Returns
    -------
    redpix.io.table.Table
    """
    table = read_table(path, ids=(names.id or "id",))
    texts = ("id", "ra", "dec", *IDS, *LABELS, names.id, names.label)
    table = with_numbers(table, but=[name.lower() for name in texts])
    log.info("%s", table.understood)
    return table


def understand(table, names=NO_NAMES, columns=None, warn=None):
    """Return the objects of a table that was opened, and how its columns were understood.

    Parameters
    ----------
    table : redpix.io.table.Table
        From `open_table`.
    names, columns, warn : object, optional
        As for `read`.

    Returns
    -------
    Input
    """
    warn = Warnings() if warn is None else warn
    header, path = table.names, table.name
    roles = find_roles(header, names, path, needed=columns is None)
    if roles.redshift is None:
        taken = columns.magnitudes if columns else names.magnitudes
        roles = roles._replace(redshift=redshift_by_values(table, taken, warn))
    chosen_by_name = columns is None and not names.magnitudes
    columns = columns or choose_columns(
        header,
        names.magnitudes,
        path,
        warn,
        errors=names.errors,
        roles=roles,
        units=table.units,
    )
    columns = as_cigale(table, columns, warn)
    roles, ids = _usable_ids(table, roles, names, warn)
    objects, columns, found = catalogues.read_objects(table, columns, roles, ids)
    if chosen_by_name:
        objects, columns = _without_empty_bands(objects, columns, path, warn)
    understood = describe_input(path, roles, columns, objects, found)
    log.info("%s", in_words(path, understood))
    check_written(understood["written"], path, warn)
    check_errors(header, columns, roles.redshift, path, warn)
    check_extinction(header, columns, path, warn)
    check_quality(table, roles, path, warn)
    check_fluxes(objects, columns, table.units, path, warn)
    check_bare_fluxes(objects, columns, table.units, path, warn)
    if columns.bands:
        check_order(objects, columns, path, warn)
    return Input(objects, columns, roles.id is not None, understood)


def _without_empty_bands(objects, columns, name, warn):
    """Return objects and columns without bands in which nothing is measured, if two others are."""
    measured = np.isfinite(objects.magnitudes).any(axis=0)
    if measured.all() or measured.sum() < 2:
        return objects, columns
    empty = [column for column, some in zip(columns.magnitudes, measured, strict=True) if not some]
    warn(f"{name}: {', '.join(empty)}: no object has a value, so these columns are not used")
    errors = objects.errors[:, measured] if objects.errors.shape[1] else objects.errors
    return (
        objects._replace(magnitudes=objects.magnitudes[:, measured], errors=errors),
        columns.take(measured),
    )


def _usable_ids(table, roles, names, warn):
    """Return the roles, and exact ids; both are without ids that cannot be used.

    Ids that the user names, or that are called id, are refused if they cannot be used.
    """
    if roles.id is None:
        return roles, None
    required = roles.id == names.id or roles.id.lower() == "id"
    try:
        ids = table.ids(roles.id)
    except InputError as error:
        if required:
            raise
        warn(f"{error}; {roles.id} is not used as the id")
        return roles._replace(id=None), None
    if not required and len(np.unique(ids)) < len(ids):
        warn(f"{table.name}: {roles.id} is not used as the id, because values occur twice")
        return roles._replace(id=None), None
    return roles, ids
