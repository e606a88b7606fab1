"""Named bits of every MASK image.

The bits are fixed: a mask written by one stage is read by all later ones and by users. A header
that goes with a mask carries one card a bit (`mask_cards`), so that the image explains itself.
"""

import numpy as np
from scipy.ndimage import distance_transform_edt

#: bit number by name, in every MASK of the project
BITS = {
    "NO_DATA": 0,  # outside the image
    "EDGE": 1,  # the resampling kernel reached over the image's edge
    "SATURATED": 2,
    "INTERPOLATED": 3,
    "COSMIC_RAY": 4,
    "GHOST": 5,
    "NOT_CHECKED": 6,
    "BAD": 7,  # non-finite or impossible value
}

DTYPE = np.int16


def bit_value(*names):
    """Combined value of the named bits, e.g. ``bit_value("NO_DATA", "EDGE") == 3``.

    Raises
    ------
    KeyError
        If a name is not in `BITS`.
    """
    return sum(1 << BITS[name] for name in set(names))


def filled_from_nearest(image, unknown):
    """An image whose unknown pixels have the value of the nearest known one; some must be known.

    Parameters
    ----------
    image : ndarray
    unknown : ndarray of bool

    Returns
    -------
    ndarray
    """
    nearest = distance_transform_edt(unknown, return_distances=False, return_indices=True)
    return image[tuple(nearest)]


def mask_cards():
    """FITS cards (keyword, value, comment) that name the bits: ``BIT2 = 'SATURATED'``."""
    return [(f"BIT{number}", name, f"mask value {1 << number}") for name, number in BITS.items()]
