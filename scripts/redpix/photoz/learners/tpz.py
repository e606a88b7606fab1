"""The learner tpz: forests of trees with the training redshifts in their leaves.

After Carrasco Kind & Brunner (2013, MNRAS 432, 1483), with the trees of scikit-learn.
"""

from typing import NamedTuple

import numpy as np
from joblib import Parallel, delayed
from scipy.sparse import csr_array
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from redpix.photoz.learners.base import CLASSES, STAR, Prediction, dispersion, shares
from redpix.photoz.learners.realisations import realise
from redpix.photoz.learners.tree_leaves import (
    attribute_span,
    leaf_of,
    leaf_shares,
    smoothed_shares,
)

#: minimum number of training vectors in a leaf; fraction of the attributes offered to a split
LEAF, SHARE = 5, 0.6

#: criteria of a split: the variance of the redshifts, or the entropy of redshift bins
MODES = ("regression", "classification")

#: number of redshift bins from the smallest to the largest training redshift
BINS = 40

#: maximum number of training vectors of a tree
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


class TPZ:
    """A forest for the redshift, and another for the class.

    In the mode ``regression`` the splits reduce the variance of the redshifts. In the mode
    ``classification`` they reduce the entropy of redshift bins. The leaves contain the redshifts
    themselves in both modes.

    Each tree is trained on a bootstrap sample of the objects. If there are errors among the
    attributes, magnitudes and colours are perturbed at random within them. The errors themselves
    are not inputs of the trees. The PDF is the mean over the trees of the redshifts in a vector's
    leaves, each leaf with equal weight, smoothed. The redshift is its mean. A vector is outside the
    training set if an attribute is outside its range there.

    Parameters
    ----------
    forest, classes : list of Tree
        Trees for the redshift and for the class; the latter are missing for a single class.
    span : ndarray, shape (2, attributes)
        Smallest and largest value of each attribute in the training set.
    out_of_bag : ndarray, shape (2, n)
        Redshift of each training galaxy or quasar by the trees that have not seen its object, and
        its true redshift. NaN if all trees have seen it.
    importance : ndarray, shape (attributes,)
        Fraction of each attribute in the reduction of the splits' criterion.
    grid : ndarray, shape (nodes,)
        Redshifts at which PDFs are given.
    errors : int
        Number of the last attributes that are errors.
    """

    MISSING = True  #: vectors may have missing attributes (NaN)

    def __init__(self, forest, classes, span, out_of_bag, importance, grid, errors):
        self.forest, self.classes, self.span = forest, classes, span
        self.out_of_bag, self.importance = out_of_bag, importance
        self.grid, self._errors = grid, errors

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
        return 2 * settings.get("leaf", LEAF)

    @classmethod
    def fit(
        cls,
        training,
        grid,
        n_threads=1,
        *,
        trees,
        seed,
        mixing,
        errors=0,
        leaf=LEAF,
        mode="regression",
    ):
        """Return a learner of a training set.

        Parameters
        ----------
        training : redpix.photoz.learners.base.Training
            Training set.
        grid : ndarray, shape (nodes,)
            Redshifts at which PDFs are given.
        n_threads : int
            Number of threads.
        trees : int
            Number of trees.
        seed : int
            Seed of the random numbers.
        mixing : sequence, shape (attributes - errors, bands)
            Derivatives of the attributes by the magnitudes, `Attributes.mixing`.
        errors : int
            Number of the last attributes that are errors.
        leaf : int
            Minimum number of training vectors in a leaf.
        mode : str
            One of `MODES`.

        Returns
        -------
        TPZ
        """
        galaxies = training.take(training.label != STAR)
        labelled = training.take(training.label >= 0)

        def forest_of(part, kind):
            return Parallel(n_jobs=n_threads, prefer="threads")(
                delayed(_grow)(part, grid, kind, (seed, number), mixing, errors, leaf)
                for number in range(trees)
            )

        grown = forest_of(galaxies, mode)
        classes = forest_of(labelled, "class") if len(np.unique(labelled.label)) > 1 else []
        plain = galaxies.vectors[:, : galaxies.vectors.shape[1] - errors]
        return cls(
            forest=[one.tree for one in grown],
            classes=[one.tree for one in classes],
            span=attribute_span(plain),
            out_of_bag=np.stack([_out_of_bag(grown, plain), galaxies.redshift]),
            importance=np.mean([one.importance for one in grown], axis=0),
            grid=grid,
            errors=errors,
        )

    def arrays(self):
        """Return the learner as named arrays.

        Returns
        -------
        dict of str to ndarray
        """
        arrays = {name: getattr(self, name) for name in ("span", "out_of_bag", "importance")}
        for name, forest in (("redshift", self.forest), ("class", self.classes)):
            for field in Tree._fields if forest else ():
                parts = [getattr(tree, field) for tree in forest]
                arrays[f"{name}_{field}"] = np.concatenate(parts)
                arrays[f"{name}_{field}_ends"] = np.cumsum([len(part) for part in parts])
        return arrays

    @classmethod
    def from_arrays(cls, arrays, grid, *, errors=0, **settings):
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
        TPZ
        """
        forests = []
        for name in ("redshift", "class"):
            fields = [
                np.split(arrays[f"{name}_{field}"], arrays[f"{name}_{field}_ends"][:-1])
                for field in Tree._fields
                if f"{name}_{field}" in arrays
            ]
            forests.append([Tree(*parts) for parts in zip(*fields, strict=True)])
        plain = {name: arrays[name] for name in ("span", "out_of_bag", "importance")}
        forest, classes = forests
        return cls(forest, classes, grid=grid, errors=errors, **plain)

    def held_out(self, n_threads=1):
        """Return redshifts of the training galaxies by the trees that have not seen their objects.

        Parameters
        ----------
        n_threads : int
            Number of threads.

        Returns
        -------
        ndarray, shape (galaxies,)
            NaN for galaxies without a held-out prediction.
        """
        return self.out_of_bag[0]

    def insight(self, names):
        """Return the importance of each attribute, and the scatter of the out-of-bag redshifts.

        Parameters
        ----------
        names : sequence of str
            Names of the attributes.

        Returns
        -------
        dict
        """
        return {
            "importance": shares(names, self.importance),
            "out_of_bag_nmad": dispersion(*self.out_of_bag),
        }

    def predict(self, vectors, n_threads=1):
        """Predict vectors.

        Parameters
        ----------
        vectors : ndarray, shape (n, attributes)
            NaN where an attribute is missing.
        n_threads : int
            Number of threads.

        Returns
        -------
        redpix.photoz.learners.base.Prediction
        """
        plain = vectors[:, : vectors.shape[1] - self._errors]
        pdfs = np.zeros((len(plain), len(self.grid)))
        leaves_of_trees = Parallel(n_jobs=n_threads, prefer="threads")(
            delayed(tree.leaves)(plain) for tree in self.forest
        )
        redshift = np.zeros(len(plain))
        for tree, leaves in zip(self.forest, leaves_of_trees, strict=True):
            shape = (len(tree.left), len(self.grid))
            pdfs += csr_array((tree.weight, tree.place, tree.start), shape)[leaves]
            redshift += tree.values[leaves]
        redshift /= len(self.forest)
        probability = np.full((len(plain), len(CLASSES)), np.nan)
        if self.classes:
            shares = sum(tree.values[tree.leaves(plain)] for tree in self.classes)
            probability[:] = shares / len(self.classes)
        outside = ((plain < self.span[0]) | (plain > self.span[1])).any(axis=1)
        return Prediction(redshift, smoothed_shares(pdfs, self.grid), probability, outside)


class GrownTree(NamedTuple):
    """A tree and its training."""

    tree: Tree
    out: np.ndarray  #: (n,), bool: rows of the training set whose objects the tree has not seen
    importance: np.ndarray  #: (attributes,)


def _out_of_bag(grown, vectors):
    """Return the mean redshift of each vector by the trees that have not seen its object."""
    total, count = np.zeros(len(vectors)), np.zeros(len(vectors))
    for tree, out, _ in grown:
        total[out] += tree.values[tree.leaves(vectors[out])]
        count[out] += 1
    return total / np.where(count > 0, count, np.nan)


def _grow(training, grid, kind, seed, mixing, errors, leaf):
    """Grow a tree on a perturbed bootstrap sample; `kind` is one of `MODES` or ``class``."""
    generator = np.random.default_rng([seed[0], 6, seed[1]])
    vectors, rows, out = realise(training, mixing, errors, MOST_VECTORS, generator)
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
