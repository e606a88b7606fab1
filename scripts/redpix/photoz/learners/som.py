"""The learner som: self-organising maps with the training redshifts in their cells.

After Carrasco Kind & Brunner (2014, MNRAS 438, 3409). Each map is trained on a bootstrap sample of
the objects and on some of the attributes.
"""

from dataclasses import dataclass

import numpy as np

from redpix.photoz.attributes import Scaler
from redpix.photoz.learners.base import CLASSES, STAR, Prediction, dispersion, without_errors
from redpix.photoz.learners.neighbours import smoothed
from redpix.photoz.learners.som_cells import Maps, predict_cells
from redpix.photoz.learners.som_maps import MapPlan, scaled, train_maps

#: fraction of the training vectors that are inside; the others fit their cells badly
REACH_SHARE = 0.995

#: maximum number of training vectors that measure the scatter and the reach; bounds the memory
MOST_HELD = 20_000


@dataclass(frozen=True, eq=False)
class SOM:
    """Maps for the redshift, and other maps for the class.

    Each map is trained on a bootstrap sample of the objects and on three quarters of the
    attributes, standardised. If there are errors among the attributes, magnitudes and colours are
    perturbed at random within them. The errors themselves are not inputs of the maps.

    A vector belongs to the cell with the nearest prototype, in the attributes that the vector has.
    In the mode ``mean`` its redshifts are those of the training vectors in the cell. In the mode
    ``linear`` they are a linear fit to the training vectors in and near the cell, and the residuals
    of the fit. The redshift is the mean over the maps. The PDF is the distribution of the redshifts
    of all maps, smoothed. The probability of a class is its fraction in the cells. A vector is
    outside the training set if its distance from the prototypes is larger than usual.

    Parameters
    ----------
    scaler : redpix.photoz.attributes.Scaler
        Standardisation of the attributes.
    redshifts : redpix.photoz.learners.som_cells.Maps
        Maps for the redshift.
    classes : redpix.photoz.learners.som_cells.Maps or None
        None if the training set has fewer than two classes.
    out_of_bag : ndarray, shape (2, n)
        Redshift of each training galaxy or quasar by the maps that have not seen its object, and
        its true redshift. NaN if all maps have seen it.
    reach : float
        Maximum distance from the prototypes of a vector that is inside the training set.
    grid : ndarray, shape (nodes,)
        Redshifts at which PDFs are given.
    errors : int
        Number of the last attributes that are errors.
    """

    scaler: Scaler
    redshifts: Maps
    classes: Maps | None
    out_of_bag: np.ndarray
    reach: float
    grid: np.ndarray
    errors: int

    @staticmethod
    def needs(settings):
        """Return the minimum number of training galaxies.

        Parameters
        ----------
        settings : dict
            Settings of the learner.

        Returns
        -------
        int
        """
        return 10

    @classmethod
    def fit(cls, training, grid, n_threads=1, *, seed, mixing, errors=0, **settings):
        """Return a learner of a training set.

        Parameters
        ----------
        training : redpix.photoz.learners.base.Training
            Training set.
        grid : ndarray, shape (nodes,)
            Redshifts at which PDFs are given.
        n_threads : int
            Number of threads.
        seed : int
            Seed of the random numbers.
        mixing : sequence, shape (attributes - errors, bands)
            Derivatives of the attributes by the magnitudes, `Attributes.mixing`.
        errors : int
            Number of the last attributes that are errors.
        **settings : object
            The keys of ``photoz.som``: ``topology``, ``size``, ``filling``, ``periodic``,
            ``update``, ``maps``, ``iterations``, ``mode``, ``vectors``.

        Returns
        -------
        SOM
        """
        galaxies = training.take(training.label != STAR)
        labelled = training.take(training.label >= 0)
        plain = without_errors(galaxies.vectors, errors)
        plan = MapPlan(Scaler.fit(plain), mixing, errors, seed, settings, n_threads)
        redshifts, out = train_maps(galaxies, galaxies.redshift[:, None], plan)
        classes = None
        if len(np.unique(labelled.label)) > 1:
            fractions = (labelled.label[:, None] == np.arange(len(CLASSES))).astype(float)
            classes, _ = train_maps(labelled, fractions, plan)
        some = slice(None, None, max(1, -(-len(plain) // MOST_HELD)))
        samples, misfit = predict_cells(redshifts, scaled(plan.scaler, plain[some]), n_threads)
        held_out = np.full(len(plain), np.nan)
        held_out[some] = _mean_of_unseen(samples, out[:, some])
        return cls(
            scaler=plan.scaler,
            redshifts=redshifts,
            classes=classes,
            out_of_bag=np.stack([held_out, galaxies.redshift]),
            reach=np.quantile(misfit, REACH_SHARE),
            grid=grid,
            errors=errors,
        )

    def arrays(self):
        """Return the learner as named arrays.

        Returns
        -------
        dict of str to ndarray
        """
        arrays = {**self.scaler._asdict(), "out_of_bag": self.out_of_bag, "reach": self.reach}
        for name, maps in (("redshift", self.redshifts), ("class", self.classes)):
            if maps is not None:
                arrays |= {f"{name}_{field}": array for field, array in maps._asdict().items()}
        return {name: np.asarray(array) for name, array in arrays.items()}

    @classmethod
    def from_arrays(cls, arrays, grid, *, errors=0, **settings):
        """Return the learner that these arrays describe.

        Parameters
        ----------
        arrays : mapping of str to ndarray
            From `arrays`.
        grid : ndarray, shape (nodes,)
            Redshifts at which PDFs are given.
        errors : int
            Number of the last attributes that are errors.
        **settings : object
            Those of `fit`.

        Returns
        -------
        SOM
        """
        redshifts, classes = (
            Maps(**{field: arrays[f"{name}_{field}"] for field in Maps._fields})
            if f"{name}_value" in arrays
            else None
            for name in ("redshift", "class")
        )
        scaler = Scaler(arrays["mean"], arrays["deviation"])
        reach = float(arrays["reach"])
        return cls(scaler, redshifts, classes, arrays["out_of_bag"], reach, grid, errors)

    def insight(self, names):
        """Return the number of cells of a map, and the scatter of the out-of-bag redshifts.

        Parameters
        ----------
        names : sequence of str
            Names of the attributes.

        Returns
        -------
        dict
        """
        predicted, true = self.out_of_bag
        return {
            "cells": int(self.redshifts.known.shape[1]),
            "out_of_bag_nmad": dispersion(predicted, true),
        }

    def predict(self, vectors, n_threads=1):
        """Predict vectors.

        Parameters
        ----------
        vectors : ndarray, shape (n, attributes)
            NaN where an attribute is missing.
        n_threads : int
            Number of threads.

        Returns
        -------
        redpix.photoz.learners.base.Prediction
        """
        plain = scaled(self.scaler, without_errors(vectors, self.errors))
        samples, misfit = predict_cells(self.redshifts, plain, n_threads)
        samples = np.moveaxis(samples, 0, 1).reshape(len(plain), -1)
        samples = np.clip(samples, self.grid[0], self.grid[-1])
        probability = np.full((len(plain), len(CLASSES)), np.nan)
        if self.classes is not None:
            fractions, _ = predict_cells(self.classes, plain, n_threads)
            probability = fractions.mean(axis=0)
        redshift = samples.mean(axis=1)
        return Prediction(redshift, smoothed(samples, self.grid), probability, misfit > self.reach)


def _mean_of_unseen(samples, out):
    """Return the mean redshift of each vector by the maps that have not seen its object.

    Parameters
    ----------
    samples : ndarray, shape (maps, n, quantiles)
        Redshifts by each map.
    out : ndarray of bool, shape (maps, n)
        True where a map has not seen the object.

    Returns
    -------
    ndarray, shape (n,)
        NaN if all maps have seen it.
    """
    count = out.sum(axis=0)
    return (samples.mean(axis=2) * out).sum(axis=0) / np.where(count > 0, count, np.nan)
