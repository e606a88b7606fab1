"""Training and predicting objects from streamed pixels, with every object predicted honestly.

A training object is predicted by a learner that has not seen it: the training objects are divided
into folds, and each fold is predicted from the others. So the redshifts of training objects mean
as much as those of test objects, and the widths of all can be calibrated on them.
"""

from typing import NamedTuple

import numpy as np

from redpix.photoz import pdf
from redpix.photoz.calibration import Calibration, calibrate
from redpix.photoz.checks import check_samples
from redpix.photoz.combine import COMBINERS, WEIGHTS, Product, Stack, fit_exponent, with_median
from redpix.photoz.learners.base import CLASSES, STAR, Prediction, Training
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

#: name of the estimate from one summed vector an object, beside those of `COMBINERS`
APERTURE = "aperture"

#: name of the estimate from what an object's pixels say together
SUMMARY = "summary"

#: added to the spread of pixels' redshifts before its logarithm is taken
LEAST_SPREAD = 1e-3

#: all the ways in which an object's pixels become one redshift
WAYS = (*COMBINERS, SUMMARY)


class Objects(NamedTuple):
    """The objects that have pixels, one row each."""

    redshift: np.ndarray  #: (n,), NaN where unknown
    label: np.ndarray  #: (n,), index into `CLASSES`, -1 where unknown


class Estimates:
    """What is predicted of each object, before widths are calibrated: filled pass by pass."""

    def __init__(self, totals, attributes, grid):
        objects = len(totals.pixels)
        self.grid = grid
        self.stacks = {name: Stack(objects, len(grid)) for name in WEIGHTS}
        self.product = Product(objects, len(grid))
        self.vectors = attributes.of_aperture().of_fluxes(totals.flux, totals.error)
        self._features = totals.features
        self.aperture, self.summary = _unknown(objects, grid), _unknown(objects, grid)

    def add(self, pixels, members, learners, n_threads, watch=None):
        """Predict the objects of a mask, in one pass over the pixels.

        Parameters
        ----------
        pixels : Pixels
        members : ndarray of bool, shape (objects,)
        learners : dict
            Of ``pixels`` and of ``apertures``.
        n_threads : int
        watch : callable, optional
            Called with the `Chunk` and the `Prediction` of the members' pixels.
        """
        if not members.any():
            return
        found = learners["apertures"].predict(self.vectors[members], n_threads)
        _fill(self.aperture, members, found)
        for chunk in pixels:
            rows = members[chunk.index]
            if not rows.any():
                continue
            chunk = type(chunk)(*(column[rows] for column in chunk))
            prediction = learners["pixels"].predict(chunk.vectors, n_threads)
            for name, weight in WEIGHTS.items():
                self.stacks[name].add(chunk.index, weight(chunk.snr), prediction)
            weight = WEIGHTS["weighted"](chunk.snr)
            self.product.add(chunk.index, weight, prediction.pdf)
            if watch is not None:
                watch(chunk, prediction)

    def features(self):
        """What an object's pixels say together, NaN for those not predicted yet.

        Those of `redpix.photoz.object_features`, then of the redshifts of its pixels: the
        logarithms of their standard deviations, weighted and plain, and the weighted mean less the
        plain one.
        """
        weighted, plain = (self.stacks[name].moments() for name in ("weighted", "mean"))
        spread = np.stack([weighted[:, 1], plain[:, 1]], axis=1)
        shift = weighted[:, :1] - plain[:, :1]
        return np.concatenate([self._features, np.log(spread + LEAST_SPREAD), shift], axis=1)

    def summarise(self, members, process):
        """Predict the objects of a mask, all of whose pixels are predicted, from their features."""
        if members.any():
            _fill(self.summary, members, process.predict(self.features()[members]))

    def predictions(self, exponent):
        """A `Prediction` of all objects for each of `WAYS` and for `APERTURE`.

        `exponent` is that of the product of an object's pixels.
        """
        combined = {name: stack.prediction() for name, stack in self.stacks.items()}
        weighted = combined["weighted"]
        combined["stacked"] = with_median(weighted, weighted.pdf, self.grid)
        pdfs = self.product.pdfs(exponent, self.grid).astype(np.float32)
        combined["tempered"] = with_median(weighted, pdfs, self.grid)
        combined[SUMMARY] = self.summary._replace(probability=weighted.probability)
        return {**combined, APERTURE: self.aperture}


def _fill(estimate, members, found):
    """Write the predictions of the objects of a mask into those of all."""
    for field, values in zip(estimate, found, strict=True):
        field[members] = values


def _unknown(objects, grid):
    """A prediction of objects before there is one."""
    return Prediction(
        np.full(objects, np.nan),
        np.full((objects, len(grid)), np.nan, np.float32),
        np.full((objects, len(CLASSES)), np.nan),
        np.full(objects, np.nan),
    )


class Recipe(NamedTuple):
    """How to learn."""

    method: str  #: one of `redpix.photoz.model.METHODS`
    settings: dict  #: the learner's own, e.g. ``{"k": 30, "mode": "linear"}``
    grid: np.ndarray  #: (nodes,), redshifts at which densities are given
    limit: int | None  #: most training pixels an object gives; None for all
    seed: int
    groups: np.ndarray | None = None  #: (objects,), what tuning keeps together; None: no tuning


def train(pixels, totals, objects, training, estimates, recipe, n_threads, warn):
    """Learn from the training objects, and predict each from the folds it is not in.

    Parameters
    ----------
    pixels : Pixels
    totals : Totals
    objects : Objects
    training : ndarray of bool, shape (objects,)
    estimates : Estimates
        The training objects are filled in.
    recipe : Recipe
    n_threads : int
        Threads; the result does not depend on them.
    warn : callable
        Called with a line for what is doubtful but no error.

    Returns
    -------
    Model

    Raises
    ------
    InputError
        If there are too few objects, the grid does not hold their redshifts, or every attribute
        is constant.
    """
    grid = recipe.grid
    star = objects.label == STAR
    folds = assign_folds(training, star, recipe.seed)
    learner = METHODS[recipe.method]
    recipe = recipe._replace(settings=chosen_neighbours(recipe.settings, folds, star))
    check_count(recipe.method, learner.needs(recipe.settings), folds, star)
    pdf.check_range(objects.redshift[training & ~star], grid)
    counts = np.where(training, totals.pixels, 0)
    chosen = sample_pixels(counts, recipe.limit, recipe.seed)
    index, vectors = sampled_vectors(pixels, totals, training, chosen)
    samples = Training(vectors, objects.redshift[index], objects.label[index], index)
    everything = np.arange(len(training))
    apertures = Training(estimates.vectors, objects.redshift, objects.label, everything)
    check_samples(samples, pixels.attributes.names, "pixels", warn)
    tried = []
    if recipe.groups is not None:
        grouped = samples._replace(group=recipe.groups[index])
        known = (recipe.method, grouped, grid, recipe.settings, smallest_set(folds, star))
        settings, tried = tune(*known, recipe.seed, n_threads)
        recipe = recipe._replace(settings=settings)

    def learn(members):
        parts = {"pixels": samples.take(members[index]), "apertures": apertures.take(members)}
        return {
            name: learner.fit(part, grid, n_threads, **recipe.settings)
            for name, part in parts.items()
        }

    numbers = range(folds.max() + 1)
    for fold in numbers:
        held_out = folds == fold
        estimates.add(pixels, held_out, learn(training & ~held_out), n_threads)
    known = training & ~star
    for fold in numbers:
        rest = known & (folds != fold)
        estimates.summarise(folds == fold, _summary(estimates, objects, rest, recipe))
    rows = np.flatnonzero(known)
    exponent = fit_exponent(estimates.product, rows, objects.redshift[rows], grid)
    calibrations = {
        name: Calibration.fit(
            Prediction(*(field[known] for field in prediction)), objects.redshift[known], grid
        )
        for name, prediction in estimates.predictions(exponent).items()
    }
    learners = {**learn(training), "summaries": _summary(estimates, objects, known, recipe)}
    told = (pixels.attributes, grid, learners, calibrations, exponent, tried)
    return Model(recipe.method, recipe.settings, *told)


def _summary(estimates, objects, members, recipe):
    """What the features of the galaxies and quasars of a mask teach."""
    known = estimates.features()[members], objects.redshift[members]
    return Process.fit(*known, recipe.grid, recipe.seed)


def finish(estimates, model):
    """Calibrated redshifts of all objects for each combiner and for `APERTURE`."""
    return {
        name: calibrate(prediction, model.calibrations[name], model.grid)
        for name, prediction in estimates.predictions(model.exponent).items()
    }
