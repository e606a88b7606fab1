"""Read the error maps and masks that go with a user's image, and write masks as spans."""

from typing import NamedTuple

import numpy as np

from redpix.core.exceptions import InputError
from redpix.image.data_quality import MOST_MASKED, mask_plane, quality_mask
from redpix.image.masks import BITS, DTYPE, bit_value
from redpix.io.fits_files import read_header, read_image
from redpix.io.image_path import split_path
from redpix.io.plane_names import MASK_PLANES, NOISE_PLANES, UTYPES
from redpix.io.whole_fits import open_whole
from redpix.sdss.frames import mask_spans, masked_pixels

#: HDUs that are read beside an image: the first of the noise, the first of the masks
PLANES = (tuple(NOISE_PLANES), MASK_PLANES)

#: name of a kind whose weights have no scale
RELATIVE_KIND = "relative"


class GivenErrors(NamedTuple):
    """Errors that a user or a file gives.

    Attributes
    ----------
    error : ndarray, shape (ny, nx), float32, or None
        1-sigma error in the unit of the image; NaN where it is invalid. None without a map.
    kind : str
        "error", "variance", "weight", or "relative" for weights without a scale.
    origin : str
        Description of its origin; empty without a map.
    """

    error: np.ndarray | None
    kind: str
    origin: str

    def times(self, factor):
        """Return errors of pixels that were multiplied by a factor, as float32."""
        if self.error is None:
            return self
        error = self.error if factor == 1 else self.error * factor
        return self._replace(error=error.astype(np.float32, copy=False))


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
    GivenErrors

    Raises
    ------
    InputError
        If the map has another shape, or not a single valid value.
    """
    for kind in ("error", "variance", "weight"):
        path = getattr(row, kind)
        if path is not None:
            pixels = _read_plane(kind, path, shape).pixels
            return GivenErrors(
                _as_error(pixels, kind, f"{kind}: {path}"), kind, f"{kind} of {path}"
            )
    for name, kind in NOISE_PLANES.items():
        if name in planes:
            where = f"image: {row.image}: HDU {name}"
            kind = UTYPES.get(planes[name].header.get("UTYPE"), kind)
            error = _as_error(planes[name].pixels, kind, where)
            return GivenErrors(error, kind, f"HDU {name} of {row.image}")
    return GivenErrors(None, "", "")


def _as_error(values, kind, where):
    """Return 1-sigma errors; NaN where a value is zero, negative or not a number."""
    values = values.astype(np.float64 if values.dtype.itemsize == 8 else np.float32)
    valid = np.isfinite(values) & (values > 0)
    if not valid.any():
        raise InputError(f"{where}: no pixel is above 0; allowed: positive numbers")
    values[~valid] = np.nan
    if kind != "error":
        np.sqrt(values, out=values)
    return np.divide(1, values, out=values) if kind in ("weight", RELATIVE_KIND) else values


def _read_plane(kind, path, shape):
    """Return the image of a plane, which has the shape of its image."""
    try:
        file = read_image(_with_hdu(kind, path))
    except InputError as error:
        raise InputError(f"{kind}: {error}") from None
    if file.pixels.shape != shape:
        raise InputError(
            f"{kind}: {path}: {_size(file.pixels.shape)} pixels, and its image has {_size(shape)}; "
            "allowed: the same"
        )
    return file


def _with_hdu(kind, path):
    """Return a path with the HDU whose name is of a kind, if the path names no HDU."""
    if split_path(path)[1] is not None:
        return path
    kinds = dict.fromkeys(MASK_PLANES, "mask") | NOISE_PLANES
    kinds |= {name: "weight" for name, one in kinds.items() if one == RELATIVE_KIND}
    names = read_header(path).names
    if len(names) < 3:  # a primary HDU and one extension: there is nothing to choose
        return path
    fitting = next((name for name in names if kinds.get(name) == kind), None)
    return path if fitting is None else f"{path}[{fitting}]"


def _size(shape):
    """Return a shape as columns x rows."""
    return " x ".join(map(str, shape[::-1]))


def given_mask(path, planes, shape, remarks, band=None):
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
    band : str, optional
        Band of the image, for masks whose bits name bands.

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
        values, header, name = file.pixels, file.header, None
    else:
        name = mask_plane(planes)
        if name is None:
            return np.zeros(shape, DTYPE)
        values, header = planes[name].pixels, planes[name].header
    mask, said = quality_mask(values, header, name, path, band)
    remarks += said
    masked = np.mean(mask != 0)
    if masked == 1:
        where = f"mask: {path}" if path else f"the mask beside the image ({name})"
        raise InputError(f"{where}: every pixel is masked; allowed: a mask in which 0 is good")
    if masked > MOST_MASKED:
        remarks.append(
            f"{100 * masked:.0f} % of the pixels are masked; in a mask, 0 is good, and without "
            "cards that name its bits every other value is bad"
        )
    return mask


def check_sense(mask, empty, path):
    """Refuse a mask whose 0 lies on the pixels without a value.

    Parameters
    ----------
    mask : ndarray of int, shape (ny, nx)
        Result of `given_mask`.
    empty : ndarray of bool, shape (ny, nx)
        Pixels of the image without a value.
    path : str or None
        Mask of the user; None without one.

    Raises
    ------
    InputError
        If most pixels that the mask calls good have no value, and most others have one.
    """
    good = mask == 0
    if path is None or not good.any() or np.mean(~good) <= MOST_MASKED:
        return
    if np.mean(empty[good]) > MOST_MASKED and np.mean(empty[~good]) < MOST_MASKED:
        raise InputError(
            f"mask: {path}: the image has no value where it is 0, and values elsewhere; allowed: a "
            "mask in which 0 is good"
        )


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
