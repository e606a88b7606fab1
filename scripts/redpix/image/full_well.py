"""Find the level at which stars have flat tops: a full well, whose pixels scatter.

The area of a star above 0.9 of its peak is about 0.15 of that above half of its peak, whatever its
width. Of a saturated star it is far more, and saturated stars have the same peak. Defocused stars
have flat tops of any height, so fainter stars are compared.
"""

import numpy as np
from scipy import ndimage

#: share of the area above half of the peak that lies above 0.9 of it, of flat and of other stars
_FLAT, _ROUND = 0.4, 0.3

#: fractions of the highest level above which blobs are saturated stars, or are stars to compare
_BRIGHT, _FAINT, _FAINTER = 0.5, 0.12, 0.75

#: minimum number of pixels of a flat top, of a single one, and of a star to compare
_LEAST, _LEAST_ALONE, _LEAST_STAR = 6, 20, 4

#: range of the highest counts of a converter of 16 bits, before and after a flat
_CONVERTER = (0.97 * 65535, 1.02 * 65535)

#: largest relative difference of the tops of saturated stars, and least share of the flat stars
#: whose tops are alike
_ALIKE, _MOST = 0.05, 0.8

#: least height of a star to compare, noise of a pixel
_CLEAR = 30.0

#: distance of the saturation level below the tops: standard deviations, and share of the level
_SIGMAS, _SHARE = 4.0, 0.01


def find_full_well(image, valid):
    """Return the value from which pixels are saturated, if bright stars have flat tops.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Counts as they were read.
    valid : ndarray of bool
        Pixels to look at.

    Returns
    -------
    float or None
        None if no star, or also a fainter one, has a flat top.
    """
    values = np.where(valid, image, -np.inf)
    floor = float(np.median(image[valid][:: 1 + image.size // 1_000_000]))
    # without hot pixels and cosmic rays
    peak = float(ndimage.minimum_filter(values, 3).max())
    if not peak > floor:
        return None
    bright = _tops(values, floor, floor + _BRIGHT * (peak - floor))
    flat = [one for one in bright if len(one[1]) >= _LEAST and one[0] >= _FLAT]
    if not flat:
        return None
    middle = np.median([np.median(top) for _, top in flat])
    alike = [one for one in flat if abs(np.median(one[1]) - middle) < _ALIKE * (middle - floor)]
    # noise makes the flat top of a fainter star look round
    smooth = ndimage.uniform_filter(np.where(valid, image, floor), 3)
    noise = noise_of_differences(np.where(valid, image, np.nan))
    fainter = [
        share
        for share, top in _tops(smooth, floor, floor + _FAINT * (peak - floor))
        if _CLEAR * noise < top.max() - floor < _FAINTER * (middle - floor)
    ]
    converter = _CONVERTER[0] < values.max() < _CONVERTER[1]
    alone = len(alike) == 1 and len(alike[0][1]) < _LEAST_ALONE and not converter
    if alone or len(alike) < _MOST * len(flat) or len(fainter) < 2 or np.median(fainter) > _ROUND:
        return None
    flat = alike
    tops = np.concatenate([top for _, top in flat])
    tops = tops[tops > floor + (1 - _ALIKE) * (middle - floor)]
    level = float(np.median(tops))
    spread = 1.4826 * float(np.median(abs(tops - level)))
    return level - max(_SIGMAS * spread, _SHARE * (level - floor))


def _tops(values, floor, threshold):
    """Return the flatness of each blob above a threshold and its pixels above 0.9 of its peak."""
    labels, _ = ndimage.label(values > threshold)
    found = []
    for number, box in enumerate(ndimage.find_objects(labels), 1):
        light = values[box][labels[box] == number] - floor
        top = light[light > 0.9 * light.max()]
        half = np.count_nonzero(light > 0.5 * light.max())
        if half >= _LEAST_STAR and threshold - floor < 0.8 * light.max():
            found.append((len(top) / half, top + floor))
    return found


def noise_of_differences(values):
    """Return the noise of a pixel from differences of neighbours, counts; NaN is left out."""
    # four million pixels are enough
    steps = np.diff(values[:: 1 + values.size // 4_000_000], axis=1)
    steps = steps[np.isfinite(steps)]
    return 1.4826 * float(np.median(abs(steps))) / np.sqrt(2) if len(steps) else np.inf
