"""Fill the invalid pixels of images from the other images, and follow the noise they share."""

from typing import NamedTuple

import numpy as np

from redpix.core.exceptions import InputError
from redpix.subtraction.epoch import measured_noise, usable_variance


class SharedNoise(NamedTuple):
    """Noise of images whose holes hold the mean of the others.

    Attributes
    ----------
    variances : list of ndarray
        Variance of each image; 0 in its holes.
    shares : list of ndarray
        Factor of each image in the mean.
    holes : list of ndarray
        Flux zero point of each image in its holes, 0 elsewhere.
    mean_variance : ndarray
        Variance of the mean.
    """

    variances: list
    shares: list
    holes: list
    mean_variance: np.ndarray

    def any(self):
        """Return whether an image has a hole."""
        return any(hole.any() for hole in self.holes)

    def weighed(self, coefficients):
        """Return sums over the images of the holes, and of the noise that the mean has from each.

        Parameters
        ----------
        coefficients : ndarray, shape (images,)
            Factor of each image.

        Returns
        -------
        holes, noise : ndarray
            Units of flux zero point, and of variance per flux zero point.
        """
        holes = sum(factor * hole for factor, hole in zip(coefficients, self.holes, strict=True))
        noise = sum(
            factor * variance * share
            for factor, variance, share in zip(
                coefficients, self.variances, self.shares, strict=True
            )
        )
        return holes, noise


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
    shared : SharedNoise

    Raises
    ------
    InputError
        If noise or flux is not above 0.
    """
    epochs = _with_noise(epochs)
    valid = [np.isfinite(epoch.image) for epoch in epochs]
    variances = [
        np.where(good, usable_variance(epoch.variance, epoch.noise), 0)
        for good, epoch in zip(valid, epochs, strict=True)
    ]
    mean = _mean(epochs, valid, variances)
    # flux zero points in the holes, 0 elsewhere
    holes = [np.where(good, 0, epoch.flux) for good, epoch in zip(valid, epochs, strict=True)]
    added = [0.0] * len(epochs) if added is None else added
    filled = [
        epoch._replace(image=np.where(good, epoch.image, epoch.flux * (mean.image + more)))
        for good, epoch, more in zip(valid, epochs, added, strict=True)
    ]
    return filled, SharedNoise(variances, mean.shares, holes, mean.variance)


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
    weights = [
        good * (epoch.flux / epoch.noise) ** 2 for good, epoch in zip(valid, epochs, strict=True)
    ]
    total = sum(weights)
    shares = [
        np.divide(weight, epoch.flux * total, out=np.zeros(weight.shape), where=total > 0)
        for weight, epoch in zip(weights, epochs, strict=True)
    ]
    image = sum(
        share * np.where(good, epoch.image, 0)
        for share, good, epoch in zip(shares, valid, epochs, strict=True)
    )
    image = np.where(total > 0, image, np.nan)
    mean_variance = sum(
        share**2 * variance for share, variance in zip(shares, variances, strict=True)
    )
    return _Mean(image, mean_variance, shares)
