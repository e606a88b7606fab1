"""Redshifts of catalogued objects from their magnitudes: columns, checks, learning."""

import re
from typing import NamedTuple

import numpy as np
import pandas
from scipy.stats import spearmanr

from redpix.core.exceptions import InputError
from redpix.photoz import metrics, pdf
from redpix.photoz.attributes import WAVELENGTH_ORDER
from redpix.photoz.calibration import Calibration, calibrate
from redpix.photoz.learners.base import CLASSES, STAR, Prediction, Training
from redpix.photoz.model import METHODS, Model
from redpix.photoz.split import assign_folds, check_count, chosen_neighbours, smallest_set
from redpix.photoz.tuning import tune

#: how a column of errors may be named after that of its magnitudes
ERROR_NAMES = (
    *("{}_error", "{}_err", "{}Error", "{}Err", "{}err", "error_{}", "err_{}", "e_{}", "e{}"),
    *("sigma_{}", "{}_sigma"),
)

#: names of columns that are no magnitudes although errors stand beside them: redshifts, motions
NO_MAGNITUDE = re.compile(
    r"z_?(?!mag|psf|(c?model)|petro|auto|aper|iso|kron|fiber|tot)[a-z]|(phot|photo|spec)_?z"
    r"|.*redshift|parallax|pm(_?(ra|de)|$)|radial_velocity|rv($|_)",
    re.IGNORECASE,
)

#: and of those that may not be used even if they are asked for
TRUTH = re.compile("redshift|z_?spec", re.IGNORECASE)

#: columns that are carried along
ABOUT = ("ra", "dec", "redshiftError")

#: magnitudes from here to there are measurements; others stand for none
FAINTEST, BRIGHTEST = 50.0, -30.0

#: a column of so close a rank correlation with the redshift is the redshift; or of so close a one
#: if it is also, in the median, so near to it
LEAK, NEAR_LEAK, NEAR = 0.999, 0.9, 0.01

#: fields of a table that tell objects apart; rows of fewer numbers may be alike by chance
COMPARED, TELLING = ("magnitudes", "errors"), 3


class Columns(NamedTuple):
    """Which columns of a table are used."""

    magnitudes: tuple  #: by wavelength
    errors: tuple  #: of the magnitudes, in their order; empty where there are none


class Table(NamedTuple):
    """Objects of a table, one row each."""

    id: np.ndarray  #: (n,), int64 or str
    redshift: np.ndarray  #: (n,), NaN where unknown
    label: np.ndarray  #: (n,), index into `CLASSES`, -1 where unknown
    magnitudes: np.ndarray  #: (n, bands), NaN where not measured
    errors: np.ndarray  #: (n, bands) or (n, 0)
    about: np.ndarray  #: (n, 3), `ABOUT`, NaN where unknown

    def take(self, rows):
        """The rows of a mask."""
        return Table(*(column[rows] for column in self))


def choose_columns(header, asked, name, warn):
    """Columns of magnitudes and their errors.

    Parameters
    ----------
    header : sequence of str
    asked : sequence of str
        Columns of magnitudes; where empty, those of u, g, r, i, z that are there and every
        column that has a column of errors beside it (`ERROR_NAMES`), in the table's order,
        unless its name is that of something else (`NO_MAGNITUDE`).
    name : str
        The file's name, for messages.
    warn : callable
        Called with a line for columns whose names are.

    Returns
    -------
    Columns
    """
    partners = {
        column: next((p.format(column) for p in ERROR_NAMES if p.format(column) in header), None)
        for column in header
    }
    if asked:
        missing = [column for column in asked if column not in header]
        if missing:
            raise InputError(f"{name}: no column {missing[0]}; there are {', '.join(header)}")
        chosen = tuple(asked)
    else:
        survey = [band for band in WAVELENGTH_ORDER if band in header]
        reserved = {"redshift", "ra", "dec", "id", "class", *survey}
        named = [c for c in header if partners[c] and c not in reserved]
        others = [c for c in named if NO_MAGNITUDE.match(c) and not TRUTH.match(c)]
        if others:
            warn(
                f"{name}: by their names no magnitudes, so not used: {', '.join(others)}; the "
                "listing's column magnitudes names those that are"
            )
        chosen = (*survey, *(column for column in named if column not in others))
    if len(chosen) < 2:
        raise InputError(
            f"{name}: columns of at least two magnitudes are needed, such as u, g, r, i, z; "
            f"there are {', '.join(header)}"
        )
    forbidden = [column for column in chosen if TRUTH.match(column)]
    if forbidden:
        raise InputError(f"{name}: {forbidden[0]} is the truth and cannot be a magnitude")
    errors = tuple(partners[column] for column in chosen)
    return Columns(chosen, errors if all(errors) else ())


def read_objects(rows, columns, name):
    """The objects of a table.

    Parameters
    ----------
    rows : DataFrame of str
        Cells; index: line of the file.
    columns : Columns
    name : str
        The file's name, for messages.

    Raises
    ------
    InputError
        For a missing column, a cell that is no number, an id given twice, an unknown class.
    """
    for column in (*columns.magnitudes, *columns.errors):
        if column not in rows:
            raise InputError(f"{name}: no column {column}, which the other file has")

    def numbers(column):
        if column not in rows:
            return np.full(len(rows), np.nan)
        text = rows[column].replace("", "nan")
        found = pandas.to_numeric(text, errors="coerce")
        wrong = rows.index[found.isna() & (text.str.lower() != "nan")]
        if len(wrong):
            raise InputError(
                f"{name}: line {wrong[0]}: {column} {rows[column][wrong[0]]!r} is not a number"
            )
        return np.array(found, float)

    def stacked(names):
        if not names:
            return np.empty((len(rows), 0))
        return np.stack([numbers(column) for column in names], axis=1)

    magnitudes, errors = stacked(columns.magnitudes), stacked(columns.errors)
    magnitudes[(magnitudes > FAINTEST) | (magnitudes < BRIGHTEST)] = np.nan
    errors[~(errors > 0) | np.isinf(errors)] = np.nan
    redshift = numbers("redshift")
    redshift[~(redshift > -0.01)] = np.nan
    label = np.zeros(len(rows), int)
    if "class" in rows:
        known = {"": -1, **{text: index for index, text in enumerate(CLASSES)}}
        strange = rows.index[~rows["class"].isin(known)]
        if len(strange):
            raise InputError(
                f"{name}: line {strange[0]}: class {rows['class'][strange[0]]!r} is none of "
                f"{', '.join(CLASSES)}"
            )
        label = rows["class"].map(known).to_numpy(int)
    return Table(_identifiers(rows, name), redshift, label, magnitudes, errors, stacked(ABOUT))


def _identifiers(rows, name):
    """Numbers where all ids are, else texts; the line of the file where there are no ids."""
    if "id" not in rows:
        return rows.index.to_numpy(np.int64)
    double = rows.index[rows["id"].duplicated()]
    if len(double):
        raise InputError(f"{name}: line {double[0]}: id {rows['id'][double[0]]} is there twice")
    if rows["id"].str.fullmatch("[0-9]{1,18}").all():
        return rows["id"].to_numpy(str).astype(np.int64)
    return rows["id"].to_numpy(str)


def alike(magnitudes, errors):
    """For each row the first that has the same magnitudes and errors, itself if none has.

    Rows with fewer than `TELLING` numbers are like no other.

    Parameters
    ----------
    magnitudes, errors : ndarray, shape (n, bands)
        NaN where not measured; errors also of shape (n, 0).

    Returns
    -------
    ndarray of int, shape (n,)
    """
    measured = np.isfinite(magnitudes)
    if errors.shape[1]:
        # errors of magnitudes that are not measured are no measurements
        magnitudes = np.hstack([magnitudes, np.where(measured, errors, np.nan)])
    first = np.arange(len(magnitudes))
    telling = np.flatnonzero(np.isfinite(magnitudes).sum(axis=1) >= TELLING)
    rows = np.nan_to_num(magnitudes[telling], nan=np.inf)
    _, where, number = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    first[telling] = telling[where[number]]
    return first


def check_apart(train, test, with_ids, names):
    """Raise InputError if the two tables share an object: an id, or all magnitudes and errors."""
    first = alike(*(np.concatenate([getattr(t, c) for t in (train, test)]) for c in COMPARED))
    shared = first[len(train.id) :] < len(train.id)
    if with_ids:
        shared |= np.isin(test.id, train.id)
    if shared.any():
        what = "id" if with_ids else "line (of the second)"
        raise InputError(
            f"{names[1]}: shares {shared.sum()} objects with {names[0]}, the first of {what} "
            f"{test.id[shared][0]}; what is learnt from cannot be tested on"
        )


def check_measured(table, columns, with_errors, name):
    """Raise InputError if no object of known redshift has one of the columns."""
    known = np.isfinite(table.redshift)
    names, values = list(columns.magnitudes), table.magnitudes
    if with_errors:
        names, values = [*names, *columns.errors], np.hstack([values, table.errors])
    told = np.isfinite(values[known]).any(axis=0)
    absent = [column for column, some in zip(names, told, strict=True) if not some]
    if known.any() and absent:
        raise InputError(
            f"{name}: {', '.join(absent)}: measured for no object with a redshift; allowed: "
            "numbers for some, or leave it out (the listing's column magnitudes names those used)"
        )


def check_honest(vectors, redshift, names, name):
    """Raise InputError if a column orders the training objects as their redshift does, or is it."""
    for column, attribute in zip(vectors.T, names, strict=True):
        told = np.isfinite(column)
        if not told.any() or not np.ptp(column[told]) or not np.ptp(redshift[told]):
            continue
        order = abs(spearmanr(column[told], redshift[told]).statistic)
        away = np.median(abs(column[told] - redshift[told]))
        if order > LEAK or (order > NEAR_LEAK and away < NEAR):
            raise InputError(
                f"{name}: {attribute} follows the redshift exactly: the truth is no attribute"
            )


class Learnt(NamedTuple):
    """A table's training, and how it fares on itself."""

    model: Model
    held_out: Prediction  #: of the training objects, each by what has not seen it
    folds: np.ndarray  #: (n,), which of them were predicted together


def learn(vectors, table, attributes, recipe, n_threads):
    """Learn from the objects of a table, and predict each from the folds it is not in.

    Parameters
    ----------
    vectors : ndarray, shape (n, attributes)
    table : Table
    attributes : Attributes
    recipe : Recipe
    n_threads : int

    Returns
    -------
    Learnt
    """
    grid, star = recipe.grid, table.label == STAR
    learner = METHODS[recipe.method]
    group = alike(table.magnitudes, table.errors)
    training = Training(vectors, table.redshift, table.label, group)
    # objects that are there twice are not tested on themselves
    folds = assign_folds(np.ones(len(star), bool), star, recipe.seed)[group]
    recipe = recipe._replace(settings=chosen_neighbours(recipe.settings, folds, star))
    check_count(recipe.method, learner.needs(recipe.settings), folds, star)
    pdf.check_range(table.redshift[~star], grid)
    tried = []
    if recipe.groups is not None:
        known = (recipe.method, training, grid, recipe.settings, smallest_set(folds, star))
        settings, tried = tune(*known, recipe.seed, n_threads)
        recipe = recipe._replace(settings=settings)
    parts = []
    for fold in range(folds.max() + 1):
        fitted = learner.fit(training.take(folds != fold), grid, n_threads, **recipe.settings)
        parts.append(fitted.predict(vectors[folds == fold], n_threads))
    order = np.argsort(np.argsort(folds, kind="stable"), kind="stable")
    held_out = Prediction(*(np.concatenate(field)[order] for field in zip(*parts, strict=True)))
    whole = learner.fit(training, grid, n_threads, **recipe.settings)
    calibration = Calibration.fit(_rows(held_out, ~star), table.redshift[~star], grid)
    known = (attributes, grid, {"objects": whole}, {"objects": calibration})
    model = Model(recipe.method, recipe.settings, *known, tuning=tried)
    return Learnt(model, held_out, folds)


def _rows(prediction, rows):
    return Prediction(*(field[rows] for field in prediction))


def cross_validated(learnt, table):
    """Metrics of the training objects, each calibrated on the folds it is not in."""
    star, grid, scores = table.label == STAR, learnt.model.grid, []
    for fold in range(learnt.folds.max() + 1):
        own = (learnt.folds == fold) & ~star
        others = (learnt.folds != fold) & ~star
        truth = table.redshift
        calibration = Calibration.fit(_rows(learnt.held_out, others), truth[others], grid)
        right = calibrate(_rows(learnt.held_out, own), calibration, grid)
        scores.append(metrics.score(right.redshift, right.pdf, truth[own], grid))
    return metrics.summarise(metrics.Scores.concatenate(scores))
