"""Files with the point spread functions of the bands of a field."""

import numpy as np
from astropy.io import fits

from redpix.core.atomic_files import atomic
from redpix.io.fits_writing import write_fits
from redpix.io.whole_fits import open_whole
from redpix.psf.psf_model import PsfModel


def write_psfs(path, models, origins, scales):
    """Write one image HDU per band with the polynomial terms of its PSF.

    Parameters
    ----------
    path : str
        FITS file to write.
    models : mapping of str to redpix.psf.psf_model.PsfModel
        PSF by band.
    origins : mapping of str to str
        Origin of the PSF by band: psfield, measured or given.
    scales : mapping of str to float
        Pixel scale by band, arcsec per pixel.
    """
    hdus = [fits.PrimaryHDU()]
    for band, model in models.items():
        hdu = fits.ImageHDU(model.terms.astype(np.float32), name=f"PSF_{band}")
        hdu.header["DEGREE"] = (model.degree, "of the polynomial in x and y")
        for number, (zero, scale) in enumerate(zip(model.zero, model.scale, strict=True), start=1):
            hdu.header[f"POLZERO{number}"] = (float(zero), "1-based pixel where it counts from")
            hdu.header[f"POLSCAL{number}"] = (float(scale), "pixels in its unit")
        hdu.header["FWHM"] = (model.fwhm, "pixels")
        hdu.header["SCALE"] = (scales[band], "arcsec per pixel")
        hdu.header["STARS"] = (model.stars, "that it was made from, where it was measured")
        hdu.header["ORIGIN"] = (origins[band], "psfield, measured or given")
        hdus.append(hdu)
    with atomic(path) as temporary:
        write_fits(temporary, fits.HDUList(hdus))


def read_psf(path, band):
    """Return the PSF of a band from a file of `write_psfs`.

    Parameters
    ----------
    path : str
        FITS file.
    band : str
        Name of the band.

    Returns
    -------
    redpix.psf.psf_model.PsfModel

    Raises
    ------
    InputError
        If the file is damaged or holds no PSF of the band.
    """
    with open_whole(path, "a file of PSFs") as hdus:
        terms, header = hdus[f"PSF_{band}"].data.astype(float), hdus[f"PSF_{band}"].header
        zero, scale = ((header[f"{key}1"], header[f"{key}2"]) for key in ("POLZERO", "POLSCAL"))
        return PsfModel(terms, header["DEGREE"], zero, scale, header["FWHM"], header["STARS"])
