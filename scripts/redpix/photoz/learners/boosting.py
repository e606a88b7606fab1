"""The learner boosting: gradient-boosted trees for the redshift, its scatter and the class.

scikit-learn grows the trees. Predictions use plain arrays.
"""

import numpy as np
from joblib import Parallel, delayed

from redpix.photoz.learners.base import CLASSES, STAR, Prediction, dispersion, shares
from redpix.photoz.learners.boosted_trees import (
    LEAF,
    Trees,
    class_trees,
    gain_fractions,
    grow,
    regressor,
    width_trees,
)
from redpix.photoz.learners.neighbours import smoothed
from redpix.photoz.learners.tree_leaves import attribute_span
from redpix.photoz.split import group_folds

#: number of parts of the training set; each is predicted from the others
PARTS = 4

#: maximum number of training vectors, if it is not given
MOST_VECTORS = 10_000

#: quantiles of the scaled residuals that make a PDF
QUANTILES = (np.arange(60) + 0.5) / 60


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
        galaxies that are not among the random ones of the training.
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
    def fit(cls, training, grid, n_threads=1, *, trees, leaves, rate, seed, **limits):
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
        **limits : object
            ``vectors``, the maximum number of training vectors; ``errors`` is ignored, because
            errors are attributes like the others.

        Returns
        -------
        Boosting
        """
        most = limits.get("vectors", MOST_VECTORS)
        galaxies = training.take(training.label != STAR)
        chosen = _some(len(galaxies.group), seed, most)
        sample = galaxies.take(chosen)
        settings = {"max_leaf_nodes": leaves, "learning_rate": rate, "max_iter": trees}
        final, held_out = _fit_redshifts(sample, n_threads, seed, settings)
        residuals = sample.redshift - held_out
        width = width_trees(sample.vectors, residuals, seed)
        labelled = training.take(training.label >= 0)
        labelled = labelled.take(_some(len(labelled.group), seed, most))
        classes, labels = class_trees(labelled, seed)
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
            importance=gain_fractions(final, sample.vectors.shape[1]),
            held=held,
            grid=grid,
        )

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
        delayed(grow)(
            regressor(seed, **settings),
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


def _some(count, seed, most):
    """Return at most `most` random rows out of `count`, in increasing order."""
    return np.sort(np.random.default_rng([seed, 9]).permutation(count)[:most])
