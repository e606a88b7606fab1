"""Proper coaddition of registered images (Zackay & Ofek 2017, ApJ 836, 188).

The proper coadd keeps all information of the images about the sky. Its noise is white, so that
the same image serves for detection, photometry and subtraction::

    C   = sum_j (F_j / s_j^2) conj(P_j) M_j / sqrt(sum_j (F_j^2 / s_j^2) |P_j|^2)
    P_C = sqrt(sum_j (F_j^2 / s_j^2) |P_j|^2) / F_C,   F_C = sqrt(sum_j F_j^2 / s_j^2)

in Fourier space, with the images M, their flux zero points F, the noise s of the sky and the
PSFs P. Images are [y, x]. The noise of a resampled image is correlated: s^2 is then its power at
each frequency.

An invalid pixel of one image is filled with the mean of the other images. The variance of the
coadd includes the noise that the images then share.
"""

from typing import NamedTuple

import numpy as np

from redpix.coaddition.holes import with_holes_filled
from redpix.coaddition.mean_and_median import common_shape
from redpix.core.backend import NUMPY
from redpix.core.exceptions import InputError
from redpix.image.fourier import transforms
from redpix.subtraction.noise_spectrum import noise_power, squared_modulus

#: share of the kernels' power that components may leave out
LEAST_POWER = 1e-5


class Coadd(NamedTuple):
    """A proper coadd.

    Attributes
    ----------
    C : ndarray
        The image; its noise on blank sky is 1. NaN where all images are invalid.
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


class _Sums(NamedTuple):
    """Sums over the images in Fourier space.

    weighed holds, for each image, the transform of its weight and the root of its noise power.
    """

    numerator: np.ndarray
    power: np.ndarray
    precision: float
    weighed: list


def coadd(epochs, dtype=np.float32, workers=1, arrays=NUMPY, added=None):
    """Return the proper coadd of registered, background-subtracted images.

    Parameters
    ----------
    epochs : sequence of redpix.subtraction.epoch.Epoch
        Their astrometry is not used.
    dtype : numpy.float32 or numpy.float64
        Type of the transformed images.
    workers : int
        Threads of the transforms.
    arrays : redpix.core.backend.NumpyBackend
        Backend of the arrays.
    added : sequence of ndarray, optional
        As in `redpix.coaddition.holes.with_holes_filled`.

    Returns
    -------
    Coadd

    Raises
    ------
    InputError
        If an image is missing, shapes differ, all pixels are invalid, or noise or flux is not
        above 0.
    """
    shape = common_shape(epochs)
    epochs, shared = with_holes_filled(epochs, added)
    unknown = ~np.isfinite(epochs[0].image)
    if unknown.all():
        raise InputError("coadd: no pixel has a value")
    # the PSF of the coadd is wider than that of any image
    side = 2 * max(max(epoch.psf.shape) for epoch in epochs) | 1
    plan = transforms(shape, side // 2 + 1, dtype, workers, arrays)
    xp = arrays.xp
    sums = _sums(epochs, unknown, plan)
    root = xp.sqrt(xp.clip(sums.power, min=1e-30))
    F_C = float(np.sqrt(sums.precision))
    C = arrays.take(plan.back(sums.numerator / root))
    C[unknown] = np.nan
    variance = arrays.take(_variance(sums.weighed, root, shared, unknown, plan))
    variance[unknown] = np.nan
    P_C = plan.stamp(plan.whole(xp.astype(root / F_C, sums.numerator.dtype)), side)
    return Coadd(C, arrays.take(P_C), F_C, variance)


def _sums(epochs, unknown, plan):
    """Return the sums of the equations of C and P_C."""
    xp = plan.arrays.xp
    numerator, power, precision, weighed = 0, 0, 0, []
    for epoch in epochs:
        kernel = plan.kernel(epoch.psf / np.sum(epoch.psf))
        colour = noise_power(epoch, plan)
        weight = xp.conj(kernel) * float(epoch.flux / epoch.noise**2) / colour
        image = np.where(unknown, 0, epoch.image)
        numerator = numerator + weight * plan.forward(image)
        term = float((epoch.flux / epoch.noise) ** 2)
        power = power + squared_modulus(kernel, xp) * term / colour
        precision += term
        weighed.append((weight, colour**0.5))
    return _Sums(numerator, power, precision, weighed)


def _variance(weighed, root, shared, unknown, plan):
    """Return the variance of C from the noise of the images.

    C is the sum over images j and pixels y of m_j(y) (K_j(x - y) + s_j(y) sum_i h_i(y) K_i(x - y)),
    with the factor s_j in the mean that fills the holes h_i of other images. K are written in a few
    components, so the cost does not grow with the square of the number of images.
    """
    # kernels of the white noise that correlated noise was made from
    kernels = [plan.whole(weight * colour / root) for weight, colour in weighed]

    def known(plane):
        return np.where(unknown, 0, plane)

    variance = 0
    for kernel, own in zip(kernels, shared.variances, strict=True):
        variance = variance + plan.forward(kernel * kernel) * plan.forward(known(own))
    if not shared.any():
        return plan.back(variance)
    basis, coefficients = _components(kernels, plan.arrays)
    sums = [shared.weighed(column) for column in coefficients.T]
    for a, (holes_a, noise_a) in enumerate(sums):
        for b, (holes_b, noise_b) in enumerate(sums[: a + 1]):
            plane = holes_a * noise_b + holes_b * noise_a + shared.mean_variance * holes_a * holes_b
            product = plan.forward(basis[a] * basis[b]) * plan.forward(known(plane))
            variance = variance + (1 if a == b else 2) * product
    return plan.back(variance)


def _components(kernels, arrays):
    """Return a few kernels and the factors that make all kernels of them."""
    xp = arrays.xp
    flat = [xp.reshape(kernel, (-1,)) for kernel in kernels]
    products = np.array([[float(xp.sum(one * other)) for other in flat] for one in flat])
    power, vectors = np.linalg.eigh(products)
    kept = np.cumsum(power) > LEAST_POWER * power.sum()
    coefficients = vectors[:, kept]
    basis = [
        sum(float(c) * k for c, k in zip(column, kernels, strict=True)) for column in coefficients.T
    ]
    return basis, coefficients
