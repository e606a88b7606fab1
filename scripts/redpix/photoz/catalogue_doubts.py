"""Warn of doubtful tables of magnitudes: leaks of the redshift, quality flags, extinction."""

import re

import numpy as np
from scipy.stats import rankdata, spearmanr

from redpix.io.table_values import shortened
from redpix.photoz.column_families import (
    looks_like_photometry,
)
from redpix.photoz.learners.base import FEWEST

#: maximum number of objects that are compared, and of bins of a rank; they bound the time
MOST_COMPARED, MOST_BINS = 20_000, 16

#: mutual information above which a column is doubtful, relative to the other magnitudes (real
#: magnitudes reach 1.3), and in nats
FAR_ABOVE, LEAST_INFORMATION = 1.6, 0.2

#: rank correlation above which a column whose name is not that of a magnitude is doubtful
DOUBTFUL = 0.6

#: what the names of columns of errors have in common
_ERROR = re.compile("error|err|sigma|sig|unc|ivar|(?<![a-z])e_", re.IGNORECASE)

#: names of columns with Galactic extinction
_EXTINCTION = re.compile(
    r"e\(?b[-_]?v\)?(_?sfd)?|a_[ugrizy]|(mw_transmission|extinction|galext|ext)_(?!fl|src).*",
    re.IGNORECASE,
)

#: what the names of magnitudes without extinction have in common
_CORRECTED = re.compile("dered|_corrected", re.IGNORECASE)

#: names of columns with the quality of redshifts
_QUALITY = re.compile(
    r"z_?warn(ing)?(_noqso)?|z_?flags?|flag_?z|z_?qual(ity)?|q_?z|n?q_?spec|z_?conf(idence)?|nq"
    r"|(z_?spec|spec_?z|specz|redshift)_?(flag|qual(ity)?|q|conf|warn(ing)?)|qop|quality_?z",
    re.IGNORECASE,
)


def check_extinction(header, columns, name, warn):
    """Warn of columns with Galactic extinction beside magnitudes that may hold it still.

    Parameters
    ----------
    header : sequence of str
        Names of the columns of the table.
    columns : redpix.photoz.magnitude_columns.Columns
        Columns of magnitudes.
    name : str
        Name of the file, for messages.
    warn : callable
        Called with one line of text if there are such columns.
    """
    found = [column for column in header if _EXTINCTION.fullmatch(column)]
    corrected = all(_CORRECTED.search(column) for column in columns.magnitudes)
    if found and not corrected:
        warn(
            f"{name}: the extinction in {shortened(', '.join(found), 150)} is not applied: correct "
            f"{columns.magnitudes[0]} and the other magnitudes of both tables for it, unless they "
            "are corrected already"
        )


def check_quality(table, roles, name, warn):
    """Warn of columns with the quality of redshifts, which are not applied.

    Parameters
    ----------
    table : redpix.io.table.Table
        Table of objects.
    roles : redpix.photoz.column_names.Roles
        Column of redshifts; nothing is checked without it.
    name : str
        Name of the file, for messages.
    warn : callable
        Called with one line of text if there are such columns with more than one value.
    """
    columns = [
        column
        for column in table.names
        if _QUALITY.fullmatch(column) and f"r{column[1:]}" not in table  # not flags of the band z
    ]
    for column in columns if roles.redshift else ():
        values, counts = np.unique(table.text(column), return_counts=True)
        if len(values) > 1:
            most = np.argsort(-counts, kind="stable")[:4]
            listed = ", ".join(f"{values[k] or 'empty'} ({counts[k]} rows)" for k in most)
            warn(
                f"{name}: {column}, the quality of redshifts, is not applied: {listed}; leave "
                f"{roles.redshift} empty where it is not to be trusted"
            )


def check_errors(header, columns, redshift, name, warn):
    """Warn of columns that may hold the errors of magnitudes for which no error was found.

    Parameters
    ----------
    header : sequence of str
        Names of the columns of the table.
    columns : redpix.photoz.magnitude_columns.Columns
        Columns of magnitudes and errors.
    redshift : str or None
        Column of redshifts.
    name : str
        Name of the file, for messages.
    warn : callable
        Called with one line of text if there are such columns.
    """
    errors = columns.errors or [""] * len(columns.magnitudes)
    lacking = [m for m, error in zip(columns.magnitudes, errors, strict=True) if not error]
    if not lacking:
        return
    chosen = {*columns.magnitudes, *errors, redshift}
    others = {_plain(column) for column in [*header, "z", "ra", "dec"] if column not in lacking}
    unused = [
        column
        for column in header
        if column not in chosen and _ERROR.search(column) and _plain(_value(column)) not in others
    ]
    if unused:
        warn(
            f"{name}: no errors found for {shortened(', '.join(lacking), 150)}, although "
            f"{shortened(', '.join(unused), 150)} may hold them; the listing's column errors "
            "names them"
        )


def _value(column):
    """Return the name of a column of errors without the word for an error."""
    return _ERROR.sub("", column)


def _plain(column):
    """Return the name of a column in lower case without underscores."""
    return column.lower().replace("_", "")


def check_named(magnitudes, redshift, names, name, warn):
    """Warn of columns that follow the redshift more than magnitudes do.

    A column whose name is not that of a magnitude is doubtful if its rank correlation with the
    redshift is above `DOUBTFUL`. Any column is doubtful if its mutual information with the
    redshift is `FAR_ABOVE` times that of every magnitude besides it.

    Parameters
    ----------
    magnitudes : ndarray, shape (n, columns)
        NaN where missing.
    redshift : ndarray, shape (n,)
        Redshifts.
    names : sequence of str
        Names of the columns.
    name : str
        Name of the file, for messages.
    warn : callable
        Called with one line of text per doubtful column.
    """
    step = max(1, -(-len(redshift) // MOST_COMPARED))
    values, truth = magnitudes[::step], redshift[::step]
    information = np.array([mutual_information(column, truth) for column in values.T])
    by_name = np.array([looks_like_photometry(column) for column in names])
    for number, column in enumerate(names):
        others = np.arange(len(names)) != number
        usual = information[others & by_name] if (others & by_name).any() else information[others]
        informed = information[number] > max(LEAST_INFORMATION, FAR_ABOVE * usual.max())
        measured = np.isfinite(values[:, number])
        known, redshifts = values[measured, number], truth[measured]
        if len(redshifts) < FEWEST or not np.ptp(known) or not np.ptp(redshifts):
            continue
        correlation = spearmanr(known, redshifts).statistic
        if not by_name[number] and abs(correlation) > DOUBTFUL:
            fact = "does not look like a magnitude and follows the redshift"
        elif informed:
            fact = (
                f"follows the redshift: it tells {information[number]:.2f} nats about it, other "
                f"magnitudes at most {usual.max():.2f}"
            )
        else:
            continue
        warn(
            f"{name}: {column} {fact} (rank correlation {correlation:.2f}): check that it is "
            "measured without the distance"
        )


def mutual_information(values, redshift):
    """Return the mutual information of a column and the redshift, in nats.

    It is that of a histogram of ranks, minus the bias of its bins (Miller 1955). Ranks make it
    independent of the unit.

    Parameters
    ----------
    values : ndarray, shape (n,)
        NaN where missing.
    redshift : ndarray, shape (n,)
        Redshifts.

    Returns
    -------
    float
        0 for fewer than `FEWEST` objects with values.
    """
    measured = np.isfinite(values)
    n = int(measured.sum())
    if n < FEWEST:
        return 0.0
    bins = int(np.clip(np.sqrt(n / 10), 2, MOST_BINS))
    places = (
        ((rankdata(one[measured], method="ordinal") - 1) * bins // n).astype(int)
        for one in (values, redshift)
    )
    table = np.zeros((bins, bins))
    np.add.at(table, tuple(places), 1 / n)
    independent = np.outer(table.sum(axis=1), table.sum(axis=0))
    filled = table > 0
    information = np.sum(table[filled] * np.log(table[filled] / independent[filled]))
    return float(information - (bins - 1) ** 2 / (2 * n))
