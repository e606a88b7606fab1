"""Metrics of a run: its pixels, objects, combiners, baseline and classes."""

import numpy as np

from redpix.photoz import metrics
from redpix.photoz.binned_metrics import conditional
from redpix.photoz.class_metrics import classification
from redpix.photoz.estimates import APERTURE, WAYS
from redpix.photoz.learners.base import CLASSES, STAR
from redpix.photoz.point_estimates import score_points
from redpix.photoz.split import TARGET, TEST, TRAIN

#: maximum number of pixels whose scores are in memory
MOST_PIXELS = 1_000_000


class PixelScores:
    """Scores of the pixels of test objects, collected while they are predicted.

    Stars are left out. An instance is a ``watch`` for `redpix.photoz.estimates.Estimates.add`.
    Whenever there are more than `MOST_PIXELS` scores, every second one is dropped: memory is
    bounded, and the scores remain an even sample.

    Parameters
    ----------
    objects : redpix.photoz.estimates.Objects
        Redshifts and labels of the objects.
    split : ndarray of str, shape (objects,)
        ``train``, ``test`` or ``target`` for each object.
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes.
    """

    def __init__(self, objects, split, grid):
        self._redshift = objects.redshift
        self._scored = (split == TEST) & (objects.label != STAR)
        self._grid = grid
        self._kept = metrics.Scores.concatenate([])
        self._parts, self._waiting = [], 0
        self._seen, self._step = 0, 1

    def __call__(self, chunk, prediction):
        rows = np.flatnonzero(self._scored[chunk.index])
        number = self._seen + np.arange(len(rows))
        self._seen += len(rows)
        rows = rows[number % self._step == 0]
        truth = self._redshift[chunk.index[rows]]
        self._parts.append(
            metrics.score(prediction.redshift[rows], prediction.pdf[rows], truth, self._grid)
        )
        self._waiting += len(rows)
        while len(self._kept.dz) + self._waiting > MOST_PIXELS:
            self._gather()
            halves = (field[::2].copy() for field in self._kept)
            self._kept = metrics.Scores(*halves)
            self._step *= 2

    def _gather(self):
        self._kept = metrics.Scores.concatenate([self._kept, *self._parts])
        self._parts, self._waiting = [], 0

    def summary(self):
        """Return the metrics of all pixels so far.

        Returns
        -------
        dict
            As from `redpix.photoz.metrics.summarise`. One in ``one_in`` pixels was scored.
        """
        self._gather()
        return {**metrics.summarise(self._kept), "one_in": self._step}


def most_probable(probability):
    """Return the label of the most probable class of each row.

    Parameters
    ----------
    probability : ndarray, shape (n, classes)
        Probability of each class.

    Returns
    -------
    ndarray of int, shape (n,)
        -1 where a probability is NaN.
    """
    finite = np.isfinite(probability).all(axis=1)
    return np.where(finite, np.argmax(np.where(finite[:, None], probability, 0), axis=1), -1)


def evaluate(results, objects, split, probability, combiner, pixel_scores, model, conditions):
    """Return the metrics of the test objects.

    Stars count for the classification only.

    Parameters
    ----------
    results : dict of str to redpix.photoz.calibration.CalibratedRedshifts
        One for each of `WAYS`, and `APERTURE`.
    objects : redpix.photoz.estimates.Objects
        Redshifts and labels of the objects.
    split : ndarray of str, shape (objects,)
        ``train``, ``test`` or ``target`` for each object.
    probability : ndarray, shape (objects, classes)
        Probability of each class, NaN where the class was not predicted.
    combiner : str
        The estimate that is the result.
    pixel_scores : PixelScores
        Scores of the pixels of test objects.
    model : redpix.photoz.model.Model
        Trained model.
    conditions : ndarray, shape (objects, 2)
        Brightness and colour.

    Returns
    -------
    dict
        ``pixels``, ``objects``, ``baseline``, ``combiners``, ``point_estimates``, ``conditional``
        and ``classification``.
    """
    test = split == TEST
    scored = test & (objects.label != STAR)
    truth = objects.redshift[scored]
    scores = {
        name: metrics.score(result.redshift[scored], result.pdf[scored], truth, model.grid)
        for name, result in results.items()
    }
    summaries = {name: metrics.summarise(one) for name, one in scores.items()}
    chosen = results[combiner]
    return {
        "pixels": pixel_scores.summary(),
        "objects": summaries[combiner],
        "baseline": summaries[APERTURE],
        "combiners": {name: summaries[name] for name in WAYS},
        "point_estimates": score_points(
            chosen.points()[scored], truth, model.calibrations[combiner].point
        ),
        "conditional": conditional(
            scores[combiner], chosen.redshift[scored], truth, conditions[scored]
        ),
        "classification": classification(
            objects.label[test], most_probable(probability)[test], CLASSES, probability[test]
        ),
    }


def count_splits(split, totals):
    """Return the number of objects and of pixels of each part of a split.

    Parameters
    ----------
    split : ndarray of str, shape (objects,)
        ``train``, ``test`` or ``target`` for each object.
    totals : redpix.photoz.pixel_stream.Totals
        Sums over the pixels of each object.

    Returns
    -------
    dict of str to dict
        ``objects`` and ``pixels`` of ``train``, ``test`` and ``target``.
    """
    return {
        name: {
            "objects": int(np.sum(split == name)),
            "pixels": int(totals.pixels[split == name].sum()),
        }
        for name in (TRAIN, TEST, TARGET)
    }
