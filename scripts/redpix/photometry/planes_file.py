"""Read and write calibrated images and their residuals: FITS files with one plane per HDU."""

import math

import numpy as np
from astropy.io import fits

from redpix.core.atomic_files import atomic
from redpix.io.fits_writing import write_fits
from redpix.io.header_values import card_text

#: card of the products of an image that is left out: the reason
LEFT_OUT = "LEFTOUT"


def read_calibrated(path):
    """Return the planes of a file and its first header.

    Parameters
    ----------
    path : str
        FITS file.

    Returns
    -------
    planes : dict of str to ndarray, shape (ny, nx)
        Planes by name, in native byte order.
    header : astropy.io.fits.Header
    """
    with fits.open(path, memmap=False) as hdus:
        planes = {}
        for hdu in hdus:
            planes[hdu.name] = hdu.data.astype(hdu.data.dtype.newbyteorder("="))
            del hdu.data  # large images fit only once into memory
        return planes, hdus[0].header


def write_planes(path, planes, header, cards):
    """Write planes to a FITS file, one HDU per plane.

    Parameters
    ----------
    path : str
        File to write.
    planes : mapping of str to ndarray
        Planes by name; they are written as float32, except MASK.
    header : astropy.io.fits.Header
        Header of the first HDU.
    cards : list of (str, object, str)
        Keyword, value and comment of further cards of the first HDU. Cards whose value is None, NaN
        or infinite are left out.
    """
    first, *others = [
        (name, plane if name == "MASK" else np.asarray(plane, np.float32))
        for name, plane in planes.items()
    ]
    extensions = [fits.ImageHDU(plane, name=name) for name, plane in others]
    hdus = fits.HDUList([fits.PrimaryHDU(first[1], header), *extensions])
    hdus[0].header["EXTNAME"] = first[0]
    for key, value, comment in cards:
        if value is not None and not (isinstance(value, float) and not math.isfinite(value)):
            hdus[0].header[key] = (card_text(value), comment)
    write_fits(path, hdus)


def write_reason(path, reason):
    """Write a FITS file without pixels that states why an image is left out.

    Parameters
    ----------
    path : str
        File to write.
    reason : str
        One sentence, for the card LEFTOUT.
    """
    header = fits.Header()
    header[LEFT_OUT] = card_text(reason)
    with atomic(path) as temporary:
        write_fits(temporary, fits.PrimaryHDU(None, header))


def reason_left_out(path):
    """Return why an image is left out.

    Parameters
    ----------
    path : str
        FITS file of the calibrated image or of its residual.

    Returns
    -------
    str or None
        None for an image that is not left out.
    """
    return fits.getheader(path).get(LEFT_OUT)
