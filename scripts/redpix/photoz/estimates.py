"""Predictions of objects from their pixels, filled in chunks of pixels."""

from typing import NamedTuple

import numpy as np

from redpix.photoz.calibration import calibrate
from redpix.photoz.combine import COMBINERS, WEIGHTS, GeometricMeans, WeightedMeans, with_median
from redpix.photoz.conditional_calibration import brightness_and_colour
from redpix.photoz.learners.base import CLASSES, Prediction

#: name of the estimate from the summed fluxes of an object
APERTURE = "aperture"

#: name of the estimate from features of the pixels' predictions
SUMMARY = "summary"

#: redshift added to the standard deviation of the pixels' redshifts; keeps its logarithm finite
LEAST_SPREAD = 1e-3

#: names of all estimates that combine the pixels of an object
WAYS = (*COMBINERS, SUMMARY)


class Objects(NamedTuple):
    """The objects that have pixels, one row per object."""

    redshift: np.ndarray  #: (n,), NaN where unknown
    label: np.ndarray  #: (n,), index into `CLASSES`, -1 where unknown


class Estimates:
    """Predictions of each object before calibration, filled in several passes over the pixels.

    Parameters
    ----------
    totals : redpix.photoz.pixel_stream.Totals
        Sums over the pixels of each object.
    attributes : redpix.photoz.attributes.Attributes
        Attributes of the pixels.
    grid : ndarray, shape (nodes,)
        Redshifts at which PDFs are given.
    """

    def __init__(self, totals, attributes, grid):
        objects = len(totals.pixels)
        self.grid = grid
        self.stacks = {name: WeightedMeans(objects, len(grid)) for name in WEIGHTS}
        self.product = GeometricMeans(objects, len(grid))
        self._aperture = attributes.of_aperture()
        self.vectors = self._aperture.of_fluxes(totals.flux, totals.error)
        self._features = totals.features
        self.aperture, self.summary = _unknown(objects, grid), _unknown(objects, grid)

    def add(self, pixels, members, learners, n_threads, watch=None):
        """Predict some objects from their pixels and from their summed fluxes.

        Parameters
        ----------
        pixels : redpix.photoz.pixel_stream.Pixels
            Pixels of all fields.
        members : ndarray of bool, shape (objects,)
            Objects to predict.
        learners : dict
            The learners ``pixels`` and ``apertures``.
        n_threads : int
            Number of threads.
        watch : callable, optional
            Called with each `Chunk` of the members' pixels and its `Prediction`.
        """
        if not members.any():
            return
        prediction = learners["apertures"].predict(self.vectors[members], n_threads)
        _fill(self.aperture, members, prediction)
        for chunk in pixels:
            rows = members[chunk.index]
            if not rows.any():
                continue
            chunk = chunk.take(rows)
            prediction = learners["pixels"].predict(chunk.vectors, n_threads)
            for name, weight in WEIGHTS.items():
                self.stacks[name].add(chunk.index, weight(chunk.snr), prediction)
            weight = WEIGHTS["weighted"](chunk.snr)
            self.product.add(chunk.index, weight, prediction.pdf)
            if watch is not None:
                watch(chunk, prediction)

    def conditions(self):
        """Return brightness and colour of the summed fluxes.

        Returns
        -------
        ndarray, shape (objects, 2)
            From `redpix.photoz.conditional_calibration.brightness_and_colour`.
        """
        return brightness_and_colour(self.vectors, self._aperture)

    def features(self):
        """Return features of the pixels of each object, NaN where its pixels are not predicted.

        The first columns are those of `redpix.photoz.object_features`. The next two are the
        logarithms of the standard deviation of the pixels' redshifts, weighted and unweighted. The
        last is the weighted mean redshift minus the unweighted one.

        Returns
        -------
        ndarray, shape (objects, features)
        """
        weighted, plain = (self.stacks[name].moments() for name in ("weighted", "mean"))
        spread = np.stack([weighted[:, 1], plain[:, 1]], axis=1)
        shift = weighted[:, :1] - plain[:, :1]
        return np.concatenate([self._features, np.log(spread + LEAST_SPREAD), shift], axis=1)

    def summarise(self, members, process):
        """Predict some objects from their features, after all their pixels are predicted.

        Parameters
        ----------
        members : ndarray of bool, shape (objects,)
            Mask of the objects.
        process : redpix.photoz.learners.gaussian_process.Process
            Learner of the features.
        """
        if members.any():
            _fill(self.summary, members, process.predict(self.features()[members]))

    def predictions(self, exponent):
        """Return the predictions of all objects, by the name of the estimate.

        Parameters
        ----------
        exponent : float
            Exponent of the product of the pixels' PDFs.

        Returns
        -------
        dict of str to redpix.photoz.learners.base.Prediction
            One for each of `WAYS`, and `APERTURE`.
        """
        combined = {name: stack.prediction() for name, stack in self.stacks.items()}
        weighted = combined["weighted"]
        combined["stacked"] = with_median(weighted, weighted.pdf, self.grid)
        pdfs = self.product.pdfs(exponent, self.grid).astype(np.float32)
        combined["tempered"] = with_median(weighted, pdfs, self.grid)
        combined[SUMMARY] = self.summary._replace(probability=weighted.probability)
        return {**combined, APERTURE: self.aperture}


def _fill(estimate, members, prediction):
    """Write the predictions of the members into those of all objects."""
    for field, values in zip(estimate, prediction, strict=True):
        field[members] = values


def _unknown(objects, grid):
    """Return a prediction of all objects that is NaN."""
    return Prediction(
        np.full(objects, np.nan),
        np.full((objects, len(grid)), np.nan, np.float32),
        np.full((objects, len(CLASSES)), np.nan),
        np.full(objects, np.nan),
    )


def calibrated_estimates(estimates, model):
    """Return the calibrated redshifts and PDFs of all objects, by the name of the estimate.

    Parameters
    ----------
    estimates : Estimates
        Predictions of the objects before calibration.
    model : redpix.photoz.model.Model
        Trained model.

    Returns
    -------
    dict of str to redpix.photoz.calibration.CalibratedRedshifts
        One for each of `WAYS`, and `APERTURE`.
    """
    conditions = estimates.conditions()
    return {
        name: calibrate(prediction, model.calibrations[name], model.grid, conditions)
        for name, prediction in estimates.predictions(model.exponent).items()
    }
