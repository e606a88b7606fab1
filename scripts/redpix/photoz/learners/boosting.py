"""Gradient-boosted trees: redshift, how widely it scatters, class; kept as plain arrays.

Grown by scikit-learn's histogram gradient boosting, predicted from the arrays alone.
"""

from typing import NamedTuple

import numpy as np
from joblib import Parallel, delayed
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from redpix.photoz.learners.base import CLASSES, STAR, Prediction, dispersion, shares
from redpix.photoz.learners.neighbours import smoothed
from redpix.photoz.learners.tree_leaves import leaf_of
from redpix.photoz.split import group_folds

#: parts of the training objects, each predicted from the others
PARTS = 4

#: most training vectors
MOST_VECTORS = 10_000

#: least training vectors in a leaf, share of the attributes that a split chooses of
LEAF, SHARE = 20, 0.5

#: quantiles of the residuals over their width that make a density
QUANTILES = (np.arange(60) + 0.5) / 60

#: trees that tell the width, and their leaves
WIDTH_TREES, WIDTH_LEAVES = 60, 8

#: trees that tell classes apart
CLASS_TREES = 60

#: vectors predicted at a time
BLOCK = 5000


class Trees(NamedTuple):
    """Boosted trees as arrays, the nodes of one after those of the other."""

    left: np.ndarray  #: (nodes,), counted from the tree's first node
    right: np.ndarray
    feature: np.ndarray  #: negative in leaves
    threshold: np.ndarray
    missing_left: np.ndarray  #: where a missing attribute goes
    value: np.ndarray  #: what a leaf adds
    ends: np.ndarray  #: (trees,), number of nodes up to the end of each tree
    baseline: np.ndarray  #: (values,), what is added to; tree i adds to value i mod values

    @classmethod
    def of(cls, fitted):
        """From a fitted model of scikit-learn."""
        nodes = [tree.nodes for stage in fitted._predictors for tree in stage]
        whole = np.concatenate(nodes)
        return cls(
            whole["left"].astype(np.int64),
            whole["right"].astype(np.int64),
            np.where(whole["is_leaf"], -1, whole["feature_idx"]).astype(np.int64),
            whole["num_threshold"],
            whole["missing_go_to_left"].astype(bool),
            whole["value"],
            np.cumsum([len(one) for one in nodes]),
            fitted._baseline_prediction.ravel().astype(float),
        )

    def sums(self, vectors, n_threads=1):
        """What the trees add up to for vectors, shape (n, attributes): (n, values)."""
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
            own = slice(first, end)
            leaf = leaf_of(
                vectors,
                *(self.left[own], self.right[own], self.feature[own]),
                *(self.threshold[own], self.missing_left[own]),
            )
            total[:, number % len(self.baseline)] += self.value[own][leaf]
        return total


class Boosting:
    """Gradient boosting of the absolute error, with widths from objects held out.

    Trees minimise |z_phot - z_spec| / (1 + z_spec). Each quarter of the training objects is
    predicted from the others; further trees learn the median of what that misses by, the width.
    The density of a vector is its redshift plus its width times the residuals over their widths of
    the training, smoothed. All attributes are used, errors too; they may be missing (NaN). A
    vector is outside of what is known where an attribute leaves the range of the training's.

    Parameters
    ----------
    redshift, width : Trees
    classes : Trees or None
        None where classes do not differ.
    labels : ndarray of int
        The classes told apart.
    residual : ndarray, shape (quantiles,)
        Of residuals over their widths.
    least : float
        Smallest width.
    span : ndarray, shape (2, attributes)
        Smallest and largest of each attribute in training.
    importance : ndarray, shape (attributes,)
        Share of each attribute in what splits gain.
    held : ndarray, shape (2, n)
        Redshift of each galaxy or quasar of the training from what has not seen its object (NaN
        for those beyond the first `MOST_VECTORS` at random), and its true one.
    grid : ndarray, shape (nodes,)
    """

    MISSING = True  #: takes vectors with missing attributes

    _PLAIN = ("labels", "residual", "least", "span", "importance", "held")

    def __init__(
        self, redshift, width, classes, labels, residual, least, span, importance, held, grid
    ):
        self.redshift, self.width, self.classes = redshift, width, classes
        self.labels, self.residual, self.least = labels, residual, least
        self.span, self.importance, self.held, self.grid = span, importance, held, grid

    @staticmethod
    def needs(settings):
        """Fewest galaxies that it learns from."""
        return 2 * LEAF

    @classmethod
    def fit(cls, training, grid, n_threads=1, *, trees, leaves, rate, seed, errors=0):
        """Learn from a `Training` with `n_threads` threads.

        Parameters
        ----------
        training : Training
        grid : ndarray, shape (nodes,)
        n_threads : int
        trees, leaves : int
            Trees, and most leaves of each.
        rate : float
            Share of a tree's correction that is made.
        seed : int
        errors : int
            Makes no difference: errors are attributes like others.
        """
        everything = training.take(training.label != STAR)
        chosen = _some(len(everything.group), seed)
        moving = everything.take(chosen)
        settings = {"max_leaf_nodes": leaves, "learning_rate": rate, "max_iter": trees}
        stretch = 1 + moving.redshift

        part = group_folds(moving.group, PARTS, seed)
        wanted = [part != number for number in np.unique(part)] + [np.ones(len(part), bool)]
        *folds, whole = Parallel(n_jobs=n_threads, prefer="threads")(
            delayed(_grown)(
                _regressor(seed, **settings),
                *(moving.vectors[rows], moving.redshift[rows]),
                sample_weight=1 / stretch[rows],
            )
            for rows in wanted
        )
        said = np.empty(len(part))
        for fitted, rows in zip(folds, wanted, strict=False):
            said[~rows] = Trees.of(fitted).sums(moving.vectors[~rows], n_threads)[:, 0]
        missed = moving.redshift - said
        few = {"max_leaf_nodes": WIDTH_LEAVES, "max_iter": WIDTH_TREES, "learning_rate": 0.1}
        width = Trees.of(_grown(_regressor(seed, **few), moving.vectors, np.abs(missed)))
        classes, labels = _told_apart(training, seed)
        scatter = width.sums(moving.vectors, n_threads)[:, 0]
        least = max(float(np.quantile(scatter, 0.01)), grid[1] - grid[0])
        residual = np.quantile(missed / np.maximum(scatter, least), QUANTILES)
        span = np.stack([np.nanmin(moving.vectors, axis=0), np.nanmax(moving.vectors, axis=0)])
        known = (labels, residual, np.array(least), span, _importance(whole, span.shape[1]))
        held = np.stack([np.full(len(everything.group), np.nan), everything.redshift])
        held[0, chosen] = said
        return cls(Trees.of(whole), width, classes, *known, held, grid)

    def held_out(self, n_threads=1):
        """Redshifts of the training's galaxies from what has not seen their objects."""
        return self.held[0]

    def insight(self, names):
        """Importance of each attribute by name, and the scatter of redshifts held out."""
        return {
            "importance": shares(names, self.importance),
            "held_out_nmad": dispersion(*self.held),
        }

    def arrays(self):
        """Everything needed to predict elsewhere, by name."""
        arrays = {name: getattr(self, name) for name in self._PLAIN}
        for name, trees in (("z", self.redshift), ("width", self.width), ("class", self.classes)):
            if trees is not None:
                arrays |= {f"{name}_{field}": array for field, array in trees._asdict().items()}
        return arrays

    @classmethod
    def from_arrays(cls, arrays, grid, **settings):
        """The learner whose `arrays` these are."""
        trees = [
            Trees(*(arrays[f"{name}_{field}"] for field in Trees._fields))
            if f"{name}_left" in arrays
            else None
            for name in ("z", "width", "class")
        ]
        return cls(*trees, *(arrays[name] for name in cls._PLAIN), grid)

    def predict(self, vectors, n_threads=1):
        """Predict feature vectors, shape (n, attributes), with `n_threads` threads.

        Returns
        -------
        Prediction
        """
        low, high = self.grid[[0, -1]]
        redshift = np.clip(self.redshift.sums(vectors, n_threads)[:, 0], low, high)
        width = np.maximum(self.width.sums(vectors, n_threads)[:, 0], self.least)
        samples = np.clip(redshift[:, None] + width[:, None] * self.residual, low, high)
        outside = ((vectors < self.span[0]) | (vectors > self.span[1])).any(axis=1)
        pdfs = smoothed(samples, self.grid)
        return Prediction(redshift, pdfs, self._probability(vectors, n_threads), outside)

    def _probability(self, vectors, n_threads):
        probability = np.full((len(vectors), len(CLASSES)), np.nan)
        if self.classes is None:
            return probability
        sums = self.classes.sums(vectors, n_threads)
        if len(self.labels) == 2:  # one value: the logarithm of the odds
            sums = np.concatenate([np.zeros_like(sums), sums], axis=1)
        share = np.exp(sums - sums.max(axis=1)[:, None])
        probability[:] = 0
        probability[:, self.labels] = share / share.sum(axis=1)[:, None]
        return probability


def _regressor(seed, **settings):
    return HistGradientBoostingRegressor(
        loss="absolute_error",
        min_samples_leaf=LEAF,
        max_features=SHARE,
        early_stopping=False,
        random_state=seed % 2**32,
        **settings,
    )


def _some(count, seed):
    """At most `MOST_VECTORS` of so many rows, at random, in order."""
    return np.sort(np.random.default_rng([seed, 9]).permutation(count)[:MOST_VECTORS])


def _grown(model, *known, **weights):
    """The model, fitted in one thread: OpenMP's threads wait for each other on a busy machine."""
    with threadpool_limits(1, user_api="openmp"):
        return model.fit(*known, **weights)


def _told_apart(training, seed):
    """Trees that tell the classes of a training set apart, and the classes, if there are two."""
    labelled = training.take(training.label >= 0)
    labelled = labelled.take(_some(len(labelled.group), seed))
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
    return Trees.of(_grown(model, labelled.vectors, labelled.label)), labels


def _importance(fitted, attributes):
    """Share of each attribute in what the splits gain."""
    gain = np.zeros(attributes)
    for stage in fitted._predictors:
        nodes = stage[0].nodes
        split = nodes[nodes["is_leaf"] == 0]
        np.add.at(gain, split["feature_idx"], split["gain"])
    return gain / gain.sum() if gain.any() else gain
