"""Predict the objects of a table in blocks, measure the predictions, and describe the run."""

from typing import NamedTuple

import numpy as np
import pandas

from redpix.photoz.calibration import CalibratedRedshifts, calibrate
from redpix.photoz.class_metrics import classification
from redpix.photoz.conditional_calibration import brightness_and_colour
from redpix.photoz.evaluate import most_probable
from redpix.photoz.files import LABELS, object_columns
from redpix.photoz.learners.base import CLASSES, STAR, Prediction
from redpix.photoz.methods import shown_settings, taken_vectors
from redpix.photoz.object_predictions import predict_objects, taken
from redpix.photoz.object_samples import (
    Sample,
    blocks,
    count_completed,
    count_limited,
    count_reasons,
)
from redpix.photoz.split import TARGET, TEST, TRAIN
from redpix.photoz.table_scores import TableScores


class TableResult(NamedTuple):
    """Predictions of some objects."""

    split: str  #: ``train`` or ``test``
    sample: Sample  #: the objects, one row per object
    rows: np.ndarray  #: (m,), 0-based rows of the sample that are predicted
    calibrated: CalibratedRedshifts  #: one row per predicted object
    prediction: Prediction  #: before calibration


def predict(learnt, train, test, n_threads):
    """Yield the calibrated predictions of all objects in blocks, the training set first.

    Parameters
    ----------
    learnt : redpix.photoz.catalogue_training.Learnt
        The model and its held-out predictions.
    train, test : redpix.photoz.object_samples.Sample
        Training set and objects to predict.
    n_threads : int
        Number of threads.

    Yields
    ------
    TableResult
    """
    model = learnt.model
    calibration, learner = model.calibrations["objects"], model.learners["objects"]
    place = np.cumsum(train.usable) - 1
    for split, sample in ((TRAIN, train), (TEST, test)):
        for block in blocks(np.arange(len(sample.reason))):
            part = sample.take(block)
            rows = np.flatnonzero(part.usable)
            if split == TRAIN:
                prediction = taken(learnt.held_out, place[block[rows]])
            else:
                prediction = _predict(learner, part.take(rows), learnt, n_threads)
            few = part.take(rows)
            conditions = brightness_and_colour(few.vectors, few.attributes)
            calibrated = calibrate(prediction, calibration, model.grid, conditions)
            yield TableResult(split, part, rows, calibrated, prediction)


def _predict(learner, sample, learnt, n_threads):
    """Return the predictions of objects, of which there may be none."""
    if not len(sample.vectors):
        return taken(learnt.held_out, slice(0))
    return predict_objects(learner, sample, learnt.model.grid, n_threads)


class Measured:
    """Metrics of predicted objects, collected while they are predicted.

    Stars and objects without a redshift count for the classification only.

    Parameters
    ----------
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes.
    """

    def __init__(self, grid):
        self._scores = TableScores(grid)
        self._labels = [np.empty(0, int)]
        self._probability = [np.empty((0, len(CLASSES)))]

    def add(self, result):
        """Add the objects to predict of a result; training objects are ignored.

        Parameters
        ----------
        result : TableResult
            Predictions of some objects.
        """
        if result.split != TEST:
            return
        part = result.sample.take(result.rows)
        rows = np.isfinite(part.table.redshift) & (part.table.label != STAR)
        scored = part.take(rows)
        calibrated = CalibratedRedshifts._make(column[rows] for column in result.calibrated)
        conditions = brightness_and_colour(scored.vectors, scored.attributes)
        self._scores.add(calibrated, scored.table, conditions)
        self._labels.append(part.table.label)
        self._probability.append(result.prediction.probability)

    def summary(self, chosen):
        """Return the metrics of all objects so far.

        Parameters
        ----------
        chosen : str
            The point estimate that is ``z_phot``.

        Returns
        -------
        dict
            ``objects``, ``point_estimates`` and ``classification``.
        """
        probability = np.concatenate(self._probability)
        label, predicted = np.concatenate(self._labels), most_probable(probability)
        return {
            "objects": self._scores.summary(),
            "point_estimates": self._scores.points(chosen),
            "classification": classification(label, predicted, CLASSES, probability),
        }


def object_table(result):
    """Return the rows of objects.csv of some objects.

    Parameters
    ----------
    result : TableResult
        Predictions of some objects.

    Returns
    -------
    pandas.DataFrame
        One row per object of the input. The column reason says why a redshift is missing.
    """
    split, sample, rows, calibrated, prediction = result
    table = sample.table
    ra, dec, redshift_error = table.about.T
    catalogue = pandas.DataFrame(
        {
            "object_id": table.id,
            "ra": ra,
            "dec": dec,
            "class": LABELS[table.label],
            "redshift": table.redshift,
            "redshift_error": redshift_error,
        }
    )
    filled = object_columns(
        catalogue.iloc[rows],
        calibrated,
        n_pixels=0,
        split="",
        outside=prediction.outside.astype(int),
        label=most_probable(prediction.probability),
        probability=prediction.probability,
    )
    shown = filled.reindex(catalogue.index).astype({"n_pixels": "Int64", "outside": "Int64"})
    for column in catalogue:
        shown[column] = catalogue[column]
    shown["n_pixels"] = 0
    shown["split"] = np.where(np.isfinite(table.redshift), split, TARGET)
    measured = np.isfinite(table.magnitudes).sum(axis=1)
    return shown.assign(bands_measured=measured, reason=sample.reason.astype(str))


def describe(model, samples):
    """Return the part of metrics.json that describes the model and its data.

    Parameters
    ----------
    model : redpix.photoz.model.Model
        Trained model.
    samples : redpix.photoz.catalogue_samples.Samples
        Training set and objects to predict.

    Returns
    -------
    dict
    """
    train, test = samples.train, samples.test
    has_redshift = np.isfinite(test.table.redshift)
    counts = (
        int(train.usable.sum()),
        int((has_redshift & test.usable).sum()),
        int((~has_redshift & test.usable).sum()),
    )
    return {
        "method": model.method,
        **shown_settings(model.settings),
        **model.insight(),
        "columns": samples.columns.magnitudes,
        "attributes": model.attributes.names,
        "split": {
            name: {"objects": count, "pixels": 0}
            for name, count in zip((TRAIN, TEST, TARGET), counts, strict=True)
        },
        "left_out": {"train": train.left_out, "test": test.left_out},
        "left_out_reasons": count_reasons([train, test]),
        "completed": {"train": count_completed(train), "test": count_completed(test)},
        "limits": {"train": count_limited(train), "test": count_limited(test)},
        "training_vectors": {
            "given": counts[0],
            "taken": taken_vectors(model.method, model.settings, counts[0]),
        },
        "tuning": model.tuning,
        "width_scale": model.calibrations["objects"].scale,
        "input": samples.understood,
        "warnings": list(samples.warnings),
        "compared": samples.compared,
        "recalibration": model.calibrations["objects"].cells.about(),
    }
