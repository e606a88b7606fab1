"""Train a model on the pixels of objects.

Training objects are predicted by learners that have not seen them: the training set is divided
into folds, and each fold is predicted from the others. These held-out predictions calibrate the
PDFs of all objects.
"""

from typing import NamedTuple

import numpy as np

from redpix.photoz.calibration import Calibration
from redpix.photoz.checks import check_samples
from redpix.photoz.combine import fit_exponent
from redpix.photoz.learners.base import STAR, Training
from redpix.photoz.learners.gaussian_process import Process
from redpix.photoz.model import Model
from redpix.photoz.pixel_stream import sampled_vectors
from redpix.photoz.recipe import checked_recipe, fit_with_folds, regrouped, tuned_recipe
from redpix.photoz.split import assign_folds, sample_pixels, smallest_set


class PixelSamples(NamedTuple):
    """Two training sets of the same objects."""

    pixels: Training  #: one row per sampled pixel; the group is the row of its object
    apertures: Training  #: one row per object, from its summed fluxes

    def fit(self, folds, recipe, n_threads):
        """Return learners of the objects that are in a fold, and of those without a fold.

        Parameters
        ----------
        folds : ndarray of int, shape (objects,)
            0-based fold of each object, -1 for objects that are not trained on.
        recipe : Recipe
            Method, settings and seed of the training.
        n_threads : int
            Number of threads.

        Returns
        -------
        learners : dict
            The learners ``pixels`` and ``apertures``.
        without : callable
            Takes a fold, and returns such learners that have not seen it.
        """
        members = folds >= 0
        rows = members[self.pixels.group]
        parts = {
            "pixels": (self.pixels.take(rows), folds[self.pixels.group][rows]),
            "apertures": (self.apertures.take(members), folds[members]),
        }
        both = {
            name: fit_with_folds(part, fold, recipe, n_threads)
            for name, (part, fold) in parts.items()
        }

        def without(fold):
            return {name: less(fold) for name, (_, less) in both.items()}

        return {name: learner for name, (learner, _) in both.items()}, without


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
    galaxies, folds = training & ~star, assign_folds(training, star, recipe.seed)
    recipe = checked_recipe(recipe, folds, star, objects.redshift[galaxies])
    samples = sample_objects(pixels, totals, objects, training, estimates.vectors, recipe)
    check_samples(samples.pixels, pixels.attributes.names, "pixels", warn)
    recipe, record = tuned_recipe(
        recipe, regrouped(samples.pixels, recipe.groups), smallest_set(folds, star), n_threads
    )
    learners, without = samples.fit(folds, recipe, n_threads)
    predict_folds(pixels, objects, training, folds, without, estimates, recipe, n_threads)
    rows = np.flatnonzero(galaxies)
    exponent = fit_exponent(estimates.product, rows, objects.redshift[rows], recipe.grid)
    conditions, truth = estimates.conditions()[rows], objects.redshift[rows]
    calibrations = {
        name: Calibration.fit(prediction.take(rows), truth, recipe.grid, conditions)
        for name, prediction in estimates.predictions(exponent).items()
    }
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


def predict_folds(pixels, objects, training, folds, without, estimates, recipe, n_threads):
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
    without : callable
        From `PixelSamples.fit`.
    estimates : Estimates
        The predictions are added to it.
    recipe : Recipe
        Method, settings and seed of the training.
    n_threads : int
        Number of threads.
    """
    for fold in range(folds.max() + 1):
        estimates.add(pixels, folds == fold, without(fold), n_threads)
    galaxies = training & (objects.label != STAR)
    for fold in range(folds.max() + 1):
        others = galaxies & (folds != fold)
        estimates.summarise(folds == fold, _summary_learner(estimates, objects, others, recipe))


def _summary_learner(estimates, objects, members, recipe):
    """Return a Gaussian process from the features of some objects to their redshifts."""
    features = estimates.features()[members]
    return Process.fit(features, objects.redshift[members], recipe.grid, recipe.seed)
