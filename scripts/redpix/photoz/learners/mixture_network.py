"""A small network whose output is a mixture of Gaussians and class probabilities, with gradients.

The network has hidden layers of SiLU units, a sigmoid(a) (Elfwing et al. 2018). Its output is a
mixture of Gaussians (Bishop 1994, Mixture Density Networks) and the logits of the classes. All
functions use only the array API standard, so that they run on every backend of
`redpix.core.backend`.
"""

from typing import NamedTuple

import numpy as np

#: bounds of the natural logarithm of a Gaussian's width, in standard deviations of the target
WIDTHS = (-5.0, 1.0)

#: number of Gaussians
COMPONENTS = 6

#: logarithm of sqrt(2 pi)
_LOG_NORM = 0.5 * float(np.log(2 * np.pi))


class Mixture(NamedTuple):
    """Mixtures of Gaussians and logits of classes, one row per vector."""

    log_share: object  #: (n, components), logarithms of the weights
    mean: object  #: (n, components)
    log_width: object  #: (n, components)
    logits: object  #: (n, classes), may have no columns


class Targets(NamedTuple):
    """Targets of n vectors, arrays of the backend."""

    value: object  #: (n,), target of the mixture
    with_value: object  #: (n,), 1 where the mixture is trained, else 0
    one_hot: object  #: (n, classes), zeros where the class is unknown

    def take(self, rows, xp):
        """Return some rows.

        Parameters
        ----------
        rows : array of int
            Rows, an array of the backend.
        xp : module
            Functions of the array API standard.

        Returns
        -------
        Targets
        """
        columns = (xp.take(column, rows, axis=0) for column in self)
        return Targets(*columns)


def start(inputs, hidden, classes, quantiles, generator):
    """Return random layers.

    Weights are normal with variance 1 / (number of inputs). The means of the Gaussians start at
    quantiles of the target.

    Parameters
    ----------
    inputs : int
        Number of inputs.
    hidden : sequence of int
        Number of units of each hidden layer.
    classes : int
        Number of classes, or 0.
    quantiles : ndarray, shape (components,)
        First means of the Gaussians.
    generator : numpy.random.Generator
        Source of the random numbers.

    Returns
    -------
    list of ndarray, float32
        Weights (inputs, outputs) and offsets (outputs,) of each layer in turn.
    """
    layers, before = [], inputs
    for units in hidden:
        layers += [generator.normal(size=(before, units)) / np.sqrt(before), np.zeros(units)]
        before = units
    count = len(quantiles)
    weights = 0.1 * generator.normal(size=(before, 3 * count + classes)) / np.sqrt(before)
    offsets = np.concatenate([np.zeros(count), quantiles, np.full(count, 1.0), np.zeros(classes)])
    return [layer.astype(np.float32) for layer in (*layers, weights, offsets)]


def _sigmoid(values, xp):
    """Return 1 / (1 + exp(-values)); the hyperbolic tangent does not overflow, and is faster."""
    gate = xp.tanh(0.5 * values)
    gate *= 0.5
    gate += 0.5
    return gate


def softmax(values, xp):
    """Return the normalised exponentials of each row; without columns, the array itself.

    Parameters
    ----------
    values : array of the backend, shape (n, m)
        Logits.
    xp : module
        Functions of the array API standard.

    Returns
    -------
    array of the backend, shape (n, m)
    """
    return xp.exp(_log_softmax(values, xp)) if values.shape[1] else values


def _log_softmax(values, xp):
    """Return the logarithms of the normalised exponentials of each row."""
    values = values - xp.max(values, axis=1, keepdims=True)
    return values - xp.log(xp.sum(xp.exp(values), axis=1, keepdims=True))


def _hidden(layers, inputs, xp):
    """Return the outputs of all hidden layers with the inputs first, and the derivatives."""
    outputs, slopes = [inputs], []
    for weights, offsets in zip(layers[:-2:2], layers[1:-2:2], strict=True):
        linear = xp.matmul(outputs[-1], weights)
        linear += offsets
        gate = _sigmoid(linear, xp)
        linear *= gate
        outputs.append(linear)
        slope = 1 - gate
        slope *= linear
        slope += gate
        slopes.append(slope)
    return outputs, slopes


def _mixture(last, xp, components):
    """Return the mixture of the outputs of the last layer, and the derivative of the widths."""
    low, high = WIDTHS
    bounded = _sigmoid(last[:, 2 * components : 3 * components], xp)
    mixture = Mixture(
        log_share=_log_softmax(last[:, :components], xp),
        mean=last[:, components : 2 * components],
        log_width=low + (high - low) * bounded,
        logits=last[:, 3 * components :],
    )
    return mixture, (high - low) * bounded * (1 - bounded)


def forward(layers, inputs, xp, components=COMPONENTS):
    """Return the mixtures of vectors.

    Parameters
    ----------
    layers : list of arrays of the backend
        As from `start`.
    inputs : array of the backend, shape (n, inputs)
        Standardised inputs.
    xp : module
        Functions of the array API standard.
    components : int
        Number of Gaussians.

    Returns
    -------
    Mixture
    """
    active = inputs
    for weights, offsets in zip(layers[:-2:2], layers[1:-2:2], strict=True):
        active = xp.matmul(active, weights)
        active += offsets
        active *= _sigmoid(active, xp)
    return _mixture(xp.matmul(active, layers[-2]) + layers[-1], xp, components)[0]


def log_densities(mixture, value, xp):
    """Return the logarithm of weight times density of each Gaussian at a value per row.

    Parameters
    ----------
    mixture : Mixture
        From `forward`.
    value : array of the backend, shape (n,)
        Values.
    xp : module
        Functions of the array API standard.

    Returns
    -------
    array of the backend, shape (n, components)
    """
    scaled = (value[:, None] - mixture.mean) * xp.exp(-mixture.log_width)
    return mixture.log_share - mixture.log_width - 0.5 * scaled * scaled - _LOG_NORM


def log_sum(values, xp):
    """Return the logarithm of the sum of exponentials of each row.

    Parameters
    ----------
    values : array of the backend, shape (n, m)
        Logarithms.
    xp : module
        Functions of the array API standard.

    Returns
    -------
    array of the backend, shape (n,)
    """
    highest = xp.max(values, axis=1, keepdims=True)
    return (highest + xp.log(xp.sum(xp.exp(values - highest), axis=1, keepdims=True)))[:, 0]


def loss(layers, inputs, targets, xp, components=COMPONENTS):
    """Return the mean negative log-likelihood of targets and classes.

    Parameters
    ----------
    layers : list of arrays of the backend
        As from `start`.
    inputs : array of the backend, shape (n, inputs)
        Standardised inputs.
    targets : Targets
        Targets of the vectors.
    xp : module
        Functions of the array API standard.
    components : int
        Number of Gaussians.

    Returns
    -------
    float
    """
    mixture = forward(layers, inputs, xp, components)
    likelihood = log_sum(log_densities(mixture, targets.value, xp), xp) * targets.with_value
    total = float(xp.sum(likelihood))
    if mixture.logits.shape[1]:
        total += float(xp.sum(_log_softmax(mixture.logits, xp) * targets.one_hot))
    return -total / inputs.shape[0]


def gradient(layers, inputs, targets, xp, components=COMPONENTS):
    """Return the derivatives of `loss` by the layers.

    Parameters
    ----------
    layers : list of arrays of the backend
        As from `start`.
    inputs : array of the backend, shape (n, inputs)
        Standardised inputs.
    targets : Targets
        Targets of the vectors.
    xp : module
        Functions of the array API standard.
    components : int
        Number of Gaussians.

    Returns
    -------
    list of arrays of the backend
        In the shapes of the layers.
    """
    outputs, slopes = _hidden(layers, inputs, xp)
    last = xp.matmul(outputs[-1], layers[-2]) + layers[-1]
    error = _output_error(last, targets, xp, components) / inputs.shape[0]
    gradients = []
    for depth in range(len(slopes), -1, -1):
        gradients += [xp.sum(error, axis=0), xp.matmul(outputs[depth].T, error)]
        if depth:
            error = xp.matmul(error, layers[2 * depth].T)
            error *= slopes[depth - 1]
    return gradients[::-1]


def _output_error(last, targets, xp, components):
    """Return the derivatives of the summed negative log-likelihood by the last outputs."""
    mixture, slope = _mixture(last, xp, components)
    inverse = xp.exp(-mixture.log_width)
    scaled = (targets.value[:, None] - mixture.mean) * inverse
    each = mixture.log_share - mixture.log_width - 0.5 * scaled * scaled
    weight = targets.with_value[:, None]
    share = xp.exp(_log_softmax(each, xp)) * weight
    columns = [
        xp.exp(mixture.log_share) * weight - share,
        -share * scaled * inverse,
        share * (1 - scaled * scaled) * slope,
    ]
    if mixture.logits.shape[1]:
        known = xp.sum(targets.one_hot, axis=1, keepdims=True)
        columns.append(xp.exp(_log_softmax(mixture.logits, xp)) * known - targets.one_hot)
    return xp.concat(columns, axis=1)
