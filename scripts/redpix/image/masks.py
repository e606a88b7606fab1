"""Named bits of every MASK image.

The bits are fixed: a mask written by one stage is read by all later ones and by users. A header
that goes with a mask carries one card a bit (`mask_cards`), so that the image explains itself.
"""

import re

import numpy as np

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

#: the same by LSST's names
LSST = {
    **{"NO_DATA": "NO_DATA", "EDGE": "EDGE", "SAT": "SATURATED", "INTRP": "INTERPOLATED"},
    **{"CR": "COSMIC_RAY", "BAD": "BAD"},
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


def own_bits(values, header):
    """A mask of someone else's in the bits of this project.

    Parameters
    ----------
    values : ndarray of int
    header : Mapping
        Names its bits by cards ``BIT2 = 'SATURATED'``, as `mask_cards`, or ``MP_SAT = 1``, as
        LSST's; bits that mean nothing here are passed over. Without such cards every value but 0
        is BAD.

    Returns
    -------
    ndarray, int16
    """
    names = {int(key[3:]): header[key] for key in header if re.fullmatch(r"BIT\d+", key)}
    names |= {header[key]: LSST.get(key[3:]) for key in header if key.startswith("MP_")}
    if not names:
        return np.where(values != 0, bit_value("BAD"), 0).astype(DTYPE)
    values = np.nan_to_num(values).astype(np.int64)
    mask = np.zeros(values.shape, DTYPE)
    for number, name in names.items():
        if name in BITS:
            mask[(values >> number) & 1 == 1] |= bit_value(name)
    return mask


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
    # imported here: each start of Snakemake imports this module, and SciPy takes 0.3 s
    from scipy.ndimage import distance_transform_edt

    nearest = distance_transform_edt(unknown, return_distances=False, return_indices=True)
    return image[tuple(nearest)]


def mask_cards():
    """FITS cards (keyword, value, comment) that name the bits: ``BIT2 = 'SATURATED'``."""
    return [(f"BIT{number}", name, f"mask value {1 << number}") for name, number in BITS.items()]


def edge_distance(mask, x, y):
    """Distance of positions from the nearest pixel outside the image.

    Parameters
    ----------
    mask : ndarray of int, shape (ny, nx)
        Of a registered image: NO_DATA and EDGE are outside, as is all beyond the array.
    x, y : ndarray, shape (n,)
        0-based grid coordinates.

    Returns
    -------
    ndarray, shape (n,)
        Grid pixels.
    """
    from scipy.ndimage import distance_transform_edt  # as above

    valid = np.pad((mask & bit_value("NO_DATA", "EDGE")) == 0, 1)
    distance = distance_transform_edt(valid)[1:-1, 1:-1]
    column = np.clip(np.rint(x).astype(int), 0, mask.shape[1] - 1)
    row = np.clip(np.rint(y).astype(int), 0, mask.shape[0] - 1)
    return distance[row, column]
