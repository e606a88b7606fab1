"""Where the pixels of images lie: their WCS, and maps between the pixels of two images.

Tangent-plane projections of one sky go into each other through a homography, exactly; distortions
beyond it change slowly over an image. Coordinates are 0-based, images [y, x].
"""

from typing import NamedTuple

import numpy as np
from scipy import ndimage

from redpix.image.masks import filled_from_nearest
from redpix.image.wcs import pixel_area

#: nodes of slowly changing offsets lie so many pixels apart, and so many beyond an image's edge,
#: where a spline is not right
STEP, BEYOND = 32, 4

#: two WCS that a homography takes into each other to this part of a pixel have no distortion
STRAIGHT = 1e-3


def rectangle(shape, margin=0.0):
    """Corners (x, y), 0-based, of an image's outline, drawn in by `margin` pixels."""
    low = -0.5 + margin
    right, top = shape[1] - 0.5 - margin, shape[0] - 0.5 - margin
    return np.array([[low, low], [right, low], [right, top], [low, top]])


def homography(wcs, grid_wcs, shape):
    """Matrix that takes homogeneous pixel coordinates of an image to those of a grid.

    Parameters
    ----------
    wcs, grid_wcs : WCS
        Both tangent-plane; of distortions nothing is seen, see `stated_distortion`.
    shape : (int, int)
        Rows and columns of the image.

    Returns
    -------
    ndarray, shape (3, 3)
        ``grid ~ matrix @ (x, y, 1)``, all coordinates 0-based.
    """
    source = rectangle(shape)
    target = grid_wcs.wcs_world2pix(wcs.wcs_pix2world(source, 0), 0)
    equations, values = [], []
    for (x, y), (u, v) in zip(source, target, strict=True):
        equations += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return np.append(np.linalg.solve(equations, values), 1.0).reshape(3, 3)


def apply_homography(matrix, x, y):
    """Positions after a homography; all coordinates 0-based."""
    u, v, w = matrix @ np.vstack([x, y, np.ones(len(x))])
    return u / w, v / w


class Offsets(NamedTuple):
    """Offsets of positions that change slowly over an image.

    Attributes
    ----------
    planes : ndarray, shape (2, ny, nx)
        Offsets in x and y at nodes `STEP` pixels apart, as coefficients of a cubic spline; so
        many as `BEYOND` of them lie on each side beyond the image.
    """

    planes: np.ndarray

    @classmethod
    def through(cls, shape, values):
        """The offsets of an image of a shape that ``values(x, y)`` gives, shape (2, n)."""
        rows, columns = (
            (np.arange(-(-length // STEP) + 1 + 2 * BEYOND) - BEYOND) * STEP for length in shape
        )
        x, y = (plane.ravel().astype(float) for plane in np.meshgrid(columns, rows))
        planes = np.reshape(values(x, y), (2, len(rows), len(columns)))
        return cls(np.stack([ndimage.spline_filter(part, 3, mode="mirror") for part in planes]))

    def __call__(self, x, y):
        nodes = np.stack([y, x]) / STEP + BEYOND
        return [
            ndimage.map_coordinates(plane, nodes, order=3, mode="mirror", prefilter=False)
            for plane in self.planes
        ]


def stated_distortion(matrix, wcs, other, shape):
    """What two WCS with distortions say of where pixels lie beyond a homography.

    Parameters
    ----------
    matrix : ndarray, shape (3, 3)
        From `homography`, `wcs` to `other`.
    wcs, other : WCS
        In any projection, with any distortion.
    shape : (int, int)
        Of the image of `wcs`.

    Returns
    -------
    Offsets or None
        None where it is nowhere more than `STRAIGHT` pixels.
    """

    def offsets(x, y):
        sky = wcs.all_pix2world(np.column_stack([x, y]), 0)
        places = other.all_world2pix(sky, 0, quiet=True)
        # far outside of its image a distortion cannot be undone
        back = np.hypot(*((other.all_pix2world(places, 0) - sky + 180) % 360 - 180).T)
        wrong = ~(back < 1e-3 * np.sqrt(pixel_area(other)))
        beyond = places.T - apply_homography(matrix, x, y)
        if wrong.all() or not wrong.any():
            return np.where(wrong, 0, beyond)
        grid = (-1, len(np.unique(x)))
        beyond, wrong = beyond.reshape(2, *grid), wrong.reshape(grid)
        return np.stack([filled_from_nearest(plane, wrong) for plane in beyond])

    found = Offsets.through(shape, offsets)
    return found if abs(found.planes).max() > STRAIGHT else None
