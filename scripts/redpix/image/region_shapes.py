"""Pixels inside the shapes of SAOImage DS9; all coordinates are 1-based pixels of the image.

A shape is looked at within its bounding box only, so that thousands of small regions take a second.
"""

import math

import numpy as np

#: largest number of crossings of rows and sides of a polygon
_MOST_CROSSINGS = 10**8

#: crossings that are held at a time
_AT_A_TIME = 2**20


def in_shape(kind, place, sizes, angle, shape):
    """Return the pixels inside a circle, ellipse, box or annulus, whose border belongs to it.

    Parameters
    ----------
    kind : {"circle", "ellipse", "box", "annulus"}
        The shape.
    place : (float, float)
        Centre.
    sizes : sequence of float
        Radius; semi-axes; width and height; inner and outer radius. Pixels.
    angle : float
        Of the first axis from x to y, degrees.
    shape : (int, int)
        Rows and columns of the image.

    Returns
    -------
    window : (slice, slice)
        Rows and columns of the image within which the shape lies.
    inside : ndarray of bool
        Pixels of the window.
    """
    reach = max(sizes) if kind != "box" else math.hypot(*sizes) / 2
    window, x, y = _window([value - reach for value in place], [v + reach for v in place], shape)
    turn = np.deg2rad(angle)
    right, up = x - place[0], y - place[1]
    if kind == "circle":
        return window, np.hypot(right, up) <= sizes[0]
    if kind == "annulus":
        distance = np.hypot(right, up)
        return window, (distance >= min(sizes)) & (distance <= max(sizes))
    along = np.cos(turn) * right + np.sin(turn) * up
    across = np.cos(turn) * up - np.sin(turn) * right
    if kind == "ellipse":
        return window, np.hypot(along / sizes[0], across / sizes[1]) <= 1
    return window, (abs(along) <= sizes[0] / 2) & (abs(across) <= sizes[1] / 2)


def in_polygon(corners, shape):
    """Return the pixels from which a ray to the right crosses an odd number of sides.

    Parameters
    ----------
    corners : ndarray, shape (n, 2)
        x and y of the corners.
    shape : (int, int)
        Rows and columns of the image.

    Returns
    -------
    window : (slice, slice)
        Rows and columns of the image within which the polygon lies.
    inside : ndarray of bool
        Pixels of the window.

    Raises
    ------
    ValueError
        If the sides are so long and many that the work would take minutes.
    """
    window, x, y = _window(corners.min(axis=0), corners.max(axis=0), shape)
    columns = x.size
    if not columns:
        return window, np.zeros((y.size, 0), bool)
    # True where an odd number of sides crosses the row between a pixel and the one before it
    ends = np.zeros((y.size, columns + 1), bool)
    for sides, rows in _crossings(corners[:, 1], y[:, 0]):
        (x1, y1), (x2, y2) = corners[sides].T, np.roll(corners, -1, axis=0)[sides].T
        crossing = x1 + (y[rows, 0] - y1) * (x2 - x1) / (y2 - y1)
        first = np.clip(np.ceil(crossing - x[0, 0]), 0, columns).astype(int)
        places, count = np.unique(rows * (columns + 1) + first, return_counts=True)
        ends.flat[places[count % 2 == 1]] ^= True
    beyond = np.logical_xor.accumulate(ends[:, :0:-1], axis=1)[:, ::-1]
    return window, beyond


def _crossings(heights, rows):
    """Yield the sides of a polygon and the rows that they cross, in pieces of bounded size.

    `heights` are y of the corners, `rows` those of the rows, in steps of 1.
    """
    if not len(rows):
        return
    low, high = np.sort([heights, np.roll(heights, -1)], axis=0)
    # a side crosses the rows from its lower end, included, to its upper end, excluded
    first, last = (np.clip(np.ceil(end - rows[0]), 0, len(rows)).astype(int) for end in (low, high))
    count = last - first
    if count.sum() > _MOST_CROSSINGS:
        raise ValueError(f"its sides cross {count.sum():.3g} rows")
    crossing = np.flatnonzero(count > 0)
    pieces = np.cumsum(count[crossing]) // _AT_A_TIME
    for piece in np.unique(pieces):
        sides = crossing[pieces == piece]
        number = count[sides]
        before = np.repeat(np.cumsum(number) - number, number)
        place = np.arange(number.sum()) - before
        yield np.repeat(sides, number), np.repeat(first[sides], number) + place


def _window(low, high, shape):
    """Return the window of the image from one corner to another, and x and y of its pixels."""
    bounds = [
        (
            int(np.clip(np.floor(first) - 1, 0, length)),
            int(np.clip(np.ceil(last) + 1, 0, length)),
        )
        for first, last, length in zip(low, high, shape[::-1], strict=True)
    ]
    (left, right), (bottom, top) = bounds
    x, y = np.arange(left, right)[None, :] + 1.0, np.arange(bottom, top)[:, None] + 1.0
    return (slice(bottom, top), slice(left, right)), x, y
