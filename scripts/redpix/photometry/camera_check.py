"""Test what a header says of a camera against the pixels: gain, read noise, saturation."""

import warnings

import numpy as np
from scipy import ndimage

from redpix.image.full_well import noise_of_differences

#: ratio of measured and predicted noise from which gain and read noise are not believed
CONTRADICTED = 1.5

#: largest read noise that a camera may have, electrons
LARGEST_READ_NOISE = 50.0

#: lowest level of blank sky that tells of a gain, in its noise; below it the sky was subtracted
LEAST_LEVEL = 3.0

#: least noise that a pixel can have, electrons; a mean of many exposures has more per count
LEAST_NOISE = 0.2

#: origin of a gain from level and noise of blank sky, for counts that start at zero and for others
SKY_GAIN = "level and noise of blank sky"
UPPER_LIMIT = f"{SKY_GAIN}, an upper limit"

#: fewest pixels of one value, side by side and at the border, that are not sky
LEAST_CONSTANT = 64

#: share of the pixels of a row or column of one value from which it is dead
DEAD = 0.9

#: side of a square of one value that sky does not have, pixels
BLOCK = 5

#: step of the level between two rows at the border that ends the sky, noise of a pixel
STRIP_JUMP = 3.0

#: number of rows within which such a step is made
STEP_ROWS = 3


def checked_gain(camera, level, noise, zero_is_known):
    """Return the record of a camera whose gain and read noise agree with the noise of blank sky.

    The noise of blank sky is sqrt(level / gain + (read_noise / gain)^2) counts, if the counts
    start at zero.

    Parameters
    ----------
    camera : redpix.io.camera.CameraRecord
        Record of the camera.
    level : float
        Median of blank sky, counts.
    noise : float
        Standard deviation of blank sky, counts.
    zero_is_known : bool
        Whether a dark, a bias or an overscan was taken away. Otherwise `level` may hold a bias.

    Returns
    -------
    redpix.io.camera.CameraRecord
        A value that contradicts the noise is replaced, with a remark. The gain is never None.
    """
    if camera.gain is None:
        return _with_measured_gain(camera, level, noise, zero_is_known, "the gain is unknown")
    if level < LEAST_LEVEL * noise:
        return camera  # the sky was taken away before: its level says nothing
    read_noise = camera.read_noise or 0.0
    predicted = np.sqrt(level / camera.gain + (read_noise / camera.gain) ** 2)
    if noise > CONTRADICTED * predicted:
        implied = np.sqrt((noise * camera.gain) ** 2 - level * camera.gain)
        if camera.read_noise is None and implied <= LARGEST_READ_NOISE:
            return camera
    elif noise * camera.gain > LEAST_NOISE and (
        not zero_is_known or noise > predicted / CONTRADICTED
    ):
        return _with_possible_read_noise(camera, noise)
    reason = (
        f"blank sky of {level:.4g} counts has a noise of {noise:.3g}, where a gain of "
        f"{camera.gain:g} ({camera.sources['gain']}) and the read noise mean {predicted:.3g}"
    )
    tested = camera.measured("read_noise", None, "contradicted by the noise of blank sky", reason)
    if camera.sure.get("gain") == "given":
        return tested  # the user's gain is kept; the noise is measured
    return _with_measured_gain(tested, level, noise, zero_is_known, "neither is used")


def _with_possible_read_noise(camera, noise):
    """Return the record without a read noise above the noise of blank sky, bias or not."""
    if camera.read_noise is None or camera.read_noise / camera.gain < CONTRADICTED * noise:
        return camera
    remark = (
        f"a read noise of {camera.read_noise:g} electrons ({camera.sources['read_noise']}) is not "
        f"used: blank sky has a noise of {noise * camera.gain:.3g} electrons"
    )
    return camera.measured("read_noise", None, "contradicted by the noise of blank sky", remark)


def _with_measured_gain(camera, level, noise, zero_is_known, reason):
    """Return the record with the gain that level and noise of blank sky give."""
    if level > LEAST_LEVEL * noise:
        gain, how = level / noise**2, SKY_GAIN if zero_is_known else UPPER_LIMIT
        limit = "" if zero_is_known else " if the counts hold a bias"
        words = f"are taken from {how}{limit}"
    else:
        gain, how = max(1.0, 1 / noise**2), "assumed, the sky has no level"
        words = "are assumed, because the sky has no level: errors of bright stars are a guess"
    remark = f"{reason}; {gain:.3g} electrons per count {words}"
    return camera.measured("gain", float(gain), how, remark)


def without_sky(raw):
    """Return the pixels outside of the sky: constant regions at the border or within an image.

    Parameters
    ----------
    raw : ndarray, shape (ny, nx)
        Counts as they were read.

    Returns
    -------
    ndarray of bool
        Also rows and columns of one value, and blocks of zeros or of the lowest value, such as gaps
        between chips.
    """
    raw = np.asarray(raw)
    edge = np.concatenate([raw[0], raw[-1], raw[:, 0], raw[:, -1]])
    edge = edge[np.isfinite(edge)]
    outside = np.zeros(raw.shape, bool)
    if not len(edge):
        return outside
    values, counts = np.unique(edge, return_counts=True)
    constant = values[np.argmax(counts)]
    for value in {float(constant), 0.0, float(np.nanmin(raw))}:
        same = raw == value
        # an image of few counts has this value all over
        if same.mean() <= 0.5 and np.count_nonzero(same) >= LEAST_CONSTANT:
            outside |= _constant_regions(same, value == constant)
    for axis in (0, 1):
        step = 1 + raw.shape[axis] // 512
        some, known = (plane[::step] if axis == 0 else plane[:, ::step] for plane in (raw, outside))
        # a dead row may cross the column
        equal = (some == np.median(some, axis=axis, keepdims=True)) & ~known
        dead = equal.sum(axis=axis) > DEAD * np.maximum((~known).sum(axis=axis), 1)
        if dead.mean() <= 0.5:
            outside |= np.expand_dims(dead, axis)
    return outside


def _constant_regions(same, at_border):
    """Return the regions of equal pixels that no sky has: at the border, or with a full block."""
    labels, _ = ndimage.label(same)
    sizes = np.bincount(labels.ravel())
    blocks = labels[ndimage.minimum_filter(same, BLOCK, mode="constant")]
    if at_border:
        blocks = np.concatenate([blocks, labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    large = [label for label in np.unique(blocks) if label and sizes[label] >= LEAST_CONSTANT]
    return np.isin(labels, large)


def strips_without_sky(image, hidden):
    """Return the rows and columns at the border whose level is abruptly not that of the sky.

    Such strips are overscan, shadows of a filter frame, or the edges of mosaics. Vignetting changes
    slowly and stays.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Counts.
    hidden : ndarray of bool, shape (ny, nx)
        Pixels that are left out.

    Returns
    -------
    ndarray of bool, shape (ny, nx)
    """
    strips = np.zeros(image.shape, bool)
    values = image.astype(np.float32)
    values[hidden] = np.nan
    noise = noise_of_differences(values)
    for axis in (0, 1):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # all pixels of a row can be hidden
            level = np.nanmedian(values, axis=1 - axis)
        along = strips if axis == 0 else strips.T
        along[: _strip(level, noise)] = True
        along[len(level) - _strip(level[::-1], noise) :] = True
    return strips


def _strip(level, noise):
    """Return the number of first rows whose level is abruptly not that of the next."""
    outer = max(len(level) // 8, 3)
    steps = abs(np.diff(level[: outer + STEP_ROWS]))
    jumps = np.flatnonzero(np.nan_to_num(steps) > STRIP_JUMP * noise)
    if not len(jumps):
        return 0
    end = int(jumps[-1]) + 1
    inner = np.nanmedian(level[end + 1 : end + 1 + 2 * STEP_ROWS])
    # a bright star in a short row is not a strip
    apart = abs(level[:end] - inner) > 0.5 * STRIP_JUMP * noise
    return end if np.all(apart[np.isfinite(level[:end])]) else 0
