"""Read tables of magnitudes as a training set and objects to predict."""

from typing import NamedTuple

import numpy as np

from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.io.tables import read_table
from redpix.photoz import catalogues
from redpix.photoz.catalogue_checks import check_apart, check_honest, check_measured
from redpix.photoz.catalogue_doubts import check_alike, check_fluxes, check_named, check_order
from redpix.photoz.checks import check_samples
from redpix.photoz.column_names import Names, find_roles
from redpix.photoz.input_words import describe_input, in_words
from redpix.photoz.learners.base import FEWEST, STAR, Training
from redpix.photoz.magnitude_columns import Columns, choose_columns
from redpix.photoz.missing_bands import Donors
from redpix.photoz.object_samples import Sample, attributes_of, count_reasons, sample_of
from redpix.photoz.split import TRAIN, split_objects

#: no column is named
NO_NAMES = Names()


class Input(NamedTuple):
    """A table that was read."""

    objects: catalogues.GalaxyTable
    columns: Columns
    with_ids: bool
    understood: dict  #: for metrics.json: columns, zero points, and what was done to values


class Samples(NamedTuple):
    """Training set and objects to predict of a run, checked."""

    train: Sample  #: all training objects, also those that cannot be used
    test: Sample  #: all other objects
    columns: Columns
    understood: list  #: how each table was understood
    warnings: list  #: doubtful properties, one line of text each
    compared: dict  #: differences of both tables, from `check_alike`; empty for one table


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
    columns = columns or choose_columns(
        header,
        names.magnitudes,
        path,
        warn,
        errors=names.errors,
        roles=roles,
        units=table.units,
    )
    roles, ids = _usable_ids(table, roles, names, warn)
    objects, columns, found = catalogues.read_objects(table, columns, roles, ids)
    understood = describe_input(path, roles, columns, objects, found)
    log.info("%s", in_words(path, understood))
    check_fluxes(objects, columns, table.units, path, warn)
    if columns.bands:
        check_order(objects, columns, path, warn)
    return Input(objects, columns, roles.id is not None, understood)


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


def read_tables(paths, names, test_fraction, seed, warn=None):
    """Return the objects to learn from, the objects to predict, and the columns used.

    Parameters
    ----------
    paths : list of str
        The training set and, optionally, the objects to predict.
    names : redpix.photoz.column_names.Names
        Columns that the user names; the others are found by name.
    test_fraction : float
        Fraction of the objects that is held out if there is one table.
    seed : int
        Seed of the random numbers.
    warn : callable, optional
        As for `read`.

    Returns
    -------
    known, other : redpix.photoz.catalogues.GalaxyTable
        Objects to learn from, all with a redshift, and the others of all tables.
    columns : redpix.photoz.magnitude_columns.Columns
    understood : list of dict
        How each table was understood.

    Raises
    ------
    InputError
        If a table cannot be used, or if the two tables share objects.
    """
    known, columns, with_ids, understood = read(paths[0], names, None, warn)
    if understood["redshift"] is None:
        raise InputError(
            f"{paths[0]}: no column of redshifts; allowed: redshift, z_spec, specz, z_true and the "
            "like, or the listing's column redshift, which names it (z is a magnitude beside u, g, "
            "r or i)"
        )
    if len(paths) > 1:
        other, _, other_ids, more = read(paths[1], names, columns, warn)
        check_apart(known, other, with_ids and other_ids, paths)
        unknown = ~np.isfinite(known.redshift)
        if unknown.any():  # they are predicted, too
            other = known.take(unknown).joined(other)
        return known.take(~unknown), other, columns, [understood, more]
    has_redshift = np.isfinite(known.redshift)
    group = catalogues.alike(known.magnitudes, known.errors)
    count = len(np.unique(group[has_redshift]))
    if count < 2:
        raise InputError(
            f"{paths[0]}: {count} objects have a redshift; allowed: at least two, one to learn "
            "from and one to test"
        )
    parts = split_objects(has_redshift, group, test_fraction, seed)
    return known.take(parts == TRAIN), known.take(parts != TRAIN), columns, [understood]


def check_training(train, columns, path, warn):
    """Warn of doubtful training objects; raise InputError if they cannot be learnt from.

    Parameters
    ----------
    train : redpix.photoz.object_samples.Sample
        Training set.
    columns : redpix.photoz.magnitude_columns.Columns
        Columns of magnitudes and errors.
    path : str
        The file of the objects, for messages.
    warn : callable
        Called with one line of text per doubtful property.

    Raises
    ------
    InputError
        If there are too few objects, a column is the redshift, or nothing varies.
    """
    table, vectors, names = train.table, train.vectors, train.attributes.names
    if not len(table.id):
        raise InputError(f"{path}: no object has a redshift and a magnitude")
    moving = table.label != STAR
    redshift = table.redshift[moving]
    if 0 < len(redshift) < FEWEST:
        raise InputError(
            f"{path}: {len(redshift)} galaxies or quasars have a redshift and a magnitude; "
            f"allowed: at least {FEWEST} to learn from"
        )
    if not _vary(table.magnitudes[moving]):
        raise InputError(
            f"{path}: every magnitude is constant: {', '.join(columns.magnitudes)}; allowed: "
            "measured magnitudes, which differ between objects"
        )
    check_honest(vectors[moving], redshift, names, path)
    values = np.hstack([table.magnitudes, table.errors])[moving]
    check_honest(values, redshift, (*columns.magnitudes, *columns.errors), path)
    check_named(table.magnitudes[moving], redshift, columns.magnitudes, path, warn)
    samples = Training(vectors, table.redshift, table.label, table.id)
    check_samples(samples, names, path, warn)


def _vary(values):
    """Return whether a column has two different numbers, or no number at all."""
    columns = (column[np.isfinite(column)] for column in values.T)
    spans = [np.ptp(column) for column in columns if len(column)]
    return any(spans) or not spans


def read_samples(tables, choices):
    """Return the training set and the objects to predict, checked.

    Parameters
    ----------
    tables : list of str
        CSV files: the training set and, optionally, the objects to predict.
    choices : redpix.photoz.run_catalogue.TableChoices
        Choices of the run.

    Returns
    -------
    Samples

    Raises
    ------
    InputError
        If the tables cannot be used.
    """
    names, warn = Names(tuple(choices.magnitudes), **(choices.names or {})), Warnings()
    known, other, columns, understood = read_tables(
        tables, names, choices.test_fraction, choices.seed, warn
    )
    attributes = attributes_of(choices.method, choices.attributes, columns)
    check_measured(known, columns, bool(attributes.errors), tables[0])
    donors = Donors(known.magnitudes, known.errors)
    train, test = (sample_of(table, attributes, choices.method, donors) for table in (known, other))
    reasons = count_reasons([train, test])
    if reasons:
        counts = ", ".join(f"{count} objects: {reason}" for reason, count in reasons.items())
        warn(f"{' and '.join(tables)}: neither learnt from nor predicted: {counts}")
    completed = [int(sample.completed.sum()) for sample in (train, test)]
    if any(completed):
        log.info(
            "%s: %d training objects and %d others lack a magnitude or an error; it is completed "
            "from training objects of like colours",
            " and ".join(tables),
            *completed,
        )
    check_training(train.take(train.usable), columns, tables[0], warn)
    compared = {}
    if len(tables) > 1:
        compared = check_alike(
            known.magnitudes, other.magnitudes, columns.magnitudes, tables[1], warn
        )
    return Samples(train, test, columns, understood, warn, compared)
