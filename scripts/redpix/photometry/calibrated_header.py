"""Header cards of a calibrated image."""

import numpy as np
from astropy.io import fits

from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.image.site_cards import site_cards
from redpix.image.wcs import celestial_wcs, wcs_cards

#: cards of the raw header, beside its WCS, that the calibrated image keeps
KEPT = ("OBJECT", "FILTER", "DATE-OBS", "TELESCOP", "INSTRUME", "OBSERVER")


def kept_cards(header, path):
    """Return the raw header's cards of the exposure, with its WCS if that is valid.

    Parameters
    ----------
    header : mapping
        Header of the raw image.
    path : str
        Name of the image in the log.

    Returns
    -------
    astropy.io.fits.Header
    """
    kept = fits.Header({key: header[key] for key in KEPT if key in header})
    if "CTYPE1" in header:
        try:
            # keywords of remarks may occur several times
            cards = {key: header[key] for key in header if key not in ("", "COMMENT", "HISTORY")}
            kept.update(wcs_cards(celestial_wcs(cards)))
        except InputError as error:
            log.warning("%s: its WCS is left out: %s", path, error)
    return kept


def exposure_cards(row, exposure, origin):
    """Return the cards of a calibrated image.

    Parameters
    ----------
    row : mapping
        The image's row of the table of images.
    exposure : redpix.photometry.exposure_image.ExposureImage
        Image free of dark and flat.
    origin : str
        Origin of the noise, as from `sky_variance`.

    Returns
    -------
    list of (str, object, str)
        Keyword, value and comment of each card.
    """
    camera = exposure.camera
    site, remarks = site_cards(exposure.header, camera.mid_exposure)
    for remark in remarks:
        log.warning("%s: %s", row["path"], remark)
    return [
        ("GAIN", float(np.nanmedian(exposure.electrons)), "[e/count] median of the plane GAIN"),
        ("GAINFROM", camera.sources.get("gain", "assumed"), ""),
        ("RDNOISE", exposure.read_noise, "[e]"),
        ("NOISFROM", origin.partition(":")[0], "what ERR is from"),
        ("SATURATE", camera.saturation, "[count] of the raw image"),
        ("MAGZERO", camera.zero_point, "[mag] of a star of one count"),
        ("EXPTIME", camera.exposure_time, "[s]"),
        ("MJD-MID", camera.mid_exposure, "UTC, middle of the exposure"),
        ("AIRMASS", camera.airmass, ""),
        ("FILTER", camera.filter, ""),
        ("BUNIT", "nanomaggy" if row["frame"] else "count", "sky subtracted"),
        *site,
    ]
