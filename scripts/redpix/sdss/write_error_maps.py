"""Write the 1-sigma error map of each frame of a field."""

import numpy as np
from astropy.io import fits

from redpix.core.atomic_files import atomic
from redpix.core.field_name import parse_field
from redpix.core.job import log
from redpix.image.stale_cards import STALE_CARDS
from redpix.io.fits_writing import write_fits
from redpix.sdss.error_map import dark_variance, error_map, gain, sky_image


def write_error_maps(frames, errors, bands, field):
    """Write the error maps of a field.

    Parameters
    ----------
    frames : list of str
        FITS files of the frames, one per band.
    errors : list of str
        FITS files to write: 1-sigma errors in nanomaggies, one per band.
    bands : list of str
        Bands in the order of the files.
    field : str
        Name of the field, ``run-camcol-field``.

    Raises
    ------
    InputError
        If the name of the field is invalid.
    """
    number = parse_field(field)
    for band, path, output in zip(bands, frames, errors, strict=True):
        values, header = frame_errors(path, number, band)
        with atomic(output) as temporary:
            write_fits(temporary, fits.PrimaryHDU(values, header))
        typical = np.median(values[::16, ::16])
        log.info("%s -> %s: median error %.5f nanomaggies", path, output, typical)


def frame_errors(path, field, band):
    """Return the error map of a frame and its header.

    Parameters
    ----------
    path : str
        FITS file of the frame.
    field : redpix.core.field_name.Field
        Run, camera column and number.
    band : str
        One of u, g, r, i, z.

    Returns
    -------
    errors : ndarray, shape (ny, nx), float32
        1-sigma errors in nanomaggies.
    header : astropy.io.fits.Header
        Cards of the frame, with gain and dark variance.
    """
    with fits.open(path) as hdus:
        sky = hdus[2].data[0]
        simg = sky_image(sky["ALLSKY"], sky["XINTERP"], sky["YINTERP"])
        electrons_per_dn = gain(field.camcol, band, field.run)
        dark = dark_variance(field.camcol, band, field.run)
        errors = error_map(hdus[0].data, hdus[1].data, simg, electrons_per_dn, dark)
        header = hdus[0].header.copy()
    for key in STALE_CARDS:
        header.remove(key, ignore_missing=True)
    header["BUNIT"] = ("nanomaggy", "1-sigma error per pixel")
    header["GAIN"] = (electrons_per_dn, "[e/DN]")
    header["DARKVAR"] = (dark, "[DN**2] dark variance, read noise included")
    return errors, header
