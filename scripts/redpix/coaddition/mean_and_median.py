"""Weighted mean and median of registered images."""

import numpy as np

from redpix.core.exceptions import InputError
from redpix.subtraction.epoch import measured_noise

#: number of pixels of all images of which the median is taken at once
BLOCK = 10_000_000


def weighted_mean(epochs):
    """Return the mean of images in units of flux (image / F), weighted by their inverse variance.

    Parameters
    ----------
    epochs : sequence of redpix.subtraction.epoch.Epoch
        Images on the same pixels; NaN in invalid pixels.

    Returns
    -------
    ndarray
        Of the valid pixels; NaN where all images are invalid.
    """
    common_shape(epochs)
    total, weight_sum = 0.0, 0.0
    for epoch in epochs:
        noise = measured_noise(epoch.image, epoch.variance) if epoch.noise is None else epoch.noise
        image = np.asarray(epoch.image)
        valid = np.isfinite(image)
        weight = valid * (epoch.flux / noise) ** 2
        total = total + weight * np.where(valid, image, 0) / epoch.flux
        weight_sum = weight_sum + weight
    return np.divide(total, weight_sum, out=np.full(total.shape, np.nan), where=weight_sum > 0)


def median(epochs):
    """Return the median of images in units of flux (image / F).

    Parameters
    ----------
    epochs : sequence of redpix.subtraction.epoch.Epoch
        Images on the same pixels; NaN in invalid pixels.

    Returns
    -------
    ndarray
        Of the valid pixels; NaN where all images are invalid.
    """
    shape = common_shape(epochs)
    made = np.full(shape, np.nan)
    step = max(1, BLOCK // (len(epochs) * shape[1]))
    for start in range(0, shape[0], step):
        rows = slice(start, start + step)
        cube = np.ma.masked_invalid([np.asarray(e.image[rows]) / e.flux for e in epochs])
        made[rows] = np.ma.median(cube, axis=0).filled(np.nan).reshape(made[rows].shape)
    return made


def common_shape(epochs):
    """Return the shape that all images have.

    Parameters
    ----------
    epochs : sequence of redpix.subtraction.epoch.Epoch
        Images on the same pixels; NaN in invalid pixels.

    Returns
    -------
    (int, int)

    Raises
    ------
    InputError
        If the shapes differ, or an image is missing.
    """
    shapes = {np.shape(epoch.image) for epoch in epochs}
    if len(shapes) != 1:
        words = ", ".join(map(str, sorted(shapes))) or "none"
        raise InputError(f"coadd: images of shapes {words}; allowed: one or more of the same shape")
    return shapes.pop()
