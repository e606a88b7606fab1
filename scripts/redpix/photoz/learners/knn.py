"""The learner knn: a linear fit to the redshifts of the nearest neighbours, or their mean."""

from redpix.photoz.learners.base import Prediction, Training
from redpix.photoz.learners.local_linear import local_linear
from redpix.photoz.learners.neighbours import Neighbours, smoothed

#: estimators of the redshift: a linear fit to the neighbours, or their mean
MODES = ("linear", "mean")

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
    columns : sequence of int, optional
        0-based columns of the attributes that are coordinates; the default is all but the errors.
    folds : ndarray of int, shape (n,), optional
        Fold of each training vector, for `without`.
    """

    def __init__(self, training, grid, k, mode, errors=0, index="auto", columns=None, folds=None):
        self.training = training
        self.grid = grid
        self.mode = mode
        self.folds = folds
        self._settings = {"k": k, "mode": mode, "errors": errors, "index": index}
        self._settings["columns"] = columns
        width = training.vectors.shape[1] - errors
        self._columns = [n for n in range(width) if columns is None or n in columns]
        plain = training._replace(vectors=self._plain(training.vectors))
        self._neighbours = Neighbours(plain, k, index)
        self._redshift = training.redshift[self._neighbours.moving]

    def _plain(self, vectors):
        """Return the attributes that are coordinates."""
        return vectors[:, self._columns]

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
            ``k``, ``mode``, ``errors``, ``index``, ``columns`` and ``folds``.

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

    def without(self, fold):
        """Return a learner of the training vectors outside a fold.

        Parameters
        ----------
        fold : int
            One of the folds of `fit`.

        Returns
        -------
        KNN
        """
        rest = self.training.take(self.folds != fold)
        return KNN(rest, self.grid, **self._settings)

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
        vectors = self._plain(vectors)
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
