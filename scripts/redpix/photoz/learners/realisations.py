"""Bootstrap samples of a training set, each magnitude moved at random within its error."""

from typing import NamedTuple

import numpy as np


class Realisation(NamedTuple):
    """One of many training sets that might have been."""

    vectors: np.ndarray  #: (m, attributes without errors), float64
    rows: np.ndarray  #: (m,), row of the training that each comes from
    out: np.ndarray  #: (n,), bool: rows of the training whose object is not in it


def realise(training, mixing, errors, most, generator):
    """Draw objects with replacement, and move their magnitudes within their errors.

    Parameters
    ----------
    training : Training
        Attributes may be missing (NaN).
    mixing : sequence, shape (attributes - errors, bands)
        What attributes change by when magnitudes do (`Attributes.mixing`).
    errors : int
        Number of the last attributes that are logarithms of errors; without any, nothing moves.
    most : int
        Most vectors that are kept.
    generator : numpy.random.Generator

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
