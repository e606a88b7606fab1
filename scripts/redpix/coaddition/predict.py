"""Predict a registered image from the others of its stack, at one PSF."""

from typing import NamedTuple

import numpy as np
from scipy import ndimage

from redpix.core.backend import NUMPY
from redpix.image.fourier import transforms
from redpix.subtraction.psf_matching import matching_kernel

#: number of images that predict another, the sharpest of them
PREDICTORS = 7

#: minimum number of sharp images that predict another
SHARP = 3

#: reach of the lobes of an outlier that is resampled and matched, pixels
REACH = 4

#: waves whose amplitude in a PSF is below it are not amplified further
LEAST = 0.01


class Comparison(NamedTuple):
    """An image and what the others predict, at the same PSF, in units of flux.

    Attributes
    ----------
    image, variance : ndarray, shape (ny, nx)
        The image at the PSF of the comparison.
    predicted, predicted_variance : ndarray, shape (ny, nx)
        Upper median of the others (the larger of two), so that an outlier of another image does
        not lower it. Where only one of them has a value, the value of its neighbourhood that is
        nearest to the image. NaN where none has a value.
    psf : ndarray
        PSF of the comparison, a stamp.
    """

    image: np.ndarray
    variance: np.ndarray
    predicted: np.ndarray
    predicted_variance: np.ndarray
    psf: np.ndarray


def width_of(psf):
    """Return the sigma of the Gaussian that has the noise-equivalent area of a PSF.

    Parameters
    ----------
    psf : ndarray
        A stamp of unit sum.

    Returns
    -------
    float
        Pixels.
    """
    return float(np.sqrt(1 / np.sum(np.square(psf)) / (4 * np.pi)))


def compare(number, images, variances, known, psfs):
    """Compare one image with the upper median of the others.

    The PSF of the comparison is that of the image, or that of the broadest of the `SHARP`
    sharpest others if it is broader. Images with a broader PSF do not predict.

    Parameters
    ----------
    number : int
        Position of the image in the stack, from 0.
    images, variances : sequence of ndarray, shape (ny, nx)
        Registered images in units of flux, and their variances. All values are finite.
    known : sequence of ndarray of bool, shape (ny, nx)
        Pixels of each image that its sky determines.
    psfs : sequence of ndarray
        PSF of each image, stamps of unit sum.

    Returns
    -------
    Comparison
    """
    target, chosen = _target_and_predictors(number, psfs)
    matched = [_matched(images[k], variances[k], psfs[k], target) for k in chosen]
    valid = np.array([known[k] for k in chosen])
    count = valid.sum(axis=0)
    cube = np.sort(np.where(valid, [m[0] for m in matched], np.inf), axis=0)
    middle = np.take_along_axis(cube, np.minimum(count // 2, len(chosen) - 1)[None], axis=0)[0]
    predicted = np.where(count >= 2, middle, np.nan)
    own, own_variance = _matched(images[number], variances[number], psfs[number], target)
    predicted = np.where(count == 1, _nearest_value(own, cube[0]), predicted)
    spread = np.where(valid, [m[1] for m in matched], 0).sum(axis=0)
    # the median of independent Gaussian numbers has up to pi / 2 times the variance of the mean
    predicted_variance = np.pi / 2 * spread / np.maximum(count, 1) ** 2
    return Comparison(own, own_variance, predicted, predicted_variance, target)


def _nearest_value(image, other):
    """Return the values of an image, limited to those of the neighbourhood in another."""
    side = 2 * REACH + 1
    lowest = ndimage.minimum_filter(other, side)
    highest = ndimage.maximum_filter(np.where(np.isfinite(other), other, -np.inf), side)
    return np.clip(image, lowest, highest)


def _target_and_predictors(number, psfs):
    """Return the PSF of a comparison and the positions of the images that predict."""
    widths = [width_of(psf) for psf in psfs]
    others = sorted((k for k in range(len(psfs)) if k != number), key=widths.__getitem__)
    broadest = others[min(SHARP, len(others)) - 1]
    target = max(number, broadest, key=widths.__getitem__)
    chosen = [k for k in others if widths[k] <= 1.05 * widths[target]]
    return psfs[target], chosen[:PREDICTORS]


def _matched(image, variance, psf, target):
    """Return an image at a broader PSF, and its variance."""
    if psf is target:
        return image, variance
    plan = transforms(image.shape, max(*psf.shape, *target.shape), np.float32, 1, NUMPY)
    kernel = matching_kernel(plan.kernel(psf), plan.kernel(target), LEAST, np)
    spread = plan.spread((plan.whole(kernel.copy()), plan.forward(variance)))
    return plan.filtered((kernel, plan.forward(image))), np.maximum(spread, 0)
