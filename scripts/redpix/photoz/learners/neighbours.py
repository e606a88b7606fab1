"""Nearest training vectors of a vector, in standardised attributes."""

from typing import NamedTuple

import numpy as np

from redpix.photoz import pdf
from redpix.photoz.attributes import Scaler
from redpix.photoz.learners.base import CLASSES, STAR
from redpix.photoz.learners.neighbour_index import make_index

#: number of training vectors that measure the reach of the training set, and the fraction inside
REACH_VECTORS, REACH_SHARE = 2000, 0.995


class Nearest(NamedTuple):
    """The neighbours of n vectors, one row per vector."""

    index: np.ndarray  #: (n, k), rows among the training galaxies and quasars
    placed: np.ndarray  #: (n, d), vectors in the coordinates of `Neighbours.known`
    outside: np.ndarray  #: (n,), bool: farther from the k-th neighbour than usual


class Neighbours:
    """The `k` nearest training vectors, with equal weights.

    Redshifts are those of galaxies and quasars, classes those of all labelled vectors. A vector is
    outside the training set if its k-th neighbour is farther than that of the fraction
    `REACH_SHARE` of the training vectors.

    Parameters
    ----------
    training : redpix.photoz.learners.base.Training
        Training set.
    k : int
        Number of neighbours.
    index : str
        Method of the search: one of `redpix.photoz.learners.neighbour_index.KINDS`.

    Attributes
    ----------
    known : ndarray, shape (m, d)
        Standardised training vectors of galaxies and quasars, on their principal axes.
    moving : ndarray of bool
        Rows of the training set that are galaxies or quasars.
    index : Exact, Approximate or Everywhere
    """

    def __init__(self, training, k, index="auto"):
        self.k = k
        self.moving = training.label != STAR
        self._scaler = Scaler.fit(training.vectors[self.moving])
        scaled = self._scaler.transform(training.vectors)
        self._axes = principal_axes(scaled)
        scaled = self._place(training.vectors)
        self.known = scaled[self.moving]
        self.index = make_index(self.known, k, index)
        self._reach = self._measure_reach()
        labelled = training.label >= 0
        self._label = training.label[labelled]
        has_classes = len(np.unique(self._label)) > 1 and len(self._label) >= k
        self._class_index = make_index(scaled[labelled], k, index) if has_classes else None

    def _place(self, vectors):
        """Return the coordinates of vectors on the principal axes."""
        return np.einsum("ij,jk->ik", self._scaler.transform(vectors), self._axes)

    def _measure_reach(self):
        """Return the largest usual distance of the k-th neighbour among the training vectors."""
        step = -(-len(self.known) // REACH_VECTORS)
        count = min(self.k + 1, len(self.known))  # each vector is its own nearest neighbour
        distance, _ = self.index.search(self.known[::step], count)
        return np.quantile(distance[:, -1], REACH_SHARE)

    def find(self, vectors, n_threads):
        """Return the neighbours of vectors.

        Parameters
        ----------
        vectors : ndarray, shape (n, attributes)
            Vectors of attributes.
        n_threads : int
            Number of threads.

        Returns
        -------
        Nearest
        """
        placed = self._place(vectors)
        distance, index = self.index.search(placed, self.k, n_threads)
        return Nearest(index, placed, distance[:, -1] > self._reach)

    def probability(self, vectors, n_threads):
        """Return the fraction of each class among the neighbours.

        Parameters
        ----------
        vectors : ndarray, shape (n, attributes)
            Vectors of attributes.
        n_threads : int
            Number of threads.

        Returns
        -------
        ndarray, shape (n, classes)
            NaN if the training set has fewer than two classes.
        """
        probability = np.full((len(vectors), len(CLASSES)), np.nan)
        if self._class_index is not None:
            _, index = self._class_index.search(self._place(vectors), self.k, n_threads)
            for number in range(len(CLASSES)):
                probability[:, number] = np.mean(self._label[index] == number, axis=1)
        return probability


def smoothed(samples, grid):
    """Return the PDFs of equally likely redshifts, smoothed with a Gaussian.

    The standard deviation of the Gaussian is 0.9 min(standard deviation, interquartile range /
    1.34) k^(-1/5) (Silverman 1986, eq. 3.31), at least one step of the grid.

    Parameters
    ----------
    samples : ndarray, shape (n, k)
        Redshifts.
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes.

    Returns
    -------
    ndarray, shape (n, nodes)
    """
    low, high = np.percentile(samples, [25, 75], axis=1)
    spread = np.minimum(samples.std(axis=1), (high - low) / 1.34)
    width = np.maximum(0.9 * spread * samples.shape[1] ** -0.2, grid[1] - grid[0])
    return pdf.from_samples(samples, width, grid)


def principal_axes(scaled):
    """Return the principal axes of vectors, without the axes of zero variance.

    Vectors of magnitudes and colours have fewer dimensions than attributes, because colours are
    differences of magnitudes. Distances do not change on these axes, and a tree searches twice as
    fast. Sums of ``einsum``, unlike those of ``@``, do not depend on the number of threads.

    Parameters
    ----------
    scaled : ndarray, shape (n, d)
        Standardised vectors.

    Returns
    -------
    ndarray, shape (d, axes)
        Orthonormal columns.
    """
    centred = scaled - scaled.mean(axis=0)
    variance, axes = np.linalg.eigh(np.einsum("ij,ik->jk", centred, centred))
    return axes[:, variance > 1e-10 * variance[-1]]
