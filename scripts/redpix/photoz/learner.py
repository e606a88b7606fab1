"""What every learner takes and gives.

A learner is a class with ``fit(training, grid, **settings)``, ``predict(vectors, jobs)``,
``arrays()`` and ``from_arrays(arrays, grid, **settings)``; `redpix.photoz.model.METHODS` names it.
It takes attributes as they are: what it needs of scaling, it learns from its training vectors and
carries with it.
"""

from typing import NamedTuple

import numpy as np

#: classes an object may have; a label is an index into this, -1 where unknown
CLASSES = ("GALAXY", "QSO", "STAR")
STAR = CLASSES.index("STAR")


class Training(NamedTuple):
    """What is learnt from, one row a pixel or an object.

    Redshifts are learnt from everything but stars, classes from everything with a label.
    """

    vectors: np.ndarray  #: (n, attributes), float32
    redshift: np.ndarray  #: (n,), float64
    label: np.ndarray  #: (n,), int

    def take(self, rows):
        """The rows of a mask or an index."""
        return Training(*(column[rows] for column in self))


class Prediction(NamedTuple):
    """What a learner says of vectors, one row each."""

    redshift: np.ndarray  #: (n,), the point estimate
    density: np.ndarray  #: (n, nodes), see `redpix.photoz.pdf`
    probability: np.ndarray  #: (n, classes), NaN where the training set tells no classes apart
    outside: np.ndarray  #: (n,), 0 or 1 (a share where vectors are combined): beyond the training
