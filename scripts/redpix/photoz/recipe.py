"""The recipe of a training: method, settings, their choice, and the fit of learners by fold."""

from typing import NamedTuple

import numpy as np

from redpix.photoz import pdf
from redpix.photoz.methods import METHODS
from redpix.photoz.split import check_count, chosen_neighbours
from redpix.photoz.tuning import tune, tune_neighbours


class Recipe(NamedTuple):
    """The method of a training, its settings and its random seed."""

    method: str  #: one of `redpix.photoz.methods.METHODS`
    settings: dict  #: settings of the learner, such as ``{"k": 30, "mode": "linear"}``
    grid: np.ndarray  #: (nodes,), redshifts at which PDFs are given
    limit: int | None  #: maximum number of training pixels per object; None for all
    seed: int
    groups: np.ndarray | None = None  #: (objects,), groups that tuning holds out; None: no tuning
    free: bool = False  #: the number of neighbours is not configured


def checked_recipe(recipe, folds, star, redshift):
    """Return a recipe with its number of neighbours, checked against the training set.

    Parameters
    ----------
    recipe : Recipe
        Method, settings and seed of the training.
    folds : ndarray of int, shape (objects,)
        Number of the fold, -1 for objects that are not trained on.
    star : ndarray of bool, shape (objects,)
        True for stars.
    redshift : ndarray
        Redshifts of the training galaxies and quasars.

    Returns
    -------
    Recipe

    Raises
    ------
    InputError
        If there are too few objects, or the grid does not contain their redshifts.
    """
    settings = chosen_neighbours(recipe.settings, folds, star)
    check_count(recipe.method, METHODS[recipe.method].needs(settings), folds, star)
    pdf.check_range(redshift, recipe.grid)
    return recipe._replace(settings=settings, free=settings != recipe.settings)


def regrouped(training, groups):
    """Return a training set of pixels with the groups of their objects.

    Parameters
    ----------
    training : redpix.photoz.learners.base.Training
        Its group is the row of the object.
    groups : ndarray of int, shape (objects,), or None
        None changes nothing.

    Returns
    -------
    redpix.photoz.learners.base.Training
    """
    return training if groups is None else training._replace(group=groups[training.group])


def tuned_recipe(recipe, training, allowed, n_threads):
    """Return a recipe with tuned settings, and the record of the candidates.

    Parameters
    ----------
    recipe : Recipe
        Without groups only the number of neighbours is chosen, if it is not configured.
    training : redpix.photoz.learners.base.Training
        Training set.
    allowed : int
        Maximum number of galaxies that a candidate may need.
    n_threads : int
        Number of threads.

    Returns
    -------
    recipe : Recipe
    record : list of dict
        From `redpix.photoz.tuning.tune` or `tune_neighbours`.
    """
    if recipe.groups is None and not recipe.free:
        return recipe, []
    choose = tune_neighbours if recipe.groups is None else tune
    settings, record = choose(
        recipe.method, training, recipe.grid, recipe.settings, allowed, recipe.seed, n_threads
    )
    return recipe._replace(settings=settings), record


def fit_with_folds(training, folds, recipe, n_threads):
    """Return a learner of a training set, and a function that gives it without a fold.

    Parameters
    ----------
    training : redpix.photoz.learners.base.Training
        Training set.
    folds : ndarray of int, shape (n,)
        0-based fold of each object.
    recipe : Recipe
        Method, settings and seed of the training.
    n_threads : int
        Number of threads.

    Returns
    -------
    learner : object
        One of `redpix.photoz.methods.METHODS`, fitted.
    without : callable
        Takes a fold, and returns a learner that has not seen it.
    """
    method, settings = METHODS[recipe.method], recipe.settings
    if hasattr(method, "without"):
        learner = method.fit(training, recipe.grid, n_threads, folds=folds, **settings)
        return learner, learner.without

    def fit(rows):
        return method.fit(training.take(rows), recipe.grid, n_threads, **settings)

    return fit(np.ones(len(folds), bool)), lambda fold: fit(folds != fold)
