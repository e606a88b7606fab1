"""Predict the objects of a table with a learner, also those that lack a band."""

import numpy as np

from redpix.photoz.learners.base import Prediction
from redpix.photoz.missing_bands import mean_prediction
from redpix.photoz.object_samples import blocks

#: number of values of PDFs from which on they are held in half precision
MOST_VALUES = 50_000_000

#: number of objects whose completions are predicted at a time
SMALL_BLOCK = 500


def predict_objects(learner, sample, grid, n_threads):
    """Return the predictions of objects; those that lack a value are the mean of completions.

    Parameters
    ----------
    learner : object
        See `redpix.photoz.learners.base`.
    sample : redpix.photoz.object_samples.Sample
        Objects that can be predicted.
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes.
    n_threads : int
        Number of threads.

    Returns
    -------
    redpix.photoz.learners.base.Prediction
        PDFs are float32.
    """
    prediction = learner.predict(sample.vectors, n_threads)
    result = prediction._replace(pdf=prediction.pdf.astype(np.float32))
    for rows in blocks(np.flatnonzero(sample.completed), SMALL_BLOCK):
        vectors = sample.take(rows).completions()
        completed = learner.predict(np.concatenate(vectors), n_threads)
        for field, values in zip(result, mean_prediction(completed, grid), strict=True):
            field[rows] = values
    return result


def predict_all(learner, sample, grid, n_threads, result=None, rows=None):
    """Return the predictions of all objects of a sample, made in blocks.

    Parameters
    ----------
    learner : object
        See `redpix.photoz.learners.base`.
    sample : redpix.photoz.object_samples.Sample
        Objects that can be predicted.
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes.
    n_threads : int
        Number of threads.
    result : redpix.photoz.learners.base.Prediction, optional
        Predictions of the whole sample to write into; made if it is not given.
    rows : ndarray of int, optional
        Rows to predict; all by default.

    Returns
    -------
    redpix.photoz.learners.base.Prediction
        One row per object of the sample; `taken` gives rows of it.
    """
    rows = np.arange(len(sample.vectors)) if rows is None else rows
    for block in blocks(rows):
        prediction = predict_objects(learner, sample.take(block), grid, n_threads)
        if result is None:
            result = _empty(prediction, len(sample.vectors))
        for field, values in zip(result, prediction, strict=True):
            field[block] = values
    return result


def _empty(prediction, count):
    """Return room for a number of predictions like some others."""
    large = count * prediction.pdf.shape[1] > MOST_VALUES
    shaped = prediction._replace(pdf=prediction.pdf.astype(np.float16 if large else np.float32))
    return Prediction._make(np.zeros((count, *field.shape[1:]), field.dtype) for field in shaped)


def taken(prediction, rows):
    """Return some rows of predictions, with PDFs in single precision.

    Parameters
    ----------
    prediction : redpix.photoz.learners.base.Prediction
        From `predict_all`.
    rows : ndarray of int
        0-based rows.

    Returns
    -------
    redpix.photoz.learners.base.Prediction
    """
    part = prediction.take(rows)
    return part._replace(pdf=part.pdf.astype(np.float32))
