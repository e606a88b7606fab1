"""The learner tpz: forests of trees with the training redshifts in their leaves.

After Carrasco Kind & Brunner (2013, MNRAS 432, 1483), with the trees of scikit-learn.
"""

from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed
from scipy.sparse import csr_array

from redpix.photoz.learners.base import (
    CLASSES,
    STAR,
    Prediction,
    dispersion,
    shares,
    without_errors,
)
from redpix.photoz.learners.tpz_trees import (
    LEAF,
    MOST_VECTORS,
    Tree,
    grow_tree,
    out_of_bag_redshifts,
)
from redpix.photoz.learners.tree_leaves import attribute_span, smoothed_shares


@dataclass(frozen=True, eq=False)
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

    forest: list
    classes: list
    span: np.ndarray
    out_of_bag: np.ndarray
    importance: np.ndarray
    grid: np.ndarray
    errors: int

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
    def fit(cls, training, grid, n_threads=1, *, trees, seed, mixing, errors=0, **limits):
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
        **limits : object
            ``leaf``, the minimum number of training vectors in a leaf; ``vectors``, the maximum
            number of those of a tree; ``mode``, one of `redpix.photoz.learners.tpz_trees.MODES`.

        Returns
        -------
        TPZ
        """
        galaxies = training.take(training.label != STAR)
        labelled = training.take(training.label >= 0)
        seeds = [(seed, number) for number in range(trees)]
        mode = limits.get("mode", "regression")
        plan = {"grid": grid, "mixing": mixing, "errors": errors}
        plan["leaf"] = limits.get("leaf", LEAF)
        plan["vectors"] = limits.get("vectors", MOST_VECTORS)
        grown = _grow_forest(galaxies, mode, seeds, n_threads, plan)
        classes = []
        if len(np.unique(labelled.label)) > 1:
            classes = _grow_forest(labelled, "class", seeds, n_threads, plan)
        plain = without_errors(galaxies.vectors, errors)
        return cls(
            forest=[one.tree for one in grown],
            classes=[one.tree for one in classes],
            span=attribute_span(plain),
            out_of_bag=np.stack([out_of_bag_redshifts(grown, plain), galaxies.redshift]),
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
        errors : int
            Number of the last attributes that are errors.
        **settings : object
            Those of `fit`.

        Returns
        -------
        TPZ

        Raises
        ------
        ValueError
            If the arrays are not forests.
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
        attributes = plain["span"].shape[1]
        if not forest or plain["importance"].shape != (attributes,):
            raise ValueError("a forest without trees, or of other attributes")
        for tree in (*forest, *classes):
            tree.check(attributes, len(grid))
        return cls(forest, classes, grid=grid, errors=errors, **plain)

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
        predicted, true = self.out_of_bag
        return {
            "importance": shares(names, self.importance),
            "out_of_bag_nmad": dispersion(predicted, true),
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
        plain = without_errors(vectors, self.errors)
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


def _grow_forest(training, kind, seeds, n_threads, plan):
    """Grow one tree per seed."""
    return Parallel(n_jobs=n_threads, prefer="threads")(
        delayed(grow_tree)(training, kind=kind, seed=seed, **plan) for seed in seeds
    )
