"""Point spread function of each of a field's frames, for what is injected into them."""

import shutil
import tempfile
from pathlib import Path

import numpy as np
from astropy.io import fits

from redpix.core.exceptions import InputError
from redpix.core.field_name import parse_field
from redpix.core.job import log
from redpix.image.wcs import frame_wcs, pixel_area
from redpix.psf.moffat import moffat_stamp
from redpix.psf.psf_file import write_psfs
from redpix.psf.psf_model import PsfModel, full_width
from redpix.psf.psfex import find_sources, fit_psf
from redpix.psf.sextractor import copied_settings
from redpix.sdss.archive import Archive
from redpix.sdss.mask_table import span_mask
from redpix.sdss.psfield import FILTERS, psfield_model, psfield_path


def fetch_psfield(params, patience, field, folder, required):
    """Path of the field's psField, or None where the archive has none and it is not required."""
    door = Archive(params.source, patience.download_retries, patience.download_timeout)
    location = door.locate(psfield_path(params.release, field), required=required)
    target = Path(folder) / "psField.fit"
    found = location and door.fetch(location, target, lambda _: None, required)
    return target if found else None


def survey_psf(path, band, shape):
    """PSF of a band as the survey's pipeline measured it."""
    with fits.open(path, memmap=False) as hdus:
        return psfield_model(hdus[FILTERS.index(band) + 1].data, shape)


def measured_psf(frame, error, masks, band, folder, inputs):
    """PSF of a frame's own stars, by SExtractor and PSFEx."""
    settings = copied_settings(inputs, folder)
    psfex = shutil.copy(inputs.psfex, folder / "psfex")
    image, variance = fits.getdata(frame), np.square(fits.getdata(error))
    mask = span_mask(masks, band, image.shape)
    stars = find_sources(band, image, variance, mask, folder, settings, frame)
    return fit_psf(stars, psfex, frame)[0]


def given_psf(fwhm):
    """A Moffat profile of a FWHM in pixels, the same all over the frame."""
    stamp = moffat_stamp(fwhm)
    return PsfModel(stamp[None], 0, (0.0, 0.0), (1.0, 1.0), full_width(stamp), 0)


def main(snakemake):
    params, inputs = snakemake.params, snakemake.input
    field = parse_field(snakemake.wildcards.field)
    models, origins, scales = {}, {}, {}
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        survey = None
        if params.psf in ("auto", "psfield"):
            survey = fetch_psfield(
                params, snakemake.resources, field, folder, required=params.psf == "psfield"
            )
        for band, frame, error in zip(params.bands, inputs.frames, inputs.errors, strict=True):
            scales[band] = 3600 * np.sqrt(pixel_area(frame_wcs(fits.getheader(frame))))
            if survey:
                origins[band] = "psfield"
                try:
                    models[band] = survey_psf(survey, band, fits.getdata(frame).shape)
                except (OSError, IndexError, InputError) as error:
                    raise InputError(f"field {field}: psField, band {band}: {error}") from None
            elif params.psf in ("auto", "measured"):
                origins[band] = "measured"
                models[band] = measured_psf(frame, error, inputs.masks, band, folder, inputs)
            else:
                origins[band] = "given"
                models[band] = given_psf(float(params.psf) / scales[band])
            log.info("%s: %s, FWHM %.3f pixels", frame, origins[band], models[band].fwhm)
    write_psfs(snakemake.output[0], models, origins, scales)
