"""Compare the errors that a user gives with the noise of blank sky, or measure them."""

import numpy as np

from redpix.core.job import log
from redpix.image.noise import APART, noise_scale, pixel_noise, thinned_rows
from redpix.pixels.given_planes import RELATIVE_KIND

#: a given error map that differs from the noise of blank sky by more than this factor is doubted
DOUBTED = 2.0

#: a weight map that differs from it by more than this factor has relative weights
RELATIVE = 5.0

#: another meaning of a doubted map is named if it agrees with blank sky to the first factor, and
#: taken if it agrees to the second, or to the first where the map differs by `RELATIVE`
AGREES, CLOSELY = 1.3, 1.1

#: kinds of noise maps in words
_WORDS = {"error": "errors", "variance": "variances", "weight": "inverse variances"}

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
    return _compared(image[rows] - sky[rows], given.error[rows], mask[rows], given, remarks)


def _compared(light, error, marked, given, remarks):
    """Return the errors of a given map, as blank sky allows them, and their origin."""
    scale = _scale(light, error, marked)
    log.info("noise of blank sky: %.3f times the given error", scale)
    off = not 1 / RELATIVE < scale < RELATIVE
    other = _other_meaning(light, error, marked, given.kind, scale, AGREES if off else CLOSELY)
    if other:
        remarks.append(
            f"{given.origin}: by blank sky, whose noise is {scale:.3g} times the error of these "
            f"values as {_WORDS[given.kind]}, they are {_WORDS[other]}, and are taken as such; the "
            f"column {other} is for them"
        )
        taken = _as_error(_values(given.error, given.kind), other)
        return taken, f"{given.origin}, taken as {_WORDS[other]} by blank sky"
    other = _other_meaning(light, error, marked, given.kind, scale, AGREES)
    if other:
        remarks.append(
            f"the noise of blank sky is {scale:.3g} times the given error ({given.origin}), and "
            f"agrees with it if its values are {_WORDS[other]}; allowed: the column {other} for "
            "them"
        )
    if (off and given.kind == "weight") or given.kind == RELATIVE_KIND:
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


def _other_meaning(light, error, mask, kind, scale, agrees):
    """Return the kind of the values of a doubted map by blank sky to a factor; None if unclear.

    A kind must agree in the halves of the smaller and of the larger errors, too, if they differ.
    """
    if kind == RELATIVE_KIND or 1 / DOUBTED < scale < DOUBTED:
        return None
    values = _values(error, kind)
    low, middle, high = np.nanpercentile(error, (16, 50, 84))
    parts = [mask != 0]
    if high > AGREES * low:  # by chance a constant fits, but not a map
        parts += [(mask != 0) | (error > middle), (mask != 0) | ~(error > middle)]
    for other in _WORDS:
        meant = _as_error(values, other)
        if other != kind and all(
            1 / agrees < _scale(light, meant, part.astype(mask.dtype)) < agrees for part in parts
        ):
            return other
    return None


def _values(error, kind):
    """Return the values of a map from the errors that were made of them by its kind."""
    return {"error": error, "variance": np.square(error), "weight": error**-2.0}[kind]


def _as_error(values, kind):
    """Return the errors of the values of a map of a kind."""
    return values if kind == "error" else np.sqrt(values if kind == "variance" else 1 / values)
