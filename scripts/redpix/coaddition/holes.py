"""Fill the invalid pixels of images from the other images, and follow the noise they share."""

from typing import NamedTuple

import numpy as np

from redpix.core.exceptions import InputError
from redpix.subtraction.epoch import measured_noise, usable_variance


class _Mean(NamedTuple):
    """Weighted mean of images in units of flux.

    shares holds the factor of each image in the mean, per pixel.
    """

    image: np.ndarray
    variance: np.ndarray
    shares: list


def with_holes_filled(epochs, added=None):
    """Return epochs whose invalid pixels hold the mean of the other epochs there.

    The mean is weighted by the inverse of the variance of the sky.

    Parameters
    ----------
    epochs : sequence of redpix.subtraction.epoch.Epoch
        Images on the same pixels; NaN in invalid pixels.
    added : sequence of ndarray, optional
        What is added to the mean in the invalid pixels of each epoch, in units of flux.

    Returns
    -------
    epochs : list of redpix.subtraction.epoch.Epoch
        With noise; NaN where all images are invalid.
    shared : dict of (int, int) to ndarray
        Covariance of two epochs at each pixel, if it is not 0 everywhere. The covariance of an
        epoch with itself is its variance.

    Raises
    ------
    InputError
        If noise or flux is not above 0.
    """
    epochs = _with_noise(epochs)
    valid = [np.isfinite(epoch.image) for epoch in epochs]
    variances = [
        np.where(k, usable_variance(e.variance, e.noise), 0)
        for k, e in zip(valid, epochs, strict=True)
    ]
    mean = _mean(epochs, valid, variances)
    # flux zero points in the holes, 0 elsewhere
    holes = [np.where(k, 0, e.flux) for k, e in zip(valid, epochs, strict=True)]
    added = [0.0] * len(epochs) if added is None else added
    filled = [
        e._replace(image=np.where(k, e.image, e.flux * (mean.image + more)))
        for k, e, more in zip(valid, epochs, added, strict=True)
    ]
    return filled, _covariances(mean, variances, holes)


def _with_noise(epochs):
    """Return epochs with measured noise if it is not given; check noise and flux."""
    noises = [
        measured_noise(epoch.image, epoch.variance) if epoch.noise is None else epoch.noise
        for epoch in epochs
    ]
    for number, (epoch, noise) in enumerate(zip(epochs, noises, strict=True), start=1):
        if not (noise > 0 and epoch.flux > 0):
            raise InputError(
                f"coadd: image {number} has noise {noise:.6g} and flux zero point "
                f"{epoch.flux:.6g}; allowed: numbers above 0"
            )
    return [epoch._replace(noise=noise) for epoch, noise in zip(epochs, noises, strict=True)]


def _mean(epochs, valid, variances):
    """Return the weighted mean of the valid pixels and its variance."""
    weights = [k * (e.flux / e.noise) ** 2 for k, e in zip(valid, epochs, strict=True)]
    total = sum(weights)
    shares = [
        np.divide(w, e.flux * total, out=np.zeros(w.shape), where=total > 0)
        for w, e in zip(weights, epochs, strict=True)
    ]
    image = sum(
        share * np.where(k, e.image, 0) for share, k, e in zip(shares, valid, epochs, strict=True)
    )
    image = np.where(total > 0, image, np.nan)
    variance = sum(np.square(s) * v for s, v in zip(shares, variances, strict=True))
    return _Mean(image, variance, shares)


def _covariances(mean, variances, holes):
    """Return the covariances of epochs whose holes are filled with their mean."""
    shares = mean.shares
    shared = {}
    for one in range(len(variances)):
        shared[one, one] = variances[one] + holes[one] ** 2 * mean.variance
        for other in range(one):
            covariance = (
                variances[one] * shares[one] * holes[other]
                + variances[other] * shares[other] * holes[one]
                + holes[one] * holes[other] * mean.variance
            )
            if covariance.any():
                shared[one, other] = covariance
    return shared
