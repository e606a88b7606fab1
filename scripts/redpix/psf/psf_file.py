"""Files of injection: point spread functions of a field's bands; tables of sources."""

import numpy as np
from astropy.io import fits

from redpix.core.atomic_files import atomic
from redpix.psf.psf_model import PsfModel


def write_psfs(path, models, origins, scales):
    """One image HDU a band: the terms of its polynomial; arcsec a pixel by band."""
    hdus = [fits.PrimaryHDU()]
    for band, model in models.items():
        hdu = fits.ImageHDU(model.terms.astype(np.float32), name=f"PSF_{band}")
        hdu.header["DEGREE"] = (model.degree, "of the polynomial in x and y")
        for number, (zero, scale) in enumerate(zip(model.zero, model.scale, strict=True), start=1):
            hdu.header[f"POLZERO{number}"] = (float(zero), "1-based pixel where it counts from")
            hdu.header[f"POLSCAL{number}"] = (float(scale), "pixels in its unit")
        hdu.header["FWHM"] = (model.fwhm, "pixels")
        hdu.header["SCALE"] = (scales[band], "arcsec a pixel")
        hdu.header["STARS"] = (model.stars, "that it was made from, where it was measured")
        hdu.header["ORIGIN"] = (origins[band], "psfield, measured or given")
        hdus.append(hdu)
    with atomic(path) as temporary:
        fits.HDUList(hdus).writeto(temporary)


def read_psf(path, band):
    """PSF of a band of a field, as `write_psfs` wrote it."""
    with fits.open(path, memmap=False) as hdus:
        terms, header = hdus[f"PSF_{band}"].data.astype(float), hdus[f"PSF_{band}"].header
    zero, scale = ((header[f"{key}1"], header[f"{key}2"]) for key in ("POLZERO", "POLSCAL"))
    return PsfModel(terms, header["DEGREE"], zero, scale, header["FWHM"], header["STARS"])
