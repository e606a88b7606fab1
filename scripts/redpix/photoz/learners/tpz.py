"""Forests of trees whose leaves hold the redshifts that fell there: TPZ.

After Carrasco Kind & Brunner (2013, MNRAS 432, 1483), on scikit-learn's trees.
"""

from typing import NamedTuple

import numpy as np
from joblib import Parallel, delayed
from scipy.sparse import csr_array
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from redpix.photoz.learners.base import CLASSES, STAR, Prediction, dispersion, shares
from redpix.photoz.learners.realisations import realise
from redpix.photoz.learners.tree_leaves import leaf_of, leaf_shares, smoothed_shares

#: least number of training vectors in a leaf, and share of the attributes that a split chooses of
LEAF, SHARE = 5, 0.6

#: how trees part redshifts: by their variance, or by the entropy of bins taken as classes
MODES = ("regression", "classification")

#: bins of redshift, from the training's smallest to its largest
BINS = 40

#: most training vectors of a tree
MOST_VECTORS = 10_000


class Tree(NamedTuple):
    """A tree as arrays, a node a row; in leaves `feature` is negative."""

    left: np.ndarray
    right: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    missing_left: np.ndarray  #: where a missing attribute goes
    values: np.ndarray  #: (nodes,) mean redshift, or (nodes, classes) shares
    weight: np.ndarray  #: the leaves' densities on the nodes of the grid, a sparse matrix: data
    place: np.ndarray  #: indices
    start: np.ndarray  #: offsets

    @classmethod
    def of(cls, fitted, values, histogram):
        """From a fitted tree of scikit-learn."""
        tree = fitted.tree_
        parts = (tree.children_left, tree.children_right, tree.feature, tree.threshold)
        sparse = (histogram.data, histogram.indices, histogram.indptr)
        return cls(*parts, tree.missing_go_to_left.astype(bool), values, *sparse)

    def leaves(self, vectors):
        """Leaf of each vector, shape (n, attributes), float32; missing attributes are NaN."""
        return leaf_of(vectors, *self[:5])


class TPZ:
    """A forest for redshifts, and where classes differ a classification forest.

    In the mode ``regression`` splits reduce the variance of the redshifts, in the mode
    ``classification`` the entropy of bins of redshift, taken as classes. Leaves hold the redshifts
    themselves in either.

    Each tree sees a bootstrap sample of the objects, their magnitudes moved at random within their
    errors where errors are among the attributes (colours with them; the errors themselves are no
    inputs). The density is the mean over the trees of the redshifts in a vector's leaves, each
    leaf of equal weight, smoothed; the redshift is its mean. Attributes may be missing (NaN). A
    vector is outside of what is known where an attribute leaves the range of the training's.

    Parameters
    ----------
    forest, classes : list of Tree
    span : ndarray, shape (2, attributes)
        Smallest and largest of each attribute in training.
    out_of_bag : ndarray, shape (2, n)
        Redshift of each galaxy or quasar of the training from the trees that had not its object
        (NaN where all had), and its true one.
    importance : ndarray, shape (attributes,)
        Share of each attribute in the reduction of variance by splits.
    grid : ndarray, shape (nodes,)
    errors : int
        Number of the last attributes that are errors.
    """

    MISSING = True  #: takes vectors with missing attributes

    def __init__(self, forest, classes, span, out_of_bag, importance, grid, errors):
        self.forest, self.classes, self.span = forest, classes, span
        self.out_of_bag, self.importance = out_of_bag, importance
        self.grid, self._errors = grid, errors

    @staticmethod
    def needs(settings):
        """Fewest galaxies that it learns from."""
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
        """Learn from a `Training` with `n_threads` threads.

        Parameters
        ----------
        training : Training
        grid : ndarray, shape (nodes,)
        n_threads : int
        trees, seed : int
        mixing : sequence, shape (attributes - errors, bands)
            What attributes change by when magnitudes do (`Attributes.mixing`).
        errors : int
        leaf : int
            Fewest training vectors of a leaf.
        mode : str
            One of `MODES`.
        """
        parts = {"redshift": training.take(training.label != STAR)}
        labelled = training.take(training.label >= 0)
        if len(np.unique(labelled.label)) > 1:
            parts["class"] = labelled
        grown = {
            name: Parallel(n_jobs=n_threads, prefer="threads")(
                delayed(_grow)(
                    part,
                    grid,
                    mode if name == "redshift" else name,
                    (seed, number),
                    mixing,
                    errors,
                    leaf,
                )
                for number in range(trees)
            )
            for name, part in parts.items()
        }
        moving = parts["redshift"]
        plain = moving.vectors[:, : moving.vectors.shape[1] - errors]
        total, count = np.zeros(len(plain)), np.zeros(len(plain))
        for tree, out, _ in grown["redshift"]:
            total[out] += tree.values[tree.leaves(plain[out])]
            count[out] += 1
        out_of_bag = np.stack([total / np.where(count > 0, count, np.nan), moving.redshift])
        importance = np.mean([share for _, _, share in grown["redshift"]], axis=0)
        span = np.stack([np.nanmin(plain, axis=0), np.nanmax(plain, axis=0)])
        forests = [[tree for tree, _, _ in grown.get(name, ())] for name in ("redshift", "class")]
        return cls(*forests, span, out_of_bag, importance, grid, errors)

    def arrays(self):
        """Everything needed to predict elsewhere, by name."""
        arrays = {name: getattr(self, name) for name in ("span", "out_of_bag", "importance")}
        for name, forest in (("redshift", self.forest), ("class", self.classes)):
            for field in Tree._fields if forest else ():
                parts = [getattr(tree, field) for tree in forest]
                arrays[f"{name}_{field}"] = np.concatenate(parts)
                arrays[f"{name}_{field}_ends"] = np.cumsum([len(part) for part in parts])
        return arrays

    @classmethod
    def from_arrays(cls, arrays, grid, *, errors=0, **settings):
        """The learner whose `arrays` these are."""
        forests = []
        for name in ("redshift", "class"):
            fields = [
                np.split(arrays[f"{name}_{field}"], arrays[f"{name}_{field}_ends"][:-1])
                for field in Tree._fields
                if f"{name}_{field}" in arrays
            ]
            forests.append([Tree(*parts) for parts in zip(*fields, strict=True)])
        known = (arrays["span"], arrays["out_of_bag"], arrays["importance"])
        return cls(*forests, *known, grid, errors)

    def held_out(self, n_threads=1):
        """Redshifts of the training's galaxies from the trees that had not their objects."""
        return self.out_of_bag[0]

    def insight(self, names):
        """Importance of each attribute by name, and the scatter of the out-of-bag redshifts."""
        return {
            "importance": shares(names, self.importance),
            "out_of_bag_nmad": dispersion(*self.out_of_bag),
        }

    def predict(self, vectors, n_threads=1):
        """Predict feature vectors, shape (n, attributes), with `n_threads` threads.

        Returns
        -------
        Prediction
        """
        plain = vectors[:, : vectors.shape[1] - self._errors]
        pdfs = np.zeros((len(plain), len(self.grid)))
        found = Parallel(n_jobs=n_threads, prefer="threads")(
            delayed(tree.leaves)(plain) for tree in self.forest
        )
        redshift = np.zeros(len(plain))
        for tree, leaves in zip(self.forest, found, strict=True):
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


def _grow(training, grid, kind, seed, mixing, errors, leaf):
    """A tree, which rows it has not seen, and the importance of attributes."""
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
    return Tree.of(fitted, values, histogram), out, fitted.feature_importances_
