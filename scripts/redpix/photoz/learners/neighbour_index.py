"""Search for nearest neighbours: exactly with a tree, or approximately and faster."""

import numpy as np
from joblib import Parallel, delayed
from scipy.spatial import KDTree
from threadpoolctl import threadpool_limits

from redpix.core.backend import arrays

#: methods that a configuration may name; the last two are `Everywhere` on a graphics card
KINDS = ("auto", "exact", "approximate", "torch", "cupy")

#: number of vectors from which "auto" is approximate
LARGE = 200_000

#: minimum recall of an approximate search, and number of vectors on which it is measured; a
#: little above the documented 0.999, because other vectors differ
LEAST_RECALL, CHECKED = 0.9992, 500

#: number of cells per square root of the number of vectors; training vectors per cell
CELLS, LAID_FROM = 8, 40

#: initial number of cells that are searched
FEWEST_CELLS = 8

#: the number of dimensions is padded with zeros to a multiple of this, for vector instructions
WIDTH = 8

#: number of queries that one thread searches at a time
BLOCK = 10_000

#: number of vectors in a leaf of the tree of an exact search
LEAF = 32

#: number of distances in memory at once; extra candidates per query
DISTANCES, SPARE = 1 << 27, 8


def make_index(vectors, k, kind):
    """Return an index of vectors.

    Parameters
    ----------
    vectors : ndarray, shape (n, d)
        Vectors of attributes.
    k : int
        Number of neighbours of later searches.
    kind : str
        One of `KINDS`.

    Returns
    -------
    Exact, Approximate or Everywhere
    """
    if kind == "auto":
        kind = "approximate" if len(vectors) >= LARGE else "exact"
    if kind in ("torch", "cupy"):
        return Everywhere(vectors, arrays(kind))
    return Approximate(vectors, k) if kind == "approximate" else Exact(vectors)


class Exact:
    """An exact search with the k-d tree of SciPy.

    Parameters
    ----------
    vectors : ndarray, shape (n, d)
        Vectors of attributes.
    """

    def __init__(self, vectors):
        self._tree = KDTree(vectors, leafsize=LEAF)

    def about(self):
        """Return a description of the index, by name.

        Returns
        -------
        dict
        """
        return {"kind": "exact", "vectors": int(self._tree.n)}

    def search(self, queries, k, n_threads=1):
        """Return the distances and rows of the `k` nearest vectors of each query, nearest first.

        Parameters
        ----------
        queries : ndarray, shape (n, d)
            Vectors whose neighbours are searched.
        k : int
            Number of neighbours.
        n_threads : int
            Number of threads; the results do not depend on it.

        Returns
        -------
        distance : ndarray, shape (n, k)
        index : ndarray of int, shape (n, k)
        """
        return self._tree.query(queries, np.arange(1, k + 1), workers=n_threads)


class Approximate:
    """An approximate search with the inverted file of faiss.

    The vectors are divided into cells. The search of a query is limited to the nearest cells. Their
    number is the smallest with which `LEAST_RECALL` of the true neighbours of a sample are found.
    `recall` is measured on another sample. Each block of queries has one thread, so that the
    results do not depend on the number of cores.

    Parameters
    ----------
    vectors : ndarray, shape (n, d)
        Vectors of attributes.
    k : int
        Number of neighbours of later searches.
    """

    def __init__(self, vectors, k):
        import faiss  # slow to load, and small training sets do not need it

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
        self._rank = np.empty(cells, int)  # cells of similar rank are neighbours
        self._rank[KDTree(centres, leafsize=2).indices] = np.arange(cells)
        self._set_cells(vectors, order, cells, k)

    def _set_cells(self, vectors, order, cells, k):
        """Choose the number of cells to search, and measure the recall."""
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
        """Return whether a number of searched cells has the minimum recall."""
        self._file.nprobe = searched
        return self._recall(queries, truth) >= LEAST_RECALL

    def _recall(self, queries, truth):
        """Return the recall of a sample of queries."""
        _, index = self.search(queries, truth.shape[1])
        return recall(index, truth)

    def about(self):
        """Return a description of the index, by name, with the recall measured on a sample.

        Returns
        -------
        dict
        """
        return {
            "kind": "approximate",
            "vectors": int(self._file.ntotal),
            "cells": int(self._file.nlist),
            "searched_cells": int(self._file.nprobe),
            "recall": round(self.recall, 5),
        }

    def search(self, queries, k, n_threads=1):
        """Search as `Exact.search` does, in single precision."""
        queries = _padded(queries)
        blocks = [queries[start : start + BLOCK] for start in range(0, len(queries), BLOCK)]
        with threadpool_limits(1):
            results = Parallel(n_jobs=n_threads, prefer="threads")(
                delayed(self._search)(block, k) for block in blocks
            )
        if not results:
            return np.empty((0, k)), np.empty((0, k), np.int64)
        squared, index = (np.concatenate(parts) for parts in zip(*results, strict=True))
        return np.sqrt(squared, dtype=np.float64), index

    def _search(self, block, k):
        """Search a block of queries; return squared distances and rows."""
        self._faiss.omp_set_num_threads(1)  # of this thread alone
        away, cells = self._file.quantizer.search(block, self._file.nprobe)
        # queries of neighbouring cells follow each other and find these cells in the cache
        order = np.argsort(self._rank[cells[:, 0]], kind="stable")
        squared, index = np.empty((len(block), k), np.float32), np.empty((len(block), k), np.int64)
        squared[order], index[order] = self._file.search_preassigned(
            block[order], k, cells[order], away[order]
        )
        few = index[:, -1] < 0  # the searched cells have fewer than k vectors
        if few.any():
            everywhere = self._faiss.SearchParametersIVF(nprobe=self._file.nlist)
            squared[few], index[few] = self._file.search(block[few], k, params=everywhere)
        return squared, index


class Everywhere:
    """An exact search over all distances with matrix products, for a graphics card.

    The formula ``|q - v|^2 = |q|^2 - 2 q v + |v|^2`` is inaccurate for small distances. It selects
    `SPARE` extra candidates, and the distances of all candidates are computed from differences.

    Parameters
    ----------
    vectors : ndarray, shape (n, d)
        Vectors of attributes.
    card : redpix.core.backend.NumpyBackend
        Array library and device of the search, in single precision.
    """

    def __init__(self, vectors, card):
        self._card = card
        self._centre = vectors.mean(axis=0)
        self._vectors = card.put(vectors - self._centre, np.float32)
        self._squares = card.xp.sum(self._vectors**2, axis=1)

    def about(self):
        """Return a description of the index, by name.

        Returns
        -------
        dict
        """
        return {"kind": "everywhere", "vectors": int(self._vectors.shape[0])}

    def search(self, queries, k, n_threads=1):
        """Search as `Exact.search` does; `n_threads` is ignored."""
        count = self._vectors.shape[0]
        rows = max(1, DISTANCES // count)
        candidates = min(k + SPARE, count)
        distance, index = np.empty((len(queries), k)), np.empty((len(queries), k), np.int64)
        for start in range(0, len(queries), rows):
            block = slice(start, start + rows)
            distance[block], index[block] = self._search(queries[block], k, candidates)
        return distance, index

    def _search(self, queries, k, candidates):
        """Search a block of queries; return distances and rows."""
        xp = self._card.xp
        queries = self._card.put(queries - self._centre, np.float32)
        near = self._squares[None, :] - 2 * (queries @ self._vectors.T)
        index = self._card.smallest(near, candidates)
        away = xp.take(self._vectors, xp.reshape(index, (-1,)), axis=0)
        away = xp.reshape(away, (*index.shape, queries.shape[1])) - queries[:, None, :]
        squared = xp.sum(away**2, axis=2)
        order = xp.argsort(squared, axis=1)[:, :k]
        squared, index = (xp.take_along_axis(a, order, axis=1) for a in (squared, index))
        return self._card.take(squared) ** 0.5, self._card.take(index)


def _padded(vectors):
    """Return vectors in single precision, padded with zeros, which do not change distances."""
    count, dimensions = vectors.shape
    padded = np.zeros((count, -(-dimensions // WIDTH) * WIDTH), np.float32)
    padded[:, :dimensions] = vectors
    return padded


def recall(found, truth):
    """Return the fraction of the true neighbours that were found.

    Parameters
    ----------
    found, truth : ndarray of int, shape (n, k)
        Rows of the neighbours.

    Returns
    -------
    float
    """
    shared = [len(np.intersect1d(a, b)) for a, b in zip(found, truth, strict=True)]
    return float(np.sum(shared) / truth.size)
