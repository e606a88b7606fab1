"""Draw many small images in one axes: each axes of matplotlib costs as much as a picture."""

import numpy as np
from matplotlib.colors import Normalize
from matplotlib.figure import Figure


def empty_mosaic(rows, columns, side, width, gaps=(0.06, 0.06)):
    """Return a figure with places for square stamps, and the corner of each place.

    Parameters
    ----------
    rows, columns : int
        Numbers of places.
    side : int
        Pixels along a side of a stamp.
    width : float
        Width of the figure, inches.
    gaps : (float, float)
        Space between stamps along x and y, in units of a side.

    Returns
    -------
    axes : Axes
        Its unit is a pixel of a stamp. y grows upwards.
    corners : ndarray, shape (rows * columns, 2)
        x and y of the lower left corner of each place, line by line from the top.
    """
    across, up = ((1 + gap) * side for gap in gaps)
    right, top = columns * across - gaps[0] * side, rows * up
    figure = Figure(figsize=(width, width * top / right))
    axes = figure.add_axes((0.01, 0.01, 0.98, 0.98))
    axes.set_axis_off()
    axes.set(xlim=(0, right), ylim=(0, top), aspect="equal")
    row, column = np.divmod(np.arange(rows * columns), columns)
    return axes, np.column_stack([column * across, (rows - 1 - row) * up])


def draw_stamp(axes, corner, stamp, colours, limits):
    """Draw a stamp at its place.

    Parameters
    ----------
    axes : Axes
        From `empty_mosaic`.
    corner : (float, float)
        Lower left corner of the place.
    stamp : ndarray, shape (ny, nx) or (ny, nx, 3)
        Values, or colours.
    colours : str or None
        Colour map; None for colours.
    limits : (float, float) or None
        Values at its ends; None for colours.
    """
    (x, y), (ny, nx) = corner, stamp.shape[:2]
    norm = Normalize(*limits) if limits else None
    extent = (x, x + nx, y, y + ny)
    axes.imshow(
        stamp,
        origin="lower",
        cmap=colours,
        norm=norm,
        extent=extent,
        interpolation="nearest",
        aspect="equal",
    )


def place_on(corner, x, y):
    """Return where a pixel of a stamp lies in a mosaic.

    Parameters
    ----------
    corner : (float, float)
        Lower left corner of the stamp.
    x, y : float
        0-based pixel of the stamp.

    Returns
    -------
    (float, float)
    """
    return corner[0] + x + 0.5, corner[1] + y + 0.5
