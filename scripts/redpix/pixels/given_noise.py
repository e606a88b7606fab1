"""Compare the errors that a user gives with the noise of blank sky, or measure them."""

import numpy as np

from redpix.core.job import log
from redpix.image.noise import APART, noise_scale, pixel_noise, thinned_rows
from redpix.pixels.given_planes import RELATIVE_KIND

#: a given error map that differs from the noise of blank sky by more than this factor is doubted
DOUBTED = 2.0

#: a weight map that differs from it by more than this factor has relative weights
RELATIVE = 5.0

#: another meaning of a doubted map is named if it agrees with blank sky to this factor
AGREES = 1.3

#: noise of distant neighbours over that of close ones from which noise is correlated
CORRELATED = 1.1


def checked_errors(image, sky, mask, camera, given, mesh, remarks):
    """Return the error map of an image and its origin.

    A given map is compared with blank sky: weights without a scale are scaled to it. Without a
    map, the noise follows from gain and read noise, or is measured.

    Parameters
    ----------
    image, sky : ndarray, shape (ny, nx)
        The image, and its background.
    mask : ndarray of int, shape (ny, nx)
        Pixels with any bit are ignored.
    camera : redpix.io.camera.CameraRecord
        Gain and read noise.
    given : redpix.pixels.given_planes.GivenErrors
        Errors that the user gives.
    mesh : int
        Side of the squares in which noise is measured, pixels.
    remarks : list of str
        Doubts are appended.

    Returns
    -------
    error : ndarray, shape (ny, nx), float32
        In the unit of the image.
    origin : str

    Raises
    ------
    InputError
        If no pixel has a value, or all pixels have the same.
    """
    if given.error is None:
        remarks += camera.remarks
        noise = pixel_noise(image, sky, mask, camera, mesh)
        return np.sqrt(noise.variance), noise.words
    rows = thinned_rows(image.shape)
    light, error, marked = image[rows] - sky[rows], given.error[rows], mask[rows]
    scale = _scale(light, error, marked)
    log.info("noise of blank sky: %.3f times the given error", scale)
    other = _other_meaning(light, error, marked, given.kind, scale)
    if other:
        remarks.append(
            f"the noise of blank sky is {scale:.3g} times the given error ({given.origin}), and "
            f"agrees with it if its values are {other[0]}; allowed: the column {other[1]} for them"
        )
    relative = given.kind == "weight" and not 1 / RELATIVE < scale < RELATIVE
    if relative or given.kind == RELATIVE_KIND:
        return _scaled(light, marked, given, error, scale, remarks)
    if not other and not 1 / DOUBTED < scale < DOUBTED:
        remarks.append(
            f"the noise of blank sky, between neighbours, is {scale:.3g} times the given error "
            f"({given.origin}); below 1, pixels may be correlated; otherwise check the column"
        )
    return given.error, given.origin


def _scaled(light, mask, given, error, scale, remarks):
    """Return errors of weights without a scale, scaled to blank sky, and their origin."""
    scale = max(scale, _far_scale(light, error, mask, scale))
    unknown = given.kind == RELATIVE_KIND
    kind = f"of unknown scale ({given.origin})" if unknown else "relative, not inverse variances"
    remarks.append(
        f"the weights are {kind}: the noise of blank sky is {scale:.3g} times theirs, and the "
        "errors are scaled to it"
    )
    return given.error * np.float32(scale), f"{given.origin}, scaled to the noise of blank sky"


def _scale(light, error, mask, apart=1):
    """Return the noise of blank sky over an error map."""
    variance = np.square(np.where(np.isfinite(error), error, 0))
    return noise_scale(light, variance, mask, apart)


def _far_scale(light, error, mask, near):
    """Return the scale of distant neighbours if noise is correlated, else that of close ones."""
    if light.shape[1] <= 4 * APART:
        return near
    far = _scale(light, error, mask, APART)
    return far if far > CORRELATED * near else near


def _other_meaning(light, error, mask, kind, scale):
    """Return what the values of a doubted map are by blank sky, and their column; None if unclear.

    The error of the map was made by its `kind`: error v, sqrt(v) or 1 / sqrt(v) of its values v.
    """
    if kind == RELATIVE_KIND or 1 / DOUBTED < scale < DOUBTED:
        return None
    values = {"error": error, "variance": np.square(error), "weight": error**-2.0}[kind]
    meanings = {
        "error": (values, "errors"),
        "variance": (np.sqrt(values), "variances"),
        "weight": (1 / np.sqrt(values), "inverse variances"),
    }
    for column, (meant, words) in meanings.items():
        if column != kind and 1 / AGREES < _scale(light, meant, mask) < AGREES:
            return words, column
    return None
