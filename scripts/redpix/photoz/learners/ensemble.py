"""The learner ensemble: a linear pool of other learners."""

import logging

import numpy as np

from redpix.core.exceptions import InputError
from redpix.photoz import pdf
from redpix.photoz.learners.base import STAR, Prediction
from redpix.photoz.learners.boosting import Boosting
from redpix.photoz.learners.knn import KNN
from redpix.photoz.learners.mdn import MDN
from redpix.photoz.learners.mdn_training import PARTS
from redpix.photoz.learners.pooling import pool_weights, pooled
from redpix.photoz.learners.som import SOM
from redpix.photoz.learners.tpz import TPZ
from redpix.photoz.split import group_folds

log = logging.getLogger("redpix")

#: learners that may be members, by name; mlp is the old name of mdn
MEMBERS = {"mdn": MDN, "knn": KNN, "tpz": TPZ, "som": SOM, "boosting": Boosting, "mlp": MDN}

#: maximum number of held-out vectors of the fit of the weights
MOST_WEIGHED = 5000


class Ensemble:
    """A weighted mean of the PDFs of other learners.

    The weights have the largest log-likelihood of training objects, each predicted by learners
    that have not seen its fold. Probabilities of classes have weights of their own. The redshift
    is the median of the PDF. A vector is outside the training set if knn says so, or, without knn,
    if members with more than half of the weight say so. Members that need all attributes do not
    predict vectors with missing ones.

    Parameters
    ----------
    members : list of learners
        Trained learners.
    weights, class_weights : ndarray, shape (members,)
        Weight of each member for PDFs and for probabilities of classes.
    names : list of str
        Names of the members.
    grid : ndarray, shape (nodes,)
        Redshifts at which PDFs are given.
    errors : int
        Number of the last attributes that are errors.
    parts : dict of int to list of learners, optional
        Members that have not seen a fold, by the fold.
    """

    MISSING = True  #: vectors may have missing attributes (NaN)

    def __init__(self, members, weights, class_weights, names, grid, errors=0, parts=None):
        self.members, self.weights, self.class_weights = members, weights, class_weights
        self.names, self.grid, self._errors, self._parts = names, grid, errors, parts or {}

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
        return max(MEMBERS[name].needs(one) for name, one in settings["members"].items())

    @classmethod
    def fit(cls, training, grid, n_threads=1, *, folds=None, members, errors):
        """Return a learner of a training set.

        Parameters
        ----------
        training : redpix.photoz.learners.base.Training
            Training set.
        grid : ndarray, shape (nodes,)
            Redshifts at which PDFs are given.
        n_threads : int
            Number of threads.
        folds : ndarray of int, shape (n,), optional
            Fold of each row. The default makes `PARTS` of whole groups.
        members : dict of str to dict
            Settings of each member by its name.
        errors : int
            Number of the last attributes that are errors.

        Returns
        -------
        Ensemble

        Raises
        ------
        InputError
            If the training set cannot be divided, or no member can be trained.
        """
        if folds is None:
            count = min(PARTS, len(np.unique(training.group)))
            folds = group_folds(training.group, count, seed=0)
        if len(np.unique(folds)) < 2:
            raise InputError(
                "photoz.methods: ensemble: all training objects are in one group, so that the "
                "members cannot be weighted; complete the catalogue or use one of its members"
            )
        fitted, parts = {}, {int(fold): {} for fold in np.unique(folds)}
        for name, settings in members.items():
            complete = _complete(training, MEMBERS[name], errors)
            known, part = training.take(complete), folds[complete]
            settings = {**settings, "errors": errors}
            if not _enough(known, part, len(parts), MEMBERS[name].needs(settings)):
                log.warning("ensemble: too few complete training objects for %s", name)
                continue
            fitted[name], held = _fit(MEMBERS[name], known, part, grid, n_threads, settings)
            for fold in parts:
                parts[fold][name] = held[fold]
        if not fitted:
            raise InputError(
                "photoz.methods: ensemble: no member can be trained, too few complete objects; "
                "complete the catalogue or add mdn to photoz.ensemble.members"
            )
        names = list(fitted)
        parts = {fold: [learners[name] for name in names] for fold, learners in parts.items()}
        even = np.full(len(names), 1 / len(names))
        learner = cls(list(fitted.values()), even, even, names, grid, errors, parts)
        learner._weigh(training, folds, n_threads)
        return learner

    def without(self, fold):
        """Return the ensemble of members that have not seen a fold, with the same weights.

        Parameters
        ----------
        fold : int
            One of the folds of `fit`.

        Returns
        -------
        Ensemble
        """
        members = self._parts[int(fold)]
        return Ensemble(
            members, self.weights, self.class_weights, self.names, self.grid, self._errors
        )

    def _weigh(self, training, folds, n_threads):
        """Fit the weights to training objects that all members can predict, held out by fold."""
        if len(self.members) < 2:
            return
        rows = np.flatnonzero(self._able(training.vectors).all(axis=0))
        rows = rows[:: -(-len(rows) // MOST_WEIGHED) or 1]
        densities, classes = [], []
        for fold in self._parts:
            part = training.take(rows[folds[rows] == fold])
            if not len(part.label):
                continue
            moving, labelled = part.label != STAR, part.label >= 0
            found = [member.predict(part.vectors, n_threads) for member in self._parts[fold]]
            truth = part.redshift[moving]
            densities.append([pdf.evaluate(one.pdf[moving], truth, self.grid) for one in found])
            label = part.label[labelled]
            classes.append([one.probability[labelled, label] for one in found])
        if densities:
            self.weights = pool_weights(np.concatenate(densities, axis=1))
            likelihoods = np.concatenate(classes, axis=1)
            likelihoods = likelihoods[:, np.isfinite(likelihoods).all(axis=0)]
            self.class_weights = pool_weights(likelihoods)

    def _able(self, vectors):
        """Return whether each member can predict each vector, shape (members, n)."""
        complete = np.isfinite(vectors[:, : vectors.shape[1] - self._errors]).all(axis=1)
        return np.array([complete | member.MISSING for member in self.members])

    def insight(self, names):
        """Return the weights of the members by name, and their own descriptions.

        Parameters
        ----------
        names : sequence of str
            Names of the attributes.

        Returns
        -------
        dict
        """
        return {
            "weights": dict(zip(self.names, self.weights.tolist(), strict=True)),
            "class_weights": dict(zip(self.names, self.class_weights.tolist(), strict=True)),
            "of_members": {
                name: member.insight(names)
                for name, member in zip(self.names, self.members, strict=True)
            },
        }

    def arrays(self):
        """Return the learner as named arrays.

        Returns
        -------
        dict of str to ndarray
        """
        stored = {
            f"{name}.{key}": array
            for name, member in zip(self.names, self.members, strict=True)
            for key, array in member.arrays().items()
        }
        weights = {"weights": self.weights, "class_weights": self.class_weights}
        return {**weights, "names": np.array(self.names), **stored}

    @classmethod
    def from_arrays(cls, arrays, grid, *, members, errors):
        """Return the learner that these arrays describe.

        Parameters
        ----------
        arrays : mapping of str to ndarray
            From `arrays`.
        grid : ndarray, shape (nodes,)
            Redshifts at which PDFs are given.
        members : dict of str to dict
            Settings of each member by its name.
        errors : int
            Number of the last attributes that are errors.

        Returns
        -------
        Ensemble
        """
        names = [str(name) for name in arrays["names"]]
        learners = []
        for name in names:
            start = f"{name}."
            stored = {
                key.removeprefix(start): array
                for key, array in arrays.items()
                if key.startswith(start)
            }
            settings = {**members[name], "errors": errors}
            learners.append(MEMBERS[name].from_arrays(stored, grid, **settings))
        weights = [arrays["weights"], arrays["class_weights"]]
        if any(one.shape != (len(names),) or not np.sum(one) > 0 for one in weights):
            raise ValueError("weights of the members are absent")
        return cls(learners, *weights, names, grid, errors)

    def predict(self, vectors, n_threads=1):
        """Predict vectors with the members of positive weight.

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
        able = self._able(vectors)
        used = (self.weights > 0) | (self.class_weights > 0) | (np.array(self.names) == "knn")
        if not able[used].any(axis=0).all():  # only members without weight take missing attributes
            used[:] = True
        found = [
            _scattered(member, vectors, rows, n_threads)
            for member, rows, one in zip(self.members, able, used, strict=True)
            if one
        ]
        able, weights, class_weights = able[used], self.weights[used], self.class_weights[used]
        pdfs = pooled([one.pdf for one in found], weights, able)
        probability = pooled([one.probability for one in found], class_weights, able)
        outside = pooled([one.outside for one in found], weights, able) > 0.5
        names = [name for name, one in zip(self.names, used, strict=True) if one]
        if "knn" in names:
            number = names.index("knn")
            outside = np.where(able[number], found[number].outside > 0, outside)
        return Prediction(pdf.quantiles(pdfs, [0.5], self.grid)[:, 0], pdfs, probability, outside)


def _complete(training, learner, errors):
    """Return the mask of the training objects that a learner can use."""
    if learner.MISSING:
        return np.ones(len(training.label), bool)
    return np.isfinite(training.vectors[:, : training.vectors.shape[1] - errors]).all(axis=1)


def _enough(training, folds, count, needed):
    """Return whether there are galaxies enough outside each of a number of folds."""
    galaxy = training.label != STAR
    sizes = [np.sum(galaxy & (folds != fold)) for fold in np.unique(folds)]
    return len(sizes) == count and min(sizes) >= needed


def _fit(learner, training, folds, grid, n_threads, settings):
    """Return a member of all objects, and the members that have not seen a fold, by the fold."""
    numbers = [int(fold) for fold in np.unique(folds)]
    if hasattr(learner, "without"):
        fitted = learner.fit(training, grid, n_threads, folds=folds, **settings)
        return fitted, {fold: fitted.without(fold) for fold in numbers}
    fitted = learner.fit(training, grid, n_threads, **settings)
    parts = {
        fold: learner.fit(training.take(folds != fold), grid, n_threads, **settings)
        for fold in numbers
    }
    return fitted, parts


def _scattered(member, vectors, able, n_threads):
    """Return a member's prediction, with zeros in the rows that it cannot predict."""
    if able.all():
        return member.predict(vectors, n_threads)
    few = member.predict(vectors[able], n_threads)
    parts = []
    for values in few:
        column = np.zeros((len(vectors), *values.shape[1:]), values.dtype)
        column[able] = values
        parts.append(column)
    return Prediction(*parts)
