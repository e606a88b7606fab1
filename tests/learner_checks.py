"""Checks that the tests of all learners share."""

import numpy as np
from redpix.photoz.learners.base import Prediction, Training


def dealt_out_by_group(groups, each):
    """Galaxies whose redshifts are dealt out by group: vectors of another group tell nothing."""
    generator = np.random.default_rng(1)
    group = np.repeat(np.arange(groups), each)
    vectors = generator.normal(size=(groups, 3))[group]
    vectors += 0.01 * generator.normal(size=(groups * each, 3))
    redshift = generator.uniform(0.1, 0.6, groups)[group]
    return Training(vectors.astype(np.float32), redshift, np.zeros(groups * each, int), group)


def assert_alike(expected, *others):
    """Predictions are the same to the bit in all their parts."""
    for found in others:
        for own, other in zip(expected, found, strict=True):
            assert np.array_equal(own, other)


def five_fold(fit, vectors, redshift):
    """Predictions of galaxies, each by what has not seen its fifth, and the number of that."""
    count = len(redshift)
    fold = np.random.default_rng(0).permutation(count) % 5
    known = Training(vectors, redshift, np.zeros(count, int), np.arange(count))
    parts = [fit(known.take(fold != part)).predict(vectors[fold == part]) for part in range(5)]
    order = np.argsort(np.argsort(fold, kind="stable"), kind="stable")
    return Prediction(*(np.concatenate(field)[order] for field in zip(*parts, strict=True))), fold
