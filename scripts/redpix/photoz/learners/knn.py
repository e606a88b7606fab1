"""Redshifts from the nearest training vectors: a linear fit to theirs, or their mean."""

import numpy as np

from redpix.photoz.learners.base import Prediction, Training, without_errors
from redpix.photoz.learners.local_linear import local_linear
from redpix.photoz.learners.neighbours import Neighbours, smoothed
from redpix.photoz.split import group_folds

#: what a redshift is made of: a linear fit to the neighbours, or their mean
MODES = ("linear", "mean")

#: parts of the training objects, each predicted from the others, by which it is judged
PARTS = 3

#: most vectors by which it is judged
MOST_HELD = 6000

#: vectors fitted at a time, which bounds memory
BLOCK = 2000


class KNN:
    """Redshift and class from the `k` nearest training vectors.

    In the mode ``linear`` the redshift is a linear fit to the neighbours', evaluated at the vector
    (`redpix.photoz.learners.local_linear.local_linear`; Beck et al. 2016), and the density the
    distribution of the fit's residuals about it; in the mode ``mean`` they are the neighbours'
    mean and distribution. The probability of a class is its share of the neighbours. Errors among
    the attributes are not used: as coordinates they part what is alike.

    A vector is outside of what is known where its neighbours are far (`Neighbours`), or where the
    fit leaves the range of their redshifts.

    Parameters
    ----------
    training : Training
    grid : ndarray, shape (nodes,)
    k : int
    mode : str
        One of `MODES`.
    errors : int
        Number of the last attributes that are errors.
    index : str
        How neighbours are searched for: one of `redpix.photoz.learners.neighbour_index.KINDS`.
    """

    def __init__(self, training, grid, k, mode, errors=0, index="auto"):
        self.training = training
        self.grid = grid
        self.mode = mode
        self._errors, self._index = errors, index
        self._neighbours = Neighbours(without_errors(training, errors), k, index)
        self._redshift = training.redshift[self._neighbours.moving]

    @classmethod
    def fit(cls, training, grid, n_threads=1, **settings):
        """Learn from a `Training`; `n_threads` makes no difference."""
        return cls(training, grid, **settings)

    @staticmethod
    def needs(settings):
        """Fewest galaxies that it learns from."""
        return settings["k"]

    MISSING = False  #: takes no vectors with missing attributes

    def insight(self, names):
        """How neighbours are searched for."""
        return {"index": self._neighbours.index.about()}

    def held_out(self, n_threads=1):
        """Redshifts of the training's galaxies, each from a learner that has not seen its group.

        Of at most `MOST_HELD`, spread evenly; NaN for the others, and for all where they are of one
        group, without which nothing is left to learn from.
        """
        moving = self.training.take(self._neighbours.moving)
        parts = min(PARTS, len(np.unique(moving.group)))
        part = group_folds(moving.group, parts, seed=0)
        asked = np.arange(len(part)) % -(-len(part) // MOST_HELD) == 0
        redshift = np.full(len(part), np.nan)
        if parts < 2:
            return redshift
        for number in range(parts):
            rest = moving.take(part != number)
            learner = KNN(rest, self.grid, self._neighbours.k, self.mode, self._errors, self._index)
            own = asked & (part == number)
            redshift[own] = learner.predict(moving.vectors[own], n_threads).redshift
        return redshift

    def arrays(self):
        """Everything needed to predict elsewhere, by name."""
        return self.training._asdict()

    @classmethod
    def from_arrays(cls, arrays, grid, **settings):
        """The learner whose `arrays` these are."""
        training = Training(*(arrays[name] for name in Training._fields))
        return cls(training, grid, **settings)

    def predict(self, vectors, n_threads=1):
        """Predict feature vectors, shape (n, attributes), with `n_threads` threads.

        Returns
        -------
        Prediction
        """
        vectors = vectors[:, : vectors.shape[1] - self._errors]
        nearest = self._neighbours.find(vectors, n_threads)
        samples = self._redshift[nearest.index]
        redshift, outside = samples.mean(axis=1), nearest.outside
        if self.mode == "linear":
            for start in range(0, len(vectors), BLOCK):
                part = slice(start, start + BLOCK)
                known = self._neighbours.known[nearest.index[part]]
                fit = local_linear(known - nearest.placed[part, None], samples[part])
                redshift[part] = fit.value
                outside[part] |= fit.beyond
                samples[part] = fit.value[:, None] + fit.residuals
        probability = self._neighbours.probability(vectors, n_threads)
        return Prediction(redshift, smoothed(samples, self.grid), probability, outside)
