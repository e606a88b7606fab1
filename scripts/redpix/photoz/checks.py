"""Check a training set before a model is trained on it."""

import numpy as np

from redpix.core.exceptions import InputError
from redpix.photoz.learners.base import CLASSES, STAR


def check_samples(training, names, where, warn):
    """Warn of constant attributes and of a single class; raise InputError if training is useless.

    Parameters
    ----------
    training : redpix.photoz.learners.base.Training
        Training set.
    names : sequence of str
        Names of its attributes.
    where : str
        Origin of the training set, for messages.
    warn : callable
        Called with one line of text per doubtful property.

    Raises
    ------
    InputError
        If all objects lack an attribute, every attribute is constant, or all redshifts are equal.
    """
    missing = missing_attributes(training.vectors, names)
    if missing:
        raise InputError(
            f"{where}: no training object has {', '.join(missing)}; complete them, or leave "
            "their magnitudes out"
        )
    constant = constant_attributes(training.vectors, names)
    if len(constant) == len(names):
        raise InputError(f"{where}: every attribute is constant: {', '.join(constant)}")
    if constant:
        warn(f"{where}: constant, so useless as attributes: {', '.join(constant)}")
    moving = training.redshift[training.label != STAR]
    if len(moving) > 1 and not np.ptp(moving):
        raise InputError(
            f"{where}: one redshift only, {moving[0]:g}, among the training objects; allowed: "
            "galaxies or quasars of several"
        )
    classes = np.unique(training.label[training.label >= 0])
    if len(classes) < 2:
        present = ", ".join(CLASSES[label] for label in classes) or "none"
        warn(f"one class only among the training objects ({present}): no classes are predicted")


def constant_attributes(vectors, names):
    """Return the names of the attributes that have the same value in all vectors.

    Parameters
    ----------
    vectors : ndarray, shape (n, attributes)
        NaN where an attribute is missing; such vectors are ignored.
    names : sequence of str
        Names of the attributes.

    Returns
    -------
    list of str
    """
    columns = (column[np.isfinite(column)] for column in vectors.T)
    return [
        name
        for name, column in zip(names, columns, strict=True)
        if len(column) and not np.ptp(column)
    ]


def missing_attributes(vectors, names):
    """Return the names of the attributes that all vectors lack.

    Parameters
    ----------
    vectors : ndarray, shape (n, attributes)
        NaN where an attribute is missing.
    names : sequence of str
        Names of the attributes.

    Returns
    -------
    list of str
    """
    present = np.isfinite(vectors).any(axis=0)
    return [name for name, some in zip(names, present, strict=True) if not some]
