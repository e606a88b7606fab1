"""Find the pixels of an image that hold a code for a missing value, such as -99 or zeros."""

import numpy as np
from astropy.stats import mad_std
from scipy import ndimage

from redpix.image.exposure_file import FILL_VALUE
from redpix.image.noise import LEAST_ZEROS, thinned_rows

#: minimum part of a side of the image that the code takes of the border
_OF_BORDER = 2 / 3

#: distance of a code from all but 1 % of the other pixels, robust standard deviations
_APART = 10.0

#: maximum fraction of zeros inside an image that is padded with zeros
_MOST_INNER = 0.05


def remove_fills(image):
    """Set pixels that hold a code for a missing value to NaN, in place.

    Codes are values beyond `FILL_VALUE`, one value that fills a border and is far from all others,
    and zeros about an image that they cover for the most part.

    Parameters
    ----------
    image : ndarray, shape (ny, nx), float32
        Changed in place.

    Returns
    -------
    list of str
        A remark per code.
    """
    remarks = []
    with np.errstate(invalid="ignore"):
        huge = abs(image) > FILL_VALUE
    if huge.any():
        image[huge] = np.nan
        remarks.append(f"{np.count_nonzero(huge)} pixels beyond {FILL_VALUE:.0e} have no value")
    for value in (_border_value(image), 0.0 if _is_padded(image) else None):
        if value is not None:
            same = image == np.float32(value)
            image[same] = np.nan
            remarks.append(
                f"{np.count_nonzero(same)} pixels are {value:g}, as at the border, and count as "
                "without a value"
            )
    return remarks


def _border_value(image):
    """Return the value other than 0 that fills a border and is far from all others, or None."""
    border = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    values, counts = np.unique(border[np.isfinite(border)], return_counts=True)
    if not len(values) or counts.max() < _OF_BORDER * min(image.shape):
        return None
    value = float(values[np.argmax(counts)])
    others = image[thinned_rows(image.shape)]
    others = others[np.isfinite(others) & (others != np.float32(value))]
    if value == 0 or not len(others):
        return None
    low, high = np.percentile(others, (1, 99))
    return value if max(low - value, value - high) > _APART * mad_std(others) else None


def _is_padded(image):
    """Return whether zeros cover most of an image, and few lie among its other pixels."""
    zeros = image == 0
    if np.count_nonzero(zeros) < max(LEAST_ZEROS, image.size / 2):
        return False
    shown = ndimage.uniform_filter((~zeros).astype(np.float32), 5) > 0.5
    if not shown.any():
        return False
    lost = np.count_nonzero(~zeros & ~shown) / max(np.count_nonzero(~zeros), 1)
    return max(np.mean(zeros[shown]), lost) < _MOST_INNER
