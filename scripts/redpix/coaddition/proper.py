"""Coaddition of registered images: proper, weighted mean, median.

The proper coadd (Zackay & Ofek 2017, ApJ 836, 188) keeps all that the images say about the sky;
its noise is white, so that the one image serves for detection, photometry and subtraction::

    C   = sum_j (F_j / s_j^2) conj(P_j) M_j / sqrt(sum_j (F_j^2 / s_j^2) |P_j|^2)
    P_C = sqrt(sum_j (F_j^2 / s_j^2) |P_j|^2) / F_C,   F_C = sqrt(sum_j F_j^2 / s_j^2)

in Fourier space, with F flux zero points, s the noise of the sky, P the PSFs. Images are [y, x].
Where noise is correlated, as of an image that was resampled, s^2 is its power at each frequency.

A pixel that one image does not know is taken from the mean of the others there; the variance of
the coadd takes account of that the images then share their noise.
"""

from typing import NamedTuple

import numpy as np

from redpix.core.backend import NUMPY
from redpix.core.exceptions import InputError
from redpix.image.fourier import transforms
from redpix.subtraction.zogy import measured_noise, noise_power, squared_modulus, usable_variance


class Coadd(NamedTuple):
    """A proper coadd.

    Attributes
    ----------
    C : ndarray
        The image; its noise on blank sky is 1. NaN where no image has a value.
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


def coadd(epochs, dtype=np.float32, workers=1, arrays=NUMPY):
    """Proper coadd of registered, background-subtracted images.

    Parameters
    ----------
    epochs : sequence of redpix.subtraction.zogy.Epoch
        Their astrometry is not used.
    dtype : numpy.float32 or numpy.float64
    workers : int
        Threads of the transforms.
    arrays : redpix.core.backend.NumpyBackend
        What it is worked with.

    Returns
    -------
    Coadd

    Raises
    ------
    InputError
        If there is no image, shapes differ, or noise or flux is not above 0.
    """
    shape = common_shape(epochs)
    epochs, shared = with_holes_filled(epochs)
    unknown = ~np.isfinite(epochs[0].image)
    if unknown.all():
        raise InputError("coadd: no pixel has a value")
    # the coadd's PSF is wider than any image's
    side = 2 * max(max(epoch.psf.shape) for epoch in epochs) | 1
    plan = transforms(shape, side // 2 + 1, dtype, workers, arrays)
    xp = arrays.xp
    numerator, power, precision, weighed = 0, 0, 0, []
    for epoch in epochs:
        kernel = plan.kernel(epoch.psf / np.sum(epoch.psf))
        colour = noise_power(epoch, plan)
        weight = xp.conj(kernel) * float(epoch.flux / epoch.noise**2) / colour
        image = np.where(unknown, 0, epoch.image)
        numerator = numerator + weight * plan.forward(image)
        own = float((epoch.flux / epoch.noise) ** 2)
        power = power + squared_modulus(kernel, xp) * own / colour
        precision += own
        weighed.append((weight, colour**0.5))
    root = xp.sqrt(xp.clip(power, min=1e-30))
    F_C = float(np.sqrt(precision))
    C = arrays.take(plan.back(numerator / root))
    C[unknown] = np.nan
    # of white noise that correlated noise was made from
    kernels = [plan.whole(weight * colour / root) for weight, colour in weighed]
    variance = 0
    for (one, other), covariance in shared.items():
        product = plan.forward(kernels[one] * kernels[other])
        product = product * plan.forward(np.where(unknown, 0, covariance))
        variance = variance + (1 if one == other else 2) * product
    variance = arrays.take(plan.back(variance))
    variance[unknown] = np.nan
    P_C = plan.stamp(plan.whole(xp.astype(root / F_C, numerator.dtype)), side)
    return Coadd(C, arrays.take(P_C), F_C, variance)


def with_holes_filled(epochs):
    """Epochs in which a pixel without a value holds the mean of the others there.

    The mean is weighted by the inverse of the sky's variance.

    Returns
    -------
    epochs : list of redpix.subtraction.zogy.Epoch
        With noise; NaN where no image has a value.
    shared : dict of (int, int) to ndarray
        Covariance of each two epochs at each pixel, those that are not 0 everywhere; the variance
        of an epoch is its covariance with itself.

    Raises
    ------
    InputError
        If noise or flux is not above 0.
    """
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
    epochs = [epoch._replace(noise=noise) for epoch, noise in zip(epochs, noises, strict=True)]
    known = [np.isfinite(epoch.image) for epoch in epochs]
    variances = [
        np.where(k, usable_variance(e.variance, e.noise), 0)
        for k, e in zip(known, epochs, strict=True)
    ]
    weights = [k * (e.flux / e.noise) ** 2 for k, e in zip(known, epochs, strict=True)]
    total = sum(weights)
    # shares[i] times image i, summed, is the mean in units of flux
    shares = [
        np.divide(w, e.flux * total, out=np.zeros(w.shape), where=total > 0)
        for w, e in zip(weights, epochs, strict=True)
    ]
    mean = sum(
        share * np.where(k, e.image, 0) for share, k, e in zip(shares, known, epochs, strict=True)
    )
    mean = np.where(total > 0, mean, np.nan)
    mean_variance = sum(np.square(s) * v for s, v in zip(shares, variances, strict=True))
    # flux zero points where a hole is, 0 elsewhere
    holes = [np.where(k, 0, e.flux) for k, e in zip(known, epochs, strict=True)]
    shared = {}
    for one in range(len(epochs)):
        shared[one, one] = variances[one] + holes[one] ** 2 * mean_variance
        for other in range(one):
            covariance = (
                variances[one] * shares[one] * holes[other]
                + variances[other] * shares[other] * holes[one]
                + holes[one] * holes[other] * mean_variance
            )
            if covariance.any():
                shared[one, other] = covariance
    filled = [
        e._replace(image=np.where(k, e.image, e.flux * mean))
        for k, e in zip(known, epochs, strict=True)
    ]
    return filled, shared


def weighted_mean(epochs):
    """Mean of the images in units of flux (image / F), weighted by the inverse of its variance.

    Pixels without a value are left out; one that no image has is NaN.

    Returns
    -------
    ndarray
    """
    common_shape(epochs)
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
    shape = common_shape(epochs)
    cube = np.ma.masked_invalid([np.asarray(epoch.image) / epoch.flux for epoch in epochs])
    return np.ma.median(cube, axis=0).filled(np.nan).reshape(shape)


def common_shape(epochs):
    """Shape of the images; an error where they have several."""
    shapes = {np.shape(epoch.image) for epoch in epochs}
    if len(shapes) != 1:
        known = ", ".join(map(str, sorted(shapes))) or "none"
        raise InputError(f"coadd: images of shapes {known}; allowed: one or more of the same shape")
    return shapes.pop()
