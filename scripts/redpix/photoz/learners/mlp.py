"""The learner mlp: the mean of small neural networks, with PDFs from nearby residuals."""

import warnings

import numpy as np
from joblib import Parallel, delayed
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor
from threadpoolctl import threadpool_limits

from redpix.photoz.attributes import Scaler
from redpix.photoz.learners.base import Prediction, Training, without_errors
from redpix.photoz.learners.neighbours import Neighbours, smoothed
from redpix.photoz.split import group_folds

#: number of units of each hidden layer
HIDDEN = (24, 24)

#: default penalty on the squared weights
PENALTY = 0.03

#: number of steps of each fit; the first minimises squares, the others down-weight outliers
STEPS = (120, 50, 50)

#: standardised attributes are clipped to this number of standard deviations
FARTHEST = 6.0

#: maximum number of training vectors of a network
MOST_VECTORS = 5000

#: maximum number of parts of the training set; each network leaves one part out
PARTS = 8


class MLP:
    """The mean of several networks, each trained without one part of the training set.

    Networks minimise the squares of dz = (z_phot - z_spec) / (1 + z_spec). Later fits have the
    weights 1 / (1 + (dz / 2 s)^2), with dz and its scatter s from the fit before, so that outliers
    count less. Attributes are standardised. Errors among them are used unless `use_errors` is
    false.

    The residual of a training vector is measured with the networks that were trained without it.
    The PDF of a vector is its redshift plus the residuals of its k nearest training vectors,
    smoothed. These neighbours also give the class, and whether the vector is outside the training
    set.

    Parameters
    ----------
    training : redpix.photoz.learners.base.Training
        Training set.
    residual : ndarray
        Residual of each training galaxy or quasar.
    layers : list of list of (ndarray, ndarray)
        Weights and offsets of the layers of each network.
    target : ndarray, shape (2,)
        Mean and standard deviation of the training redshifts.
    grid : ndarray, shape (nodes,)
        Redshifts at which PDFs are given.
    k : int
        Number of neighbours.
    networks : int
        Number of networks.
    seed : int
        Seed of the random numbers.
    errors : int
        Number of the last attributes that are errors.
    use_errors : bool
        Use the errors as attributes of the networks.
    """

    def __init__(
        self, training, residual, layers, target, grid, k, networks, seed, errors=0, use_errors=True
    ):
        self.training, self.residual = training, residual
        self.layers, self.target, self.grid = layers, target, grid
        self._errors = errors
        self._left_out = 0 if use_errors else errors
        self._neighbours = Neighbours(without_errors(training, errors), k)
        self._scaler = Scaler.fit(self._seen(training.vectors[self._neighbours.moving]))

    def _seen(self, vectors):
        """Return the attributes that the networks use."""
        return vectors[:, : vectors.shape[1] - self._left_out]

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
        return settings["k"]

    @classmethod
    def fit(cls, training, grid, n_threads=1, *, networks, seed, penalty=PENALTY, **settings):
        """Return a learner of a training set.

        Parameters
        ----------
        training : redpix.photoz.learners.base.Training
            Training set.
        grid : ndarray, shape (nodes,)
            Redshifts at which PDFs are given.
        n_threads : int
            Number of threads.
        networks : int
            Number of networks.
        seed : int
            Seed of the random numbers.
        penalty : float
            Penalty on the squared weights.
        **settings : object
            ``k``, ``errors`` and ``use_errors``.

        Returns
        -------
        MLP
        """
        settings |= {"networks": networks, "seed": seed}
        learner = cls(training, None, [], np.array([0.0, 1.0]), grid, **settings)
        moving = learner._neighbours.moving
        inputs = learner._inputs(training.vectors[moving])
        redshift = training.redshift[moving]
        learner.target = np.array([redshift.mean(), redshift.std() or 1.0])
        parts = min(PARTS, networks)
        part = group_folds(training.group[moving], parts, seed)
        wanted = [(number, part != number % parts) for number in range(networks)]
        with warnings.catch_warnings(), threadpool_limits(1):
            warnings.simplefilter(
                "ignore", ConvergenceWarning
            )  # the number of steps is limited on purpose
            learner.layers = Parallel(n_jobs=n_threads, prefer="threads")(
                delayed(_train)(inputs, redshift, learner.target, rows, seed, number, penalty)
                for number, rows in wanted
            )
        total, count = np.zeros(len(inputs)), np.zeros(len(inputs))
        for layers, (_, rows) in zip(learner.layers, wanted, strict=True):
            total[~rows] += _forward(layers, inputs[~rows])
            count[~rows] += 1
        mean, deviation = learner.target
        learner.residual = redshift - (mean + deviation * total / count)
        return learner

    MISSING = False  #: vectors must have all attributes

    def insight(self, names):
        """Return an empty description.

        Parameters
        ----------
        names : sequence of str
            Names of the attributes.

        Returns
        -------
        dict
        """
        return {}

    def held_out(self, n_threads=1):
        """Return redshifts of the training galaxies by the networks that were trained without them.

        Parameters
        ----------
        n_threads : int
            Number of threads.

        Returns
        -------
        ndarray, shape (galaxies,)
            NaN for galaxies without a held-out prediction.
        """
        return self.training.redshift[self._neighbours.moving] - self.residual

    def arrays(self):
        """Return the learner as named arrays.

        Returns
        -------
        dict of str to ndarray
        """
        arrays = {**self.training._asdict(), "residual": self.residual, "target": self.target}
        for number, layers in enumerate(self.layers):
            for depth, (weights, offset) in enumerate(layers):
                arrays[f"weights{depth}_{number}"] = weights
                arrays[f"offset{depth}_{number}"] = offset
        return arrays

    @classmethod
    def from_arrays(cls, arrays, grid, *, penalty=PENALTY, **settings):
        """Return the learner that these arrays describe.

        Parameters
        ----------
        arrays : mapping of str to ndarray
            From `arrays`.
        grid : ndarray, shape (nodes,)
            Redshifts at which PDFs are given.
        penalty : float
            Ignored.
        **settings : object
            Those of `fit`.

        Returns
        -------
        MLP
        """
        layers = [
            [
                (arrays[f"weights{depth}_{number}"], arrays[f"offset{depth}_{number}"])
                for depth in range(len(HIDDEN) + 1)
            ]
            for number in range(settings["networks"])
        ]
        training = Training.from_arrays(arrays)
        return cls(training, arrays["residual"], layers, arrays["target"], grid, **settings)

    def _inputs(self, vectors):
        """Return the standardised and clipped attributes that the networks use."""
        scaled = self._scaler.transform(self._seen(vectors).astype(np.float64))
        return np.clip(scaled, -FARTHEST, FARTHEST)

    def predict(self, vectors, n_threads=1):
        """Predict vectors.

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
        inputs = self._inputs(vectors)
        mean, deviation = self.target
        output = sum(_forward(layers, inputs) for layers in self.layers) / len(self.layers)
        redshift = np.clip(mean + deviation * output, self.grid[0], self.grid[-1])
        plain = vectors[:, : vectors.shape[1] - self._errors]
        nearest = self._neighbours.find(plain, n_threads)
        samples = redshift[:, None] + self.residual[nearest.index]
        probability = self._neighbours.probability(plain, n_threads)
        return Prediction(redshift, smoothed(samples, self.grid), probability, nearest.outside)


def _train(inputs, redshift, target, rows, seed, number, penalty):
    """Train a network on some of the rows, and return its layers."""
    generator = np.random.default_rng([seed, 5, number])
    rows = generator.permutation(np.flatnonzero(rows))[:MOST_VECTORS]
    inputs, stretch = inputs[rows], 1 + redshift[rows]
    wanted = (redshift[rows] - target[0]) / target[1]
    network = MLPRegressor(
        hidden_layer_sizes=HIDDEN,
        activation="tanh",
        solver="lbfgs",
        alpha=penalty,
        warm_start=True,
        random_state=int(generator.integers(2**31)),
    )
    weight = stretch**-2
    for steps in STEPS:
        network.set_params(max_iter=steps)
        network.fit(inputs, wanted, sample_weight=weight / weight.mean())
        missed = (network.predict(inputs) - wanted) / stretch
        scatter = 1.4826 * np.median(np.abs(missed))
        weight = stretch**-2 / (1 + (missed / max(2 * scatter, 1e-9)) ** 2)
    return list(zip(network.coefs_, network.intercepts_, strict=True))


def _forward(layers, inputs):
    """Return the outputs of a network; sums of einsum do not depend on the number of threads."""
    values = inputs
    for depth, (weights, offset) in enumerate(layers):
        values = np.einsum("ij,jk->ik", values, weights) + offset
        if depth < len(layers) - 1:
            values = np.tanh(values)
    return values[:, 0]
