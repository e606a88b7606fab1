"""Shift stamps by a part of a pixel: one offset for all pixels, so sums along two axes."""

from functools import lru_cache

import numpy as np
from scipy.interpolate import BSpline

#: degree of the splines
DEGREE = 5


def shifted_stamps(coefficients, x, y, half, degree=DEGREE, stamp=None, step=0.0):
    """Return stamps whose centres are moved, and their derivatives by the place.

    Parameters
    ----------
    coefficients : ndarray, shape (n, ny, nx) or (1, ny, nx)
        Spline coefficients of the stamps, from `scipy.ndimage.spline_filter`; one stamp serves all
        places.
    x, y : ndarray, shape (n,)
        Places of the centres from the middle pixels of the results, pixels.
    half : int
        Half a side of the results, pixels.
    degree : int
        Degree of the splines, odd.
    stamp : ndarray of int, shape (n,), optional
        Index of the stamp of each place.
    step : float
        The derivatives are those of differences over this step to both sides, pixels; 0: exact.

    Returns
    -------
    value, by_x, by_y : ndarray, shape (n, 2 * half + 1, 2 * half + 1)
        0 outside the stamp. The derivatives are by x and y of the centre.
    """
    rows, columns = (
        _taps(length, offset, half, _kernels(degree, step))
        for length, offset in zip(coefficients.shape[1:], (y, x), strict=True)
    )
    stamp = np.arange(len(coefficients)) if stamp is None else stamp
    near = coefficients[stamp[:, None, None], rows[0][:, :, None], columns[0][:, None, :]]
    along_y, slope_y = (_sums(near, weights, rows[2], axis=1) for weights in rows[1])
    return (
        _sums(along_y, columns[1][0], columns[2], axis=2),
        _sums(along_y, columns[1][1], columns[2], axis=2),
        _sums(slope_y, columns[1][0], columns[2], axis=2),
    )


@lru_cache(4)
def _kernels(degree, step):
    """Return the reach of a spline about a node, the spline, and its slope by the centre."""
    reach = (degree + 1) // 2
    spline = BSpline.basis_element(np.arange(-reach, reach + 1), extrapolate=False)
    derivative = spline.derivative()

    def value(away):
        return np.nan_to_num(spline(away))

    def slope(away):
        if not step:
            return -np.nan_to_num(derivative(away))
        return (value(away - step) - value(away + step)) / (2 * step)

    return reach + bool(step), value, slope


def _taps(length, offset, half, kernels):
    """Return the coefficients that an axis needs, their weights and slopes, and what lies inside.

    All pixels of a stamp have the same distance from the next coefficient, so the same weights.
    """
    reach, value, slope = kernels
    place = np.arange(-half, half + 1) - offset[:, None] + length // 2
    nearest = np.floor(place[:, :1]).astype(int)
    number = np.arange(place.shape[1] + 2 * reach - 1) + nearest + 1 - reach
    # splines are continued by their mirror image
    mirrored = abs(number) % (2 * length - 2)
    mirrored = np.where(mirrored < length, mirrored, 2 * length - 2 - mirrored)
    away = place[:, :1] - nearest - np.arange(1 - reach, reach + 1)
    return mirrored, (value(away), slope(away)), (place >= 0) & (place <= length - 1)


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
