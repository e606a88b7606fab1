"""Weights of a linear pool of predictions, from their likelihoods on held-out vectors."""

import numpy as np

#: change of the weights at which the iteration ends, and maximum number of steps
CONVERGED, MOST_STEPS = 1e-6, 1000

#: smallest density, so that one vector cannot exclude a member
LEAST = 1e-6

#: weight below which a member costs time without an effect
NEGLIGIBLE = 1e-3


def pool_weights(likelihoods):
    """Return the weights of a linear pool with the largest log-likelihood.

    They are found by expectation maximisation, as the weights of a mixture (Dempster, Laird &
    Rubin 1977).

    Parameters
    ----------
    likelihoods : ndarray, shape (members, n)
        Density of each member at the truth, or probability of the true class.

    Returns
    -------
    ndarray, shape (members,)
        Weights from 0 to 1, with the sum 1. Without rows they are equal.
    """
    members = len(likelihoods)
    weights = np.full(members, 1 / members)
    values = np.maximum(likelihoods, LEAST)
    for _ in range(MOST_STEPS if values.shape[1] else 0):
        share = weights[:, None] * values
        new = np.mean(share / share.sum(axis=0), axis=1)
        converged = np.abs(new - weights).max() < CONVERGED
        weights = new
        if converged:
            break
    weights = np.where(weights < NEGLIGIBLE, 0, weights)
    return weights / weights.sum()
