"""Check a training set before a model is trained on it."""

import numpy as np

from redpix.core.exceptions import InputError
from redpix.photoz.attributes import constant_attributes, missing_attributes
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
