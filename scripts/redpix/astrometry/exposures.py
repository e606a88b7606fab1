"""Read the images that are worked together: frames of the survey, coadds, any telescope's FITS."""

import numpy as np
from astropy.io import fits

from redpix.core.exceptions import InputError
from redpix.image.exposure_file import Exposure, read_fits_exposure, rescaled
from redpix.image.wcs import frame_wcs
from redpix.io.camera import NANOMAGGY_ZERO_POINT
from redpix.io.image_path import named_hdu
from redpix.psf.psf_model import STAMP
from redpix.sdss.mask_table import span_mask
from redpix.sdss.psfield import FILTERS, psfield_model


def read_exposure(paths, band, settings, name=""):
    """An image from its files.

    Parameters
    ----------
    paths : sequence of str
        Frame, error map, table of masked spans and, if wanted, psField file of a field of the
        survey; or one FITS image, of which an HDU may be named.
    band : str
    settings : Mapping
        background_mesh; what is given of the camera: gain, read_noise, saturation, zero_point;
        noise, measured unless given: whether variances are scaled to the noise of blank sky;
        needs_wcs, true unless given: whether an image must have a WCS.

    name : str, optional
        Name of the image as the user wrote it, which may name an HDU of the file.

    Returns
    -------
    Exposure

    Raises
    ------
    InputError
        One line that names the file.
    """
    if len(paths) == 1:
        exposure = read_fits_exposure(paths[0] + named_hdu(name), settings)
    else:
        exposure = _survey_frame(paths, band, settings)
    if min(exposure.image.shape) <= STAMP:
        rows, columns = exposure.image.shape
        raise InputError(
            f"{paths[0]}: an image of {columns} x {rows} pixels; allowed: larger than its PSF, "
            f"{STAMP} x {STAMP} pixels"
        )
    return exposure


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
                # one HDU stands for a file that could not be had, see fetch_psfields.py
                if len(hdus) > 1:
                    table = hdus[1 + FILTERS.index(band)].data
                    exposure.psf = psfield_model(table, image.shape)
        return rescaled(exposure, "error map", settings)
    except InputError as error:
        raise InputError(f"{frame}: {error}") from None
