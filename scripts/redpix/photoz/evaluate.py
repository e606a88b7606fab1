"""What a run is worth: the metrics of its pixels, objects, combiners and baseline."""

import numpy as np

from redpix.photoz import metrics
from redpix.photoz.estimates import APERTURE, WAYS
from redpix.photoz.learners.base import CLASSES, STAR
from redpix.photoz.split import TARGET, TEST, TRAIN

#: most pixels whose scores are kept
MOST_PIXELS = 1_000_000


class PixelScores:
    """Collects scores of the pixels of test objects, stars left out, as they are predicted.

    An instance is a ``watch`` for `redpix.photoz.estimates.Estimates.add`. Of more than
    `MOST_PIXELS` one in two is kept, of more than twice as many one in four and so on: memory is
    bounded, and what is left is an even sample.
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
            self._kept = metrics.Scores(*(field[::2].copy() for field in self._kept))
            self._step *= 2

    def _gather(self):
        self._kept = metrics.Scores.concatenate([self._kept, *self._parts])
        self._parts, self._waiting = [], 0

    def summary(self):
        """Metrics of all pixels so far, and of how many one was scored, ``one_in``."""
        self._gather()
        return {**metrics.summarise(self._kept), "one_in": self._step}


def most_probable(probability):
    """Index of the largest class probability of each row, -1 where they are NaN."""
    told = np.isfinite(probability).all(axis=1)
    return np.where(told, np.argmax(np.where(told[:, None], probability, 0), axis=1), -1)


def evaluate(results, objects, split, predicted, combiner, pixel_scores, grid):
    """Metrics of the test objects; stars count for the classes alone.

    Parameters
    ----------
    results : dict of str to Calibrated
        By combiner, and `APERTURE`.
    objects : Objects
    split : ndarray of str, shape (objects,)
    predicted : ndarray of int, shape (objects,)
        Predicted labels, -1 where there are none.
    combiner : str
        The one whose redshifts are the result.
    pixel_scores : PixelScores
    grid : ndarray, shape (nodes,)

    Returns
    -------
    dict
        ``pixels``, ``objects``, ``baseline``, ``combiners``, ``classification``.
    """
    test = split == TEST
    scored = test & (objects.label != STAR)
    truth = objects.redshift[scored]
    summaries = {
        name: metrics.summarise(
            metrics.score(result.redshift[scored], result.pdf[scored], truth, grid)
        )
        for name, result in results.items()
    }
    return {
        "pixels": pixel_scores.summary(),
        "objects": summaries[combiner],
        "baseline": summaries[APERTURE],
        "combiners": {name: summaries[name] for name in WAYS},
        "classification": metrics.classification(objects.label[test], predicted[test], CLASSES),
    }


def count_splits(split, totals):
    """Number of objects and of pixels in each part of the split."""
    return {
        name: {
            "objects": int(np.sum(split == name)),
            "pixels": int(totals.pixels[split == name].sum()),
        }
        for name in (TRAIN, TEST, TARGET)
    }
