"""Read tables of magnitudes as a training set and objects to predict."""

from typing import NamedTuple

import numpy as np

from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.io.tables import read_table
from redpix.photoz import catalogues
from redpix.photoz.attributes import Attributes
from redpix.photoz.catalogue_checks import check_apart, check_honest, check_measured
from redpix.photoz.checks import check_samples
from redpix.photoz.learners.base import STAR, Training
from redpix.photoz.model import METHODS, known_kinds
from redpix.photoz.split import TRAIN, split_objects


class Sample(NamedTuple):
    """Objects with the vectors that the method can use, one row per object."""

    table: catalogues.GalaxyTable
    vectors: np.ndarray  #: (n, attributes), float32
    left_out: int  #: number of objects of the input that cannot be used


def read(path, magnitudes, columns=None):
    """Return the objects of a table, the columns used, and whether it has ids.

    Parameters
    ----------
    path : str
        Table in any format of `redpix.io.tables.read_table`.
    magnitudes : sequence of str
        Columns of magnitudes; empty to choose them by name.
    columns : redpix.photoz.catalogues.Columns, optional
        Columns of another table, which are used here, too.

    Returns
    -------
    objects : redpix.photoz.catalogues.GalaxyTable
    columns : redpix.photoz.catalogues.Columns
    with_ids : bool

    Raises
    ------
    InputError
        If the table cannot be read or lacks columns.
    """
    table = read_table(path, ids=("id",))
    log.info("%s", table.understood)
    columns = columns or catalogues.choose_columns(table.names, magnitudes, path, log.warning)
    return catalogues.read_objects(table.frame(), columns, path), columns, "id" in table


def read_tables(paths, magnitudes, test_fraction, seed):
    """Return the objects to learn from, the objects to predict, and the columns used.

    Parameters
    ----------
    paths : list of str
        The training set and, optionally, the objects to predict.
    magnitudes : sequence of str
        Columns of magnitudes; empty to choose them by name.
    test_fraction : float
        Fraction of the objects that is held out if there is one table.
    seed : int
        Seed of the random numbers.

    Returns
    -------
    known, other : redpix.photoz.catalogues.GalaxyTable
        Objects without a redshift may be in both, unless there is one table.
    columns : redpix.photoz.catalogues.Columns

    Raises
    ------
    InputError
        If a table cannot be used, or if the two tables share objects.
    """
    known, columns, with_ids = read(paths[0], magnitudes)
    if len(paths) > 1:
        other, _, other_ids = read(paths[1], magnitudes, columns)
        check_apart(known, other, with_ids and other_ids, paths)
        return known, other, columns
    has_redshift = np.isfinite(known.redshift)
    group = catalogues.alike(known.magnitudes, known.errors)
    count = len(np.unique(group[has_redshift]))
    if count < 2:
        raise InputError(
            f"{paths[0]}: {count} objects have a redshift; allowed: at least two, one to learn "
            "from and one to test"
        )
    parts = split_objects(has_redshift, group, test_fraction, seed)
    return known.take(parts == TRAIN), known.take(parts != TRAIN), columns


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
    columns : redpix.photoz.catalogues.Columns
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
    columns : redpix.photoz.catalogues.Columns
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
    columns : redpix.photoz.catalogues.Columns
    attributes : redpix.photoz.attributes.Attributes

    Raises
    ------
    InputError
        If the tables cannot be used.
    """
    known, other, columns = read_tables(
        tables, choices.magnitudes, choices.test_fraction, choices.seed
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
    return train, test, columns, attributes
