"""Bring stamps, such as those of PSFs, to a size."""

import numpy as np


def resized(stamp, side):
    """Return a stamp with zeros about it, or its middle, as a square.

    Parameters
    ----------
    stamp : ndarray
        Its middle is the pixel at half of each side. The first row or column of an even side has no
        counterpart and is left out.
    side : int
        Odd side of the square, pixels.

    Returns
    -------
    ndarray, shape (side, side)
    """
    made, half = np.zeros((side, side)), side // 2
    rows, columns = (min(half, (length - 1) // 2) for length in stamp.shape)
    y, x = (length // 2 for length in stamp.shape)
    made[half - rows : half + rows + 1, half - columns : half + columns + 1] = stamp[
        y - rows : y + rows + 1, x - columns : x + columns + 1
    ]
    return made
