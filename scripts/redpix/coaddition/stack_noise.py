"""Covariance of the noise of registered images, measured on blank sky."""

import numpy as np
from astropy.stats import mad_std

from redpix.core.job import log
from redpix.image.noise_covariance import blank_sky, covariances, neighbours, positive, unexpected

#: difference of the noise of a stack from that of its blank sky that counts, relative
SAME = 0.02

#: planes of an image that are compared
PLANES = ("image", "variance")

#: minimum number of pixels of blank sky
LEAST_PIXELS = 5000


def with_measured_noise(registered, names):
    """Return registered images with the covariance of their noise where it is not the expected one.

    The expected noise is white in the first image, and what resampling leaves in the others. The
    noise of each image is compared with that of the next, which shows the same sky.

    Parameters
    ----------
    registered : list of redpix.coaddition.register_exposures.RegisteredImage
        Two or more.
    names : sequence of str
        Names of the images in messages.

    Returns
    -------
    list of redpix.coaddition.register_exposures.RegisteredImage
        With the card CORRn, the correlation of neighbouring pixels, if blank sky is large enough.
    """
    following = [*registered[1:], registered[0]]
    return [
        _with_covariance(number, one, other, name)
        for number, (one, other, name) in enumerate(
            zip(registered, following, names, strict=True), start=1
        )
    ]


def noise_on_sky(stacked, mask, path):
    """Return the noise of the blank sky of a stack of images with correlated noise.

    The measured spectrum of the noise is least certain where its power is small, and a proper coadd
    amplifies just these waves. They carry little of a star's light, so the variance stays.

    Parameters
    ----------
    stacked : redpix.coaddition.stack.StackedImage
        Stack of images whose covariances were measured.
    mask : ndarray of int, shape (ny, nx)
        Mask of the stack; pixels with any bit are left out.
    path : str
        Name of the stack in messages.

    Returns
    -------
    float
        The predicted noise if the two differ by less than `SAME`, or if blank sky is rare.
    """
    images, variances = [stacked.image] * 2, [stacked.variance] * 2
    scaled, blank = blank_sky(images, variances, mask)
    if np.count_nonzero(blank) < LEAST_PIXELS:
        return stacked.noise
    factor = float(mad_std(scaled[0][blank]))
    if abs(factor - 1) < SAME:
        return stacked.noise
    log.info("%s: noise on blank sky is %.3f of the predicted one", path, factor)
    return stacked.noise * factor


def _with_covariance(number, one, other, name):
    """Return an image with its measured covariance, unless the expected one holds."""
    images, variances = ([getattr(each.epoch, plane) for each in (one, other)] for plane in PLANES)
    scaled, blank = blank_sky(images, variances, np.asarray(one.mask) | np.asarray(other.mask))
    measured = covariances(scaled, blank)
    if measured is None:
        return one
    covariance, middle = measured[0], measured[0].shape[0] // 2
    rows, columns = (slice(0, length) for length in one.epoch.image.shape)
    expected = one.correlation and one.correlation(rows, columns)
    card = (f"CORR{number}", neighbours(covariance), "correlation of neighbours, its noise")
    one = one._replace(cards=[*one.cards, card])
    # a coarser image that is interpolated has noise that is correlated over more pixels
    farther = expected is not None and len(expected) > 1.2 * len(covariance)
    usable = covariance[middle, middle] > 0 and not farther
    if not (usable and unexpected(covariance, expected, np.count_nonzero(blank))):
        return one
    log.info(
        "%s: the noise of neighbouring pixels has a correlation of %.2f; its spectrum is measured "
        "on blank sky",
        name,
        neighbours(covariance),
    )
    kept = positive(covariance)
    return one._replace(correlation=lambda rows, columns: kept, measured=True)
