"""Several learners together, weighed by how well each predicts objects held out."""

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array, eye_array, hstack, vstack

from redpix.core.exceptions import InputError
from redpix.photoz import pdf
from redpix.photoz.learners.base import STAR, Prediction
from redpix.photoz.learners.boosting import Boosting
from redpix.photoz.learners.knn import KNN, PARTS
from redpix.photoz.learners.mlp import MLP
from redpix.photoz.learners.som import SOM
from redpix.photoz.learners.tpz import TPZ

#: what an ensemble may be made of
MEMBERS = {"knn": KNN, "mlp": MLP, "tpz": TPZ, "som": SOM, "boosting": Boosting}

#: name of a second group of networks, where errors are among the attributes
BLIND = "mlp_without_errors"

#: most vectors that weights are fitted to
MOST_WEIGHED = 5000


class Ensemble:
    """Any of the other learners; with networks, also networks that do not use errors.

    The redshift is a weighted mean of the members'. The weights are those of the least mean of
    |dz| over training objects as a member predicts them that has not seen them. The density is the
    members', each moved onto the common redshift, in the same weights. The probability of a class
    is the plain mean of the members' that have any weight; a vector is outside where members of
    more than half the weight say so.

    Parameters
    ----------
    members : list of learners
    weights : ndarray, shape (members,)
    names : list of str
        Of the members.
    grid : ndarray, shape (nodes,)
    """

    MISSING = False  #: takes no vectors with missing attributes

    def __init__(self, members, weights, names, grid):
        self.members, self.weights, self.names, self.grid = members, weights, names, grid

    @staticmethod
    def needs(settings):
        """Fewest galaxies that it learns from: its parts leave each member fewer."""
        most = max(MEMBERS[name].needs(own) for name, own in settings["members"].items())
        return -(-most * PARTS // (PARTS - 1)) + 1

    @classmethod
    def fit(cls, training, grid, n_threads=1, **settings):
        """Learn from a `Training` with `n_threads` threads.

        Parameters
        ----------
        training : Training
        grid : ndarray, shape (nodes,)
        n_threads : int
        **settings
            ``members``, the settings of each by its name, and ``errors``.

        Raises
        ------
        InputError
            If no galaxy is predicted by all members without its group.
        """
        recipes = _recipes(**settings)
        members = [learner.fit(training, grid, n_threads, **own) for _, learner, own in recipes]
        said = np.stack([member.held_out(n_threads) for member in members])
        truth = training.redshift[training.label != STAR]
        told = np.flatnonzero(np.isfinite(said).all(axis=0))
        if not len(told):
            raise InputError(
                "photoz.methods: ensemble: no training galaxy could be predicted by all members "
                "without its object, so that they cannot be weighed; complete the catalogue or "
                "take one of its members"
            )
        # spread evenly, whatever the order of the training
        told = told[:: -(-len(told) // MOST_WEIGHED)]
        weights = best_weights(said[:, told], truth[told])
        return cls(members, weights, [name for name, _, _ in recipes], grid)

    def insight(self, names):
        """Weights of the members by name."""
        return {"weights": dict(zip(self.names, self.weights.tolist(), strict=True))}

    def arrays(self):
        """Everything needed to predict elsewhere, by name."""
        own = {
            f"{name}.{key}": array
            for name, member in zip(self.names, self.members, strict=True)
            for key, array in member.arrays().items()
        }
        return {"weights": self.weights, **own}

    @classmethod
    def from_arrays(cls, arrays, grid, **settings):
        """The learner whose `arrays` these are."""
        recipes = _recipes(**settings)
        members = []
        for name, learner, own in recipes:
            start = f"{name}."
            mine = {
                key.removeprefix(start): array
                for key, array in arrays.items()
                if key.startswith(start)
            }
            members.append(learner.from_arrays(mine, grid, **own))
        return cls(members, arrays["weights"], [name for name, _, _ in recipes], grid)

    def predict(self, vectors, n_threads=1):
        """Predict feature vectors, shape (n, attributes), with `n_threads` threads.

        Members without weight are not asked.

        Returns
        -------
        Prediction
        """
        weighed = [
            (weight, member.predict(vectors, n_threads))
            for weight, member in zip(self.weights, self.members, strict=True)
            if weight > 0
        ]
        redshift = sum(weight * one.redshift for weight, one in weighed)
        pdfs = sum(
            weight * pdf.shift(one.pdf, redshift - one.redshift, self.grid)
            for weight, one in weighed
        )
        probability = np.mean([one.probability for _, one in weighed], axis=0)
        outside = sum(weight * one.outside for weight, one in weighed) > 0.5
        return Prediction(redshift, pdfs, probability, outside)


def _recipes(members, errors):
    """Name, learner and settings of each member."""
    recipes = [(name, MEMBERS[name], {**own, "errors": errors}) for name, own in members.items()]
    if errors and "mlp" in members:
        recipes.append((BLIND, MLP, {**members["mlp"], "errors": errors, "use_errors": False}))
    return recipes


def best_weights(said, truth):
    """Weights, none negative, their sum 1, of the least mean |z - z_spec| / (1 + z_spec).

    It is the solution of a linear program: the least sum of slacks that no residual exceeds.

    Parameters
    ----------
    said : ndarray, shape (members, n)
    truth : ndarray, shape (n,)
    """
    missed = csr_array(((said - truth) / (1 + truth)).T)
    n, members = missed.shape
    slack = eye_array(n)
    bounds = vstack([hstack([missed, -slack]), hstack([-missed, -slack])]).tocsc()
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
    # below a part in a thousand a member costs time and gives nothing
    weights = np.where(solved.x[:members] < 1e-3, 0, solved.x[:members])
    return weights / weights.sum()
