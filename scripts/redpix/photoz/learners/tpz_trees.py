"""Decision trees of perturbed bootstrap samples, as plain arrays."""

from typing import NamedTuple

import numpy as np
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from redpix.photoz.learners.base import CLASSES
from redpix.photoz.learners.realisations import realise
from redpix.photoz.learners.tree_leaves import leaf_of, leaf_shares

#: minimum number of training vectors in a leaf; fraction of the attributes offered to a split
LEAF, SHARE = 5, 0.6

#: criteria of a split: the variance of the redshifts, or the entropy of redshift bins
MODES = ("regression", "classification")

#: number of redshift bins from the smallest to the largest training redshift
BINS = 40

#: maximum number of training vectors of a tree, if it is not given
MOST_VECTORS = 10_000


class Tree(NamedTuple):
    """A tree as arrays, one row per node."""

    left: np.ndarray  #: 0-based node below
    right: np.ndarray  #: 0-based node below
    feature: np.ndarray  #: attribute of the split; negative in leaves
    threshold: np.ndarray  #: larger values go right
    missing_left: np.ndarray  #: True if a missing attribute goes left
    values: np.ndarray  #: (nodes,) mean redshift, or (nodes, classes) fractions
    weight: np.ndarray  #: fractions of redshifts at the nodes of the grid: data of a CSR matrix
    place: np.ndarray  #: column indices of that matrix
    start: np.ndarray  #: row offsets of that matrix

    @classmethod
    def of(cls, fitted, values, histogram):
        """Return a fitted tree of scikit-learn as arrays.

        Parameters
        ----------
        fitted : DecisionTreeRegressor or DecisionTreeClassifier
            Fitted model of scikit-learn.
        values : ndarray, shape (nodes,) or (nodes, classes)
            Values of the nodes.
        histogram : scipy.sparse.csr_array, shape (nodes, nodes of the grid)
            Fractions of the redshifts of each leaf at the nodes of the grid.

        Returns
        -------
        Tree
        """
        tree = fitted.tree_
        return cls(
            left=tree.children_left,
            right=tree.children_right,
            feature=tree.feature,
            threshold=tree.threshold,
            missing_left=tree.missing_go_to_left.astype(bool),
            values=values,
            weight=histogram.data,
            place=histogram.indices,
            start=histogram.indptr,
        )

    def leaves(self, vectors):
        """Return the leaf of each vector.

        Parameters
        ----------
        vectors : ndarray, shape (n, attributes), float32
            NaN where an attribute is missing.

        Returns
        -------
        ndarray of int, shape (n,)
        """
        return leaf_of(vectors, *self[:5])

    def check(self, attributes, nodes):
        """Raise ValueError unless the arrays are a tree, which ends and stays within its arrays.

        SciPy does not check the indices of a sparse matrix.

        Parameters
        ----------
        attributes : int
            Number of attributes of a vector.
        nodes : int
            Number of nodes of the grid.
        """
        count = len(self.left)
        if not count or any(len(field) != count for field in self[:6]):
            raise ValueError("the arrays of a tree have different lengths")
        whole = (self.left, self.right, self.feature, self.place, self.start)
        if any(field.dtype.kind not in "iu" for field in whole) or self.missing_left.dtype != bool:
            raise ValueError("the nodes of a tree are not whole numbers")
        splits = np.flatnonzero(self.feature >= 0)
        below = np.stack([self.left[splits], self.right[splits]])
        if np.any((below <= splits) | (below >= count)) or self.feature.max() >= attributes:
            raise ValueError("a tree does not end in leaves")
        held = len(self.place), len(self.weight)
        if self.start.shape != (count + 1,) or self.start[0] or held != (self.start[-1],) * 2:
            raise ValueError("the redshifts of the leaves do not fit their tree")
        if np.any(np.diff(self.start) < 0) or np.any((self.place < 0) | (self.place >= nodes)):
            raise ValueError("the redshifts of the leaves do not fit the grid")


class GrownTree(NamedTuple):
    """A tree and its training."""

    tree: Tree
    out: np.ndarray  #: (n,), bool: rows of the training set whose objects the tree has not seen
    importance: np.ndarray  #: (attributes,)


def out_of_bag_redshifts(grown, vectors):
    """Return the mean redshift of each vector by the trees that have not seen its object.

    Parameters
    ----------
    grown : list of GrownTree
        Trees of the same training set.
    vectors : ndarray, shape (n, attributes)
        Vectors of the training set, without errors.

    Returns
    -------
    ndarray, shape (n,)
        NaN if all trees have seen the object.
    """
    total, count = np.zeros(len(vectors)), np.zeros(len(vectors))
    for tree, out, _ in grown:
        total[out] += tree.values[tree.leaves(vectors[out])]
        count[out] += 1
    return total / np.where(count > 0, count, np.nan)


def grow_tree(training, grid, kind, seed, mixing, errors, leaf, vectors=MOST_VECTORS):
    """Grow a tree on a perturbed bootstrap sample.

    Parameters
    ----------
    training : redpix.photoz.learners.base.Training
        Training set.
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes.
    kind : str
        One of `MODES`, or ``class`` for a tree of the class.
    seed : tuple of int
        Seed of the forest and number of the tree.
    mixing : sequence, shape (attributes - errors, bands)
        Derivatives of the attributes by the magnitudes, `Attributes.mixing`.
    errors : int
        Number of the last attributes that are errors.
    leaf : int
        Minimum number of training vectors in a leaf.
    vectors : int
        Maximum number of training vectors of the tree.

    Returns
    -------
    GrownTree
    """
    generator = np.random.default_rng([seed[0], 6, seed[1]])
    vectors, rows, out = realise(training, mixing, errors, vectors, generator)
    settings = {"min_samples_leaf": leaf, "max_features": SHARE}
    settings["random_state"] = int(generator.integers(2**31))
    redshift = training.redshift[rows]
    if kind == "regression":
        fitted = DecisionTreeRegressor(**settings).fit(vectors, redshift)
        values = fitted.tree_.value[:, 0, 0]
    elif kind == "classification":
        bins = (BINS * (redshift - redshift.min()) / max(np.ptp(redshift), 1e-9)).astype(int)
        fitted = DecisionTreeClassifier(criterion="entropy", **settings).fit(vectors, bins)
    else:
        fitted = DecisionTreeClassifier(**settings).fit(vectors, training.label[rows])
        values = np.zeros((fitted.tree_.node_count, len(CLASSES)))
        values[:, fitted.classes_] = fitted.tree_.value[:, 0]
    nodes = fitted.tree_.node_count
    leaves = fitted.apply(vectors.astype(np.float32))
    if kind == "classification":
        count = np.maximum(np.bincount(leaves, minlength=nodes), 1)
        values = np.bincount(leaves, redshift, nodes) / count
    histogram = leaf_shares(leaves, redshift, nodes, grid)
    return GrownTree(Tree.of(fitted, values, histogram), out, fitted.feature_importances_)
