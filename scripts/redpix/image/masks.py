"""Name the bits of MASK images.

The bits are fixed, because later stages and users read the masks of earlier ones. The header of a
mask has one card per bit (`mask_cards`), so that the file explains itself.
"""

import numpy as np

from redpix.image.mask_bits import bit_names

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

#: number type of masks
DTYPE = np.int16


def bit_value(*names):
    """Return the combined value of some bits, e.g. ``bit_value("NO_DATA", "EDGE") == 3``.

    Parameters
    ----------
    *names : str
        Keys of `BITS`.

    Returns
    -------
    int

    Raises
    ------
    KeyError
        If a name is not in `BITS`.
    """
    return sum(1 << BITS[name] for name in set(names))


def translated_mask(values, header, band=None):
    """Return another project's mask in the bits of this project.

    Parameters
    ----------
    values : ndarray of int, shape (ny, nx)
        The other mask.
    header : Mapping
        Cards ``BIT2 = 'SATURATED'`` as of `mask_cards`, ``MP_SAT = 1`` as of LSST,
        ``MSKNAM04 = 'SATURATED'`` with ``MSKVAL04 = 16`` as of Pan-STARRS, or
        ``MBIT_3 = 'SATUR_R'`` as of the Legacy Surveys name its bits. Bits without a counterpart in
        `BITS` are ignored. Otherwise every value except 0 is BAD.
    band : str, optional
        Band of the image, such as ``r`` or ``decam_r``: bits that name another band are ignored.

    Returns
    -------
    ndarray, shape (ny, nx), int16
    """
    names = bit_names(header, band)
    if not names:
        return np.where(values != 0, bit_value("BAD"), 0).astype(DTYPE)
    mask = np.zeros(values.shape, DTYPE)
    for part, whole in zip(mask, values, strict=True):  # row by row: bits take 8 bytes per pixel
        row = np.nan_to_num(whole).astype(np.int64)
        for number, name in names.items():
            if name in BITS:
                part[(row >> number) & 1 == 1] |= bit_value(name)
    return mask


def filled_from_nearest(image, invalid):
    """Return an image whose invalid pixels have the value of the nearest valid one.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Any type.
    invalid : ndarray of bool, shape (ny, nx)
        False for at least one pixel.

    Returns
    -------
    ndarray, shape (ny, nx)
    """
    # each start of Snakemake imports this module, and SciPy takes 0.3 s
    from scipy.ndimage import distance_transform_edt

    nearest = distance_transform_edt(invalid, return_distances=False, return_indices=True)
    return image[tuple(nearest)]


def mask_cards():
    """Return FITS cards that name the bits: ``BIT2 = 'SATURATED'``.

    Returns
    -------
    list of (str, str, str)
        Keyword, value and comment.
    """
    return [(f"BIT{number}", name, f"mask value {1 << number}") for name, number in BITS.items()]


def edge_distance(mask, x, y):
    """Return the distance of positions from the nearest pixel outside the image.

    Parameters
    ----------
    mask : ndarray of int, shape (ny, nx)
        Mask of a registered image. Pixels with NO_DATA or EDGE and those beyond the array are
        outside.
    x, y : ndarray, shape (n,)
        0-based positions.

    Returns
    -------
    ndarray, shape (n,)
        Pixels.
    """
    from scipy.ndimage import distance_transform_edt  # slow to import, see above

    valid = np.pad((mask & bit_value("NO_DATA", "EDGE")) == 0, 1)
    distance = distance_transform_edt(valid)[1:-1, 1:-1]
    column = np.clip(np.rint(x).astype(int), 0, mask.shape[1] - 1)
    row = np.clip(np.rint(y).astype(int), 0, mask.shape[0] - 1)
    return distance[row, column]
