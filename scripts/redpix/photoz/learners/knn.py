"""The learner knn: a linear fit to the redshifts of the nearest neighbours, or their mean."""

import numpy as np

from redpix.photoz.learners.base import Prediction, Training, without_errors
from redpix.photoz.learners.local_linear import local_linear
from redpix.photoz.learners.neighbours import Neighbours, smoothed
from redpix.photoz.split import group_folds

#: estimators of the redshift: a linear fit to the neighbours, or their mean
MODES = ("linear", "mean")

#: number of parts of the training set; each is predicted from the others
PARTS = 3

#: maximum number of held-out vectors
MOST_HELD = 6000

#: number of vectors that are fitted at a time; bounds the memory
BLOCK = 2000


class KNN:
    """Redshift and class from the `k` nearest training vectors.

    In the mode ``linear`` the redshift is a linear fit to the neighbours (Beck et al. 2016). The
    PDF is the distribution of the residuals of the fit, about that redshift. In the mode ``mean``
    they are the mean and the distribution of the neighbours' redshifts. The probability of a class
    is its fraction of the neighbours. Errors among the attributes are ignored, because as
    coordinates they would separate similar objects.

    A vector is outside the training set if its neighbours are far (see `Neighbours`), or if the
    fit leaves the range of the neighbours' redshifts.

    Parameters
    ----------
    training : redpix.photoz.learners.base.Training
        Training set.
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes.
    k : int
        Number of neighbours.
    mode : str
        One of `MODES`.
    errors : int
        Number of the last attributes that are errors.
    index : str
        Method of the search: one of `redpix.photoz.learners.neighbour_index.KINDS`.
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
        """Return a learner of a training set.

        Parameters
        ----------
        training : redpix.photoz.learners.base.Training
            Training set.
        grid : ndarray, shape (nodes,)
            Redshifts at which PDFs are given.
        n_threads : int
            Ignored.
        **settings : object
            ``k``, ``mode``, ``errors`` and ``index``.

        Returns
        -------
        KNN
        """
        return cls(training, grid, **settings)

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
        return settings["k"]

    MISSING = False  #: vectors must have all attributes

    def insight(self, names):
        """Return a description of the search for neighbours.

        Parameters
        ----------
        names : sequence of str
            Names of the attributes.

        Returns
        -------
        dict
        """
        return {"index": self._neighbours.index.about()}

    def held_out(self, n_threads=1):
        """Return redshifts of the training galaxies by learners that have not seen their groups.

        At most `MOST_HELD` galaxies are predicted, evenly distributed.

        Parameters
        ----------
        n_threads : int
            Number of threads.

        Returns
        -------
        ndarray, shape (galaxies,)
            NaN for the other galaxies, and for all if there is only one group.
        """
        moving = self.training.take(self._neighbours.moving)
        parts = min(PARTS, len(np.unique(moving.group)))
        part = group_folds(moving.group, parts, seed=0)
        chosen = np.arange(len(part)) % -(-len(part) // MOST_HELD) == 0
        redshift = np.full(len(part), np.nan)
        if parts < 2:
            return redshift
        for number in range(parts):
            rest = moving.take(part != number)
            learner = KNN(rest, self.grid, self._neighbours.k, self.mode, self._errors, self._index)
            rows = chosen & (part == number)
            redshift[rows] = learner.predict(moving.vectors[rows], n_threads).redshift
        return redshift

    def arrays(self):
        """Return the learner as named arrays.

        Returns
        -------
        dict of str to ndarray
        """
        return self.training._asdict()

    @classmethod
    def from_arrays(cls, arrays, grid, **settings):
        """Return the learner that these arrays describe.

        Parameters
        ----------
        arrays : mapping of str to ndarray
            From `arrays`.
        grid : ndarray, shape (nodes,)
            Redshifts at which PDFs are given.
        **settings : object
            Those of `fit`.

        Returns
        -------
        KNN
        """
        return cls(Training.from_arrays(arrays), grid, **settings)

    def predict(self, vectors, n_threads=1):
        """Predict vectors.

        Parameters
        ----------
        vectors : ndarray, shape (n, attributes)
            Finite attributes.
        n_threads : int
            Number of threads.

        Returns
        -------
        redpix.photoz.learners.base.Prediction
        """
        vectors = vectors[:, : vectors.shape[1] - self._errors]
        nearest = self._neighbours.find(vectors, n_threads)
        samples = self._redshift[nearest.index]
        redshift, outside = samples.mean(axis=1), nearest.outside
        if self.mode == "linear":
            for start in range(0, len(vectors), BLOCK):
                block = slice(start, start + BLOCK)
                neighbours = self._neighbours.known[nearest.index[block]]
                fit = local_linear(neighbours - nearest.placed[block, None], samples[block])
                redshift[block] = fit.value
                outside[block] |= fit.beyond
                samples[block] = fit.value[:, None] + fit.residuals
        probability = self._neighbours.probability(vectors, n_threads)
        return Prediction(redshift, smoothed(samples, self.grid), probability, outside)
