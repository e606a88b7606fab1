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


def combined(epochs, masks):
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

    Returns
    -------
    epochs : list of redpix.subtraction.epoch.Epoch
    mask : ndarray of int
    """
    empty = [
        ((mask & bit_value("NO_DATA")) != 0) | ~np.isfinite(epoch.image)
        for epoch, mask in zip(epochs, masks, strict=True)
    ]
    useless = [((mask & USELESS) != 0) | e for mask, e in zip(masks, empty, strict=True)]
    all_useless, all_empty = np.logical_and.reduce(useless), np.logical_and.reduce(empty)
    result = np.where(all_empty, DTYPE(bit_value("NO_DATA")), DTYPE(0))
    cut = []
    for epoch, mask, bad, none in zip(epochs, masks, useless, empty, strict=True):
        left_out = none | (bad & ~all_useless)
        bits = np.where(left_out, DTYPE(bit_value("INTERPOLATED")), mask)
        result |= np.where(all_empty, mask, np.where(none, 0, bits)).astype(DTYPE)
        cut.append(epoch._replace(image=np.where(left_out, np.nan, epoch.image)))
    return cut, result
