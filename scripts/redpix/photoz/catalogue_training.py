"""Train a model on a table of magnitudes, with a held-out prediction of each training object."""

from typing import NamedTuple

import numpy as np

from redpix.photoz.calibration import Calibration, calibrate
from redpix.photoz.catalogues import alike
from redpix.photoz.learners.base import STAR, Prediction, Training
from redpix.photoz.metrics import Scores, score, summarise
from redpix.photoz.model import METHODS, Model
from redpix.photoz.object_predictions import predict_all
from redpix.photoz.object_samples import blocks
from redpix.photoz.split import assign_folds, smallest_set
from redpix.photoz.train import checked_recipe, tuned_recipe

#: maximum number of objects that calibrate PDFs; bounds the memory
MOST_CALIBRATING = 100_000


class Learnt(NamedTuple):
    """A model trained on a table, and the held-out predictions of its training set."""

    model: Model
    held_out: Prediction  #: of each training object, by a learner that has not seen it
    folds: np.ndarray  #: (n,), number of the fold in which each object was held out


def learn(sample, recipe, n_threads):
    """Train a model on the objects of a table.

    Each object is also predicted by a learner of the folds without it. These predictions calibrate
    the PDFs. Objects with equal magnitudes and errors are in the same fold.

    Parameters
    ----------
    sample : redpix.photoz.object_samples.Sample
        Objects that can be learnt from.
    recipe : redpix.photoz.train.Recipe
        Method, settings and seed of the training.
    n_threads : int
        Number of threads; the results do not depend on it.

    Returns
    -------
    Learnt

    Raises
    ------
    InputError
        If there are too few objects, or the grid does not contain their redshifts.
    """
    table, grid = sample.table, recipe.grid
    star = table.label == STAR
    group = alike(table.magnitudes, table.errors)
    training = Training(sample.vectors, table.redshift, table.label, group)
    folds = assign_folds(np.ones(len(star), bool), star, recipe.seed)[group]
    recipe = checked_recipe(recipe, folds, star, table.redshift[~star])
    recipe, record = tuned_recipe(recipe, training, smallest_set(folds, star), n_threads)
    held_out = predict_held_out(sample, training, folds, recipe, n_threads)
    learner = METHODS[recipe.method].fit(training, grid, n_threads, **recipe.settings)
    model = Model(
        method=recipe.method,
        settings=recipe.settings,
        attributes=sample.attributes,
        grid=grid,
        learners={"objects": learner},
        calibrations={"objects": calibration_of(held_out, table.redshift, ~star, grid)},
        tuning=record,
    )
    return Learnt(model, held_out, folds)


def predict_held_out(sample, training, folds, recipe, n_threads):
    """Return a prediction of each object by a learner of the other folds.

    Parameters
    ----------
    sample : redpix.photoz.object_samples.Sample
        Objects of the training set.
    training : redpix.photoz.learners.base.Training
        Training set.
    folds : ndarray of int, shape (n,)
        0-based fold of each object.
    recipe : redpix.photoz.train.Recipe
        Method, settings and seed of the training.
    n_threads : int
        Number of threads.

    Returns
    -------
    redpix.photoz.learners.base.Prediction
        In the order of the training set.
    """
    learner, result = METHODS[recipe.method], None
    for fold in range(folds.max() + 1):
        others = training.take(folds != fold)
        fitted = learner.fit(others, recipe.grid, n_threads, **recipe.settings)
        rows = np.flatnonzero(folds == fold)
        result = predict_all(fitted, sample, recipe.grid, n_threads, result, rows)
    return result


def calibration_of(held_out, redshift, members, grid):
    """Return the calibration of held-out predictions, from at most `MOST_CALIBRATING` of them.

    Parameters
    ----------
    held_out : redpix.photoz.learners.base.Prediction
        Held-out predictions of the training set.
    redshift : ndarray, shape (n,)
        True redshifts.
    members : ndarray of bool, shape (n,)
        Objects to calibrate with.
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes.

    Returns
    -------
    redpix.photoz.calibration.Calibration
    """
    rows = np.flatnonzero(members)
    rows = rows[:: max(1, -(-len(rows) // MOST_CALIBRATING))]
    return Calibration.fit(held_out.take(rows), redshift[rows], grid)


def cross_validated(learnt, table):
    """Return the metrics of the held-out predictions of the training set.

    Each fold is calibrated on the other folds. Stars are left out.

    Parameters
    ----------
    learnt : Learnt
        The model and its held-out predictions.
    table : redpix.photoz.catalogues.GalaxyTable
        Objects of a table of magnitudes.

    Returns
    -------
    dict
        As from `redpix.photoz.metrics.summarise`.
    """
    star, grid, scores = table.label == STAR, learnt.model.grid, []
    truth = table.redshift
    for fold in range(learnt.folds.max() + 1):
        others = (learnt.folds != fold) & ~star
        calibration = calibration_of(learnt.held_out, truth, others, grid)
        for rows in blocks(np.flatnonzero((learnt.folds == fold) & ~star)):
            calibrated = calibrate(learnt.held_out.take(rows), calibration, grid)
            scores.append(score(calibrated.redshift, calibrated.pdf, truth[rows], grid))
    return summarise(Scores.concatenate(scores))
