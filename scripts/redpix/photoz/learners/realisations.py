"""Bootstrap samples of a training set, with magnitudes perturbed within their errors."""

from typing import NamedTuple

import numpy as np


class Realisation(NamedTuple):
    """A perturbed bootstrap sample of a training set."""

    vectors: np.ndarray  #: (m, attributes without errors), float64
    rows: np.ndarray  #: (m,), row of the training set of each vector
    out: np.ndarray  #: (n,), bool: rows of the training set whose object is not in the sample


def realise(training, mixing, errors, most, generator):
    """Draw objects with replacement, and perturb their magnitudes within their errors.

    Parameters
    ----------
    training : redpix.photoz.learners.base.Training
        NaN where an attribute is missing.
    mixing : sequence, shape (attributes - errors, bands)
        Derivatives of the attributes by the magnitudes, `Attributes.mixing`.
    errors : int
        Number of the last attributes that are logarithms of errors. With 0, nothing is perturbed.
    most : int
        Maximum number of vectors of the sample.
    generator : numpy.random.Generator
        Source of the random numbers.

    Returns
    -------
    Realisation
    """
    names, group = np.unique(training.group, return_inverse=True)
    drawn = np.bincount(generator.integers(len(names), size=len(names)), minlength=len(names))
    times = drawn[group]
    rows = generator.permutation(np.repeat(np.arange(len(group)), times))[:most]
    width = training.vectors.shape[1] - errors
    vectors = training.vectors[rows, :width].astype(np.float64)
    if errors:
        sigma = np.nan_to_num(np.exp(training.vectors[rows, width:].astype(np.float64)))
        moved = sigma * generator.normal(size=sigma.shape)
        vectors += np.einsum("ij,kj->ik", moved, np.asarray(mixing))
    return Realisation(vectors, rows, times == 0)
