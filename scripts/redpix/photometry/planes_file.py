"""Calibrated images and their residuals as files: planes by name."""

import math

import numpy as np
from astropy.io import fits


def read_calibrated(path):
    """Planes of a file by name, in the machine's byte order, and its first header."""
    with fits.open(path, memmap=False) as hdus:
        planes = {hdu.name: hdu.data.astype(hdu.data.dtype.newbyteorder("=")) for hdu in hdus}
        return planes, hdus[0].header


def write_planes(path, planes, header, cards):
    """Write planes by name; the first carries a header and cards, values not known left out."""
    first, *others = [
        (name, plane if name == "MASK" else np.asarray(plane, np.float32))
        for name, plane in planes.items()
    ]
    extensions = [fits.ImageHDU(plane, name=name) for name, plane in others]
    hdus = fits.HDUList([fits.PrimaryHDU(first[1], header), *extensions])
    hdus[0].header["EXTNAME"] = first[0]
    for key, value, comment in cards:
        if value is not None and not (isinstance(value, float) and not math.isfinite(value)):
            hdus[0].header[key] = (value, comment)
    hdus.writeto(path)
