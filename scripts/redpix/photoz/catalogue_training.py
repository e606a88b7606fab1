"""Train a model on a table of magnitudes, with a held-out prediction of each training object."""

from typing import NamedTuple

import numpy as np

from redpix.photoz.calibration import Calibration, calibrate
from redpix.photoz.catalogues import alike
from redpix.photoz.learners.base import STAR, Prediction, Training
from redpix.photoz.metrics import Scores, score, summarise
from redpix.photoz.model import Model
from redpix.photoz.recipe import checked_recipe, fit_with_folds, tuned_recipe
from redpix.photoz.split import assign_folds, smallest_set


class Learnt(NamedTuple):
    """A model trained on a table, and the held-out predictions of its training set."""

    model: Model
    held_out: Prediction  #: of each training object, by a learner that has not seen it
    folds: np.ndarray  #: (n,), number of the fold in which each object was held out


def learn(vectors, table, attributes, recipe, n_threads):
    """Train a model on the objects of a table.

    Each object is also predicted by a learner of the folds without it. These predictions calibrate
    the PDFs. Objects with equal magnitudes and errors are in the same fold.

    Parameters
    ----------
    vectors : ndarray, shape (n, attributes)
        Vectors of attributes.
    table : redpix.photoz.catalogues.GalaxyTable
        Objects of a table of magnitudes.
    attributes : redpix.photoz.attributes.Attributes
        Attributes of the vectors.
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
    grid, star = recipe.grid, table.label == STAR
    group = alike(table.magnitudes, table.errors)
    training = Training(vectors, table.redshift, table.label, group)
    folds = assign_folds(np.ones(len(star), bool), star, recipe.seed)[group]
    recipe = checked_recipe(recipe, folds, star, table.redshift[~star])
    recipe, record = tuned_recipe(recipe, training, smallest_set(folds, star), n_threads)
    learner, without = fit_with_folds(training, folds, recipe, n_threads)
    held_out = predict_held_out(training, folds, without, n_threads)
    calibration = Calibration.fit(held_out.take(~star), table.redshift[~star], grid)
    model = Model(
        method=recipe.method,
        settings=recipe.settings,
        attributes=attributes,
        grid=grid,
        learners={"objects": learner},
        calibrations={"objects": calibration},
        tuning=record,
    )
    return Learnt(model, held_out, folds)


def predict_held_out(training, folds, without, n_threads):
    """Return a prediction of each object by a learner of the other folds.

    Parameters
    ----------
    training : redpix.photoz.learners.base.Training
        Training set.
    folds : ndarray of int, shape (n,)
        0-based fold of each object.
    without : callable
        From `fit_with_folds`.
    n_threads : int
        Number of threads.

    Returns
    -------
    redpix.photoz.learners.base.Prediction
        In the order of the training set.
    """
    parts = [
        without(fold).predict(training.vectors[folds == fold], n_threads)
        for fold in range(folds.max() + 1)
    ]
    order = np.argsort(np.argsort(folds, kind="stable"), kind="stable")
    return Prediction.concatenate(parts).take(order)


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
    for fold in range(learnt.folds.max() + 1):
        members = (learnt.folds == fold) & ~star
        others = (learnt.folds != fold) & ~star
        truth = table.redshift
        calibration = Calibration.fit(learnt.held_out.take(others), truth[others], grid)
        calibrated = calibrate(learnt.held_out.take(members), calibration, grid)
        scores.append(score(calibrated.redshift, calibrated.pdf, truth[members], grid))
    return summarise(Scores.concatenate(scores))
