"""Areas of the pixels of one image in pixels of another, and positions within a pixel."""

import numpy as np

#: number of positions along an axis at which areas are computed
_POSITIONS = 12

#: degree of the polynomial of the position that areas follow
_DEGREE = 3

#: area above which the finer image is averaged over a pixel
AVERAGED = 1.25


def area_map(transform, shape):
    """Return the areas of the pixels of an image in pixels of another.

    Parameters
    ----------
    transform : callable
        ``transform(x, y)``: positions in the other image.
    shape : (int, int)
        ny, nx of the image.

    Returns
    -------
    callable
        ``areas(x, y)``: the determinant of the map, a polynomial of the position.
    """
    rows, columns = (np.linspace(0, length - 1, _POSITIONS) for length in shape)
    x, y = np.meshgrid(columns, rows)
    x, y = x.ravel(), y.ravel()
    values = abs(np.linalg.det(matrices(transform, x, y)))
    scale = [max(length - 1, 1) for length in shape[::-1]]
    powers = np.linalg.lstsq(_terms(x / scale[0], y / scale[1]), values, rcond=None)[0]
    return lambda x, y: _terms(np.asarray(x) / scale[0], np.asarray(y) / scale[1]) @ powers


def matrices(transform, x, y):
    """Return the derivatives of a map at some positions.

    Parameters
    ----------
    transform : callable
        ``transform(x, y)``: positions in the other image.
    x, y : ndarray, shape (n,)
        Positions, pixels.

    Returns
    -------
    ndarray, shape (n, 2, 2)
        Rows: u and v of the other image; columns: by x and by y.
    """
    by_x = np.subtract(transform(x + 0.5, y), transform(x - 0.5, y))
    by_y = np.subtract(transform(x, y + 0.5), transform(x, y - 0.5))
    return np.stack([by_x, by_y], axis=-1).transpose(1, 0, 2)


def within_pixel(matrix):
    """Return positions within a pixel over which a finer image is averaged.

    Parameters
    ----------
    matrix : ndarray, shape (2, 2)
        From `matrices`.

    Returns
    -------
    ndarray, shape (n, 2)
        Offsets u and v from the centre of the pixel, in pixels of the finer image; zero alone if
        the pixels are about equal.
    """
    area = abs(np.linalg.det(matrix))
    if area <= AVERAGED:
        return np.zeros((1, 2))
    number = int(np.ceil(1.5 * np.sqrt(area)))
    steps = (np.arange(number) + 0.5) / number - 0.5
    return np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2) @ matrix.T


def _terms(x, y):
    """Return the terms of a polynomial of the position; the last axis has one entry per term."""
    x, y = np.broadcast_arrays(x, y)
    return np.stack(
        [x**i * y**j for j in range(_DEGREE + 1) for i in range(_DEGREE + 1 - j)], axis=-1
    )
