"""k nearest neighbours in standardised attributes, by scikit-learn's exact k-d tree."""

import numpy as np
from sklearn.neighbors import NearestNeighbors

from redpix.photoz import pdf
from redpix.photoz.attributes import Scaler
from redpix.photoz.learner import CLASSES, STAR, Prediction, Training
from redpix.photoz.local import local_linear

#: what a redshift is made of: a linear fit to the neighbours, or their mean
MODES = ("linear", "mean")

#: vectors fitted at a time, which bounds memory
BLOCK = 2000

#: training vectors by which it is told how far the training set reaches, and the share of them
#: that lies within
REACH_VECTORS, REACH_SHARE = 2000, 0.995


class KNN:
    """Redshift and class from the `k` nearest training vectors, all of equal weight.

    In the mode ``linear`` the redshift is a linear fit to the neighbours', evaluated at the vector
    (`redpix.photoz.local.local_linear`; Beck et al. 2016), and the density the distribution of
    the fit's residuals about it; in the mode ``mean`` they are the neighbours' mean and
    distribution. Densities are smoothed with Silverman's width 0.9 min(standard deviation,
    interquartile range / 1.34) k^(-1/5) (Silverman 1986, eq. 3.31), at least one step of the grid.
    The probability of a class is its share of the neighbours. Redshifts come from galaxies and
    quasars alone, classes from all labelled vectors. A vector is outside of what is known where
    its k-th neighbour is farther than that of `REACH_SHARE` of the training vectors, or where the
    fit leaves the range of the neighbours' redshifts.

    Parameters
    ----------
    training : Training
    scaler : Scaler
        Of the training vectors that redshifts are learnt from.
    grid : ndarray, shape (nodes,)
    k : int
    mode : str
        One of `MODES`.
    """

    def __init__(self, training, scaler, grid, k, mode):
        self.training = training
        self.scaler = scaler
        self.grid = grid
        self.k = k
        self.mode = mode
        scaled = scaler.transform(training.vectors)
        self._axes = principal_axes(scaled)
        scaled = np.einsum("ij,jk->ik", scaled, self._axes)
        moving = training.label != STAR
        self._redshift = training.redshift[moving]
        self._known = scaled[moving]
        self._redshift_tree = self._tree(self._known)
        self._reach = self._measure_reach()
        labelled = training.label >= 0
        self._label = training.label[labelled]
        classes = len(np.unique(self._label))
        tells = classes > 1 and len(self._label) >= k
        self._class_tree = self._tree(scaled[labelled]) if tells else None

    def _tree(self, vectors):
        return NearestNeighbors(n_neighbors=self.k, algorithm="kd_tree").fit(vectors)

    def _measure_reach(self):
        """Largest distance of a k-th neighbour that is usual among the training vectors."""
        step = -(-len(self._known) // REACH_VECTORS)
        count = min(self.k + 1, len(self._known))  # each is its own nearest
        distance, _ = self._redshift_tree.kneighbors(self._known[::step], count)
        return np.quantile(distance[:, -1], REACH_SHARE)

    @classmethod
    def fit(cls, training, grid, k, mode):
        """Learn from a `Training`."""
        scaler = Scaler.fit(training.vectors[training.label != STAR])
        return cls(training, scaler, grid, k, mode)

    def arrays(self):
        """Everything needed to predict elsewhere, by name."""
        return {**self.training._asdict(), **self.scaler._asdict()}

    @classmethod
    def from_arrays(cls, arrays, grid, k, mode):
        """The learner whose `arrays` these are."""
        training = Training(*(arrays[name] for name in Training._fields))
        return cls(training, Scaler(*(arrays[name] for name in Scaler._fields)), grid, k, mode)

    def predict(self, vectors, jobs=1):
        """Predict feature vectors, shape (n, attributes), with `jobs` threads.

        Returns
        -------
        Prediction
        """
        scaled = np.einsum("ij,jk->ik", self.scaler.transform(vectors), self._axes)
        redshift, samples, outside = self._redshifts(scaled, jobs)
        low, high = np.percentile(samples, [25, 75], axis=1)
        spread = np.minimum(samples.std(axis=1), (high - low) / 1.34)
        width = np.maximum(0.9 * spread * self.k**-0.2, self.grid[1] - self.grid[0])
        density = pdf.from_samples(samples, width, self.grid)
        probability = np.full((len(vectors), len(CLASSES)), np.nan)
        if self._class_tree is not None:
            labels = self._label[_neighbours(self._class_tree, scaled, jobs)[1]]
            for index in range(len(CLASSES)):
                probability[:, index] = np.mean(labels == index, axis=1)
        return Prediction(redshift, density, probability, outside)

    def _redshifts(self, scaled, jobs):
        """Redshifts, the samples of their densities, shape (n, k), and which are outside."""
        distance, nearest = _neighbours(self._redshift_tree, scaled, jobs)
        outside = distance[:, -1] > self._reach
        samples = self._redshift[nearest]
        if self.mode == "mean":
            return samples.mean(axis=1), samples, outside
        redshift = np.empty(len(scaled))
        for start in range(0, len(scaled), BLOCK):
            part = slice(start, start + BLOCK)
            offsets = self._known[nearest[part]] - scaled[part, None]
            fit = local_linear(offsets, samples[part])
            redshift[part] = fit.value
            outside[part] |= fit.beyond
            samples[part] = fit.value[:, None] + fit.residuals
        return redshift, samples, outside


def principal_axes(scaled):
    """Directions in which vectors, shape (n, d), differ: orthonormal columns, shape (d, at most d).

    Colours are differences of magnitudes, so vectors that hold both fill fewer dimensions than
    they have. On these axes distances are what they were, and a tree searches twice as fast.
    ``einsum`` and not ``@``: its sums do not depend on the number of threads.
    """
    centred = scaled - scaled.mean(axis=0)
    variance, axes = np.linalg.eigh(np.einsum("ij,ik->jk", centred, centred))
    return axes[:, variance > 1e-10 * variance[-1]]


def _neighbours(tree, scaled, jobs):
    """Distances and indices of the nearest training vectors, each of shape (n, k).

    They are the same for any number of jobs.
    """
    tree.set_params(n_jobs=jobs)
    return tree.kneighbors(scaled)
