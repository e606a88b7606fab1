"""Read tables of magnitudes as a training set and objects to predict."""

from typing import NamedTuple

import numpy as np

from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.photoz import catalogues
from redpix.photoz.catalogue_checks import check_apart, check_honest, check_measured
from redpix.photoz.catalogue_doubts import check_named
from redpix.photoz.checks import check_samples
from redpix.photoz.column_names import Names
from redpix.photoz.learners.base import FEWEST, STAR, Training
from redpix.photoz.limits import Limits
from redpix.photoz.magnitude_columns import Columns
from redpix.photoz.methods import PHOTOMETRIC
from redpix.photoz.missing_bands import Donors
from redpix.photoz.object_samples import (
    Sample,
    attributes_of,
    count_reasons,
    sample_of,
)
from redpix.photoz.split import TRAIN, split_objects
from redpix.photoz.table_differences import check_alike, check_errors_alike
from redpix.photoz.table_input import Warnings, read


class Samples(NamedTuple):
    """Training set and objects to predict of a run, checked."""

    train: Sample  #: all training objects, also those that cannot be used
    test: Sample  #: all other objects
    columns: Columns
    understood: list  #: how each table was understood
    warnings: list  #: doubtful properties, one line of text each
    compared: dict  #: differences of both tables, from `check_alike`; empty for one table
    limits: Limits  #: upper limits of the training set


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
            f"{paths[0]}: {count} objects have a redshift{_codes_in_words(understood)}; allowed: "
            "at least two, one to learn from and one to test"
        )
    parts = split_objects(has_redshift, group, test_fraction, seed)
    return known.take(parts == TRAIN), known.take(parts != TRAIN), columns, [understood]


def _codes_in_words(understood):
    """Return which values of the redshift are taken as missing, for a message; empty for none."""
    codes = understood["missing"].get(understood["redshift"])
    if not codes:
        return ""
    return f" ({understood['redshift']} of {', '.join(codes)} is missing or no redshift)"


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


def _limits(table, columns, attributes, method, donors):
    """Return the upper limits of a training set; none for fluxes and for other learners."""
    if method not in PHOTOMETRIC or columns.zero_points or not attributes.errors:
        return Limits((None,) * len(columns.magnitudes))
    return Limits.fit(table.magnitudes, table.errors, donors)


def _tell_limits(path, columns, limits, train, test):
    """Log the bands with upper limits, and the numbers of objects that have one."""
    for band in limits.bands:
        log.info(
            "%s: %s: training objects without it are fainter than its noise, at %.2f mag; %d "
            "training objects and %d others without it have an upper limit",
            path,
            columns.magnitudes[band],
            limits.noise[band],
            train.limited[:, band].sum(),
            test.limited[:, band].sum(),
        )


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
    limits = _limits(known, columns, attributes, choices.method, donors)
    train, test = (sample_of(table, attributes, donors, limits) for table in (known, other))
    reasons = count_reasons([train, test])
    if reasons:
        counts = ", ".join(f"{count} objects: {reason}" for reason, count in reasons.items())
        warn(f"{' and '.join(tables)}: neither learnt from nor predicted: {counts}")
    _tell_limits(tables[0], columns, limits, train, test)
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
        check_errors_alike(known.errors, other.errors, columns.errors, tables[1], warn)
    return Samples(train, test, columns, understood, warn, compared, limits)
