"""Read a plane at pixels that may lack a value."""

import numpy as np

#: half-width of the first square in which a value is searched, pixels
_HALF = 8


def nearest_known(plane, x, y):
    """Return the values of a plane at some pixels, or at the nearest pixels with a value.

    Parameters
    ----------
    plane : ndarray, shape (ny, nx)
        NaN in pixels without a value; at least one pixel has a value.
    x, y : ndarray of int, shape (n,)
        0-based pixels, which are clipped to the image.

    Returns
    -------
    ndarray, shape (n,)
    """
    y, x = np.clip(y, 0, plane.shape[0] - 1), np.clip(x, 0, plane.shape[1] - 1)
    values = plane[y, x]
    for star in np.flatnonzero(np.isnan(values)):
        values[star] = _nearest_value(plane, x[star], y[star])
    return values


def _nearest_value(plane, x, y):
    """Return the value of the pixel with a value that is nearest to a pixel without."""
    half = _HALF
    while True:
        rows, columns = slice(max(y - half, 0), y + half + 1), slice(max(x - half, 0), x + half + 1)
        row, column = np.nonzero(~np.isnan(plane[rows, columns]))
        distance = np.hypot(row + rows.start - y, column + columns.start - x)
        if np.any(distance <= half) or half > max(plane.shape):
            nearest = np.argmin(distance)
            return plane[rows, columns][row[nearest], column[nearest]]
        half *= 2
