"""Several learners together, weighed by how well each predicts objects held out."""

import itertools

import numpy as np

from redpix.photoz import pdf
from redpix.photoz.knn import KNN, PARTS
from redpix.photoz.learner import STAR, Prediction
from redpix.photoz.mlp import MLP

#: names of the members, the last where errors are among the attributes
MEMBERS = ("knn", "mlp", "mlp_without_errors")

#: weights are whole multiples of one part in so many
STEPS = 20


class Ensemble:
    """kNN and networks; where errors are among the attributes, also networks that do not use them.

    The redshift is a weighted mean of the members'. The weights, from 0 to 1 in steps of 0.05,
    are those of the least mean of |dz| over training objects as a member predicts them that has
    not seen them. The density is the members', each moved onto the common redshift, in the same
    weights. Classes and what is outside come from the first member.

    Parameters
    ----------
    members : list of learners
    weights : ndarray, shape (members,)
    grid : ndarray, shape (nodes,)
    """

    def __init__(self, members, weights, grid):
        self.members, self.weights, self.grid = members, weights, grid

    @staticmethod
    def needs(settings):
        """Fewest galaxies that it learns from: its parts leave each member fewer."""
        return -(-settings["knn"]["k"] * PARTS // (PARTS - 1)) + 1

    @classmethod
    def fit(cls, training, grid, jobs=1, **settings):
        """Learn from a `Training` with `jobs` threads.

        Parameters
        ----------
        training : Training
        grid : ndarray, shape (nodes,)
        jobs : int
        **settings
            ``knn`` and ``mlp``, the members' own, ``errors`` and ``seed``.
        """
        recipes = _recipes(**settings)
        members = [learner.fit(training, grid, jobs, **own) for learner, own in recipes]
        said = np.stack([member.held_out(jobs) for member in members])
        weights = best_weights(said, training.redshift[training.label != STAR])
        return cls(members, weights, grid)

    MISSING = False  #: takes no vectors with missing attributes

    def insight(self, names):
        """Weights of the members, in order: kNN, networks, networks without errors."""
        return {"weights": {MEMBERS[i]: float(w) for i, w in enumerate(self.weights)}}

    def arrays(self):
        """Everything needed to predict elsewhere, by name."""
        own = {
            f"member{number}_{name}": array
            for number, member in enumerate(self.members)
            for name, array in member.arrays().items()
        }
        return {"weights": self.weights, **own}

    @classmethod
    def from_arrays(cls, arrays, grid, **settings):
        """The learner whose `arrays` these are."""
        members = []
        for number, (learner, own) in enumerate(_recipes(**settings)):
            start = f"member{number}_"
            mine = {
                name.removeprefix(start): array
                for name, array in arrays.items()
                if name.startswith(start)
            }
            members.append(learner.from_arrays(mine, grid, **own))
        return cls(members, arrays["weights"], grid)

    def predict(self, vectors, jobs=1):
        """Predict feature vectors, shape (n, attributes), with `jobs` threads.

        Returns
        -------
        Prediction
        """
        said = [member.predict(vectors, jobs) for member in self.members]
        redshift = sum(
            weight * one.redshift for weight, one in zip(self.weights, said, strict=True)
        )
        density = sum(
            weight * pdf.shift(one.density, redshift - one.redshift, self.grid)
            for weight, one in zip(self.weights, said, strict=True)
        )
        return Prediction(redshift, density, said[0].probability, said[0].outside)


def _recipes(knn, mlp, errors, seed):
    """Learner and settings of each member."""
    members = [(KNN, {**knn, "errors": errors}), (MLP, {**mlp, "errors": errors, "seed": seed})]
    if errors:
        members.append((MLP, {**mlp, "errors": errors, "seed": seed, "use_errors": False}))
    return members


def best_weights(said, truth):
    """Weights in steps of one in `STEPS` of the least mean |z - z_spec| / (1 + z_spec).

    Parameters
    ----------
    said : ndarray, shape (members, n)
    truth : ndarray, shape (n,)
    """
    missed = (said - truth) / (1 + truth)
    steps = itertools.product(range(STEPS + 1), repeat=len(said) - 1)
    tried = [(STEPS - sum(others), *others) for others in steps if sum(others) <= STEPS]
    return min(
        (np.array(weights) / STEPS for weights in tried),
        key=lambda weights: np.abs(np.einsum("i,ij->j", weights, missed)).mean(),
    )
