"""The learner ensemble: a linear pool of other learners."""

import numpy as np

from redpix.core.exceptions import InputError
from redpix.photoz import pdf
from redpix.photoz.learners.base import STAR, Prediction
from redpix.photoz.learners.knn import KNN
from redpix.photoz.learners.mdn import MDN
from redpix.photoz.learners.mdn_training import PARTS
from redpix.photoz.learners.pooling import pool_weights
from redpix.photoz.learners.som import SOM
from redpix.photoz.learners.tpz import TPZ
from redpix.photoz.split import group_folds

#: learners that may be members, by name; mlp and boosting are old names that mdn goes by
MEMBERS = {"mdn": MDN, "knn": KNN, "tpz": TPZ, "som": SOM, "boosting": MDN, "mlp": MDN}

#: maximum number of held-out vectors of the fit of the weights
MOST_WEIGHED = 5000


class Ensemble:
    """A weighted mean of the PDFs of other learners.

    The weights have the largest log-likelihood of training objects, each predicted by learners
    that have not seen its fold. Probabilities of classes have weights of their own. The redshift
    is the median of the PDF. A vector is outside the training set if knn says so, or, without knn,
    if members with more than half of the weight say so.

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
    parts : dict of int to list of learners, optional
        Members that have not seen a fold, by the fold.
    """

    def __init__(self, members, weights, class_weights, names, grid, parts=None):
        self.members, self.weights, self.class_weights = members, weights, class_weights
        self.names, self.grid, self._parts = names, grid, parts or {}

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
            If the training set cannot be divided.
        """
        if folds is None:
            count = min(PARTS, len(np.unique(training.group)))
            folds = group_folds(training.group, count, seed=0)
        if len(np.unique(folds)) < 2:
            raise InputError(
                "photoz.methods: ensemble: all training objects are in one group, so that the "
                "members cannot be weighted; complete the catalogue or use one of its members"
            )
        fitted, parts = {}, {int(fold): [] for fold in np.unique(folds)}
        for name, settings in members.items():
            settings = {**settings, "errors": errors}
            fitted[name], held = _fit(MEMBERS[name], training, folds, grid, n_threads, settings)
            for fold, learner in held.items():
                parts[fold].append(learner)
        weights, class_weights = _pool(parts, training, folds, grid, n_threads)
        return cls(list(fitted.values()), weights, class_weights, list(fitted), grid, parts)

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
        return Ensemble(members, self.weights, self.class_weights, self.names, self.grid)

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
        return cls(learners, *weights, names, grid)

    def predict(self, vectors, n_threads=1):
        """Predict vectors with the members of positive weight.

        Parameters
        ----------
        vectors : ndarray, shape (n, attributes)
            Finite attributes.
        n_threads : int
            Number of threads.

        Returns
        -------
        redpix.photoz.learners.base.Prediction
        """
        used = (self.weights > 0) | (self.class_weights > 0) | (np.array(self.names) == "knn")
        found = {
            name: member.predict(vectors, n_threads)
            for name, member, one in zip(self.names, self.members, used, strict=True)
            if one
        }
        pdfs = probability = share = 0
        for prediction, weight, of_class in zip(
            found.values(), self.weights[used], self.class_weights[used], strict=True
        ):
            pdfs = pdfs + weight * prediction.pdf
            probability = probability + of_class * prediction.probability
            share = share + weight * prediction.outside
        outside = found["knn"].outside if "knn" in found else share > 0.5
        return Prediction(pdf.quantiles(pdfs, [0.5], self.grid)[:, 0], pdfs, probability, outside)


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


def _pool(parts, training, folds, grid, n_threads):
    """Return the weights of members for PDFs and for classes, from held-out training objects."""
    rows = np.arange(len(folds))[:: -(-len(folds) // MOST_WEIGHED)]
    densities, classes = [], []
    for fold, members in parts.items():
        part = training.take(rows[folds[rows] == fold])
        moving, labelled = part.label != STAR, part.label >= 0
        predicted = [member.predict(part.vectors, n_threads) for member in members]
        truth = part.redshift[moving]
        densities.append([pdf.evaluate(one.pdf[moving], truth, grid) for one in predicted])
        label = part.label[labelled]
        classes.append([one.probability[labelled, label] for one in predicted])
    likelihoods = np.concatenate(classes, axis=1)
    known = np.isfinite(likelihoods).all(axis=0)
    return pool_weights(np.concatenate(densities, axis=1)), pool_weights(likelihoods[:, known])
