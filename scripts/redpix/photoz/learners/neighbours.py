"""Training vectors near a vector, in standardised attributes."""

from typing import NamedTuple

import numpy as np

from redpix.photoz import pdf
from redpix.photoz.attributes import Scaler
from redpix.photoz.learners.base import CLASSES, STAR
from redpix.photoz.learners.neighbour_index import make_index

#: training vectors by which it is told how far the training set reaches, and the share of them
#: that lies within
REACH_VECTORS, REACH_SHARE = 2000, 0.995


class Nearest(NamedTuple):
    """The neighbours of n vectors, one row each."""

    index: np.ndarray  #: (n, k), among the training vectors that redshifts are learnt from
    placed: np.ndarray  #: (n, d), the vectors in the coordinates of `Neighbours.known`
    outside: np.ndarray  #: (n,), bool: farther from its k-th neighbour than is usual


class Neighbours:
    """The `k` nearest training vectors, all of equal weight.

    Redshifts come from galaxies and quasars alone, classes from all labelled vectors. A vector is
    outside of what is known where its k-th neighbour is farther than that of `REACH_SHARE` of the
    training vectors.

    Parameters
    ----------
    training : Training
    k : int
    index : str
        How they are searched for: one of `redpix.photoz.learners.neighbour_index.KINDS`.

    Attributes
    ----------
    known : ndarray, shape (m, d)
        Standardised training vectors that redshifts are learnt from, on their principal axes.
    moving : ndarray of bool
        Which rows of the training they are.
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
        tells = len(np.unique(self._label)) > 1 and len(self._label) >= k
        self._class_index = make_index(scaled[labelled], k, index) if tells else None

    def _place(self, vectors):
        return np.einsum("ij,jk->ik", self._scaler.transform(vectors), self._axes)

    def _measure_reach(self):
        """Largest distance of a k-th neighbour that is usual among the training vectors."""
        step = -(-len(self.known) // REACH_VECTORS)
        count = min(self.k + 1, len(self.known))  # each is its own nearest
        distance, _ = self.index.search(self.known[::step], count)
        return np.quantile(distance[:, -1], REACH_SHARE)

    def find(self, vectors, n_threads):
        """Neighbours of feature vectors, shape (n, attributes): `Nearest`."""
        placed = self._place(vectors)
        distance, index = self.index.search(placed, self.k, n_threads)
        return Nearest(index, placed, distance[:, -1] > self._reach)

    def probability(self, vectors, n_threads):
        """Share of each class among the neighbours, shape (n, classes).

        NaN where the training set tells no classes apart.
        """
        probability = np.full((len(vectors), len(CLASSES)), np.nan)
        if self._class_index is not None:
            _, index = self._class_index.search(self._place(vectors), self.k, n_threads)
            for number in range(len(CLASSES)):
                probability[:, number] = np.mean(self._label[index] == number, axis=1)
        return probability


def smoothed(samples, grid):
    """Densities of equally likely redshifts, shape (n, k).

    The width of the Gaussian is Silverman's, 0.9 min(standard deviation, interquartile range /
    1.34) k^(-1/5) (Silverman 1986, eq. 3.31), at least one step of the grid.
    """
    low, high = np.percentile(samples, [25, 75], axis=1)
    spread = np.minimum(samples.std(axis=1), (high - low) / 1.34)
    width = np.maximum(0.9 * spread * samples.shape[1] ** -0.2, grid[1] - grid[0])
    return pdf.from_samples(samples, width, grid)


def principal_axes(scaled):
    """Directions in which vectors, shape (n, d), differ: orthonormal columns, shape (d, at most d).

    Colours are differences of magnitudes, so vectors that hold both fill fewer dimensions than
    they have. On these axes distances are what they were, and a tree searches twice as fast.
    ``einsum`` and not ``@``: its sums do not depend on the number of threads.
    """
    centred = scaled - scaled.mean(axis=0)
    variance, axes = np.linalg.eigh(np.einsum("ij,ik->jk", centred, centred))
    return axes[:, variance > 1e-10 * variance[-1]]
