"""Take the overscan away from a raw image and trim it to the pixels that saw the sky."""

import ccdproc
import numpy as np
from astropy import units
from astropy.modeling.polynomial import Chebyshev1D
from astropy.nddata import CCDData

from redpix.io.header_values import filled
from redpix.io.sections import Section, parse_section, trim_section

#: degree of the polynomial that follows the overscan along the chip
DEGREE = 3


def without_overscan(pixels, header):
    """Return an image less its overscan, trimmed, with its header.

    Parameters
    ----------
    pixels : ndarray, shape (ny, nx)
        Counts.
    header : astropy.io.fits.Header
        With BIASSEC, and TRIMSEC or DATASEC, as FITS sections; without them the image is returned
        as it is.

    Returns
    -------
    pixels : ndarray
        float64 if an overscan was taken away.
    header : astropy.io.fits.Header
        A copy; CRPIX counts from the trimmed image.
    remarks : list of str
        What was done.
    """
    trim, remarks = trim_section(header, pixels.shape)
    strip = parse_section(header["BIASSEC"]) if filled(header.get("BIASSEC")) else None
    ccd = CCDData(pixels, unit=units.adu)
    if strip is not None and _is_overscan(strip, trim.value, pixels.shape):
        along_rows = strip.x1 - strip.x0 < strip.y1 - strip.y0
        ny, nx = pixels.shape
        # a strip may end before rows of overscan, which are trimmed
        whole = strip._replace(y0=0, y1=ny) if along_rows else strip._replace(x0=0, x1=nx)
        ccd = ccdproc.subtract_overscan(
            CCDData(np.asarray(pixels, float), unit=units.adu),
            fits_section=str(whole),
            overscan_axis=1 if along_rows else 0,
            median=True,
            model=Chebyshev1D(DEGREE),
        )
        level = float(np.median(pixels[strip.slices]))
        remarks.append(f"BIASSEC = {strip}: the overscan, about {level:.1f} counts, is taken away")
    elif strip is not None:
        remarks.append(f"BIASSEC = {header['BIASSEC']} is not used: it does not fit the image")
    header = header.copy()
    if ccd.data is not pixels:
        header["OVERSCAN"] = ("taken away", "by redpix")
    for card in ("BIASSEC", "TRIMSEC", "DATASEC", "CCDSEC"):
        header.remove(card, ignore_missing=True)
    if trim.value is not None:
        ccd = ccdproc.trim_image(ccd, fits_section=str(trim.value))
        remarks.append(f"{trim.source} = {trim.value}: the image is trimmed to it")
        for axis, start in ((1, trim.value.x0), (2, trim.value.y0)):
            if f"CRPIX{axis}" in header:
                header[f"CRPIX{axis}"] -= start
    return np.asarray(ccd.data), header, remarks


def _is_overscan(strip, trim, shape):
    """Return whether a section lies in the image, outside of its trimmed part."""
    if strip.x1 > shape[1] or strip.y1 > shape[0]:
        return False
    sky = trim or Section(0, shape[1], 0, shape[0])
    beside_x = strip.x1 <= sky.x0 or strip.x0 >= sky.x1
    beside_y = strip.y1 <= sky.y0 or strip.y0 >= sky.y1
    return beside_x or beside_y
