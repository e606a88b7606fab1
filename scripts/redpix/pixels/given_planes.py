"""Read the error maps and masks that go with a user's image, and write masks as spans."""

import numpy as np

from redpix.core.exceptions import InputError
from redpix.image.masks import BITS, DTYPE, bit_value, translated_mask
from redpix.io.fits_files import read_image
from redpix.io.whole_fits import open_whole
from redpix.sdss.frames import mask_spans, masked_pixels

#: kind of the noise in an HDU that goes with an image, by its name
NOISE_PLANES = {
    "VARIANCE": "variance",
    "VAR": "variance",
    "IVAR": "weight",
    "ERR": "error",
    "ERROR": "error",
}

#: names of HDUs that hold a mask
MASK_PLANES = ("MASK", "DQ")

#: HDUs that are read beside an image
PLANES = (*NOISE_PLANES, *MASK_PLANES)

#: maximum fraction of masked pixels that is not remarked on
MOST_MASKED = 0.5


def given_errors(row, planes, shape):
    """Return the error map that a row or the file of its image gives.

    Parameters
    ----------
    row : redpix.config.given_frame.GivenFrame
        At most one of its columns error, variance and weight is not None.
    planes : dict of str to redpix.io.fits_files.FitsPlane
        HDUs beside the image.
    shape : (int, int)
        Rows and columns of the image.

    Returns
    -------
    error : ndarray, shape `shape`, float32, or None
        1-sigma error in the unit of the image; NaN where it is invalid.
    origin : str
        Description of its origin; empty without a map.

    Raises
    ------
    InputError
        If the map has another shape, or not a single valid value.
    """
    for kind in ("error", "variance", "weight"):
        path = getattr(row, kind)
        if path is not None:
            pixels = _read_plane(kind, path, shape).pixels
            return _as_error(pixels, kind, f"{kind}: {path}"), f"{kind} of {path}"
    for name, kind in NOISE_PLANES.items():
        if name in planes:
            where = f"image: {row.image}: HDU {name}"
            return _as_error(planes[name].pixels, kind, where), f"HDU {name} of {row.image}"
    return None, ""


def _as_error(values, kind, where):
    """Return 1-sigma errors; NaN where a value is zero, negative or not a number."""
    values = values.astype(np.float32)
    valid = np.isfinite(values) & (values > 0)
    if not valid.any():
        raise InputError(f"{where}: no pixel is above 0; allowed: positive numbers")
    values[~valid] = np.nan
    if kind in ("variance", "weight"):
        np.sqrt(values, out=values)
    return np.divide(1, values, out=values) if kind == "weight" else values


def _read_plane(kind, path, shape):
    """Return the image of a plane, which has the shape of its image."""
    try:
        file = read_image(path)
    except InputError as error:
        raise InputError(f"{kind}: {error}") from None
    if file.pixels.shape != shape:
        raise InputError(
            f"{kind}: {path}: {_size(file.pixels.shape)} pixels, and its image has {_size(shape)}; "
            "allowed: the same"
        )
    return file


def _size(shape):
    """Return a shape as columns x rows."""
    return " x ".join(map(str, shape[::-1]))


def given_mask(path, planes, shape, remarks):
    """Return the mask that a row or the file of its image gives.

    Parameters
    ----------
    path : str or None
        Mask in which 0 is good, or an fpM file of SDSS.
    planes : dict of str to redpix.io.fits_files.FitsPlane
        HDUs beside the image.
    shape : (int, int)
        Rows and columns of the image.
    remarks : list of str
        Remarks are appended.

    Returns
    -------
    ndarray, shape `shape`, int16
        Bits of `redpix.image.masks`.

    Raises
    ------
    InputError
        If the mask cannot be read or has another shape.
    """
    if path is not None:
        if is_survey_mask(path):
            return mask_of_spans(path, shape, remarks)
        file = _read_plane("mask", path, shape)
        values, header = file.pixels, file.header
    else:
        name = next((name for name in MASK_PLANES if name in planes), None)
        if name is None:
            return np.zeros(shape, DTYPE)
        values, header = planes[name].pixels, planes[name].header
    mask = translated_mask(values, header)
    masked = np.mean(mask != 0)
    if masked > MOST_MASKED:
        remarks.append(
            f"{100 * masked:.0f} % of the pixels are masked; in a mask, 0 is good, and without "
            "cards that name its bits every other value is bad"
        )
    return mask


def is_survey_mask(path):
    """Return whether a file is a survey mask of SDSS (fpM): its last HDU names the planes.

    Parameters
    ----------
    path : str
        FITS file.

    Returns
    -------
    bool
    """
    try:
        with open_whole(path, "a mask", name=False) as hdus:
            return "attributeName" in (getattr(hdus[-1], "columns", None) or _NoColumns).names
    except InputError:
        return False


class _NoColumns:
    """Columns of an HDU that is not a table."""

    names = ()


def mask_of_spans(path, shape, remarks):
    """Return the mask of a frame from the survey's fpM file.

    Parameters
    ----------
    path : str or None
        fpM file; None for an empty mask.
    shape : (int, int)
        Rows and columns of the frame.
    remarks : list of str
        A mask that cannot be used is remarked on.

    Returns
    -------
    ndarray, shape `shape`, int16
    """
    mask = np.zeros(shape, DTYPE)
    if path is None:
        return mask
    try:
        with open_whole(path, "a survey mask (fpM)") as hdus:
            bit, y, x = masked_pixels(mask_spans(hdus))
    except InputError as error:
        remarks.append(f"the mask is not used: {error}")
        return mask
    np.bitwise_or.at(mask, (y, x), np.left_shift(1, bit).astype(DTYPE))
    return mask


def spans_of_mask(mask):
    """Return the runs of masked pixels of an image, as survey masks list them.

    Parameters
    ----------
    mask : ndarray, shape (ny, nx), int16
        Bits of `redpix.image.masks`.

    Returns
    -------
    ndarray, shape (n, 4), int32
        Bit, row, first and last column, 0-based; the last is inclusive.
    """
    parts = [np.empty((0, 4), np.int32)]
    for name, bit in BITS.items():
        marked = (mask & bit_value(name)) != 0
        if marked.any():
            edges = np.diff(np.pad(marked, ((0, 0), (1, 1))).astype(np.int8), axis=1)
            rows, first = np.nonzero(edges == 1)
            last = np.nonzero(edges == -1)[1] - 1
            bits = np.full(len(rows), bit)
            parts.append(np.stack([bits, rows, first, last], axis=1).astype(np.int32))
    return np.concatenate(parts)
