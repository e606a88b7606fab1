"""Kernels that bring the PSFs of several bands to one common PSF.

The common PSF is the broadest of the PSFs, convolved with a narrow Gaussian. The kernels are Wiener
filters that are regularised by the Laplacian (Boucaud et al. 2016, A&A 596, A63, pypher). The
Laplacian of a constant is 0, so each kernel has unit sum. Stamps have odd sides, their PSF in the
central pixel and unit sum.
"""

from typing import NamedTuple

import numpy as np
from scipy import fft, signal

from redpix.image.stamps import resized

#: weight of the Laplacian, of central coefficient 1, in the Wiener filter
REGULARISATION = 1e-4

#: widths of the Gaussian that broadens the common PSF, pixels: the first that is enough is taken
BROADENINGS = (0.5, 0.65, 0.8)

#: fraction of the light that may be out of place after matching, before the PSF is broadened more
MOST_RESIDUAL = 0.005

#: largest side of a PSF and of its kernel, pixels
LARGEST = 91


class CommonPsf(NamedTuple):
    """A PSF to which other PSFs can be brought, and the kernels that do it.

    Attributes
    ----------
    stamp : ndarray, shape (side, side)
        The common PSF.
    broadening : float
        1-sigma width of the Gaussian that the broadest PSF was convolved with, pixels.
    kernels : list of ndarray, shape (side, side)
        One kernel per PSF, of unit sum.
    residuals : list of float
        Fraction of the light that is out of place after matching, one per PSF.
    """

    stamp: np.ndarray
    broadening: float
    kernels: list
    residuals: list


def common_psf(stamps):
    """Return the common PSF of some PSFs and their kernels.

    Parameters
    ----------
    stamps : sequence of ndarray, shape (side, side)
        PSFs.

    Returns
    -------
    CommonPsf
        With the least of `BROADENINGS` that leaves at most `MOST_RESIDUAL` of the light out of
        place, or with the largest.
    """
    broadest = max(stamps, key=noise_area)
    for broadening in BROADENINGS:
        target = broadened(broadest, broadening)
        kernels = [matching_kernel(stamp, target) for stamp in stamps]
        pairs = zip(stamps, kernels, strict=True)
        residuals = [misplaced_light(stamp, kernel, target) for stamp, kernel in pairs]
        if max(residuals) <= MOST_RESIDUAL:
            break
    return CommonPsf(target, broadening, kernels, residuals)


def of_one_size(stamps):
    """Return PSFs on stamps of the same size.

    Parameters
    ----------
    stamps : sequence of ndarray
        PSFs on square stamps of odd sides.

    Returns
    -------
    list of ndarray, shape (side, side)
        Of unit sum, padded with zeros to the largest side, at most `LARGEST`.
    """
    side = min(max(map(len, stamps)), LARGEST)
    made = [resized(stamp, side) for stamp in stamps]
    return [stamp / stamp.sum() for stamp in made]


def noise_area(stamp):
    """Return the noise-equivalent area of a PSF: 1 over the sum of its squares.

    Parameters
    ----------
    stamp : ndarray, shape (side, side)
        PSF of unit sum.

    Returns
    -------
    float
        Pixels.
    """
    return float(1 / np.sum(np.square(stamp)))


def broadened(stamp, width):
    """Return a PSF convolved with a Gaussian.

    Parameters
    ----------
    stamp : ndarray, shape (side, side)
        PSF.
    width : float
        1-sigma width of the Gaussian, pixels.

    Returns
    -------
    ndarray, shape (side, side)
        Of unit sum.
    """
    size = fft.next_fast_len(2 * len(stamp), real=True)
    wave2 = fft.fftfreq(size)[:, None] ** 2 + fft.rfftfreq(size) ** 2
    made = np.exp(-2 * (np.pi * width) ** 2 * wave2) * _transform(stamp, size)
    stamp = _stamp(made, size, len(stamp))
    return stamp / stamp.sum()


def matching_kernel(stamp, target, regularisation=REGULARISATION):
    """Return the kernel that turns a PSF into another, broader one.

    Parameters
    ----------
    stamp, target : ndarray, shape (side, side)
        PSF that is there, and PSF that is wanted.
    regularisation : float
        Weight of the Laplacian.

    Returns
    -------
    ndarray, shape (side, side)
        Kernel of unit sum.
    """
    size = fft.next_fast_len(2 * len(stamp), real=True)
    has, wants = _transform(stamp, size), _transform(target, size)
    waves = (np.cos(2 * np.pi * axis) for axis in (fft.fftfreq(size)[:, None], fft.rfftfreq(size)))
    laplacian = 1 - sum(waves) / 2
    kernel = np.conj(has) * wants / (abs(has) ** 2 + regularisation * laplacian**2)
    kernel = _stamp(kernel, size, len(stamp))
    return kernel / kernel.sum()


def misplaced_light(stamp, kernel, target):
    """Return the fraction of the light that is out of place after matching.

    Parameters
    ----------
    stamp, target : ndarray, shape (side, side)
        PSF that is there, and PSF that is wanted.
    kernel : ndarray, shape (side, side)
        Matching kernel.

    Returns
    -------
    float
        Half the sum of the absolute differences.
    """
    return float(abs(signal.fftconvolve(stamp, kernel, "same") - target).sum() / 2)


def kernel_noise(kernel, covariance):
    """Return the variance of a pixel after a convolution over the mean variance that goes in.

    Parameters
    ----------
    kernel : ndarray, shape (side, side)
        Kernel of unit sum.
    covariance : ndarray, shape (n, n)
        Covariance of the noise of two pixels over the square of the error, by their offset; the
        central element belongs to offset 0, and the sum is 1.

    Returns
    -------
    float
    """
    products = signal.fftconvolve(kernel, kernel[::-1, ::-1])
    middle, half = len(products) // 2, len(covariance) // 2
    cut = slice(middle - half, middle + half + 1)
    return float(np.sum(products[cut, cut] * covariance))


def _transform(stamp, size):
    """Return the Fourier transform of a stamp with its centre at the origin."""
    half = len(stamp) // 2
    plane = np.zeros((size, size))
    plane[: len(stamp), : len(stamp)] = stamp
    return fft.rfft2(np.roll(plane, (-half, -half), (0, 1)))


def _stamp(transform, size, side):
    """Return the central stamp of a plane whose centre is at the origin."""
    plane = np.roll(fft.irfft2(transform, s=(size, size)), (side // 2,) * 2, (0, 1))
    return plane[:side, :side]
