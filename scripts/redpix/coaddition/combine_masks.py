"""Select the usable pixels of images that are coadded, and combine their masks."""

import numpy as np

from redpix.image.masks import DTYPE, bit_value, filled_from_nearest

#: bits of pixels that are replaced by the other images
USELESS = bit_value("NO_DATA", "EDGE", "SATURATED", "COSMIC_RAY", "BAD")


def patched(image, mask):
    """Return an image whose useless pixels have the value of the nearest useful one.

    Saturated pixels are thousands of times brighter than the sky. Resampling would spread them to
    distant pixels.

    Parameters
    ----------
    image : ndarray
        NaN in invalid pixels.
    mask : ndarray of int
        Bits of `redpix.image.masks`.

    Returns
    -------
    ndarray
        The image itself if all or none of its pixels are useless.
    """
    useless = ((mask & USELESS) != 0) | ~np.isfinite(image)
    if not useless.any() or useless.all():
        return image
    return filled_from_nearest(image, useless)


def combined(epochs, masks, keep=lambda values: values):
    """Return epochs without their useless pixels, and the mask of their coadd.

    A useless pixel is left out if another image has a useful one; the coadd is INTERPOLATED there.
    If all images are useless in a pixel, those with a value stay, with their bits. A part of the
    sky that an image does not cover comes from the others, without a bit.

    Parameters
    ----------
    epochs : sequence of redpix.subtraction.epoch.Epoch
        Images on the same pixels.
    masks : sequence of ndarray of int
        Their masks, bits of `redpix.image.masks`.
    keep : callable
        How new images are kept, from `redpix.image.mapped_image.keeper`.

    Returns
    -------
    epochs : list of redpix.subtraction.epoch.Epoch
    mask : ndarray of int
    """
    all_useless, all_empty = True, True
    for epoch, mask in zip(epochs, masks, strict=True):
        useless, empty = _useless(epoch, mask)
        all_useless, all_empty = all_useless & useless, all_empty & empty
    result = np.where(all_empty, DTYPE(bit_value("NO_DATA")), DTYPE(0))
    cut = []
    for epoch, mask in zip(epochs, masks, strict=True):
        (bad, none), mask, image = _useless(epoch, mask), np.asarray(mask), np.asarray(epoch.image)
        left_out = none | (bad & ~all_useless)
        bits = np.where(left_out, DTYPE(bit_value("INTERPOLATED")), mask)
        result |= np.where(all_empty, mask, np.where(none, 0, bits)).astype(DTYPE)
        cut.append(epoch._replace(image=keep(np.where(left_out, image.dtype.type(np.nan), image))))
    return cut, result


def _useless(epoch, mask):
    """Return the pixels of an image that are useless, and those that are empty."""
    mask = np.asarray(mask)
    empty = ((mask & bit_value("NO_DATA")) != 0) | ~np.isfinite(np.asarray(epoch.image))
    return ((mask & USELESS) != 0) | empty, empty
