"""Find the columns and rows of an image, or parts of them, that stand out from their neighbours.

Such lines are hot, cold or dead columns and rows, charge that trails, and spikes along an axis.
A star stands out over a few pixels only, and its light reaches the neighbouring lines. So does that
of stars in line.
"""

from typing import NamedTuple

import numpy as np

from redpix.image.masks import bit_value

#: distances of the neighbours with which a line is compared, pixels; a group of faulty lines is
#: narrower than twice the smallest
_BESIDE = (3, 4, 5)

#: pixels of a line whose median is taken first; stars fill few of them
_BLOCK = 8

#: numbers of blocks in a part of a line; the shortest part is longer than a star
_PARTS = (5, 15, 45, 135)

#: fraction of the blocks of a faulty part that may deviate less than it
_FEW = 0.25

#: minimum deviation of a part and of the shortest part, noise of a pixel; one that is shorter by a
#: factor of 4 needs twice the deviation
_LEAST, _LEAST_OF_SHORTEST = 0.8, 1.2

#: minimum deviation relative to that of most parts, such as those that stars fill
_TIMES, _MANY = 3.0, 0.95

#: difference of the blocks of a faulty part beyond its deviation, noise of a pixel
_EVEN = 1.0

#: light of the neighbours from which it may be that of a star, noise of a pixel
_LIGHT = 2.0

#: number of blocks up to which a part may be stars in line, and distance of their light, pixels
_OF_STARS, _SPREAD = 15, 2

#: deviations near a bright part, relative to it, that are light of stars in line; minimum of these
#: for the shortest part, noise of a pixel
_SOFT, _LEAST_SOFT = (0.25, 0.8), 0.35

#: fraction of the image from which such lines are a pattern of the camera
MOST = 0.05

#: rows of which the deviations are in memory at a time
_ROWS = 64 * _BLOCK


class FaultyLines(NamedTuple):
    """Columns and rows that stand out from their neighbours.

    Attributes
    ----------
    pixels : ndarray of bool, shape (ny, nx)
    columns, rows : int
        Number of the columns and of the rows with such pixels.
    """

    pixels: np.ndarray
    columns: int
    rows: int

    @property
    def remark(self):
        """Words for the log and the header."""
        places = " and ".join(
            f"{number} {kind}{'s' * (number > 1)}"
            for number, kind in ((self.columns, "column"), (self.rows, "row"))
            if number
        )
        stand = "stands" if self.columns + self.rows == 1 else "stand"
        return (
            f"{places}, in whole or in part, {stand} out from the neighbours (hot, cold or dead "
            f"lines, or spikes): {np.count_nonzero(self.pixels)} pixels are not used"
        )


def find_faulty_lines(image, hidden, noise):
    """Return the parts of columns and rows that stand out from their neighbours.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Counts, sky subtracted.
    hidden : ndarray of bool, shape (ny, nx)
        Pixels that are left out.
    noise : float
        Noise of a pixel of sky, counts.

    Returns
    -------
    FaultyLines
    """
    columns = _faulty_columns(image, hidden, noise) & ~hidden
    rows = _faulty_columns(image.T, hidden.T, noise).T & ~hidden
    return FaultyLines(
        columns | rows,
        int(np.count_nonzero(columns.any(axis=0))),
        int(np.count_nonzero(rows.any(axis=1))),
    )


def mask_faulty_lines(image, mask, noise):
    """Give the pixels of faulty lines the bit BAD, in place.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Counts, sky subtracted.
    mask : ndarray of int, shape (ny, nx)
        Bits of `redpix.image.masks`, which are changed.
    noise : float
        Noise of a pixel of sky, counts.

    Returns
    -------
    str
        Remark for the log and the header; empty if no line stands out.
    """
    hidden = (mask != 0) | ~np.isfinite(image)
    lines = find_faulty_lines(image, hidden, noise)
    if not lines.pixels.any():
        return ""
    share = np.mean(lines.pixels)
    if share > MOST:
        return (
            f"lines that stand out from their neighbours fill {100 * share:.0f} % of the image, so "
            "they are a pattern and are not masked; faint stars on them may be false"
        )
    mask[lines.pixels] |= bit_value("BAD")
    return lines.remark


def _faulty_columns(image, hidden, noise):
    """Return the pixels of the columns, or their parts, that stand out."""
    faulty = np.zeros(image.shape, bool)
    blocks = len(image) // _BLOCK
    if blocks < _PARTS[0] or image.shape[1] <= 2 * _BESIDE[-1] or not 0 < noise < np.inf:
        return faulty
    medians = np.concatenate(
        [
            _block_medians(image[start : start + _ROWS], hidden[start : start + _ROWS], noise)
            for start in range(0, blocks * _BLOCK, _ROWS)
        ]
    )
    found = np.zeros(medians.shape, bool)
    for length in [part for part in _PARTS if part < blocks] + [blocks]:
        step = max(length // 5, 1)
        starts = [*range(0, blocks - length, step), blocks - length]
        parts = np.stack([_least_deviation(medians[k : k + length], noise) for k in starts])
        least = max(_LEAST, _LEAST_OF_SHORTEST * np.sqrt(_PARTS[0] / length)) * noise
        out = parts > max(_TIMES * np.quantile(parts, _MANY), least)
        soft = _LEAST_SOFT * np.sqrt(_PARTS[0] / length) * noise
        for start, columns in zip(starts, out, strict=True):
            part = slice(start, start + length)
            found[part, _sharp(columns, medians[part], soft)] = True
    faulty[: blocks * _BLOCK] = np.repeat(found, _BLOCK, axis=0)
    faulty[blocks * _BLOCK :] = found[-1]
    return faulty


def _block_medians(image, hidden, noise):
    """Return the median of each block of a column of the deviations from its neighbours."""
    rows = len(image) // _BLOCK * _BLOCK
    values = np.where(hidden[:rows], np.nan, image[:rows]).astype(np.float32)
    reach = _BESIDE[-1]
    wide = np.pad(values, ((0, 0), (reach, reach)), mode="reflect")
    side = values.shape[1]
    left, right = (
        np.stack([wide[:, reach + sign * d : reach + sign * d + side] for d in _BESIDE])
        for sign in (-1, 1)
    )
    left, right = _median_of_three(left), _median_of_three(right)
    light = np.maximum(left, right)
    left, right = values - left, values - right
    smaller = np.where(abs(left) < abs(right), left, right)
    # a line stands out from both of its sides, and more than these do from the sky
    starlight = (light > _LIGHT * noise) & (abs(smaller) < light)
    # beside hidden pixels, such as the cores of saturated stars, nothing can be compared
    compared = (left * right > 0) & ~starlight
    return np.median(np.where(compared, smaller, 0).reshape(-1, _BLOCK, side), axis=1)


def _median_of_three(planes):
    """Return the median of three planes."""
    one, two, three = planes
    return np.maximum(np.minimum(one, two), np.minimum(np.maximum(one, two), three))


def _sharp(columns, blocks, least):
    """Return columns without bright ones whose light spreads, as that of stars in line does."""
    if not columns.any() or len(blocks) > _OF_STARS:
        return columns
    level = np.median(blocks, axis=0)
    sharp = columns.copy()
    for column in np.flatnonzero(columns & (level > 0)):
        near = level[max(column - _SPREAD, 0) : column + _SPREAD + 1]
        low, high = np.multiply(_SOFT, near.max())
        sharp[column] = not np.any((near > max(low, least)) & (near < high))
    return sharp


def _least_deviation(blocks, noise):
    """Return the deviation of each column, of either sign, that most of its blocks exceed."""
    ordered = np.sort(blocks, axis=0)
    few, end = int(_FEW * len(ordered)), max(len(blocks) // 5, 1)
    low, high = ordered[few], ordered[-1 - few]
    sign = np.sign(low + high)
    ends = (np.median(some, axis=0) for some in (blocks[:end], blocks[-end:]))
    # stars that stand in line differ by more than the blocks of a line do
    even = high - low < abs(low + high) / 2 + _EVEN * noise
    if len(blocks) > _PARTS[0]:
        # a part does not end beyond the line
        even &= np.minimum.reduce([sign * value for value in ends]) > abs(low + high) / 4
    return np.where(even, np.maximum(low, -high), 0)
