"""Small neural networks, averaged; their densities from what they missed near by."""

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

#: units of the two hidden layers
HIDDEN = (24, 24)

#: penalty on the squared weights
PENALTY = 0.03

#: steps of the first fit, which minimises squares, and of each of the next, which weigh down what
#: lies far off
STEPS = (120, 50, 50)

#: standardised attributes beyond this many standard deviations count as this many
FARTHEST = 6.0

#: most vectors that one network learns from
MOST_VECTORS = 5000

#: most parts of the training vectors; each network leaves one out
PARTS = 8


class MLP:
    """The mean of several networks, each trained without a part of the training objects.

    Networks minimise squares of dz = (z_phot - z_spec) / (1 + z_spec) under weights 1 / (1 +
    (dz / 2 s)^2) of the fit before, s being its scatter: outliers pull less. Attributes are
    standardised; errors among them are used unless `use_errors` is false.

    What the networks that left a training vector out miss it by is its residual. The density of a
    vector is its redshift plus the residuals of its k nearest training vectors, smoothed. Class
    and what is outside come from the same neighbours.

    Parameters
    ----------
    training : Training
    residual : ndarray
        Of each galaxy or quasar of the training.
    layers : list of list of (ndarray, ndarray)
        Weights and offsets of the layers of each network.
    target : ndarray, shape (2,)
        Mean and standard deviation of the redshifts learnt from.
    grid : ndarray, shape (nodes,)
    k, errors : int
        Neighbours; number of the last attributes that are errors.
    networks, seed : int
    use_errors : bool
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
        return vectors[:, : vectors.shape[1] - self._left_out]

    @staticmethod
    def needs(settings):
        """Fewest galaxies that it learns from."""
        return settings["k"]

    @classmethod
    def fit(cls, training, grid, n_threads=1, *, networks, seed, penalty=PENALTY, **settings):
        """Learn from a `Training` with `n_threads` threads."""
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
            warnings.simplefilter("ignore", ConvergenceWarning)  # steps are limited on purpose
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

    MISSING = False  #: takes no vectors with missing attributes

    def insight(self, names):
        """Nothing beyond its predictions."""
        return {}

    def held_out(self, n_threads=1):
        """Redshifts of the training's galaxies, each from the networks that left it out."""
        return self.training.redshift[self._neighbours.moving] - self.residual

    def arrays(self):
        """Everything needed to predict elsewhere, by name."""
        arrays = {**self.training._asdict(), "residual": self.residual, "target": self.target}
        for number, layers in enumerate(self.layers):
            for depth, (weights, offset) in enumerate(layers):
                arrays[f"weights{depth}_{number}"] = weights
                arrays[f"offset{depth}_{number}"] = offset
        return arrays

    @classmethod
    def from_arrays(cls, arrays, grid, *, penalty=PENALTY, **settings):
        """The learner whose `arrays` these are."""
        layers = [
            [
                (arrays[f"weights{depth}_{number}"], arrays[f"offset{depth}_{number}"])
                for depth in range(len(HIDDEN) + 1)
            ]
            for number in range(settings["networks"])
        ]
        training = Training(*(arrays[name] for name in Training._fields))
        return cls(training, arrays["residual"], layers, arrays["target"], grid, **settings)

    def _inputs(self, vectors):
        scaled = self._scaler.transform(self._seen(vectors).astype(np.float64))
        return np.clip(scaled, -FARTHEST, FARTHEST)

    def predict(self, vectors, n_threads=1):
        """Predict feature vectors, shape (n, attributes), with `n_threads` threads.

        Returns
        -------
        Prediction
        """
        inputs = self._inputs(vectors)
        mean, deviation = self.target
        said = sum(_forward(layers, inputs) for layers in self.layers) / len(self.layers)
        redshift = np.clip(mean + deviation * said, self.grid[0], self.grid[-1])
        plain = vectors[:, : vectors.shape[1] - self._errors]
        nearest = self._neighbours.find(plain, n_threads)
        samples = redshift[:, None] + self.residual[nearest.index]
        probability = self._neighbours.probability(plain, n_threads)
        return Prediction(redshift, smoothed(samples, self.grid), probability, nearest.outside)


def _train(inputs, redshift, target, rows, seed, number, penalty):
    """Layers of one network, trained on some of the rows."""
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
    """What a network says of its inputs; einsum, for its sums do not depend on threads."""
    values = inputs
    for depth, (weights, offset) in enumerate(layers):
        values = np.einsum("ij,jk->ik", values, weights) + offset
        if depth < len(layers) - 1:
            values = np.tanh(values)
    return values[:, 0]
