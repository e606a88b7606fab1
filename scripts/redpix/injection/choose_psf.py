"""Choose the PSF of each frame of a field, for the sources injected into it."""

import tempfile
from pathlib import Path

import numpy as np
from astropy.io import fits

from redpix.astrometry.align_pair import star_programs
from redpix.core.exceptions import InputError
from redpix.core.field_name import parse_field
from redpix.core.job import log
from redpix.image.pixel_map import local_scale
from redpix.image.wcs import celestial_wcs
from redpix.io.whole_fits import open_whole
from redpix.psf.given_model import read_given_model
from redpix.psf.given_psf import moffat_model
from redpix.psf.psf_choice import fit_psf
from redpix.psf.psf_file import write_psfs
from redpix.psf.psfex import find_sources
from redpix.sdss.archive import Archive
from redpix.sdss.fetch_psfields import check_psfield
from redpix.sdss.mask_table import span_mask
from redpix.sdss.psfield import FILTERS, psfield_model, psfield_path

#: side of the stamp of a Moffat profile, pixels
MOFFAT_SIDE = 51


def fetch_psfield(field, folder, required, source, release, **patience):
    """Fetch the psField file of a field.

    Parameters
    ----------
    field : redpix.core.field_name.Field
        Field of the survey.
    folder : str
        Folder for the file.
    required : bool
        Whether a missing file is an error.
    source : str
        URL or folder of the archive.
    release : str
        Data release.
    **patience : int
        retries and timeout (seconds) of `redpix.sdss.archive.Archive`.

    Returns
    -------
    Path or None
        None if the archive does not hold the file. If it is damaged and not required, a warning
        is logged.

    Raises
    ------
    InputError
        If the file is required and missing or damaged, or cannot be fetched.
    """
    archive = Archive(source, **patience)
    location = archive.locate(psfield_path(release, field), required=required)
    target = Path(folder) / "psField.fit"
    if not (location and archive.fetch(location, target, lambda _: None, required)):
        return None
    try:
        check_psfield(target)
    except InputError as error:
        if required:
            raise InputError(f"{location.url}: {error}") from None
        log.warning("%s: %s; the PSF is measured", location.url, error)
        return None
    return target


def survey_psf(path, band, shape, field):
    """Return the PSF that the pipeline of the survey measured in a band.

    Parameters
    ----------
    path : Path
        psField file.
    band : str
        Name of the band.
    shape : tuple of int
        (ny, nx) of the frame.
    field : redpix.core.field_name.Field
        Field named in error messages.

    Returns
    -------
    redpix.psf.psf_model.PsfModel

    Raises
    ------
    InputError
        If the file does not hold a usable PSF of the band.
    """
    try:
        with open_whole(path, "a psField file", name=False) as hdus:
            return psfield_model(hdus[FILTERS.index(band) + 1].data, shape)
    except InputError as error:
        raise InputError(f"field {field}: psField, band {band}: {error}") from None


def measured_psf(frame, error, masks, band, sextractor, psfex):
    """Measure the PSF of a frame on its stars, with SExtractor and PSFEx.

    Parameters
    ----------
    frame, error : str
        FITS files of the frame and of its error map.
    masks : str
        Masks of the field.
    band : str
        Name of the band.
    sextractor : list of str
        SExtractor's configuration, output parameters and convolution filter.
    psfex : str
        PSFEx's configuration.

    Returns
    -------
    redpix.psf.psf_model.PsfModel
    """
    config, parameters, filter = sextractor
    with star_programs(config, parameters, filter, psfex) as programs:
        image, variance = fits.getdata(frame), np.square(fits.getdata(error))
        mask = span_mask(masks, band, image.shape)
        settings, folder = programs.sextractor, programs.folder
        stars = find_sources(band, image, variance, mask, folder, settings, frame)
        return fit_psf(stars, programs.psfex, frame)[0]


def listed_psf(path, psf, scale):
    """Return the PSF of an image of a user's table, unless it must be measured.

    Parameters
    ----------
    path : str or None
        PSF that the table names: a PSFEx model or an image.
    psf : str or float
        As for `choose_psf`.
    scale : float
        Pixel scale, arcsec.

    Returns
    -------
    redpix.psf.psf_model.PsfModel or None
        None for a PSF that is to be measured.

    Raises
    ------
    InputError
        If the survey's PSF is wanted, or the file is not a PSF.
    """
    if psf == "psfield":
        raise InputError(
            'injection.psf: "psfield" with frames, which are not those of SDSS; allowed: auto, '
            "measured, or a FWHM in arcsec"
        )
    if psf == "auto" and path is not None:
        return read_given_model(path)
    if psf in ("auto", "measured"):
        return None
    return moffat_model(float(psf) / scale, side=MOFFAT_SIDE)


def choose_psf(
    frames, errors, masks, sextractor, psfex, psf_file, bands, psf, field, listed=None, **archive
):
    """Write the PSFs of a field: given, from the survey, measured on stars, or of a given FWHM.

    Parameters
    ----------
    frames, errors : list of str
        FITS files of the frames and of their error maps, one per band.
    masks : str
        Masks of the field.
    sextractor : list of str
        SExtractor's configuration, output parameters and convolution filter.
    psfex : str
        PSFEx's configuration.
    psf_file : str
        FITS file that is written, see `redpix.psf.psf_file.write_psfs`.
    bands : sequence of str
        Bands in the order of `frames`.
    psf : str or float
        "psfield" for the PSF of the survey, "measured" for that of the frame's stars, "auto" for
        that of the user's table or of the survey, or else the measured one; a number is the FWHM
        of a Moffat profile in arcsec.
    field : str
        Name of the field, such as 94-3-7.
    listed : dict of str to str, optional
        PSF of each band by the user's table of images, None if the table has none. Without the
        argument, frames are those of SDSS.
    **archive : str or int
        source, release, retries and timeout of `fetch_psfield`: the archive of the survey.

    Raises
    ------
    InputError
        If the PSF cannot be fetched, read or measured.
    """
    models, origins, scales = {}, {}, {}
    with tempfile.TemporaryDirectory() as folder:
        psfield = None
        if listed is None:
            number = parse_field(field)
            if psf in ("auto", "psfield"):
                psfield = fetch_psfield(number, folder, required=psf == "psfield", **archive)
        for band, frame, error in zip(bands, frames, errors, strict=True):
            header = fits.getheader(frame)
            shape = header["NAXIS2"], header["NAXIS1"]
            scales[band] = 3600 * local_scale(celestial_wcs(header), shape)
            if psfield:
                origins[band], models[band] = "psfield", survey_psf(psfield, band, shape, number)
            else:
                models[band] = listed_psf((listed or {}).get(band), psf, scales[band])
                origins[band] = "measured" if models[band] is None else "given"
            if models[band] is None:
                models[band] = measured_psf(frame, error, masks, band, sextractor, psfex)
            log.info("%s: %s, FWHM %.3f pixels", frame, origins[band], models[band].fwhm)
    write_psfs(psf_file, models, origins, scales)
