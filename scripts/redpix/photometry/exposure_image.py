"""Read one image of a camera or one frame of the survey, and remove dark and flat."""

from typing import NamedTuple

import numpy as np
from astropy.io import fits

from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.image.data_quality import mask_of_file
from redpix.image.exposure_file import log_remarks
from redpix.image.masks import bit_value
from redpix.image.saturation_level import with_plateau
from redpix.io.camera import CameraRecord, read_camera
from redpix.io.colour_planes import COLOURS, TURNED, mosaic_cards, one_colour, turn_rows
from redpix.io.exposure_header import seconds
from redpix.io.image_path import image_file, named_hdu
from redpix.photometry import ccd
from redpix.photometry.camera_check import strips_without_sky, without_sky
from redpix.photometry.camera_of_image import (
    hide_outside_of_circle,
    refuse_colour,
    with_checked_gain,
    with_remark_on_type,
)
from redpix.photometry.coarse_counts import without_steps
from redpix.photometry.level_steps import without_level_steps
from redpix.photometry.planes_file import reason_left_out
from redpix.photometry.raw_image import read_raw
from redpix.photometry.user_mask import read_mask
from redpix.sdss.mask_table import span_mask


class ExposureImage(NamedTuple):
    """An image free of dark and flat, with what is known of its camera.

    Attributes
    ----------
    calibrated : redpix.photometry.ccd.CalibratedImage
    header : mapping
        Header of the raw image.
    camera : redpix.io.camera.CameraRecord
    electrons : ndarray, shape (ny, nx)
        Electrons per count in each pixel.
    read_noise : float or None
        Electrons; None if it or the gain is unknown.
    total : ndarray, shape (ny, nx), or None
        Variance of the pixels with the photons of the stars, counts squared, if known.
    """

    calibrated: ccd.CalibratedImage
    header: dict
    camera: CameraRecord
    electrons: np.ndarray
    read_noise: float | None = None
    total: np.ndarray | None = None


def read_logged(path):
    """Return the image of a FITS file and its merged header; log what was done and assumed.

    Parameters
    ----------
    path : str
        FITS file, with the HDU if it has several images.

    Returns
    -------
    pixels : ndarray, shape (ny, nx)
    header : mapping
    """
    image = read_raw(path)
    log_remarks(path, image.remarks)
    return image.pixels, image.header


def read_calibration(path, light):
    """Return a dark or a flat and its header.

    Where the pixels of a light tell that the rows of its mosaic are in the opposite order, they are
    so in its dark, which cannot tell.

    Parameters
    ----------
    path : str
        FITS file, with the colour of the light if it has one.
    light : mapping
        Header of the light.

    Returns
    -------
    pixels : ndarray, shape (ny, nx), or None
        None for a master that is left out, which is logged.
    header : mapping
    """
    if reason := _reason_left_out(path):
        log.warning("%s: left out, and not applied: %s", path, reason)
        return None, {}
    colour = named_hdu(path).strip("[]").upper()
    if not light.get(TURNED) or colour not in COLOURS:
        return read_logged(path)
    mosaic = read_raw(image_file(path))
    if not mosaic_cards(mosaic.header):
        return read_logged(path)
    turn_rows(mosaic.header)
    pixels, _, remarks = one_colour(mosaic.pixels, mosaic.pixels.shape, mosaic.header, colour)
    log_remarks(path, (*mosaic.remarks, *remarks))
    return pixels, mosaic.header


def _reason_left_out(path):
    """Return why a master has no pixels; None for another file."""
    try:
        return reason_left_out(image_file(path))
    except (OSError, InputError):  # the reader names the fault
        return None


def calibrate_image(row, params):
    """Return an image of a camera free of dark and flat, with its masked pixels.

    Parameters
    ----------
    row : mapping
        The image's row of the table of images: `path`, `dark`, `flat`, `mask`, `exposure` and what
        the user knows of the camera.
    params : mapping
        `camera`, `flat` and `scale_dark` of the configuration.

    Returns
    -------
    ExposureImage

    Raises
    ------
    InputError
        If a file cannot be read, or the image cannot be calibrated.
    """
    raw, header = read_logged(row["path"])
    refuse_colour(row["path"], header)
    given = {k: v if row.get(k) is None else row[k] for k, v in params["camera"].items()}
    camera = read_camera(header, {**given, "exposure_time": row["exposure"]}, raw.shape)
    camera = with_plateau(with_remark_on_type(camera, header), raw)
    dark, factor = None, 1.0
    if row["dark"]:
        dark, dark_header = read_calibration(row["dark"], header)
        if dark is not None and params["scale_dark"]:
            factor = dark_factor(row, camera.exposure_time, dark_header)
    flat = read_calibration(row["flat"], header)[0] if row["flat"] else None
    counts, remarks = without_steps(raw, camera.saturation)
    for name, pixels in (("dark", dark), ("flat", flat)):
        if row[name] and pixels is None:
            remarks = (*remarks, f"{row[name]} is left out, so no {name} is applied")
    camera = camera._replace(remarks=camera.remarks + remarks)
    try:
        made = ccd.calibrate(counts, dark, flat, factor, params["flat"], camera.saturation)
    except InputError as error:
        raise InputError(f"{row['path']}: {error}") from None
    made.mask[without_sky(raw)] |= bit_value("NO_DATA")
    camera = hide_outside_of_circle(camera, raw, made.mask)
    made.mask[strips_without_sky(made.image, made.mask != 0)] |= bit_value("NO_DATA")
    made, camera = _without_level_steps(made, camera)
    camera = with_checked_gain(camera, made, dark is not None or "OVERSCAN" in header)
    log_remarks(row["path"], camera.remarks)
    log_masks(row["path"], made)
    hide_by_mask(made.mask, row["mask"], header)
    beside, remarks = mask_of_file(row["path"], made.mask.shape)
    log_remarks(row["path"], remarks)
    if beside is not None:
        made.mask[...] |= beside
    electrons = camera.gain * (1 if made.flat is None else made.flat)
    electrons = np.broadcast_to(electrons, made.mask.shape)
    return ExposureImage(made, header, camera, electrons, camera.read_noise)


def _without_level_steps(made, camera):
    """Return an image without steps between amplifiers, and the record with a remark."""
    image, remark = without_level_steps(made.image, made.mask != 0)
    if not remark:
        return made, camera
    return made._replace(image=image), camera._replace(remarks=(*camera.remarks, remark))


def hide_by_mask(mask, path, header):
    """Give the pixels that a user's mask hides the bit NO_DATA, in place.

    Parameters
    ----------
    mask : ndarray of int, shape (ny, nx)
        Mask of the image, which is changed.
    path : str or None
        The user's mask, as for `read_mask`; nothing is hidden without one.
    header : Mapping
        FITS header of the image.

    Raises
    ------
    InputError
        If the file cannot be read, has another shape, or hides the whole image.
    """
    if not path:
        return
    hidden = read_mask(path, mask.shape, header)
    try:
        ccd.hide(mask, hidden)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def dark_factor(row, exposure, dark_header):
    """Return the exposure time of an image over the exposure time of its dark.

    Parameters
    ----------
    row : mapping
        The image's row of the table of images.
    exposure : float or None
        Exposure time of the image, s.
    dark_header : mapping
        Header of the dark.

    Returns
    -------
    float

    Raises
    ------
    InputError
        If an exposure time is unknown.
    """
    times = exposure, seconds(dark_header)
    for time, name in zip(times, (row["path"], row["dark"]), strict=True):
        if time is None:
            raise InputError(
                f"{name}: no exposure time, so the dark cannot be scaled; allowed: a card EXPTIME, "
                "the column exposure, or photometry.scale_dark false"
            )
    return times[0] / times[1]


def log_masks(path, made):
    """Log the number of masked pixels.

    Parameters
    ----------
    path : str
        Name of the image in the log.
    made : redpix.photometry.ccd.CalibratedImage
        Image free of dark and flat.
    """
    for bit, words in (
        ("SATURATED", "saturated or overflowed"),
        ("NO_DATA", "a constant region, or an abruptly different one at the border, not sky"),
        ("BAD", "invalid (bad flat?)"),
    ):
        count = np.count_nonzero(made.mask & bit_value(bit))
        if count:
            log.info("%s: %d pixels masked %s: %s", path, count, bit, words)


def calibrate_frame(row, image, errors, masks):
    """Return a frame of the survey in nanomaggies with its masked pixels and its noise.

    Parameters
    ----------
    row : mapping
        The image's row of the table of images: `frame` (field, band) and `mask`.
    image, errors, masks : str
        FITS files of the frame, of its error map, and of the survey's masks of the field.

    Returns
    -------
    ExposureImage

    Raises
    ------
    InputError
        If the user's mask cannot be used.
    """
    with fits.open(image, memmap=False) as hdus:
        pixels, header = hdus[0].data.astype(np.float64), dict(hdus[0].header)
        per_dn = hdus[1].data.astype(np.float64)
    error, error_header = fits.getdata(errors, header=True)
    electrons = np.broadcast_to(error_header["GAIN"] / per_dn, pixels.shape)
    made = ccd.calibrate(pixels)
    masked = span_mask(masks, row["frame"][1], pixels.shape)
    made = made._replace(mask=made.mask | masked)
    hide_by_mask(made.mask, row["mask"], header)
    given = {"gain": error_header["GAIN"], "exposure_time": row["exposure"]}
    camera = read_camera({**header, "BUNIT": "nanomaggy"}, given)
    total = np.square(error.astype(np.float64))
    return ExposureImage(made, header, camera, electrons, total=total)
