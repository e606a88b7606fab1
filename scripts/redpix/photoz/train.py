"""Train a model on the pixels of objects.

Training objects are predicted by learners that have not seen them: the training set is divided
into folds, and each fold is predicted from the others. These held-out predictions calibrate the
PDFs of all objects.
"""

from typing import NamedTuple

import numpy as np

from redpix.photoz import pdf
from redpix.photoz.calibration import Calibration
from redpix.photoz.checks import check_samples
from redpix.photoz.combine import fit_exponent
from redpix.photoz.learners.base import STAR, Training
from redpix.photoz.learners.gaussian_process import Process
from redpix.photoz.model import METHODS, Model
from redpix.photoz.pixel_stream import sampled_vectors
from redpix.photoz.split import (
    assign_folds,
    check_count,
    chosen_neighbours,
    sample_pixels,
    smallest_set,
)
from redpix.photoz.tuning import tune


class Recipe(NamedTuple):
    """The method of a training, its settings and its random seed."""

    method: str  #: one of `redpix.photoz.model.METHODS`
    settings: dict  #: settings of the learner, such as ``{"k": 30, "mode": "linear"}``
    grid: np.ndarray  #: (nodes,), redshifts at which PDFs are given
    limit: int | None  #: maximum number of training pixels per object; None for all
    seed: int
    groups: np.ndarray | None = None  #: (objects,), groups that tuning holds out; None: no tuning


class PixelSamples(NamedTuple):
    """Two training sets of the same objects."""

    pixels: Training  #: one row per sampled pixel; the group is the row of its object
    apertures: Training  #: one row per object, from its summed fluxes

    def fit(self, members, recipe, n_threads):
        """Return learners of some of the objects.

        Parameters
        ----------
        members : ndarray of bool, shape (objects,)
            Mask of the objects.
        recipe : Recipe
            Method, settings and seed of the training.
        n_threads : int
            Number of threads.

        Returns
        -------
        dict
            The learners ``pixels`` and ``apertures``.
        """
        learner = METHODS[recipe.method]
        parts = {
            "pixels": self.pixels.take(members[self.pixels.group]),
            "apertures": self.apertures.take(members),
        }
        return {
            name: learner.fit(part, recipe.grid, n_threads, **recipe.settings)
            for name, part in parts.items()
        }


def train(pixels, totals, objects, training, estimates, recipe, n_threads, warn):
    """Train a model, and predict each training object from the folds without it.

    Parameters
    ----------
    pixels : redpix.photoz.pixel_stream.Pixels
        Pixels of all fields.
    totals : redpix.photoz.pixel_stream.Totals
        Sums over the pixels of each object.
    objects : Objects
        Redshifts and labels of the objects.
    training : ndarray of bool, shape (objects,)
        Objects of the training set.
    estimates : Estimates
        The held-out predictions of the training set are added to it.
    recipe : Recipe
        Method, settings and seed of the training.
    n_threads : int
        Number of threads; the results do not depend on it.
    warn : callable
        Called with one line of text for each doubtful property of the training set.

    Returns
    -------
    redpix.photoz.model.Model

    Raises
    ------
    InputError
        If there are too few objects, the grid does not contain their redshifts, or every attribute
        is constant.
    """
    star = objects.label == STAR
    galaxies = training & ~star
    folds = assign_folds(training, star, recipe.seed)
    recipe = checked_recipe(recipe, folds, star, objects.redshift[galaxies])
    samples = sample_objects(pixels, totals, objects, training, estimates.vectors, recipe)
    check_samples(samples.pixels, pixels.attributes.names, "pixels", warn)
    recipe, record = tuned_recipe(
        recipe, regrouped(samples.pixels, recipe.groups), smallest_set(folds, star), n_threads
    )
    predict_folds(pixels, objects, training, folds, samples, estimates, recipe, n_threads)
    rows = np.flatnonzero(galaxies)
    exponent = fit_exponent(estimates.product, rows, objects.redshift[rows], recipe.grid)
    calibrations = {
        name: Calibration.fit(prediction.take(galaxies), objects.redshift[galaxies], recipe.grid)
        for name, prediction in estimates.predictions(exponent).items()
    }
    learners = samples.fit(training, recipe, n_threads)
    learners["summaries"] = _summary_learner(estimates, objects, galaxies, recipe)
    return Model(
        method=recipe.method,
        settings=recipe.settings,
        attributes=pixels.attributes,
        grid=recipe.grid,
        learners=learners,
        calibrations=calibrations,
        exponent=exponent,
        tuning=record,
    )


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
    return recipe._replace(settings=settings)


def sample_objects(pixels, totals, objects, training, vectors, recipe):
    """Return the training sets of sampled pixels and of summed fluxes.

    Parameters
    ----------
    pixels : redpix.photoz.pixel_stream.Pixels
        Pixels of all fields.
    totals : redpix.photoz.pixel_stream.Totals
        Sums over the pixels of each object.
    objects : Objects
        Redshifts and labels of the objects.
    training : ndarray of bool, shape (objects,)
        True for training objects.
    vectors : ndarray, shape (objects, attributes)
        Attributes of the summed fluxes.
    recipe : Recipe
        Method, settings and seed of the training.

    Returns
    -------
    PixelSamples
    """
    counts = np.where(training, totals.pixels, 0)
    chosen = sample_pixels(counts, recipe.limit, recipe.seed)
    index, drawn = sampled_vectors(pixels, totals, training, chosen)
    everything = np.arange(len(training))
    return PixelSamples(
        Training(drawn, objects.redshift[index], objects.label[index], index),
        Training(vectors, objects.redshift, objects.label, everything),
    )


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
        Without groups it is returned unchanged.
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
        From `redpix.photoz.tuning.tune`.
    """
    if recipe.groups is None:
        return recipe, []
    settings, record = tune(
        recipe.method, training, recipe.grid, recipe.settings, allowed, recipe.seed, n_threads
    )
    return recipe._replace(settings=settings), record


def predict_folds(pixels, objects, training, folds, samples, estimates, recipe, n_threads):
    """Predict each training object from the folds without it.

    Parameters
    ----------
    pixels : redpix.photoz.pixel_stream.Pixels
        Pixels of all fields.
    objects : Objects
        Redshifts and labels of the objects.
    training : ndarray of bool, shape (objects,)
        True for training objects.
    folds : ndarray of int, shape (objects,)
        0-based fold of each object.
    samples : PixelSamples
        Training sets of pixels and of summed fluxes.
    estimates : Estimates
        The predictions are added to it.
    recipe : Recipe
        Method, settings and seed of the training.
    n_threads : int
        Number of threads.
    """
    for fold in range(folds.max() + 1):
        held_out = folds == fold
        learners = samples.fit(training & ~held_out, recipe, n_threads)
        estimates.add(pixels, held_out, learners, n_threads)
    galaxies = training & (objects.label != STAR)
    for fold in range(folds.max() + 1):
        others = galaxies & (folds != fold)
        estimates.summarise(folds == fold, _summary_learner(estimates, objects, others, recipe))


def _summary_learner(estimates, objects, members, recipe):
    """Return a Gaussian process from the features of some objects to their redshifts."""
    features = estimates.features()[members]
    return Process.fit(features, objects.redshift[members], recipe.grid, recipe.seed)
