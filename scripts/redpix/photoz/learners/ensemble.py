"""The learner ensemble: a weighted mean of other learners."""

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array, eye_array, hstack, vstack

from redpix.core.exceptions import InputError
from redpix.photoz.learners.base import STAR, Prediction
from redpix.photoz.learners.boosting import Boosting
from redpix.photoz.learners.knn import KNN, PARTS
from redpix.photoz.learners.mlp import MLP
from redpix.photoz.learners.som import SOM
from redpix.photoz.learners.tpz import TPZ
from redpix.photoz.pdf_transforms import shift

#: learners that may be members, by name
MEMBERS = {"knn": KNN, "mlp": MLP, "tpz": TPZ, "som": SOM, "boosting": Boosting}

#: name of the networks that ignore the errors among the attributes
BLIND = "mlp_without_errors"

#: maximum number of held-out vectors of the fit of the weights
MOST_WEIGHED = 5000


class Ensemble:
    """A weighted mean of other learners.

    If mlp is a member and there are errors among the attributes, networks that ignore the errors
    are another member.

    The redshift is the weighted mean of the members' redshifts. The weights minimise the mean
    |dz| of held-out training objects. The PDF is the weighted mean of the members' PDFs, each
    moved to the common redshift. The probability of a class is the unweighted mean over the members
    with a positive weight. A vector is outside the training set if members with more than half of
    the weight say so.

    Parameters
    ----------
    members : list of learners
        Trained learners.
    weights : ndarray, shape (members,)
        Weight of each member.
    names : list of str
        Names of the members.
    grid : ndarray, shape (nodes,)
        Redshifts at which PDFs are given.
    """

    MISSING = False  #: vectors must have all attributes

    def __init__(self, members, weights, names, grid):
        self.members, self.weights, self.names, self.grid = members, weights, names, grid

    @staticmethod
    def needs(settings):
        """Return the minimum number of training galaxies.

        It is larger than that of the members, because they also learn from parts of the training
        set.

        Parameters
        ----------
        settings : dict
            Settings of the learner.

        Returns
        -------
        int
        """
        most = max(MEMBERS[name].needs(one) for name, one in settings["members"].items())
        return -(-most * PARTS // (PARTS - 1)) + 1

    @classmethod
    def fit(cls, training, grid, n_threads=1, **settings):
        """Return a learner of a training set.

        Parameters
        ----------
        training : redpix.photoz.learners.base.Training
            Training set.
        grid : ndarray, shape (nodes,)
            Redshifts at which PDFs are given.
        n_threads : int
            Number of threads.
        **settings : object
            ``members``, a dict of the settings of each member by its name, and ``errors``.

        Returns
        -------
        Ensemble

        Raises
        ------
        InputError
            If all held-out galaxies lack the prediction of a member.
        """
        recipes = _recipes(**settings)
        members = [learner.fit(training, grid, n_threads, **one) for _, learner, one in recipes]
        predicted = np.stack([member.held_out(n_threads) for member in members])
        truth = training.redshift[training.label != STAR]
        rows = np.flatnonzero(np.isfinite(predicted).all(axis=0))
        if not len(rows):
            raise InputError(
                "photoz.methods: ensemble: no training galaxy could be predicted by all members "
                "without its object, so that they cannot be weighted; complete the catalogue or "
                "use one of its members"
            )
        rows = rows[:: -(-len(rows) // MOST_WEIGHED)]
        weights = best_weights(predicted[:, rows], truth[rows])
        return cls(members, weights, [name for name, _, _ in recipes], grid)

    def insight(self, names):
        """Return the weights of the members by name.

        Parameters
        ----------
        names : sequence of str
            Names of the attributes.

        Returns
        -------
        dict
        """
        return {"weights": dict(zip(self.names, self.weights.tolist(), strict=True))}

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
        return {"weights": self.weights, **stored}

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
        Ensemble
        """
        recipes = _recipes(**settings)
        members = []
        for name, learner, member_settings in recipes:
            start = f"{name}."
            stored = {
                key.removeprefix(start): array
                for key, array in arrays.items()
                if key.startswith(start)
            }
            members.append(learner.from_arrays(stored, grid, **member_settings))
        return cls(members, arrays["weights"], [name for name, _, _ in recipes], grid)

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
        weighted = [
            (weight, member.predict(vectors, n_threads))
            for weight, member in zip(self.weights, self.members, strict=True)
            if weight > 0
        ]
        redshift = sum(weight * one.redshift for weight, one in weighted)
        pdfs = sum(
            weight * shift(one.pdf, redshift - one.redshift, self.grid) for weight, one in weighted
        )
        probability = np.mean([one.probability for _, one in weighted], axis=0)
        outside = sum(weight * one.outside for weight, one in weighted) > 0.5
        return Prediction(redshift, pdfs, probability, outside)


def _recipes(members, errors):
    """Return the name, the learner and the settings of each member."""
    recipes = [(name, MEMBERS[name], {**one, "errors": errors}) for name, one in members.items()]
    if errors and "mlp" in members:
        recipes.append((BLIND, MLP, {**members["mlp"], "errors": errors, "use_errors": False}))
    return recipes


def best_weights(predicted, truth):
    """Return the weights with the smallest mean |z - z_spec| / (1 + z_spec).

    They solve a linear program: minimise the sum of the slack variables that bound the residuals.

    Parameters
    ----------
    predicted : ndarray, shape (members, n)
        Redshifts by each member.
    truth : ndarray, shape (n,)
        True redshifts.

    Returns
    -------
    ndarray, shape (members,)
        Weights from 0 to 1, with the sum 1.
    """
    residuals = csr_array(((predicted - truth) / (1 + truth)).T)
    n, members = residuals.shape
    slack = eye_array(n)
    bounds = vstack([hstack([residuals, -slack]), hstack([-residuals, -slack])]).tocsc()
    solved = linprog(
        np.concatenate([np.zeros(members), np.full(n, 1 / n)]),
        A_ub=bounds,
        b_ub=np.zeros(2 * n),
        A_eq=np.concatenate([np.ones(members), np.zeros(n)])[None],
        b_eq=[1.0],
        method="highs",
    )
    if not solved.success:
        raise RuntimeError(f"weights of an ensemble: {solved.message}")
    # a member with a weight below 0.001 costs time without an effect
    weights = np.where(solved.x[:members] < 1e-3, 0, solved.x[:members])
    return weights / weights.sum()
