"""Shift a stamp by a part of a pixel: one offset for all pixels, so a product of two axes."""

import numpy as np
from scipy.interpolate import BSpline

#: degree of the splines, and half of the number of pixels that a value depends on
DEGREE, _TAPS = 5, 3

_SPLINE = BSpline.basis_element(np.arange(-_TAPS, _TAPS + 1), extrapolate=False)
_SLOPE = _SPLINE.derivative()


def shifted_stamp(coefficients, x, y, half):
    """Return a stamp whose centre is moved, and its derivatives by the place.

    Parameters
    ----------
    coefficients : ndarray, shape (m, n)
        Spline coefficients of the stamp, from `scipy.ndimage.spline_filter` with `DEGREE`.
    x, y : float
        Place of the centre from the middle pixel of the result, pixels.
    half : int
        Half a side of the result, pixels.

    Returns
    -------
    value, by_x, by_y : ndarray, shape (2 * half + 1, 2 * half + 1)
        0 outside the stamp. The derivatives are by x and y of the centre.
    """
    (rows, slope_y), (columns, slope_x) = (
        _weights(length, offset, half)
        for length, offset in zip(coefficients.shape, (y, x), strict=True)
    )
    along_y = rows @ coefficients
    return along_y @ columns.T, along_y @ slope_x.T, (slope_y @ coefficients) @ columns.T


def _weights(length, offset, half):
    """Return the weight of each coefficient of an axis for each pixel, and its derivative."""
    place = np.arange(-half, half + 1) - offset + length // 2
    nearest = np.floor(place).astype(int)
    taps = nearest[:, None] + np.arange(1 - _TAPS, _TAPS + 1)
    away = place[:, None] - taps
    # splines are continued by their mirror image
    mirrored = abs(taps) % (2 * length - 2)
    mirrored = np.where(mirrored < length, mirrored, 2 * length - 2 - mirrored)
    inside = ((place >= 0) & (place <= length - 1))[:, None]
    made = []
    for function, sign in ((_SPLINE, 1), (_SLOPE, -1)):
        weights = np.zeros((len(place), length))
        values = sign * np.nan_to_num(function(away)) * inside
        np.add.at(weights, (np.arange(len(place))[:, None], mirrored), values)
        made.append(weights)
    return made
