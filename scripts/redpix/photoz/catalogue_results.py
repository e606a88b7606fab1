"""Predict the objects of a table, measure the predictions, and arrange them for the files."""

from typing import NamedTuple

import numpy as np
import pandas

from redpix.core.atomic_files import write_text
from redpix.photoz.calibration import CalibratedRedshifts, calibrate
from redpix.photoz.catalogues import GalaxyTable
from redpix.photoz.evaluate import most_probable
from redpix.photoz.files import LABELS, object_columns
from redpix.photoz.learners.base import CLASSES, STAR, Prediction
from redpix.photoz.methods import shown_settings
from redpix.photoz.metrics import Scores, classification, score, summarise
from redpix.photoz.split import TARGET, TEST, TRAIN


class TableResult(NamedTuple):
    """Predictions of one part of the objects, one row per object."""

    split: str  #: ``train`` or ``test``
    table: GalaxyTable
    calibrated: CalibratedRedshifts
    prediction: Prediction  #: before calibration


def predict(learnt, train, test, n_threads):
    """Return the calibrated predictions of the training set and of the other objects.

    Parameters
    ----------
    learnt : redpix.photoz.catalogue_training.Learnt
        The model and its held-out predictions.
    train, test : redpix.photoz.catalogue_samples.Sample
        Training set and objects to predict.
    n_threads : int
        Number of threads.

    Returns
    -------
    list of TableResult
        The training set, then the other objects if there are any.
    """
    model = learnt.model
    calibration = model.calibrations["objects"]
    held_out = learnt.held_out
    results = [
        TableResult(TRAIN, train.table, calibrate(held_out, calibration, model.grid), held_out)
    ]
    if len(test.vectors):
        prediction = model.learners["objects"].predict(test.vectors, n_threads)
        calibrated = calibrate(prediction, calibration, model.grid)
        results.append(TableResult(TEST, test.table, calibrated, prediction))
    return results


def measure(results, grid):
    """Return the metrics of predicted objects.

    Stars and objects without a redshift count for the classification only.

    Parameters
    ----------
    results : list of TableResult
        Predictions of each part of the objects.
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes.

    Returns
    -------
    dict
        ``objects`` and ``classification``.
    """
    scores, labels = [], [np.empty((2, 0), int)]
    for _, table, calibrated, prediction in results:
        rows = np.isfinite(table.redshift) & (table.label != STAR)
        scores.append(
            score(calibrated.redshift[rows], calibrated.pdf[rows], table.redshift[rows], grid)
        )
        labels.append(np.stack([table.label, most_probable(prediction.probability)]))
    true, predicted = np.concatenate(labels, axis=1)
    return {
        "objects": summarise(Scores.concatenate(scores)),
        "classification": classification(true, predicted, CLASSES),
    }


def object_table(result):
    """Return the rows of objects.csv of one part of the objects.

    Parameters
    ----------
    result : TableResult
        Predictions of one part of the objects.

    Returns
    -------
    pandas.DataFrame
    """
    split, table, calibrated, prediction = result
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
    return object_columns(
        catalogue,
        calibrated,
        n_pixels=0,
        split=np.where(np.isfinite(table.redshift), split, TARGET),
        outside=prediction.outside.astype(int),
        label=most_probable(prediction.probability),
        probability=prediction.probability,
    )


def write_tested(path, tables, results):
    """Write pixels.dat, with one row per test object that is not a star.

    Parameters
    ----------
    path : str
        Path of the file.
    tables : list of pandas.DataFrame
        From `object_table`, one per result.
    results : list of TableResult
        Predictions of each part of the objects.
    """
    text = "# predicted true object_id, of the objects tested\n"
    for table, result in zip(tables, results, strict=True):
        if result.split == TEST:
            rows = table[result.table.label != STAR][["z_phot", "redshift", "object_id"]]
            text += rows.to_csv(sep=" ", header=False, index=False, na_rep="nan")
    write_text(path, text)


def describe(model, columns, train, test):
    """Return the part of metrics.json that describes the model and its data.

    Parameters
    ----------
    model : redpix.photoz.model.Model
        Trained model.
    columns : redpix.photoz.magnitude_columns.Columns
        Columns of magnitudes and errors.
    train, test : redpix.photoz.catalogue_samples.Sample
        Training set and objects to predict.

    Returns
    -------
    dict
    """
    has_redshift = np.isfinite(test.table.redshift)
    counts = (len(train.table.id), int(has_redshift.sum()), int(np.sum(~has_redshift)))
    return {
        "method": model.method,
        **shown_settings(model.settings),
        **model.insight(),
        "columns": columns.magnitudes,
        "attributes": model.attributes.names,
        "split": {
            name: {"objects": count, "pixels": 0}
            for name, count in zip((TRAIN, TEST, TARGET), counts, strict=True)
        },
        "left_out": {"train": train.left_out, "test": test.left_out},
        "tuning": model.tuning,
        "width_scale": model.calibrations["objects"].scale,
    }
