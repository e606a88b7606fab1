"""Find the columns, rows and regions of an image in which false detections crowd."""

import numpy as np
from scipy import ndimage

#: width of a strip of columns or rows, FWHM, and number of regions along an axis
_WIDTH, _REGIONS = 2.0, 8

#: number of detections above the mean, standard deviations, and least number that makes a crowd
_SIGMAS, _LEAST = 5.0, 5

#: fraction of the detections that must crowd; fewer are chance or change little
_SHARE = 0.3

#: largest fraction of the image that they may take; more is a fault of the whole image
_MOST = 0.1


def places_of_crowds(x, y, shape, fwhm):
    """Return the pixels of strips and regions in which detections crowd.

    Parameters
    ----------
    x, y : ndarray, shape (m,)
        0-based positions of detections on the negative image.
    shape : (int, int)
        ny, nx of the image.
    fwhm : float
        FWHM of the stars, pixels.

    Returns
    -------
    ndarray of bool, shape (ny, nx)
        All False where the detections are spread evenly.
    """
    places = np.zeros(shape, bool)
    width = max(int(round(_WIDTH * fwhm)), 3)
    rows, columns = (
        np.clip(np.rint(values).astype(int), 0, side - 1)
        for values, side in zip((y, x), shape, strict=True)
    )
    inside = np.zeros(len(x), bool)
    for tall, wide in ((shape[0], width), (width, shape[1]), _region(shape)):
        left = ~inside
        number = -(-shape[0] // tall), -(-shape[1] // wide)
        cell = rows // tall * number[1] + columns // wide
        counts = np.bincount(cell[left], minlength=number[0] * number[1])
        mean = left.sum() / len(counts)
        crowd = counts > max(mean + _SIGMAS * np.sqrt(mean), _LEAST)
        crowd = _with_neighbours(crowd.reshape(number))
        full = np.repeat(np.repeat(crowd, tall, axis=0), wide, axis=1)
        places |= full[: shape[0], : shape[1]]
        inside = places[rows, columns]
    uneven = inside.sum() > _SHARE * len(x) and places.mean() < _MOST
    return places if uneven else np.zeros(shape, bool)


def _region(shape):
    """Return the height and width of a region."""
    return tuple(-(-side // _REGIONS) for side in shape)


def _with_neighbours(crowd):
    """Return strips and regions with those beside them, where errors of the other sign lie."""
    return ndimage.binary_dilation(crowd, np.ones((3, 3)))
