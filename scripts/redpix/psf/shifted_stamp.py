"""Shift stamps by a part of a pixel: one offset for all pixels, so sums along two axes."""

import numpy as np
from scipy.interpolate import BSpline

#: degree of the splines, and half of the number of pixels that a value depends on
DEGREE, _TAPS = 5, 3

_SPLINE = BSpline.basis_element(np.arange(-_TAPS, _TAPS + 1), extrapolate=False)
_SLOPE = _SPLINE.derivative()


def shifted_stamps(coefficients, x, y, half):
    """Return stamps whose centres are moved, and their derivatives by the place.

    Parameters
    ----------
    coefficients : ndarray, shape (n, ny, nx) or (1, ny, nx)
        Spline coefficients of the stamps, from `scipy.ndimage.spline_filter` with `DEGREE`; one
        stamp serves all places.
    x, y : ndarray, shape (n,)
        Places of the centres from the middle pixels of the results, pixels.
    half : int
        Half a side of the results, pixels.

    Returns
    -------
    value, by_x, by_y : ndarray, shape (n, 2 * half + 1, 2 * half + 1)
        0 outside the stamp. The derivatives are by x and y of the centre.
    """
    rows, columns = (
        _taps(length, offset, half)
        for length, offset in zip(coefficients.shape[1:], (y, x), strict=True)
    )
    stamp = np.arange(len(coefficients))[:, None, None]
    near = coefficients[stamp, rows[0][:, :, None], columns[0][:, None, :]]
    along_y, slope_y = (_sums(near, weights, rows[2], axis=1) for weights in rows[1])
    return (
        _sums(along_y, columns[1][0], columns[2], axis=2),
        _sums(along_y, columns[1][1], columns[2], axis=2),
        _sums(slope_y, columns[1][0], columns[2], axis=2),
    )


def _taps(length, offset, half):
    """Return the coefficients that an axis needs, their weights and slopes, and what lies inside.

    All pixels of a stamp have the same distance from the next coefficient, so the same weights.
    """
    place = np.arange(-half, half + 1) - offset[:, None] + length // 2
    nearest = np.floor(place[:, :1]).astype(int)
    number = np.arange(place.shape[1] + 2 * _TAPS - 1) + nearest + 1 - _TAPS
    # splines are continued by their mirror image
    mirrored = abs(number) % (2 * length - 2)
    mirrored = np.where(mirrored < length, mirrored, 2 * length - 2 - mirrored)
    away = place[:, :1] - nearest - np.arange(1 - _TAPS, _TAPS + 1)
    weights, slopes = (np.nan_to_num(function(away)) for function in (_SPLINE, _SLOPE))
    return mirrored, (weights, -slopes), (place >= 0) & (place <= length - 1)


def _sums(values, weights, inside, axis):
    """Return the weighted sums of neighbours along an axis."""
    side = inside.shape[1]
    near = [slice(None)] * 3
    total = product = None
    for tap in range(weights.shape[1]):
        near[axis] = slice(tap, tap + side)
        product = np.multiply(weights[:, tap, None, None], values[tuple(near)], out=product)
        total = product.copy() if total is None else np.add(total, product, out=total)
    total *= np.expand_dims(inside, 3 - axis)
    return total
