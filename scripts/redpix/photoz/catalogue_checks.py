"""Refuse tables of magnitudes from which a model cannot be learnt honestly."""

import numpy as np
from scipy.stats import spearmanr

from redpix.core.exceptions import InputError
from redpix.photoz.catalogues import alike
from redpix.photoz.learners.base import FEWEST

#: rank correlation with the redshift above which a column is refused as a copy of the redshift
LEAK = 0.999

#: the same limit for a column whose median difference from the redshift is below `NEAR`
NEAR_LEAK, NEAR = 0.9, 0.01


def check_apart(train, test, with_ids, names):
    """Raise InputError if two tables share an object.

    Parameters
    ----------
    train, test : redpix.photoz.catalogues.GalaxyTable
        Objects with equal magnitudes and errors are the same object.
    with_ids : bool
        Objects with equal identifiers are the same object, too.
    names : list of str
        Names of the two files, for messages.

    Raises
    ------
    InputError
        If they share an object.
    """
    magnitudes = np.concatenate([train.magnitudes, test.magnitudes])
    first = alike(magnitudes, np.concatenate([train.errors, test.errors]))
    shared = first[len(train.id) :] < len(train.id)
    if with_ids:
        shared |= np.isin(test.id, train.id)
    if shared.any():
        what = "id" if with_ids else "line (of the second)"
        raise InputError(
            f"{names[1]}: shares {shared.sum()} objects with {names[0]}, the first of {what} "
            f"{test.id[shared][0]}; test objects must not be training objects"
        )


def check_measured(table, columns, with_errors, name):
    """Raise InputError if a column has no value for any object with a redshift.

    Parameters
    ----------
    table : redpix.photoz.catalogues.GalaxyTable
        Objects of a table of magnitudes.
    columns : redpix.photoz.magnitude_columns.Columns
        Columns of magnitudes and errors.
    with_errors : bool
        Check the columns of errors, too.
    name : str
        Name of the file, for messages.

    Raises
    ------
    InputError
        Naming the empty columns.
    """
    has_redshift = np.isfinite(table.redshift)
    names, values = list(columns.magnitudes), table.magnitudes
    if with_errors:
        errors = [e or f"errors of {m}" for m, e in zip(names, columns.errors, strict=True)]
        names, values = [*names, *errors], np.hstack([values, table.errors])
    measured = np.isfinite(values[has_redshift]).any(axis=0)
    absent = [column for column, some in zip(names, measured, strict=True) if not some]
    if has_redshift.any() and absent:
        raise InputError(
            f"{name}: {', '.join(absent)}: measured for no object with a redshift; allowed: "
            "numbers for some, or leave it out (the listing's column magnitudes names those used)"
        )


def check_honest(vectors, redshift, names, name):
    """Raise InputError if a column is a copy of the redshift.

    Parameters
    ----------
    vectors : ndarray, shape (n, columns)
        NaN where missing.
    redshift : ndarray, shape (n,)
        Redshifts.
    names : sequence of str
        Names of the columns.
    name : str
        Name of the file, for messages.

    Raises
    ------
    InputError
        If a column orders the objects as their redshifts do.
    """
    for values, column in zip(vectors.T, names, strict=True):
        rows = np.isfinite(values)
        if rows.sum() < FEWEST or not np.ptp(values[rows]) or not np.ptp(redshift[rows]):
            continue
        correlation = abs(spearmanr(values[rows], redshift[rows]).statistic)
        difference = np.median(abs(values[rows] - redshift[rows]))
        if correlation > LEAK or (correlation > NEAR_LEAK and difference < NEAR):
            raise InputError(
                f"{name}: {column} is the redshift under another name; allowed: name the "
                "magnitude columns without it"
            )
