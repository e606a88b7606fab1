"""Coaddition of registered images: proper, weighted mean, median.

The proper coadd (Zackay & Ofek 2017, ApJ 836, 188) keeps all that the images say about the sky;
its noise is white, so that the one image serves for detection, photometry and subtraction::

    C   = sum_j (F_j / s_j^2) conj(P_j) M_j / sqrt(sum_j (F_j^2 / s_j^2) |P_j|^2)
    P_C = sqrt(sum_j (F_j^2 / s_j^2) |P_j|^2) / F_C,   F_C = sqrt(sum_j F_j^2 / s_j^2)

in Fourier space, with F flux zero points, s the noise of the sky, P the PSFs. Images are [y, x].
"""

from typing import NamedTuple

import numpy as np

from redpix.exceptions import InputError
from redpix.subtraction import measured_noise, stamp, transforms


class Coadd(NamedTuple):
    """A proper coadd.

    Attributes
    ----------
    C : ndarray
        The image; its noise on blank sky is 1. NaN where any image has no value.
    P_C : ndarray
        Its PSF, unit sum, a stamp of odd sides with its centre in the middle.
    F_C : float
        Its flux zero point.
    variance : ndarray
        Variance of C, source noise included.
    """

    C: np.ndarray
    P_C: np.ndarray
    F_C: float
    variance: np.ndarray


def coadd(epochs, dtype=np.float32, workers=1):
    """Proper coadd of registered, background-subtracted images.

    Parameters
    ----------
    epochs : sequence of redpix.subtraction.Epoch
        Their astrometry is not used.
    dtype : numpy.float32 or numpy.float64
    workers : int
        Threads of the transforms.

    Returns
    -------
    Coadd

    Raises
    ------
    InputError
        If there is no image, shapes differ, or noise or flux is not above 0.
    """
    shape = _common_shape(epochs)
    unknown = np.logical_or.reduce([~np.isfinite(epoch.image) for epoch in epochs])
    if unknown.all():
        raise InputError("coadd: no pixel has a value in all images")
    # the coadd's PSF is wider than any image's
    side = 2 * max(max(epoch.psf.shape) for epoch in epochs) | 1
    plan = transforms(shape, side // 2 + 1, dtype, workers)
    numerator, power, precision, weights = 0, 0, 0, []
    for number, epoch in enumerate(epochs, start=1):
        noise = measured_noise(epoch.image, epoch.variance) if epoch.noise is None else epoch.noise
        if not (noise > 0 and epoch.flux > 0):
            raise InputError(
                f"coadd: image {number} has noise {noise:.6g} and flux zero point "
                f"{epoch.flux:.6g}; allowed: numbers above 0"
            )
        kernel = plan.kernel(epoch.psf / np.sum(epoch.psf))
        image = np.where(unknown, 0, epoch.image)
        numerator = numerator + np.conj(kernel) * plan.forward(image) * dtype(epoch.flux / noise**2)
        power = power + dtype((epoch.flux / noise) ** 2) * (kernel.real**2 + kernel.imag**2)
        precision += (epoch.flux / noise) ** 2
        weights.append((kernel, dtype(epoch.flux / noise**2), noise))
    root = np.sqrt(np.maximum(power, 1e-30))
    F_C = np.sqrt(precision)
    C = plan.back(numerator / root)
    C[unknown] = np.nan
    variance = 0
    for epoch, (kernel, weight, noise) in zip(epochs, weights, strict=True):
        part = np.full(shape, noise**2) if epoch.variance is None else epoch.variance
        squared = plan.squared(plan.whole(weight * np.conj(kernel) / root))
        variance = variance + squared * plan.forward(np.where(unknown, 0, part))
    variance = plan.back(variance)
    variance[unknown] = np.nan
    P_C = stamp(plan.whole((root / dtype(F_C)).astype(numerator.dtype)), side)
    return Coadd(C, P_C, float(F_C), variance)


def weighted_mean(epochs):
    """Mean of the images in units of flux (image / F), weighted by the inverse of its variance.

    Pixels without a value are left out; one that no image has is NaN.

    Returns
    -------
    ndarray
    """
    _common_shape(epochs)
    total, weight_sum = 0.0, 0.0
    for epoch in epochs:
        noise = measured_noise(epoch.image, epoch.variance) if epoch.noise is None else epoch.noise
        known = np.isfinite(epoch.image)
        weight = known * (epoch.flux / noise) ** 2
        total = total + weight * np.where(known, epoch.image, 0) / epoch.flux
        weight_sum = weight_sum + weight
    return np.divide(total, weight_sum, out=np.full(total.shape, np.nan), where=weight_sum > 0)


def median(epochs):
    """Median of the images in units of flux (image / F); NaN where no image has a value.

    Returns
    -------
    ndarray
    """
    shape = _common_shape(epochs)
    cube = np.ma.masked_invalid([np.asarray(epoch.image) / epoch.flux for epoch in epochs])
    return np.ma.median(cube, axis=0).filled(np.nan).reshape(shape)


def _common_shape(epochs):
    shapes = {np.shape(epoch.image) for epoch in epochs}
    if len(shapes) != 1:
        known = ", ".join(map(str, sorted(shapes))) or "none"
        raise InputError(f"coadd: images of shapes {known}; allowed: one or more of the same shape")
    return shapes.pop()
