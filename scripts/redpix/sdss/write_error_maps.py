"""Write the 1-sigma error map of each of a field's frames."""

import numpy as np
from astropy.io import fits

from redpix.core.atomic_files import atomic
from redpix.core.field_name import parse_field
from redpix.core.job import log
from redpix.image.wcs import STALE_CARDS
from redpix.sdss.error_map import dark_variance, error_map, gain, sky_image


def frame_errors(path, field, band):
    """Error map of a frame and the header that goes with it."""
    with fits.open(path) as hdus:
        sky = hdus[2].data[0]
        simg = sky_image(sky["ALLSKY"], sky["XINTERP"], sky["YINTERP"])
        electrons_per_dn = gain(field.camcol, band, field.run)
        dark = dark_variance(field.camcol, band, field.run)
        errors = error_map(hdus[0].data, hdus[1].data, simg, electrons_per_dn, dark)
        header = hdus[0].header.copy()
    for key in STALE_CARDS:
        header.remove(key, ignore_missing=True)
    header["BUNIT"] = ("nanomaggy", "1-sigma error a pixel")
    header["GAIN"] = (electrons_per_dn, "[e/DN]")
    header["DARKVAR"] = (dark, "[DN**2] dark variance, read noise included")
    return errors, header


def main(snakemake):
    field = parse_field(snakemake.wildcards.field)
    for band, path, output in zip(
        snakemake.params.bands, snakemake.input.frames, snakemake.output, strict=True
    ):
        errors, header = frame_errors(path, field, band)
        with atomic(output) as temporary:
            fits.PrimaryHDU(errors, header).writeto(temporary)
        typical = np.median(errors[::16, ::16])
        log.info("%s -> %s: median error %.5f nanomaggies", path, output, typical)
