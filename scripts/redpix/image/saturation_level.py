"""Find the level from which the pixels of an image are saturated, and test what its header says."""

import warnings

import numpy as np
from scipy import ndimage

from redpix.image.full_well import find_full_well

#: part of the brightest value within which pixels belong to a plateau
PLATEAU = 0.01

#: fewest adjacent pixels of a plateau
LEAST_PLATEAU = 4

#: level of a hot row or column above its neighbours, scatter of levels; largest share of such
#: lines; smallest side of an image in which they are looked for, pixels
_FAR, _MOST_LINES, _LEAST_SIDE = 50.0, 0.05, 64


def with_plateau(camera, raw):
    """Return a camera with the saturation that the pixels show, if its header's is not theirs.

    Parameters
    ----------
    camera : redpix.io.camera.CameraRecord
        Record of the camera.
    raw : ndarray, shape (ny, nx)
        Counts as they were read.

    Returns
    -------
    redpix.io.camera.CameraRecord
        A level below the sky is not used. A plateau goes before a level that no pixel reaches. The
        user's level stays.
    """
    if camera.sure.get("saturation") == "given":
        return camera
    camera = _without_low_saturation(camera, raw)
    finite = np.isfinite(raw)
    if not finite.any():
        return camera
    finite &= ~_bright_lines(raw)
    stated = camera.saturation
    if stated is not None and np.any(raw[finite] >= stated):
        return camera
    ceiling, words = (
        find_plateau(np.asarray(raw, float), finite),
        "the brightest pixels form plateaus",
    )
    if ceiling is None:
        ceiling, words = (
            find_full_well(np.asarray(raw, float), finite),
            "bright stars have flat tops",
        )
    if ceiling is None:
        return camera
    remark = f"{words}: from {ceiling:.6g} counts on pixels are saturated"
    if stated is not None:
        remark += f", not from {camera.sources['saturation']} = {stated:g} on"
    return camera.measured("saturation", ceiling, "plateaus of the brightest pixels", remark)


def _bright_lines(raw):
    """Return the rows and columns that are far brighter than those beside them."""
    lines = np.zeros(raw.shape, bool)
    if min(raw.shape) < _LEAST_SIDE:
        return lines
    for axis in (0, 1):
        step = 1 + raw.shape[axis] // 512
        some = raw[::step] if axis == 0 else raw[:, ::step]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # lines of NaN
            level = np.nanmedian(some, axis=axis)
        known = np.isfinite(level)
        if not known.any():
            continue
        level = np.where(known, level, np.median(level[known]))
        away = level - ndimage.median_filter(level, 15)
        noise = 1.4826 * np.median(abs(away))
        hot = away > max(_FAR * noise, 0.2 * (level.max() - np.median(level)))
        lines |= np.expand_dims(hot & (hot.mean() < _MOST_LINES), axis)
    return lines


def _without_low_saturation(camera, raw):
    """Return a camera without a saturation level that most pixels exceed by their noise."""
    level = camera.saturation
    above = raw[np.isfinite(raw)]
    above = above[above >= level] if level is not None else above[:0]
    # an overexposed image has one value all over
    if len(above) <= raw.size / 2 or np.mean(above == np.median(above)) > 1 / 2:
        return camera
    remark = (
        f"{camera.sources['saturation']} = {level:g} is not used: "
        f"{100 * len(above) / raw.size:.0f} % of the pixels are above it"
    )
    return camera.measured("saturation", None, "contradicted by the pixels", remark)


def find_plateau(image, valid):
    """Return the value from which pixels are saturated, if the brightest ones form plateaus.

    The top of a star of any usual width has at most a few pixels within `PLATEAU` of its peak. A
    ceiling has many, side by side.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Counts as they were read.
    valid : ndarray of bool
        Pixels to look at.

    Returns
    -------
    float or None
    """
    values = image[valid]
    if not len(values):
        return None
    peak = float(values.max())
    floor = float(np.median(values))
    lowest = peak - PLATEAU * (peak - floor)
    labels, number = ndimage.label(valid & (image >= lowest))
    if not number:
        return None
    sizes = np.bincount(labels.ravel())[1:]
    if sizes.max() < LEAST_PLATEAU or not (peak - floor) > 0:
        return None
    # within a plateau values scatter less than within the top of a wide star
    inside = image[labels == 1 + int(np.argmax(sizes))]
    equal = np.mean(inside == inside.max())
    return lowest if equal >= 0.5 or np.sum(sizes >= LEAST_PLATEAU) >= 2 else None
