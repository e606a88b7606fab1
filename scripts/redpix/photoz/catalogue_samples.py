"""Read tables of magnitudes as a training set and objects to predict."""

from typing import NamedTuple

import numpy as np

from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.io.tables import read_table
from redpix.photoz import catalogues
from redpix.photoz.attributes import Attributes
from redpix.photoz.catalogue_checks import check_apart, check_honest, check_measured, check_named
from redpix.photoz.checks import check_samples
from redpix.photoz.column_names import Names, find_roles
from redpix.photoz.input_words import describe_input, in_words
from redpix.photoz.learners.base import STAR, Training
from redpix.photoz.magnitude_columns import Columns, choose_columns
from redpix.photoz.methods import METHODS, known_kinds
from redpix.photoz.split import TRAIN, split_objects

#: no column is named
NO_NAMES = Names()


class Sample(NamedTuple):
    """Objects with the vectors that the method can use, one row per object."""

    table: catalogues.GalaxyTable
    vectors: np.ndarray  #: (n, attributes), float32
    left_out: int  #: number of objects of the input that cannot be used


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
    rows = table.frame()
    roles = _with_usable_ids(table, rows, roles, names, path)
    objects, columns, found = catalogues.read_objects(rows, columns, roles, path)
    understood = describe_input(path, roles, columns, objects, found)
    log.info("%s", in_words(path, understood))
    return Input(objects, columns, roles.id is not None, understood)


def _with_usable_ids(table, rows, roles, names, path):
    """Put exact ids into the rows; return the roles, without ids that cannot be used.

    Ids that the user names, or that are called id, are refused if they cannot be used.
    """
    if roles.id is None:
        return roles
    required = roles.id == names.id or roles.id.lower() == "id"
    try:
        ids = table.ids(roles.id)
    except InputError as error:
        if required:
            raise
        log.warning("%s; %s is not used as the id", error, roles.id)
        return roles._replace(id=None)
    if not required and len(np.unique(ids)) < len(ids):
        log.warning("%s: %s is not used as the id, because values occur twice", path, roles.id)
        return roles._replace(id=None)
    rows[roles.id] = [str(identifier) for identifier in ids]
    return roles


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
        Objects without a redshift may be in both, unless there is one table.
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
        return known, other, columns, [understood, more]
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


def usable(table, attributes, method):
    """Return the vectors of objects, and the mask of the objects that a method can use.

    Parameters
    ----------
    table : redpix.photoz.catalogues.GalaxyTable
        Objects of a table of magnitudes.
    attributes : redpix.photoz.attributes.Attributes
        Attributes of the vectors.
    method : str
        Name of the learner.

    Returns
    -------
    vectors : ndarray, shape (n, attributes)
    mask : ndarray of bool, shape (n,)
        Objects with all attributes, or with two magnitudes if attributes may be missing.
    """
    errors = table.errors if attributes.errors else None
    vectors = attributes.vectors(table.magnitudes, errors=errors)
    if METHODS[method].MISSING:
        return vectors, np.isfinite(table.magnitudes).sum(axis=1) >= 2
    return vectors, np.isfinite(vectors).all(axis=1)


def attributes_of(choices, columns):
    """Return the attributes of the objects of a table.

    Parameters
    ----------
    choices : redpix.photoz.run_catalogue.TableChoices
        Choices of the run.
    columns : redpix.photoz.magnitude_columns.Columns
        Columns of magnitudes and errors.

    Returns
    -------
    redpix.photoz.attributes.Attributes
        With errors only if the table has them.
    """
    kinds = known_kinds(choices.method, choices.attributes)
    kinds = tuple(kind for kind in kinds if kind != "errors" or columns.errors)
    return Attributes(kinds, columns.magnitudes, named=True)


def sample_of(table, attributes, method, needs_redshift=False):
    """Return the objects that the method can use.

    Parameters
    ----------
    table : redpix.photoz.catalogues.GalaxyTable
        Objects of a table of magnitudes.
    attributes : redpix.photoz.attributes.Attributes
        Attributes of the vectors.
    method : str
        Name of the learner.
    needs_redshift : bool
        Leave out the objects without a redshift.

    Returns
    -------
    Sample
    """
    vectors, kept = usable(table, attributes, method)
    if needs_redshift:
        kept = kept & np.isfinite(table.redshift)
    return Sample(table.take(kept), vectors[kept], int(np.sum(~kept)))


def check_training(train, columns, attributes, path):
    """Warn of doubtful training objects; raise InputError if they cannot be learnt from.

    Parameters
    ----------
    train : Sample
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
    table, vectors, _ = train
    if not len(table.id):
        raise InputError(f"{path}: no object has a redshift and all of {attributes.names}")
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
    train, test : Sample
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
    attributes = attributes_of(choices, columns)
    check_measured(known, columns, bool(attributes.errors), tables[0])
    train = sample_of(known, attributes, choices.method, needs_redshift=True)
    test = sample_of(other, attributes, choices.method)
    left_out = {"train": train.left_out, "test": test.left_out}
    if any(left_out.values()):
        log.warning("%s: left out, not all measured: %s objects", tables[0], left_out)
    check_training(train, columns, attributes, tables[0])
    if len(test.table.id) == 0 and test.left_out:
        log.warning(
            "%s: no object is predicted, because each lacks a magnitude or an error", tables[-1]
        )
    return train, test, columns, attributes, understood
