"""Train a model on a table of magnitudes, with a held-out prediction of each training object."""

from typing import NamedTuple

import numpy as np

from redpix.core.job import log
from redpix.photoz.calibration import Calibration, calibrate
from redpix.photoz.catalogues import alike
from redpix.photoz.conditional_calibration import brightness_and_colour
from redpix.photoz.learners.base import STAR, Prediction, Training
from redpix.photoz.methods import taken_vectors
from redpix.photoz.model import Model
from redpix.photoz.object_predictions import predict_all, taken
from redpix.photoz.object_samples import blocks
from redpix.photoz.recipe import checked_recipe, fit_with_folds, tuned_recipe
from redpix.photoz.split import assign_folds, smallest_set
from redpix.photoz.table_scores import TableScores

#: maximum number of values of the PDFs that calibrate others; bounds the memory
MOST_CALIBRATING = 10_000_000


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
    recipe : redpix.photoz.recipe.Recipe
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
    for name, most in taken_vectors(recipe.method, recipe.settings, len(star)).items():
        log.warning(
            "photoz.%s.vectors: %d of %d training vectors are taken at a time",
            name,
            most,
            len(star),
        )
    learner, without = fit_with_folds(training, folds, recipe, n_threads)
    held_out = predict_held_out(sample, folds, without, grid, n_threads)
    model = Model(
        method=recipe.method,
        settings=recipe.settings,
        attributes=sample.attributes,
        grid=grid,
        learners={"objects": learner},
        calibrations={"objects": calibration_of(held_out, sample, ~star, grid)},
        tuning=record,
    )
    return Learnt(model, held_out, folds)


def predict_held_out(sample, folds, without, grid, n_threads):
    """Return a prediction of each object by a learner of the other folds.

    Parameters
    ----------
    sample : redpix.photoz.object_samples.Sample
        Objects of the training set.
    folds : ndarray of int, shape (n,)
        0-based fold of each object.
    without : callable
        From `fit_with_folds`.
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes.
    n_threads : int
        Number of threads.

    Returns
    -------
    redpix.photoz.learners.base.Prediction
        In the order of the training set.
    """
    result = None
    for fold in range(folds.max() + 1):
        rows = np.flatnonzero(folds == fold)
        result = predict_all(without(fold), sample, grid, n_threads, result, rows)
    return result


def calibration_of(held_out, sample, members, grid):
    """Return the calibration of held-out predictions, from a sample of large training sets.

    Parameters
    ----------
    held_out : redpix.photoz.learners.base.Prediction
        Held-out predictions of the training set.
    sample : redpix.photoz.object_samples.Sample
        Objects of the training set.
    members : ndarray of bool, shape (n,)
        Objects to calibrate with.
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes.

    Returns
    -------
    redpix.photoz.calibration.Calibration
    """
    rows = np.flatnonzero(members)
    rows = rows[:: max(1, -(-len(rows) * len(grid) // MOST_CALIBRATING))]
    few = sample.take(rows)
    conditions = brightness_and_colour(few.vectors, few.attributes)
    return Calibration.fit(taken(held_out, rows), few.table.redshift, grid, conditions)


def cross_validated(learnt, sample):
    """Return the metrics of the held-out predictions of the training set.

    Each fold is calibrated on the other folds. Stars are left out.

    Parameters
    ----------
    learnt : Learnt
        The model and its held-out predictions.
    sample : redpix.photoz.object_samples.Sample
        Objects of the training set.

    Returns
    -------
    dict
        ``cross_validation``, as from `redpix.photoz.metrics.summarise`, with the scores of the
        point estimates; and ``conditional``.
    """
    star, grid = sample.table.label == STAR, learnt.model.grid
    kept = TableScores(grid)
    for fold in range(learnt.folds.max() + 1):
        others = (learnt.folds != fold) & ~star
        calibration = calibration_of(learnt.held_out, sample, others, grid)
        for rows in blocks(np.flatnonzero((learnt.folds == fold) & ~star)):
            part = sample.take(rows)
            conditions = brightness_and_colour(part.vectors, part.attributes)
            held_out = taken(learnt.held_out, rows)
            kept.add(calibrate(held_out, calibration, grid, conditions), part.table, conditions)
    point = learnt.model.calibrations["objects"].point
    return {
        "cross_validation": {**kept.summary(), "point_estimates": kept.points(point)},
        "conditional": kept.conditional(),
    }
