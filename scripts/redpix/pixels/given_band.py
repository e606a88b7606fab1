"""Read one band of a field from the files that a user lists: image, error and mask, calibrated."""

from typing import NamedTuple

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.image.background import sloping_background
from redpix.image.exposure_file import FILL_VALUE
from redpix.image.masks import bit_value
from redpix.image.noise import image_mask, thinned_rows, typical
from redpix.image.pixel_map import local_scale
from redpix.image.wcs import celestial_wcs
from redpix.io.camera import NANOMAGGY_ZERO_POINT, described, read_camera
from redpix.io.fits_files import read_image
from redpix.pixels.fill_values import remove_fills
from redpix.pixels.given_noise import checked_errors
from redpix.pixels.given_planes import (
    PLANES,
    check_sense,
    given_errors,
    given_mask,
    mask_of_spans,
)
from redpix.pixels.given_zero_point import stated_zero_point
from redpix.pixels.lsst_calibration import photo_calibration
from redpix.sdss.magnitudes import SOFTENING
from redpix.sdss.survey_files import identified_frame, plain_survey_file
from redpix.sdss.write_error_maps import frame_errors

#: side of the squares in which a background and its noise are measured, pixels
MESH = 256

#: minimum level of a sky that is subtracted, in units of the noise of a pixel
LEAST_SKY = 1.0

#: pixels of a smaller or larger typical size are rescaled, so that their squares are numbers
_PLAIN_RANGE = (1e-15, 1e15)

#: maximum fraction of saturated pixels by a header that is believed
MOST_SATURATED = 0.05


class GivenBand(NamedTuple):
    """One band of a field.

    Attributes
    ----------
    image, error : ndarray, shape (ny, nx), float32
        Flux per pixel and its 1-sigma error; nanomaggies if the zero point is known. Invalid pixels
        are NaN.
    mask : ndarray, shape (ny, nx), int16
        Bits of `redpix.image.masks`.
    header : astropy.io.fits.Header
    wcs : astropy.wcs.WCS
    about : dict
        Origin of each property: zero_point, unit, sky, error, noise (per root of a square
        arcsecond), softening (of SDSS, else None), remarks. gain and saturation (above the sky)
        are in units of the user's image, None if unknown.
    """

    image: np.ndarray
    error: np.ndarray
    mask: np.ndarray
    header: fits.Header
    wcs: WCS
    about: dict


def read_band(row):
    """Return one band of a field.

    Parameters
    ----------
    row : redpix.config.given_frame.GivenFrame
        Row of the user's table.

    Returns
    -------
    GivenBand

    Raises
    ------
    InputError
        One line that begins with the column or the path at fault.
    """
    if row.error is row.variance is row.weight is None:
        with plain_survey_file(row.image) as path:
            identified = path and identified_frame(path)
            if identified:
                return _survey_band(row, path, *identified)
    file, camera = _read(row)
    remarks = list(file.remarks)
    image, unit = _in_range(file.pixels)
    file = file._replace(pixels=None)  # planes of a tile take gigabytes
    saturation = None if camera.saturation is None else camera.saturation * unit
    saturation = _believed_saturation(image, saturation, remarks)
    mask = _masked(row, file, image, saturation, remarks)
    errors = given_errors(row, file.planes, image.shape).times(unit)
    calibration = photo_calibration(row.image, file.names, remarks)
    file = file._replace(planes={})
    counted = camera if camera.gain is None else camera._replace(gain=camera.gain / unit)
    try:
        wcs = celestial_wcs(file.header)
        sky = _sky(np.where(mask == 0, image, np.nan), remarks)
        error, origin = checked_errors(image, sky, mask, counted, errors, MESH, remarks)
        zero_point = stated_zero_point(
            camera,
            file.header,
            local_scale(wcs, image.shape),
            _typical_error(error) / unit,
            row.wavelength,
            calibration,
        )
    except InputError as fault:
        raise InputError(f"image: {row.image}: {fault}") from None
    if unit != 1:
        origin += f"; these pixels are those of the file times {unit:g}"
    image, said, level = _without_sky(image, sky, error, unit)
    factor, about = _calibration(zero_point, remarks)
    about |= {"sky": said, "error": origin, "camera": described(camera), "psf": row.psf}
    above_sky = None if saturation is None else float((saturation - level) / unit)
    about |= {"gain": camera.gain, "saturation": above_sky}
    factor = np.float32(factor / unit)
    image *= factor
    error = np.multiply(error, factor, dtype=np.float32)
    return _finished(row, image, error, mask, file.header, wcs, about, remarks)


def _read(row):
    """Return the file of an image and its camera."""
    try:
        file = read_image(row.image, PLANES)
    except InputError as error:
        raise InputError(f"image: {error}") from None
    camera = read_camera(file.header, _given(row), file.shape)
    for remark in camera.remarks:
        log.info("%s: %s", row.image, remark)
    return file, camera


def _typical_error(error):
    """Return the median of an error map from enough of its rows."""
    return float(np.nanmedian(error[thinned_rows(error.shape)]))


def _masked(row, file, image, saturation, remarks):
    """Return the mask of an image by its pixels and the user; pixels without data become NaN."""
    remarks += remove_fills(image)
    mask = image_mask(image, saturation)
    empty = (mask & bit_value("NO_DATA", "BAD")) != 0
    given = given_mask(row.mask, file.planes, image.shape, remarks, row.band)
    check_sense(given, empty, row.mask)
    mask |= given
    image[(mask & bit_value("NO_DATA")) != 0] = np.nan
    if not np.isfinite(image).any():
        raise InputError(f"image: {row.image}: no pixel has a value")
    return mask


def _in_range(pixels):
    """Return an image as float32, and the power of ten by which it was multiplied."""
    some = np.abs(pixels[thinned_rows(pixels.shape)], dtype=float).ravel()
    some = some[np.isfinite(some) & (some > 0) & (some < FILL_VALUE)]
    size = float(np.median(some)) if len(some) else 1.0
    if _PLAIN_RANGE[0] < size < _PLAIN_RANGE[1]:
        return pixels.astype(np.float32), 1.0
    unit = 10.0 ** -round(np.log10(size))
    return (pixels * unit).astype(np.float32), unit


def _given(row):
    """Return the camera values of a row, by their names in `read_camera`."""
    return {name: getattr(row, name) for name in ("gain", "read_noise", "zero_point")}


def _survey_band(row, path, field, band):
    """Return a frame of SDSS with its error map and, if the row names it, its survey mask."""
    error, _ = frame_errors(path, field, band)
    with fits.open(path, memmap=False) as hdus:
        image, header = hdus[0].data.astype(np.float32), hdus[0].header
    remarks = _unused_values(row)
    mask = mask_of_spans(row.mask, image.shape, remarks)
    about = {
        "zero_point": NANOMAGGY_ZERO_POINT,
        "zero_point_from": "frame of SDSS",
        "unit": "nanomaggy",
        "sky": "subtracted by the survey",
        "error": "gain and dark variance of the SDSS camera",
        "camera": {},
        "psf": row.psf,
        "softening": SOFTENING[band],
    }
    return _finished(row, image, error, mask, header, celestial_wcs(header), about, remarks)


def _unused_values(row):
    """Return a remark if a row of a frame of SDSS has values that the frame itself states."""
    names = [name for name, value in _given(row).items() if value is not None]
    if not names:
        return []
    values = ", ".join(f"{name} {getattr(row, name):g}" for name in names)
    return [
        f"{values} of the table: not used, as a frame of SDSS is in nanomaggies (22.5) and has the "
        "gain and dark variance of its camera"
    ]


def _finished(row, image, error, mask, header, wcs, about, remarks):
    """Return a band whose noise is known, after a check that some pixel is usable."""
    usable = np.isfinite(image) & np.isfinite(error) & (error > 0)
    if not usable.any():
        raise InputError(f"image: {row.image}: no pixel has a value and a positive error")
    scale = 3600 * local_scale(wcs, image.shape)
    about["noise"] = float(np.median(error[usable][:: 1 + usable.sum() // 1_000_000]) / scale)
    about["pixel_scale"] = round(scale, 5)
    about.setdefault("softening", None)
    about["remarks"] = list(dict.fromkeys(remarks))
    for remark in about["remarks"]:
        log.warning("%s, band %s: %s", row.field, row.band, remark)
    return GivenBand(image, error.astype(np.float32, copy=False), mask, header, wcs, about)


def _believed_saturation(image, level, remarks):
    """Return a saturation level, or None if it would hide a large part of the image."""
    if level is None:
        return None
    with np.errstate(invalid="ignore"):
        hidden = np.mean(image >= level)
    if hidden <= MOST_SATURATED:
        return level
    remarks.append(
        f"the saturation level {level:g} of the header is not used: {100 * hidden:.0f} % of the "
        "pixels are above it"
    )
    return None


def _sky(image, remarks):
    """Return the background of an image, which is NaN at invalid pixels."""
    sky, change = sloping_background(image, MESH)
    if change:
        remarks.append(
            f"the sky changes over the image by {change:.3g} times the noise of a pixel: a plane "
            "was fitted"
        )
    return sky


def _without_sky(image, sky, error, unit):
    """Return the image without its sky, what was subtracted, and its level."""
    level, noise = typical(sky), _typical_error(error)
    if abs(level) <= LEAST_SKY * noise:
        said = f"subtracted before: {level / unit:.3g} in units of the image is left as it is"
        return image, said, 0.0
    image -= sky
    return image, f"subtracted: {level / unit:.5g} in units of the image", level


def _calibration(stated, remarks):
    """Return the factor to nanomaggies, and how it is known."""
    remarks += stated.remarks
    zero_point, source = stated.value, stated.origin
    if zero_point is None:
        remarks.append(
            "zero point unknown: one unit of the image counts as one nanomaggy (22.5); the column "
            "zero_point of the table sets it"
        )
        zero_point, source = NANOMAGGY_ZERO_POINT, "assumed"
    unit = "nanomaggy" if stated.is_ab and source != "assumed" else "count"
    factor = 10 ** (-0.4 * (zero_point - NANOMAGGY_ZERO_POINT))
    return factor, {"zero_point": zero_point, "zero_point_from": source, "unit": unit}
