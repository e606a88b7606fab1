"""Redshifts from self-organising maps: SOM.

After Carrasco Kind & Brunner (2014, MNRAS 438, 3409): maps of bootstrap samples and of a part of
the attributes each, whose cells know the redshifts that fell there.
"""

import numpy as np
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from redpix.photoz.attributes import Scaler
from redpix.photoz.learners import som_topology, som_training
from redpix.photoz.learners.base import CLASSES, STAR, Prediction, dispersion
from redpix.photoz.learners.neighbours import smoothed
from redpix.photoz.learners.realisations import realise
from redpix.photoz.learners.som_cells import Maps, fit_cells, predict_cells

#: share of the attributes that a map sees
SHARE = 0.75

#: training vectors a cell where no size is asked for, and the most cells then
FILLING, MOST_CELLS = 22, 400

#: most training vectors of a map
MOST_VECTORS = 10_000

#: standardised attributes beyond this many standard deviations count as this many
FARTHEST = 6.0

#: share of the training vectors that fit their cells as well as is usual
REACH_SHARE = 0.995


class SOM:
    """Maps for redshifts, and where classes differ maps for classes.

    Each map sees a bootstrap sample of the objects, their magnitudes moved at random within their
    errors where errors are among the attributes (the errors themselves are no inputs), and three
    quarters of the attributes, standardised. A vector falls into the cell whose prototype is
    nearest over the attributes that it has; others may be missing (NaN). In the mode ``mean`` its
    redshifts are those of the training vectors in the cell, in the mode ``linear`` a linear fit to
    those in and about the cell and the fit's residuals. The redshift is the mean over the maps,
    the density that of all their redshifts, smoothed. The probability of a class is its share of
    the cells. A vector is outside of what is known where it is farther from its prototypes than is
    usual.

    Parameters
    ----------
    scaler : Scaler
    redshifts, classes : Maps
        The latter None where classes do not differ.
    out_of_bag : ndarray, shape (2, n)
        Redshift of each galaxy or quasar of the training from the maps that had not its object
        (NaN where all had), and its true one.
    reach : float
        Usual distance of a vector from its prototypes.
    grid : ndarray, shape (nodes,)
    errors : int
        Number of the last attributes that are errors.
    """

    MISSING = True  #: takes vectors with missing attributes

    def __init__(self, scaler, redshifts, classes, out_of_bag, reach, grid, errors):
        self.scaler, self.redshifts, self.classes = scaler, redshifts, classes
        self.out_of_bag, self.reach = out_of_bag, reach
        self.grid, self._errors = grid, errors

    @staticmethod
    def needs(settings):
        """Fewest galaxies that it learns from."""
        return 10

    @classmethod
    def fit(cls, training, grid, n_threads=1, *, seed, mixing, errors=0, **settings):
        """Learn from a `Training` with `n_threads` threads.

        Parameters
        ----------
        training : Training
        grid : ndarray, shape (nodes,)
        n_threads, seed : int
        mixing : sequence, shape (attributes - errors, bands)
            What attributes change by when magnitudes do (`Attributes.mixing`).
        errors : int
        **settings
            The keys of ``photoz.som``: ``topology``, ``size``, ``filling``, ``periodic``,
            ``update``, ``maps``, ``iterations``, ``mode``.
        """
        moving = training.take(training.label != STAR)
        labelled = training.take(training.label >= 0)
        plain = moving.vectors[:, : moving.vectors.shape[1] - errors]
        scaler = Scaler.fit(plain)
        known = (scaler, mixing, errors, seed, settings, n_threads)
        redshifts, out = _learn(moving, moving.redshift[:, None], *known)
        classes = None
        if len(np.unique(labelled.label)) > 1:
            shares = (labelled.label[:, None] == np.arange(len(CLASSES))).astype(float)
            classes, _ = _learn(labelled, shares, *known)
        learner = cls(scaler, redshifts, classes, None, np.inf, grid, errors)
        said, misfit = learner._said(plain, n_threads)
        count = out.sum(axis=0)
        found = (said.mean(axis=2) * out).sum(axis=0) / np.where(count > 0, count, np.nan)
        learner.out_of_bag = np.stack([found, moving.redshift])
        learner.reach = np.quantile(misfit, REACH_SHARE)
        return learner

    def _said(self, plain, n_threads):
        """Redshifts of the maps, (maps, n, quantiles), and distances from prototypes, (n,)."""
        return predict_cells(self.redshifts, _scaled(self.scaler, plain), n_threads)

    def arrays(self):
        """Everything needed to predict elsewhere, by name."""
        arrays = {**self.scaler._asdict(), "out_of_bag": self.out_of_bag, "reach": self.reach}
        for name, found in (("redshift", self.redshifts), ("class", self.classes)):
            if found is not None:
                arrays |= {f"{name}_{field}": array for field, array in found._asdict().items()}
        return {name: np.asarray(array) for name, array in arrays.items()}

    @classmethod
    def from_arrays(cls, arrays, grid, *, errors=0, **settings):
        """The learner whose `arrays` these are."""
        redshifts, classes = (
            Maps(*(arrays[f"{name}_{field}"] for field in Maps._fields))
            if f"{name}_value" in arrays
            else None
            for name in ("redshift", "class")
        )
        scaler = Scaler(arrays["mean"], arrays["deviation"])
        known = (arrays["out_of_bag"], float(arrays["reach"]))
        return cls(scaler, redshifts, classes, *known, grid, errors)

    def held_out(self, n_threads=1):
        """Redshifts of the training's galaxies from the maps that had not their objects."""
        return self.out_of_bag[0]

    def insight(self, names):
        """Number of cells of a map, and the scatter of the out-of-bag redshifts."""
        return {
            "cells": int(self.redshifts.known.shape[1]),
            "out_of_bag_nmad": dispersion(*self.out_of_bag),
        }

    def predict(self, vectors, n_threads=1):
        """Predict feature vectors, shape (n, attributes), with `n_threads` threads.

        Returns
        -------
        Prediction
        """
        plain = vectors[:, : vectors.shape[1] - self._errors]
        said, misfit = self._said(plain, n_threads)
        samples = np.clip(np.moveaxis(said, 0, 1).reshape(len(plain), -1), *self.grid[[0, -1]])
        probability = np.full((len(plain), len(CLASSES)), np.nan)
        if self.classes is not None:
            shares, _ = predict_cells(self.classes, _scaled(self.scaler, plain), n_threads)
            probability = shares.mean(axis=0)
        redshift = samples.mean(axis=1)
        return Prediction(redshift, smoothed(samples, self.grid), probability, misfit > self.reach)


def map_size(settings, vectors):
    """Size of the grid of a map of so many vectors: as asked for, or as they fill it."""
    cells = np.clip(vectors / settings.get("filling", FILLING), 4, MOST_CELLS)
    return settings["size"] or som_topology.chosen_size(settings["topology"], cells)


def _scaled(scaler, vectors):
    return np.clip(scaler.transform(vectors), -FARTHEST, FARTHEST)


def _learn(training, values, scaler, mixing, errors, seed, settings, n_threads):
    """Maps of a training set, and which of its rows each has not seen, (maps, n)."""
    size = map_size(settings, len(training.group))
    distance = som_topology.distances(settings["topology"], size, settings["periodic"])
    numbers = range(settings["maps"])
    generators = [np.random.default_rng([seed, 8, number]) for number in numbers]
    drawn = [realise(training, mixing, errors, MOST_VECTORS, one) for one in generators]
    attributes = training.vectors.shape[1] - errors
    count = max(min(2, attributes), round(SHARE * attributes))
    used = np.zeros((len(drawn), attributes), bool)
    for row, generator in zip(used, generators, strict=True):
        row[generator.permutation(attributes)[:count]] = True
    vectors = [_scaled(scaler, one.vectors) for one in drawn]
    inputs = [rows[:, own] for rows, own in zip(vectors, used, strict=True)]
    starts = [
        som_training.first_prototypes(rows, len(distance), generator)
        for rows, generator in zip(inputs, generators, strict=True)
    ]
    with threadpool_limits(1):
        found = som_training.UPDATES[settings["update"]](
            inputs, starts, distance, settings["iterations"], n_threads
        )
        known = Parallel(n_jobs=n_threads, prefer="threads")(
            delayed(fit_cells)(rows, values[one.rows], own, prototype, distance, settings["mode"])
            for rows, one, own, prototype in zip(vectors, drawn, used, found, strict=True)
        )
    parts = (np.stack(part) for part in zip(*known, strict=True))
    return Maps(used, *parts), np.stack([one.out for one in drawn])
