"""The camera of one image: what its header states, checked against its pixels."""

import numpy as np

from redpix.core.exceptions import InputError
from redpix.image.masks import bit_value
from redpix.io.header_values import filled
from redpix.photometry import ccd
from redpix.photometry.camera_check import checked_gain
from redpix.photometry.frame_type import frame_type
from redpix.photometry.illuminated_circle import find_circle
from redpix.photometry.sky_choice import choose_sky

#: side of the squares in which the noise of blank sky is measured for the test of a gain, pixels
TEST_MESH = 64

#: remark on an image whose gain is unknown and cannot be measured
NO_NOISE = "the gain is unknown and the sky has no noise: 1 electron per count is assumed"


def refuse_colour(path, header):
    """Raise InputError if an image is one of a colour camera, whose pixels differ in filter."""
    if filled(header.get("BAYERPAT")):
        raise InputError(
            f"{path}: BAYERPAT = {header['BAYERPAT']}: neighbouring pixels have different filters; "
            f"allowed: one colour, {path}[R], {path}[G] or {path}[B]"
        )


def with_remark_on_type(camera, header):
    """Return a camera with a remark if a card says that the image is not a light frame.

    Parameters
    ----------
    camera : redpix.io.camera.CameraRecord
        Record of the camera.
    header : Mapping
        FITS header of the image.

    Returns
    -------
    redpix.io.camera.CameraRecord
    """
    kind = frame_type(header, "")
    if kind.value in (None, "light"):
        return camera
    remark = (
        f"{kind.source} = {header[kind.source]}: this is a {kind.value} frame, not a light, so its "
        "stars may be false"
    )
    return camera._replace(remarks=(*camera.remarks, remark))


def hide_outside_of_circle(camera, raw, mask):
    """Hide the pixels outside of an illuminated circle, in place; return the record with a remark.

    Parameters
    ----------
    camera : redpix.io.camera.CameraRecord
        Record of the camera.
    raw : ndarray, shape (ny, nx)
        Counts as they were read.
    mask : ndarray of int, shape (ny, nx)
        Bits of `redpix.image.masks`, which are changed.

    Returns
    -------
    redpix.io.camera.CameraRecord
    """
    circle = find_circle(np.asarray(raw, float), mask != 0)
    if circle is None:
        return camera
    outside = circle.outside(mask.shape)
    mask[outside] |= bit_value("NO_DATA")
    remark = (
        f"only a circle of {circle.radius:.0f} pixels about x = {circle.x:.0f}, y = {circle.y:.0f} "
        f"is illuminated: {100 * outside.mean():.0f} % of the pixels, outside of it, are not sky"
    )
    return camera._replace(remarks=(*camera.remarks, remark))


def with_checked_gain(camera, made, zero_is_known):
    """Return a camera whose gain and read noise agree with the noise of blank sky.

    Parameters
    ----------
    camera : redpix.io.camera.CameraRecord
        Record of the camera.
    made : redpix.photometry.ccd.CalibratedImage
        Image free of dark and flat.
    zero_is_known : bool
        Whether counts start at zero, because a dark or an overscan was taken away.

    Returns
    -------
    redpix.io.camera.CameraRecord
        Its gain is known.
    """
    counts = made.image if made.flat is None else made.image * made.flat
    try:
        sky, _ = choose_sky(counts, made.mask, TEST_MESH)
    except InputError:  # without noise there is nothing to compare with
        return camera if camera.gain else camera.measured("gain", 1.0, "assumed", NO_NOISE)
    # without its gradient, which adds to the scatter in a square
    flat = ccd.background(counts - sky.level, made.mask, TEST_MESH)
    noise = float(min(np.median(flat.rms), np.median(sky.rms)))
    level = float(np.median(sky.level))
    return checked_gain(camera, level, noise, zero_is_known)
