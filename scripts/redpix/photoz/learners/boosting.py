"""The learner boosting: gradient-boosted trees for the redshift, its scatter and the class.

scikit-learn grows the trees. Predictions use plain arrays.
"""

from typing import NamedTuple

import numpy as np
from joblib import Parallel, delayed
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from redpix.photoz.learners.base import CLASSES, STAR, Prediction, dispersion, shares
from redpix.photoz.learners.neighbours import smoothed
from redpix.photoz.learners.tree_leaves import attribute_span, leaf_of
from redpix.photoz.split import group_folds

#: number of parts of the training set; each is predicted from the others
PARTS = 4

#: maximum number of training vectors
MOST_VECTORS = 10_000

#: minimum number of training vectors in a leaf; fraction of the attributes offered to a split
LEAF, SHARE = 20, 0.5

#: quantiles of the scaled residuals that make a PDF
QUANTILES = (np.arange(60) + 0.5) / 60

#: number of trees for the width of the PDF, and maximum number of their leaves
WIDTH_TREES, WIDTH_LEAVES = 60, 8

#: number of trees for the class
CLASS_TREES = 60

#: number of vectors that are predicted at a time
BLOCK = 5000


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


class Boosting:
    """Gradient boosting of the absolute error, with widths from held-out objects.

    The trees minimise |z_phot - z_spec| / (1 + z_spec). Each quarter of the training set is
    predicted from the others. Further trees learn the median absolute residual, the width. The PDF
    of a vector is its redshift plus its width times the scaled residuals of the training set,
    smoothed. All attributes are used, including errors. A vector is outside the training set if an
    attribute is outside its range there.

    Parameters
    ----------
    redshift, width : Trees
        Trees for the redshift and for the width of the PDF.
    classes : Trees or None
        None if the training set has fewer than two classes.
    labels : ndarray of int
        Labels of the classes.
    residual : ndarray, shape (quantiles,)
        Quantiles of the residuals divided by their widths.
    least : float
        Minimum width.
    span : ndarray, shape (2, attributes)
        Smallest and largest value of each attribute in the training set.
    importance : ndarray, shape (attributes,)
        Fraction of each attribute in the gain of the splits.
    held : ndarray, shape (2, n)
        Held-out redshift of each training galaxy or quasar, and its true redshift. NaN for
        galaxies that are not among the `MOST_VECTORS` random ones.
    grid : ndarray, shape (nodes,)
        Redshifts at which PDFs are given.
    """

    MISSING = True  #: vectors may have missing attributes (NaN)

    _PLAIN = ("labels", "residual", "least", "span", "importance", "held")

    def __init__(
        self, redshift, width, classes, labels, residual, least, span, importance, held, grid
    ):
        self.redshift, self.width, self.classes = redshift, width, classes
        self.labels, self.residual, self.least = labels, residual, least
        self.span, self.importance, self.held, self.grid = span, importance, held, grid

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
        return 2 * LEAF

    @classmethod
    def fit(cls, training, grid, n_threads=1, *, trees, leaves, rate, seed, errors=0):
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
        leaves : int
            Maximum number of leaves of a tree.
        rate : float
            Learning rate.
        seed : int
            Seed of the random numbers.
        errors : int
            Ignored: errors are attributes like the others.

        Returns
        -------
        Boosting
        """
        galaxies = training.take(training.label != STAR)
        chosen = _some(len(galaxies.group), seed)
        sample = galaxies.take(chosen)
        settings = {"max_leaf_nodes": leaves, "learning_rate": rate, "max_iter": trees}
        final, held_out = _fit_redshifts(sample, n_threads, seed, settings)
        residuals = sample.redshift - held_out
        few = {"max_leaf_nodes": WIDTH_LEAVES, "max_iter": WIDTH_TREES, "learning_rate": 0.1}
        width = Trees.of(_grown(_regressor(seed, **few), sample.vectors, np.abs(residuals)))
        classes, labels = _class_trees(training, seed)
        scatter = width.sums(sample.vectors, n_threads)[:, 0]
        least = max(float(np.quantile(scatter, 0.01)), grid[1] - grid[0])
        held = np.stack([np.full(len(galaxies.group), np.nan), galaxies.redshift])
        held[0, chosen] = held_out
        return cls(
            redshift=Trees.of(final),
            width=width,
            classes=classes,
            labels=labels,
            residual=np.quantile(residuals / np.maximum(scatter, least), QUANTILES),
            least=np.array(least),
            span=attribute_span(sample.vectors),
            importance=_importance(final, sample.vectors.shape[1]),
            held=held,
            grid=grid,
        )

    def held_out(self, n_threads=1):
        """Return redshifts of the training galaxies by trees that have not seen their objects.

        Parameters
        ----------
        n_threads : int
            Number of threads.

        Returns
        -------
        ndarray, shape (galaxies,)
            NaN for galaxies without a held-out prediction.
        """
        return self.held[0]

    def insight(self, names):
        """Return the importance of each attribute, and the scatter of the held-out redshifts.

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
            "held_out_nmad": dispersion(*self.held),
        }

    def arrays(self):
        """Return the learner as named arrays.

        Returns
        -------
        dict of str to ndarray
        """
        arrays = {name: getattr(self, name) for name in self._PLAIN}
        for name, trees in (("z", self.redshift), ("width", self.width), ("class", self.classes)):
            if trees is not None:
                arrays |= {f"{name}_{field}": array for field, array in trees._asdict().items()}
        return arrays

    @classmethod
    def from_arrays(cls, arrays, grid, **settings):
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
        Boosting
        """
        trees = [
            Trees(**{field: arrays[f"{name}_{field}"] for field in Trees._fields})
            if f"{name}_left" in arrays
            else None
            for name in ("z", "width", "class")
        ]
        redshift, width, classes = trees
        plain = {name: arrays[name] for name in cls._PLAIN}
        return cls(redshift, width, classes, grid=grid, **plain)

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
        low, high = self.grid[[0, -1]]
        redshift = np.clip(self.redshift.sums(vectors, n_threads)[:, 0], low, high)
        width = np.maximum(self.width.sums(vectors, n_threads)[:, 0], self.least)
        samples = np.clip(redshift[:, None] + width[:, None] * self.residual, low, high)
        outside = ((vectors < self.span[0]) | (vectors > self.span[1])).any(axis=1)
        pdfs = smoothed(samples, self.grid)
        return Prediction(redshift, pdfs, self._probability(vectors, n_threads), outside)

    def _probability(self, vectors, n_threads):
        """Return the probability of each class, NaN without classes."""
        probability = np.full((len(vectors), len(CLASSES)), np.nan)
        if self.classes is None:
            return probability
        sums = self.classes.sums(vectors, n_threads)
        if len(self.labels) == 2:  # one value: the log-odds of the second class
            sums = np.concatenate([np.zeros_like(sums), sums], axis=1)
        share = np.exp(sums - sums.max(axis=1)[:, None])
        probability[:] = 0
        probability[:, self.labels] = share / share.sum(axis=1)[:, None]
        return probability


def _fit_redshifts(sample, n_threads, seed, settings):
    """Return the model of all redshifts, and each redshift by a model without its part."""
    part = group_folds(sample.group, PARTS, seed)
    kept = [part != number for number in np.unique(part)] + [np.ones(len(part), bool)]
    *models, final = Parallel(n_jobs=n_threads, prefer="threads")(
        delayed(_grown)(
            _regressor(seed, **settings),
            sample.vectors[rows],
            sample.redshift[rows],
            weights=1 / (1 + sample.redshift)[rows],
        )
        for rows in kept
    )
    held_out = np.empty(len(part))
    for model, rows in zip(models, kept, strict=False):
        held_out[~rows] = Trees.of(model).sums(sample.vectors[~rows], n_threads)[:, 0]
    return final, held_out


def _regressor(seed, **settings):
    """Return an unfitted model for redshifts or widths."""
    return HistGradientBoostingRegressor(
        loss="absolute_error",
        min_samples_leaf=LEAF,
        max_features=SHARE,
        early_stopping=False,
        random_state=seed % 2**32,
        **settings,
    )


def _some(count, seed):
    """Return at most `MOST_VECTORS` random rows out of `count`, in increasing order."""
    return np.sort(np.random.default_rng([seed, 9]).permutation(count)[:MOST_VECTORS])


def _grown(model, vectors, values, weights=None):
    """Fit a model in one thread; threads of OpenMP wait for each other on a busy machine."""
    with threadpool_limits(1, user_api="openmp"):
        return model.fit(vectors, values, sample_weight=weights)


def _class_trees(training, seed):
    """Return trees for the class and the labels of the classes; None instead for one class."""
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
    """Return the fraction of each attribute in the gain of the splits."""
    gain = np.zeros(attributes)
    for stage in fitted._predictors:
        nodes = stage[0].nodes
        split = nodes[nodes["is_leaf"] == 0]
        np.add.at(gain, split["feature_idx"], split["gain"])
    return gain / gain.sum() if gain.any() else gain
