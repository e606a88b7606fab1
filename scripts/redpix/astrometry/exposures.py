"""Read exposures: frames of the survey, coadds of this workflow, images of any telescope."""

from collections.abc import Mapping
from functools import partial

import numpy as np
from astropy.io import fits

from redpix.core.exceptions import InputError
from redpix.core.parallel import side_by_side
from redpix.image.exposure_file import Exposure, log_remarks, read_fits_exposure, rescaled
from redpix.image.wcs import frame_wcs
from redpix.io.camera import NANOMAGGY_ZERO_POINT, check_units
from redpix.io.fits_files import read_header
from redpix.io.image_path import named_hdu
from redpix.psf.given_psf import given_psf
from redpix.psf.psf_model import STAMP
from redpix.sdss.mask_table import span_mask
from redpix.sdss.psfield import FILTERS, psfield_model


def read_exposure(paths, band, settings, name=""):
    """Return an exposure from its files.

    Parameters
    ----------
    paths : sequence of str
        One FITS image; or frame, error map, table of masked spans and, if wanted, psField file of
        a field of the survey.
    band : str
        Name of the band.
    settings : Mapping
        background_mesh; gain, read_noise, saturation, zero_point of the camera; psf (path) or fwhm
        (pixels) of the PSF; noise: "measured" (the default: variances are scaled to the noise of
        blank sky) or "given"; needs_wcs: whether a WCS that cannot be used is an error (the
        default is true).
    name : str, optional
        Name of the image as the user wrote it, which may name an HDU of the file.

    Returns
    -------
    redpix.image.exposure_file.Exposure

    Raises
    ------
    InputError
        One line that names the file.
    """
    if len(paths) == 1:
        path = paths[0] + named_hdu(name)
        _check_size(path, read_header(path).shape)
        exposure = read_fits_exposure(path, settings)
    else:
        exposure = _survey_frame(paths, band, settings)
        _check_size(exposure.path, exposure.image.shape)
    exposure.given_psf = given_psf(settings)
    return exposure


def _check_size(path, shape):
    """Raise InputError if an image is not larger than a PSF."""
    if min(shape) <= STAMP:
        rows, columns = shape
        raise InputError(
            f"{path}: an image of {columns} x {rows} pixels; allowed: larger than its PSF, "
            f"{STAMP} x {STAMP} pixels"
        )


def _survey_frame(paths, band, settings):
    """Return a frame of the survey as an exposure."""
    frame, errors, masks, *psfields = paths
    with fits.open(frame, memmap=False) as hdus:
        image, header = hdus[0].data, hdus[0].header
    try:
        exposure = Exposure(
            path=frame,
            image=image,
            variance=np.square(fits.getdata(errors)),
            mask=span_mask(masks, band, image.shape),
            wcs=frame_wcs(header),
            header=header,
            unit="nanomaggy",
            zero_point=NANOMAGGY_ZERO_POINT,
            survey=True,
        )
        for psfield in psfields:
            with fits.open(psfield, memmap=False) as hdus:
                # a psField file that could not be fetched has one HDU, see fetch_psfields.py
                if len(hdus) > 1:
                    table = hdus[1 + FILTERS.index(band)].data
                    exposure.psf = psfield_model(table, image.shape)
        return rescaled(exposure, "error map", settings)
    except InputError as error:
        raise InputError(f"{frame}: {error}") from None


def read_exposures(groups, band, settings, names, registration="wcs", threads=1):
    """Return exposures that are registered to the first of them.

    Parameters
    ----------
    groups : sequence of (sequence of str)
        Files of each exposure, as for `read_exposure`.
    band : str
        Name of the band.
    settings : dict or sequence of dict
        Settings of `read_exposure`, the same for all exposures or one per exposure.
    names : sequence of str
        Name of each exposure as the user wrote it.
    registration : {"wcs", "sources"}
        If exposures are matched by their sources, a WCS that cannot be used is left out.
    threads : int
        Number of exposures that are read at the same time.

    Returns
    -------
    list of redpix.image.exposure_file.Exposure

    Raises
    ------
    InputError
        If a file cannot be used, or the exposures have units of different quantities.
    """
    exposures = side_by_side(_calls(groups, band, settings, names, registration), threads)
    check_exposure_units(exposures)
    return exposures


def exposure_reader(groups, band, settings, names, registration="wcs"):
    """Yield exposures one after the other.

    Their units are not compared: `check_exposure_units` does that once all are read.

    Parameters
    ----------
    groups, band, settings, names, registration
        As for `read_exposures`.

    Yields
    ------
    redpix.image.exposure_file.Exposure
    """
    for call in _calls(groups, band, settings, names, registration):
        yield call()


def _calls(groups, band, settings, names, registration):
    """Return a call per exposure that reads it."""
    each = [settings] * len(groups) if isinstance(settings, Mapping) else settings
    return [
        partial(read_exposure, paths, band, {"needs_wcs": registration == "wcs", **one}, name)
        for paths, one, name in zip(groups, each, names, strict=True)
    ]


def check_exposure_units(exposures):
    """Log what is assumed on the units of exposures; raise InputError if they do not agree.

    Parameters
    ----------
    exposures : sequence of redpix.image.exposure_file.Exposure
        Their paths and units are used.

    Raises
    ------
    InputError
        If two units are of different quantities.
    """
    log_remarks(
        exposures[0].path, check_units((exposure.path, exposure.unit) for exposure in exposures)
    )
