"""What is doubtful or wrong with a training set, told before anything is learnt from it."""

import numpy as np

from redpix.core.exceptions import InputError
from redpix.photoz.attributes import constant_attributes, missing_attributes
from redpix.photoz.learners.base import CLASSES, STAR


def check_samples(training, names, where, warn):
    """Warn of constant attributes and of a single class; raise if nothing varies, or is missing.

    Parameters
    ----------
    training : Training
    names : sequence of str
        Of its attributes.
    where : str
        What they come from, for messages.
    warn : callable
        Called with a line for what is doubtful but no error.

    Raises
    ------
    InputError
        If an attribute is missing for all, every attribute is constant, or all redshifts are one.
    """
    missing = missing_attributes(training.vectors, names)
    if missing:
        raise InputError(
            f"{where}: no object that could be learnt from has {', '.join(missing)}; complete "
            "them, or leave their magnitudes out"
        )
    constant = constant_attributes(training.vectors, names)
    if len(constant) == len(names):
        raise InputError(f"{where}: every attribute is constant: {', '.join(constant)}")
    if constant:
        warn(f"{where}: constant, so without use as attributes: {', '.join(constant)}")
    moving = training.redshift[training.label != STAR]
    if len(moving) > 1 and not np.ptp(moving):
        raise InputError(
            f"{where}: one redshift only, {moving[0]:g}, among the training objects; allowed: "
            "galaxies or quasars of several"
        )
    classes = np.unique(training.label[training.label >= 0])
    if len(classes) < 2:
        told = ", ".join(CLASSES[label] for label in classes) or "none"
        warn(f"one class only among the training objects ({told}): no classes are predicted")
