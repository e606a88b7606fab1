"""Boosted trees: grown by scikit-learn, kept and evaluated as plain arrays."""

from typing import NamedTuple

import numpy as np
from joblib import Parallel, delayed
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from redpix.photoz.learners.tree_leaves import leaf_of

#: minimum number of training vectors in a leaf; fraction of the attributes offered to a split
LEAF, SHARE = 20, 0.5

#: number of trees for the class
CLASS_TREES = 60

#: number of vectors that are predicted at a time
BLOCK = 5000

#: number of trees for the width of the PDF, and maximum number of their leaves
WIDTH_TREES, WIDTH_LEAVES = 60, 8


class Trees(NamedTuple):
    """Boosted trees as arrays; the nodes of each tree follow those of the tree before."""

    left: np.ndarray  #: (nodes,), 0-based node below, within its tree
    right: np.ndarray  #: (nodes,)
    feature: np.ndarray  #: (nodes,), attribute of the split; negative in leaves
    threshold: np.ndarray  #: (nodes,), larger values go right
    missing_left: np.ndarray  #: (nodes,), True if a missing attribute goes left
    value: np.ndarray  #: (nodes,), term of the sum in a leaf
    ends: np.ndarray  #: (trees,), number of nodes up to and including each tree
    baseline: np.ndarray  #: (values,), start of each sum; tree i adds to sum i modulo values

    @classmethod
    def of(cls, fitted):
        """Return the trees of a fitted model of scikit-learn.

        Parameters
        ----------
        fitted : HistGradientBoostingRegressor or HistGradientBoostingClassifier
            Fitted model of scikit-learn.

        Returns
        -------
        Trees
        """
        nodes = [tree.nodes for stage in fitted._predictors for tree in stage]
        merged = np.concatenate(nodes)
        return cls(
            left=merged["left"].astype(np.int64),
            right=merged["right"].astype(np.int64),
            feature=np.where(merged["is_leaf"], -1, merged["feature_idx"]).astype(np.int64),
            threshold=merged["num_threshold"],
            missing_left=merged["missing_go_to_left"].astype(bool),
            value=merged["value"],
            ends=np.cumsum([len(one) for one in nodes]),
            baseline=fitted._baseline_prediction.ravel().astype(float),
        )

    def sums(self, vectors, n_threads=1):
        """Return the sums of the trees.

        Parameters
        ----------
        vectors : ndarray, shape (n, attributes)
            NaN where an attribute is missing.
        n_threads : int
            Number of threads.

        Returns
        -------
        ndarray, shape (n, values)
        """
        starts = range(0, max(len(vectors), 1), BLOCK)
        return np.concatenate(
            Parallel(n_jobs=n_threads, prefer="threads")(
                delayed(self._sums)(vectors[start : start + BLOCK]) for start in starts
            )
        )

    def _sums(self, vectors):
        total = np.tile(self.baseline, (len(vectors), 1))
        firsts = np.concatenate([[0], self.ends[:-1]])
        for number, (first, end) in enumerate(zip(firsts, self.ends, strict=True)):
            tree = slice(first, end)
            leaf = leaf_of(
                vectors,
                left=self.left[tree],
                right=self.right[tree],
                feature=self.feature[tree],
                threshold=self.threshold[tree],
                missing_left=self.missing_left[tree],
            )
            total[:, number % len(self.baseline)] += self.value[tree][leaf]
        return total


def regressor(seed, **settings):
    """Return an unfitted model for redshifts or widths.

    Parameters
    ----------
    seed : int
        Seed of the random numbers.
    **settings : object
        Other parameters of scikit-learn's model.

    Returns
    -------
    HistGradientBoostingRegressor
    """
    return HistGradientBoostingRegressor(
        loss="absolute_error",
        min_samples_leaf=LEAF,
        max_features=SHARE,
        early_stopping=False,
        random_state=seed % 2**32,
        **settings,
    )


def grow(model, vectors, values, weights=None):
    """Fit a model in one thread; threads of OpenMP wait for each other on a busy machine.

    Parameters
    ----------
    model : HistGradientBoostingRegressor or HistGradientBoostingClassifier
        Unfitted model.
    vectors : ndarray, shape (n, attributes)
        Training vectors.
    values : ndarray, shape (n,)
        Redshifts, widths or labels.
    weights : ndarray, shape (n,), optional
        Weight of each vector.

    Returns
    -------
    HistGradientBoostingRegressor or HistGradientBoostingClassifier
        The fitted model.
    """
    with threadpool_limits(1, user_api="openmp"):
        return model.fit(vectors, values, sample_weight=weights)


def width_trees(vectors, residuals, seed):
    """Return trees for the median absolute residual, the width.

    Parameters
    ----------
    vectors : ndarray, shape (n, attributes)
        Training vectors.
    residuals : ndarray, shape (n,)
        Residuals of held-out redshifts.
    seed : int
        Seed of the random numbers.

    Returns
    -------
    Trees
    """
    settings = {"max_leaf_nodes": WIDTH_LEAVES, "max_iter": WIDTH_TREES, "learning_rate": 0.1}
    return Trees.of(grow(regressor(seed, **settings), vectors, np.abs(residuals)))


def class_trees(labelled, seed):
    """Return trees for the class.

    Parameters
    ----------
    labelled : redpix.photoz.learners.base.Training
        Training set with a label in each row.
    seed : int
        Seed of the random numbers.

    Returns
    -------
    trees : Trees or None
        None if there are fewer than two classes.
    labels : ndarray of int
        Labels of the classes.
    """
    labels = np.unique(labelled.label)
    if len(labels) < 2:
        return None, labels
    model = HistGradientBoostingClassifier(
        max_iter=CLASS_TREES,
        min_samples_leaf=LEAF,
        max_leaf_nodes=WIDTH_LEAVES,
        early_stopping=False,
        random_state=seed % 2**32,
    )
    return Trees.of(grow(model, labelled.vectors, labelled.label)), labels


def gain_fractions(fitted, attributes):
    """Return the fraction of each attribute in the gain of the splits.

    Parameters
    ----------
    fitted : HistGradientBoostingRegressor
        Fitted model.
    attributes : int
        Number of attributes.

    Returns
    -------
    ndarray, shape (attributes,)
    """
    gain = np.zeros(attributes)
    for stage in fitted._predictors:
        nodes = stage[0].nodes
        split = nodes[nodes["is_leaf"] == 0]
        np.add.at(gain, split["feature_idx"], split["gain"])
    return gain / gain.sum() if gain.any() else gain
