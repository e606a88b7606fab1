"""Read the detections of catalogue objects in the table of all detections of a band."""

import numpy as np
from astropy.io import fits

from redpix.catalogue.assoc import NO_OBJECT


def object_detections(path):
    """Return the detections of a band that are catalogue objects.

    Parameters
    ----------
    path : str
        FITS table of all detections of a band.

    Returns
    -------
    FITS_rec
        One row per detected catalogue object, sorted by identifier. Positions are 1-based.
    """
    detections = fits.getdata(path, "OBJECTS")
    detections = detections[detections["OBJECT_ID"] != NO_OBJECT]
    return detections[np.argsort(detections["OBJECT_ID"])]
