"""Read the mask of a user: a FITS image or DS9 regions."""

from pathlib import Path

import numpy as np

from redpix.core.damaged_files import check_file, readable
from redpix.core.exceptions import InputError
from redpix.image.ds9_regions import region_mask
from redpix.io.fits_files import read_image
from redpix.io.table_bytes import decoded

#: maximum size of a file of DS9 regions, bytes
LONGEST_REGIONS = 2**20


def read_mask(path, shape, header=None):
    """Return the pixels that a user's mask hides.

    Parameters
    ----------
    path : str
        DS9 regions (``.reg``) or a FITS image that is not 0 in hidden pixels.
    shape : (int, int)
        Numbers of rows and columns of the image.
    header : Mapping, optional
        FITS header of the image, for regions in physical coordinates or on the sky.

    Returns
    -------
    ndarray of bool, shape (ny, nx)

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    if Path(path).suffix == ".reg":
        return region_mask(_region_lines(path), shape, path, header)
    return np.asarray(read_image(path).pixels) != 0


def _region_lines(path):
    """Return the lines of a file of DS9 regions in any encoding."""
    with readable(path, "DS9 regions"):
        check_file(path)
        with open(path, "rb") as file:
            data = file.read(LONGEST_REGIONS + 1)
        if len(data) > LONGEST_REGIONS:
            raise InputError(f"{path}: longer than {LONGEST_REGIONS} bytes; allowed: DS9 regions")
        return decoded(data, path)[0].decode().splitlines()
