"""The vertex of a parabola through a pixel and its two neighbours."""

import numpy as np


def vertex_offset(before, centre, after):
    """Return the offset of the vertex of a parabola from the middle one of three pixels.

    Parameters
    ----------
    before, centre, after : ndarray, shape (n,)
        Values of three neighbouring pixels.

    Returns
    -------
    offset : ndarray, shape (n,)
        Pixels, from -0.5 to 0.5; 0 if the three pixels are on a line.
    curvature : ndarray, shape (n,)
        Second derivative, per pixel squared.
    """
    curvature = before - 2 * centre + after
    offset = np.zeros(np.shape(centre))
    np.divide(before - after, 2 * curvature, out=offset, where=curvature != 0)
    return np.clip(offset, -0.5, 0.5), curvature
