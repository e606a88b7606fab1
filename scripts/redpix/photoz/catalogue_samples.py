"""Read tables of magnitudes as a training set and objects to predict."""

from typing import NamedTuple

import numpy as np

from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.io.tables import read_table
from redpix.photoz import catalogues
from redpix.photoz.catalogue_checks import check_apart, check_honest, check_measured, check_named
from redpix.photoz.checks import check_samples
from redpix.photoz.column_names import Names, find_roles
from redpix.photoz.input_words import describe_input, in_words
from redpix.photoz.learners.base import STAR, Training
from redpix.photoz.magnitude_columns import Columns, choose_columns
from redpix.photoz.missing_bands import Donors
from redpix.photoz.object_samples import attributes_of, count_reasons, sample_of
from redpix.photoz.split import TRAIN, split_objects

#: no column is named
NO_NAMES = Names()


class Input(NamedTuple):
    """A table that was read."""

    objects: catalogues.GalaxyTable
    columns: Columns
    with_ids: bool
    understood: dict  #: for metrics.json: columns, zero points, and what was done to values


def read(path, names=NO_NAMES, columns=None):
    """Return the objects of a table, and how its columns were understood.

    Parameters
    ----------
    path : str
        Table in any format of `redpix.io.tables.read_table`.
    names : redpix.photoz.column_names.Names, optional
        Columns that the user names; the others are found by name.
    columns : redpix.photoz.magnitude_columns.Columns, optional
        Columns of another table, which are used here, too.

    Returns
    -------
    Input

    Raises
    ------
    InputError
        If the table cannot be read or lacks columns.
    """
    table = read_table(path, ids=(names.id or "id",))
    log.info("%s", table.understood)
    header = table.names
    roles = find_roles(header, names, path, needed=columns is None)
    columns = columns or choose_columns(
        header,
        names.magnitudes,
        path,
        log.warning,
        errors=names.errors,
        roles=roles,
        units=table.units,
    )
    roles, ids = _usable_ids(table, roles, names, path)
    objects, columns, found = catalogues.read_objects(table, columns, roles, ids)
    understood = describe_input(path, roles, columns, objects, found)
    log.info("%s", in_words(path, understood))
    return Input(objects, columns, roles.id is not None, understood)


def _usable_ids(table, roles, names, path):
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
        log.warning("%s; %s is not used as the id", error, roles.id)
        return roles._replace(id=None), None
    if not required and len(np.unique(ids)) < len(ids):
        log.warning("%s: %s is not used as the id, because values occur twice", path, roles.id)
        return roles._replace(id=None), None
    return roles, ids


def read_tables(paths, names, test_fraction, seed):
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
    known, columns, with_ids, understood = read(paths[0], names)
    if understood["redshift"] is None:
        raise InputError(
            f"{paths[0]}: no column of redshifts; allowed: redshift, z_spec, specz, z_true and the "
            "like, or the listing's column redshift, which names it (z is a magnitude beside u, g, "
            "r or i)"
        )
    if len(paths) > 1:
        other, _, other_ids, more = read(paths[1], names, columns)
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


def check_training(train, columns, attributes, path):
    """Warn of doubtful training objects; raise InputError if they cannot be learnt from.

    Parameters
    ----------
    train : redpix.photoz.object_samples.Sample
        Training set.
    columns : redpix.photoz.magnitude_columns.Columns
        Columns of magnitudes and errors.
    attributes : redpix.photoz.attributes.Attributes
        Attributes of the vectors.
    path : str
        The file of the objects, for messages.

    Raises
    ------
    InputError
        If there are no objects, a column is the redshift, or nothing varies.
    """
    table, vectors = train.table, train.vectors
    if not len(table.id):
        raise InputError(f"{path}: no object has a redshift and a magnitude")
    moving = table.label != STAR
    redshift = table.redshift[moving]
    check_honest(vectors[moving], redshift, attributes.names, path)
    values = np.hstack([table.magnitudes, table.errors])[moving]
    check_honest(values, redshift, (*columns.magnitudes, *columns.errors), path)
    check_named(table.magnitudes[moving], redshift, columns.magnitudes, path, log.warning)
    samples = Training(vectors, table.redshift, table.label, table.id)
    check_samples(samples, attributes.names, path, log.warning)


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
    train, test : redpix.photoz.object_samples.Sample
        All objects, also those that cannot be used.
    columns : redpix.photoz.magnitude_columns.Columns
    attributes : redpix.photoz.attributes.Attributes
    understood : list of dict
        How each table was understood.

    Raises
    ------
    InputError
        If the tables cannot be used.
    """
    names = Names(tuple(choices.magnitudes), **(choices.names or {}))
    known, other, columns, understood = read_tables(
        tables, names, choices.test_fraction, choices.seed
    )
    attributes = attributes_of(choices.method, choices.attributes, columns)
    check_measured(known, columns, bool(attributes.errors), tables[0])
    donors = Donors(known.magnitudes, known.errors)
    train, test = (sample_of(table, attributes, choices.method, donors) for table in (known, other))
    reasons = count_reasons([train, test])
    if reasons:
        counts = ", ".join(f"{count} objects: {reason}" for reason, count in reasons.items())
        log.warning("%s: neither learnt from nor predicted: %s", " and ".join(tables), counts)
    completed = [int(sample.completed.sum()) for sample in (train, test)]
    if any(completed):
        log.info(
            "%s: %d training objects and %d others lack a magnitude or an error; it is completed "
            "from training objects of like colours",
            " and ".join(tables),
            *completed,
        )
    check_training(train.take(train.usable), columns, attributes, tables[0])
    return train, test, columns, attributes, understood
