"""The nearest of many vectors: exactly, by a tree, or nearly all of them and much sooner."""

import numpy as np
from joblib import Parallel, delayed
from sklearn.neighbors import KDTree, NearestNeighbors
from threadpoolctl import threadpool_limits

from redpix.core.backend import arrays

#: what a configuration may ask for; the last two are `Everywhere`, on a graphics card
KINDS = ("auto", "exact", "approximate", "torch", "cupy")

#: vectors from which on "auto" is approximate
LARGE = 200_000

#: share of the true neighbours that an approximate search finds on a sample of the vectors so
#: large; a little above what is promised, for other vectors differ
LEAST_RECALL, CHECKED = 0.9992, 500

#: cells for each square root of the number of vectors, and vectors a cell from which they are laid
CELLS, LAID_FROM = 8, 40

#: cells searched at first
FEWEST_CELLS = 8

#: dimensions are filled up with zeros to a multiple of this, which processors like
WIDTH = 8

#: queries that one thread searches at a time
BLOCK = 10_000

#: distances held at a time, and neighbours looked at beyond those asked for
DISTANCES, SPARE = 1 << 27, 8


def make_index(vectors, k, kind):
    """`Exact`, `Approximate` or `Everywhere`, by the kind and the number of vectors.

    Parameters
    ----------
    vectors : ndarray, shape (n, d)
    k : int
        Neighbours that will be asked for.
    kind : str
        One of `KINDS`.
    """
    if kind == "auto":
        kind = "approximate" if len(vectors) >= LARGE else "exact"
    if kind in ("torch", "cupy"):
        return Everywhere(vectors, arrays(kind))
    return Approximate(vectors, k) if kind == "approximate" else Exact(vectors)


class Exact:
    """scikit-learn's k-d tree."""

    def __init__(self, vectors):
        self._tree = NearestNeighbors(algorithm="kd_tree").fit(vectors)

    def about(self):
        """What there is to be said of the search, by name."""
        return {"kind": "exact", "vectors": int(self._tree.n_samples_fit_)}

    def search(self, queries, k, n_threads=1):
        """Distances and rows of the `k` nearest vectors of each query, nearest first.

        Parameters
        ----------
        queries : ndarray, shape (n, d)
        k : int
        n_threads : int
            Threads; they change nothing.

        Returns
        -------
        distance : ndarray, shape (n, k)
        index : ndarray of int, shape (n, k)
        """
        if not len(queries):  # which the tree refuses
            return np.empty((0, k)), np.empty((0, k), np.int64)
        self._tree.set_params(n_jobs=n_threads)
        return self._tree.kneighbors(queries, k)


class Approximate:
    """faiss's inverted file: vectors in cells about centres, of which the nearest are searched.

    As many cells are searched as are needed to find `LEAST_RECALL` of the true neighbours of a
    sample of the vectors. The recall that is told is measured on another sample. All is done with
    one thread a block of queries, so that results are the same with any number of cores.
    """

    def __init__(self, vectors, k):
        import faiss  # takes a while to load, and small training sets need none of it

        self._faiss = faiss
        vectors = _padded(vectors)
        count, dimensions = vectors.shape
        cells = max(1, min(count, round(CELLS * np.sqrt(count))))
        self._file = faiss.index_factory(dimensions, f"IVF{cells},Flat")
        order = np.random.default_rng(0).permutation(count)
        with threadpool_limits(1):
            faiss.omp_set_num_threads(1)
            self._file.cp.max_points_per_centroid = LAID_FROM
            self._file.cp.min_points_per_centroid = 1
            self._file.train(vectors[order[: LAID_FROM * cells]])
            self._file.add(vectors)
        centres = self._file.quantizer.reconstruct_n(0, cells)
        self._rank = np.empty(cells, int)  # cells of similar rank lie side by side
        self._rank[KDTree(centres, leaf_size=2).get_arrays()[1]] = np.arange(cells)
        self._set_cells(vectors, order, cells, k)

    def _set_cells(self, vectors, order, cells, k):
        """Search as many cells as are needed, and measure what that finds."""
        exact = self._faiss.IndexFlatL2(vectors.shape[1])
        exact.add(vectors)
        first, last = vectors[order[:CHECKED]], vectors[order[-CHECKED:]]
        with threadpool_limits(1):
            self._faiss.omp_set_num_threads(1)
            true_first, true_last = (exact.search(sample, k)[1] for sample in (first, last))
        too_few, enough = 0, min(FEWEST_CELLS, cells)
        while enough < cells and not self._suffices(enough, first, true_first):
            too_few, enough = enough, min(2 * enough, cells)
        while enough - too_few > 1:
            middle = (too_few + enough) // 2
            if self._suffices(middle, first, true_first):
                enough = middle
            else:
                too_few = middle
        self._file.nprobe = enough
        self.recall = self._recall(last, true_last)

    def _suffices(self, searched, queries, truth):
        self._file.nprobe = searched
        return self._recall(queries, truth) >= LEAST_RECALL

    def _recall(self, queries, truth):
        _, found = self.search(queries, truth.shape[1])
        return recall(found, truth)

    def about(self):
        """What there is to be said of the search, by name; recall as measured on a sample."""
        return {
            "kind": "approximate",
            "vectors": int(self._file.ntotal),
            "cells": int(self._file.nlist),
            "searched_cells": int(self._file.nprobe),
            "recall": round(self.recall, 5),
        }

    def search(self, queries, k, n_threads=1):
        """As `Exact.search`, of vectors in single precision."""
        queries = _padded(queries)
        blocks = [queries[start : start + BLOCK] for start in range(0, len(queries), BLOCK)]
        with threadpool_limits(1):
            found = Parallel(n_jobs=n_threads, prefer="threads")(
                delayed(self._search)(block, k) for block in blocks
            )
        if not found:
            return np.empty((0, k)), np.empty((0, k), np.int64)
        squared, index = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return np.sqrt(squared, dtype=np.float64), index

    def _search(self, block, k):
        self._faiss.omp_set_num_threads(1)  # of this thread alone
        away, cells = self._file.quantizer.search(block, self._file.nprobe)
        order = np.argsort(
            self._rank[cells[:, 0]], kind="stable"
        )  # what is in the cache serves again
        nearest = block[order], k, cells[order], away[order]
        squared, index = np.empty((len(block), k), np.float32), np.empty((len(block), k), np.int64)
        squared[order], index[order] = self._file.search_preassigned(*nearest)
        few = index[:, -1] < 0  # the cells searched hold fewer than k
        if few.any():
            everywhere = self._faiss.SearchParametersIVF(nprobe=self._file.nlist)
            squared[few], index[few] = self._file.search(block[few], k, params=everywhere)
        return squared, index


class Everywhere:
    """All distances, by products of matrices: what a graphics card is made for.

    ``|q - v|^2 = |q|^2 - 2 q v + |v|^2`` loses digits of small distances, so that a few neighbours
    more than asked for are found with it, and their distances computed from differences.

    Parameters
    ----------
    vectors : ndarray, shape (n, d)
    card : redpix.core.backend.Host
        Where they are searched, in single precision.
    """

    def __init__(self, vectors, card):
        self._card = card
        self._centre = vectors.mean(axis=0)
        self._vectors = card.put(vectors - self._centre, np.float32)
        self._squares = card.xp.sum(self._vectors**2, axis=1)

    def about(self):
        """What there is to be said of the search, by name."""
        return {"kind": "everywhere", "vectors": int(self._vectors.shape[0])}

    def search(self, queries, k, n_threads=1):
        """As `Exact.search`; `n_threads` makes no difference."""
        count = self._vectors.shape[0]
        rows = max(1, DISTANCES // count)
        candidates = min(k + SPARE, count)
        distance, index = np.empty((len(queries), k)), np.empty((len(queries), k), np.int64)
        for start in range(0, len(queries), rows):
            part = slice(start, start + rows)
            distance[part], index[part] = self._search(queries[part], k, candidates)
        return distance, index

    def _search(self, queries, k, candidates):
        xp = self._card.xp
        queries = self._card.put(queries - self._centre, np.float32)
        near = self._squares[None, :] - 2 * (queries @ self._vectors.T)
        found = self._card.smallest(near, candidates)
        away = xp.take(self._vectors, xp.reshape(found, (-1,)), axis=0)
        away = xp.reshape(away, (*found.shape, queries.shape[1])) - queries[:, None, :]
        squared = xp.sum(away**2, axis=2)
        order = xp.argsort(squared, axis=1)[:, :k]
        squared, found = (xp.take_along_axis(a, order, axis=1) for a in (squared, found))
        return self._card.take(squared) ** 0.5, self._card.take(found)


def _padded(vectors):
    """Vectors in single precision, filled up with zeros, which are no distance."""
    count, dimensions = vectors.shape
    padded = np.zeros((count, -(-dimensions // WIDTH) * WIDTH), np.float32)
    padded[:, :dimensions] = vectors
    return padded


def recall(found, truth):
    """Share of the true neighbours that are among those found.

    Parameters
    ----------
    found, truth : ndarray of int, shape (n, k)
    """
    shared = [len(np.intersect1d(a, b)) for a, b in zip(found, truth, strict=True)]
    return float(np.sum(shared) / truth.size)
