"""Read the photometric calibration of images that the LSST pipelines write (also those of HSC)."""

import numpy as np
from astropy.io import fits

from redpix.core.exceptions import InputError
from redpix.io.image_path import image_file
from redpix.io.whole_fits import open_whole

#: HDU that is present if a file has tables of the pipelines
_INDEX = "ARCHIVE_INDEX"

#: column with the mean calibration
_MEAN = "calibrationMean"

#: maximum calibration of early pipelines, which state maggies and not nJy per unit
_MOST_MAGGIES = 1e-4

#: one maggy, nJy
_MAGGY = 10 ** (0.4 * 31.4)


def photo_calibration(path, names, remarks):
    """Return the flux of one unit of an image by its table PhotoCalib.

    Parameters
    ----------
    path : str
        FITS image.
    names : sequence of str
        Names of its HDUs, in capitals.
    remarks : list of str
        A remark on a calibration that varies over the image is appended.

    Returns
    -------
    float or None
        nJy; None if the file has no such table.
    """
    if not {_INDEX, "PHOTOCALIB"} & set(names):
        return None
    try:
        with open_whole(image_file(path), "an image of the LSST pipelines", name=False) as hdus:
            for hdu in hdus:
                if isinstance(hdu, fits.BinTableHDU) and _MEAN in hdu.columns.names:
                    return _mean(hdu, remarks)
    except InputError as error:
        remarks.append(f"its tables are not used: {error}")
    return None


def _mean(hdu, remarks):
    """Return the mean calibration of a table in nJy; None if it is not a positive number."""
    if not len(hdu.data):
        return None
    mean = float(hdu.data[_MEAN][0])
    if not (np.isfinite(mean) and mean > 0):
        remarks.append(f"PhotoCalib: {_MEAN} is {mean:g}, and is not used")
        return None
    if "isConstant" in hdu.columns.names and not np.all(hdu.data["isConstant"][0]):
        remarks.append("PhotoCalib varies over the image, and its mean is used")
    return mean * _MAGGY if mean < _MOST_MAGGIES else mean
