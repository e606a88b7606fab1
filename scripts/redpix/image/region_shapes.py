"""Pixels inside the shapes of SAOImage DS9; all coordinates are 1-based pixels of the image."""

import numpy as np


def in_shape(kind, place, sizes, angle, x, y):
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
    x, y : ndarray, shape (ny, nx)
        Coordinates of the pixels.

    Returns
    -------
    ndarray of bool, shape (ny, nx)
    """
    turn = np.deg2rad(angle)
    right, up = x - place[0], y - place[1]
    if kind == "circle":
        return np.hypot(right, up) <= sizes[0]
    if kind == "annulus":
        distance = np.hypot(right, up)
        return (distance >= min(sizes)) & (distance <= max(sizes))
    along = np.cos(turn) * right + np.sin(turn) * up
    across = np.cos(turn) * up - np.sin(turn) * right
    if kind == "ellipse":
        return np.hypot(along / sizes[0], across / sizes[1]) <= 1
    return (abs(along) <= sizes[0] / 2) & (abs(across) <= sizes[1] / 2)


def in_polygon(corners, x, y):
    """Return the pixels from which a ray to the right crosses an odd number of sides.

    Parameters
    ----------
    corners : ndarray, shape (n, 2)
        x and y of the corners.
    x, y : ndarray, shape (ny, nx)
        Coordinates of the pixels.

    Returns
    -------
    ndarray of bool, shape (ny, nx)
    """
    inside = np.zeros(x.shape, bool)
    for (x1, y1), (x2, y2) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if y1 == y2:
            continue
        crosses = (y1 > y) != (y2 > y)
        inside ^= crosses & (x < x1 + (y - y1) * (x2 - x1) / (y2 - y1))
    return inside
