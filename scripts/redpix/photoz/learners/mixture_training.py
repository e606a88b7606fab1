"""Train networks of `mixture_network`: Adam, warm-up, cosine, decoupled weight decay."""

import math
from typing import NamedTuple

import numpy as np

from redpix.photoz.learners import mixture_network as network

#: units of the hidden layers
HIDDEN = (128, 128, 128)

#: decay of the means of the gradient and of its square (Kingma & Ba 2015), and added constant
MOMENTS, TINY = (0.9, 0.98), 1e-8

#: highest learning rate of a batch of `BATCH`, which scales with the root of the batch, as Adam's
#: noise does, and steps of the linear warm-up
RATE, WARM_UP = 2e-2, 100

#: decoupled weight decay per unit of learning rate (Loshchilov & Hutter 2019)
DECAY = 0.025

#: batch of a large and of a small training set, and the number of vectors between them
BATCH, SMALL_BATCH, SMALL = 256, 64, 4000

#: minimum number of steps
LEAST_STEPS = 600

#: rows whose mixtures are computed at a time; bounds the memory
ROWS = 8192


class Schedule(NamedTuple):
    """Length of a training."""

    batch: int  #: vectors of a step
    steps: int  #: steps in all

    @classmethod
    def of(cls, count, epochs, most):
        """Return the schedule of a training set.

        Parameters
        ----------
        count : int
            Number of training vectors.
        epochs : float
            Passes over the training set.
        most : int
            Maximum number of steps.

        Returns
        -------
        Schedule
        """
        batch = min(count, BATCH if count >= SMALL else SMALL_BATCH)
        steps = max(LEAST_STEPS, round(epochs * count / batch))
        return cls(batch, max(1, min(steps, most)))

    def rate(self, step):
        """Return the learning rate of a 0-based step.

        Parameters
        ----------
        step : int
            Number of the step.

        Returns
        -------
        float
        """
        warm, highest = min(WARM_UP, self.steps // 4), RATE * math.sqrt(self.batch / BATCH)
        if step < warm:
            return highest * (step + 1) / warm
        return highest * 0.5 * (1 + math.cos(math.pi * (step - warm) / (self.steps - warm)))


class TrainingPlan(NamedTuple):
    """Choices of a training."""

    epochs: float  #: passes over the training set
    augmentation: float  #: displacement of the fluxes in every pass, in units of their errors
    steps: int  #: maximum number of steps


class NetworkSample(NamedTuple):
    """Vectors and what a network learns of them."""

    vectors: np.ndarray  #: (n, attributes)
    value: np.ndarray  #: (n,), float32, target of the mixture; 0 where it is not trained
    with_value: np.ndarray  #: (n,), float32, 1 where the mixture is trained
    one_hot: np.ndarray  #: (n, classes), float32

    def take(self, rows):
        """Return some rows.

        Parameters
        ----------
        rows : ndarray of bool or int
            Mask or indices of the rows.

        Returns
        -------
        NetworkSample
        """
        columns = (column[rows] for column in self)
        return NetworkSample(*columns)


def fit(sample, inputs, plan, seeds, backend):
    """Return the layers of a trained network.

    Parameters
    ----------
    sample : NetworkSample
        Training set.
    inputs : redpix.photoz.learners.photometric_inputs.PhotometricInputs
        Inputs of the network from the vectors.
    plan : TrainingPlan
        Choices of the training.
    seeds : sequence of int
        Seeds of the random numbers.
    backend : redpix.core.backend.NumpyBackend
        Arrays.

    Returns
    -------
    list of ndarray, float32
    """
    generator, count = np.random.default_rng(list(seeds)), len(sample.value)
    schedule = Schedule.of(count, plan.epochs, plan.steps)
    levels = (np.arange(network.COMPONENTS) + 0.5) / network.COMPONENTS
    quantiles = np.quantile(sample.value[sample.with_value > 0], levels)
    layers = network.start(
        inputs.count, HIDDEN, sample.one_hot.shape[1], quantiles, generator=generator
    )
    optimiser = Adam([backend.put(layer, np.float32) for layer in layers], backend.xp)
    step = 0
    while step < schedule.steps:
        order = generator.permutation(count)
        order = order[: schedule.batch * min(count // schedule.batch, schedule.steps - step)]
        part = sample.take(order)
        values = inputs.transform(part.vectors, plan.augmentation, generator)
        values = backend.put(values, np.float32)
        targets = network.Targets._make(backend.put(column, np.float32) for column in part[1:])
        for start in range(0, len(order), schedule.batch):
            block = slice(start, start + schedule.batch)
            chosen = network.Targets._make(column[block, ...] for column in targets)
            slopes = network.gradient(optimiser.layers, values[block, :], chosen, backend.xp)
            optimiser.move(slopes, schedule.rate(step))
            step += 1
    return [backend.take(layer) for layer in optimiser.layers]


class Adam:
    """Adam with decoupled weight decay; offsets do not decay.

    Parameters
    ----------
    layers : list of arrays of the backend
        Weights and offsets.
    xp : module
        Functions of the array API standard.
    """

    def __init__(self, layers, xp):
        self.layers, self._xp, self._step = layers, xp, 0
        self._mean = [xp.zeros_like(layer) for layer in layers]
        self._square = [xp.zeros_like(layer) for layer in layers]

    def move(self, slopes, rate):
        """Change the layers by one step.

        Parameters
        ----------
        slopes : list of arrays of the backend
            Gradient.
        rate : float
            Learning rate.
        """
        self._step += 1
        first, second = MOMENTS
        factor = rate / (1 - first**self._step)
        root = (1 - second**self._step) ** -0.5
        for number, slope in enumerate(slopes):
            mean, square = self._mean[number], self._square[number]
            mean += (1 - first) * (slope - mean)
            square += (1 - second) * (slope * slope - square)
            if slope.ndim > 1:
                self.layers[number] *= 1 - rate * DECAY
            self.layers[number] -= factor * mean / (self._xp.sqrt(square) * root + TINY)


def log_score(layers, sample, inputs, backend):
    """Return the mean log-likelihood of held-out targets and classes.

    Parameters
    ----------
    layers : list of ndarray
        From `fit`.
    sample : NetworkSample
        Vectors that the network has not seen.
    inputs : redpix.photoz.learners.photometric_inputs.PhotometricInputs
        Inputs of the network from the vectors.
    backend : redpix.core.backend.NumpyBackend
        Arrays.

    Returns
    -------
    float
    """
    total, layers = 0.0, [backend.put(layer, np.float32) for layer in layers]
    for start in range(0, len(sample.value), ROWS):
        part = sample.take(slice(start, start + ROWS))
        values = backend.put(inputs.transform(part.vectors), np.float32)
        targets = network.Targets._make(backend.put(column, np.float32) for column in part[1:])
        total -= network.loss(layers, values, targets, backend.xp) * len(part.value)
    return total / max(len(sample.value), 1)
