"""Pixels near saturated stars and near the edge of the sky."""

import numpy as np
from scipy import ndimage

from redpix.image.masks import bit_value

#: rows of a mask in which distances are computed together; bounds the memory
STRIP = 1024


def halos(mask, shape_factor=3.0, room=12.0):
    """Return the pixels in the halo, the spikes or the bleeding of saturated stars.

    Parameters
    ----------
    mask : ndarray of int
        With SATURATED bits.
    shape_factor : float
        Radius of a halo over that of the saturated pixels.
    room : float
        Width added to the radius, pixels.

    Returns
    -------
    ndarray of bool
    """
    saturated = (mask & bit_value("SATURATED")) != 0
    halo = np.zeros(mask.shape, bool)
    if not saturated.any():
        return halo
    labels, _ = ndimage.label(saturated, np.ones((3, 3)))
    for number, region in enumerate(ndimage.find_objects(labels), start=1):
        area = np.count_nonzero(labels[region] == number)
        radius = int(shape_factor * np.sqrt(area / np.pi) + room)
        rows, columns = (slice(max(0, axis.start - radius), axis.stop + radius) for axis in region)
        near = labels[rows, columns] == number
        halo[rows, columns] |= ndimage.distance_transform_edt(~near) <= radius
    return halo


def beside_the_sky(mask, reach):
    """Return EDGE bits for the pixels whose kernels reach into NO_DATA.

    Parameters
    ----------
    mask : ndarray of int
        Bits of `redpix.image.masks`.
    reach : float
        Reach of the kernels, pixels.

    Returns
    -------
    ndarray
        Of the type of the mask; 0 outside the image and far from its edges.
    """
    outside = (mask & bit_value("NO_DATA")) != 0
    near = np.zeros(mask.shape, bool)
    margin = int(np.ceil(reach))
    # in strips, because distances take twenty times the memory of the mask
    for low in range(0, len(mask), STRIP):
        start, stop = max(0, low - margin), min(len(mask), low + STRIP + margin)
        first = int(start == 0)
        beyond = (first, int(stop == len(mask))), (1, 1)
        strip = np.pad(outside[start:stop], beyond, constant_values=True)
        distance = ndimage.distance_transform_edt(~strip)[first:, 1:-1]
        near[low : low + STRIP] = (distance <= reach)[low - start :][: len(near[low : low + STRIP])]
    near &= ~outside
    return np.where(near, mask.dtype.type(bit_value("EDGE")), mask.dtype.type(0))
