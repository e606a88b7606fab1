"""What every learner takes and gives.

A learner is a class with ``fit(training, grid, n_threads, **settings)``, ``predict(vectors, n_threads)``,
``arrays()``, ``from_arrays(arrays, grid, **settings)``, ``needs(settings)``, ``insight(names)``
and ``MISSING``; `redpix.photoz.model.METHODS` names it. Members of an ensemble also have
``held_out(n_threads)``. It takes attributes as they are: what it needs of scaling, it learns from its
training vectors and carries with it. Results do not depend on ``n_threads``, the number of threads. The
setting ``errors`` is the number of the last attributes that are errors.
"""

from typing import NamedTuple

import numpy as np

#: classes an object may have; a label is an index into this, -1 where unknown
CLASSES = ("GALAXY", "QSO", "STAR")
STAR = CLASSES.index("STAR")


#: with fewer objects fractions and percentiles say nothing
FEWEST = 10


class Training(NamedTuple):
    """What is learnt from, one row a pixel or an object.

    Redshifts are learnt from everything but stars, classes from everything with a label.
    """

    vectors: np.ndarray  #: (n, attributes), float32
    redshift: np.ndarray  #: (n,), float64
    label: np.ndarray  #: (n,), int
    group: np.ndarray  #: (n,), int: rows of one object have one number

    def take(self, rows):
        """The rows of a mask or an index."""
        return Training(*(column[rows] for column in self))


def without_errors(training, errors):
    """The training without its last `errors` attributes."""
    return training._replace(vectors=training.vectors[:, : training.vectors.shape[1] - errors])


class Prediction(NamedTuple):
    """What a learner says of vectors, one row each."""

    redshift: np.ndarray  #: (n,), the point estimate
    pdf: np.ndarray  #: (n, nodes), see `redpix.photoz.pdf`
    probability: np.ndarray  #: (n, classes), NaN where the training set tells no classes apart
    outside: np.ndarray  #: (n,), 0 or 1 (a share where vectors are combined): beyond the training


def dispersion(predicted, true):
    """1.4826 median|dz - median(dz)| of the redshifts that are predicted (not NaN).

    None where they are fewer than `FEWEST`.
    """
    dz = ((predicted - true) / (1 + true))[np.isfinite(predicted)]
    if len(dz) < FEWEST:
        return None
    return float(1.4826 * np.median(np.abs(dz - np.median(dz))))


def shares(names, importance):
    """Importance by name, or None where no tree found a split."""
    if not importance.sum():
        return None
    pairs = zip(names, importance, strict=False)
    return {name: round(float(share), 4) for name, share in pairs}
