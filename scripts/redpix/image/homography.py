"""Transform pixel positions of one image to those of another.

A homography transforms one tangent-plane projection of the sky exactly into another. Distortions
beyond it change slowly over an image. Coordinates are 0-based, images [y, x].
"""

from typing import NamedTuple

import numpy as np

from redpix.image.masks import filled_from_nearest
from redpix.image.wcs import pixel_area

#: distance of the nodes of slowly changing offsets, pixels
STEP = 32

#: number of nodes beyond each edge of an image: near its own border a spline is wrong
BEYOND = 4

#: maximum offset between two WCS and a homography that is not treated as distortion, pixels
STRAIGHT = 1e-3


def rectangle(shape, margin=0.0):
    """Return the corners of an image's outline.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns of the image.
    margin : float
        Distance by which the outline is moved inwards, pixels.

    Returns
    -------
    ndarray, shape (4, 2)
        0-based x and y.
    """
    low = -0.5 + margin
    right, top = shape[1] - 0.5 - margin, shape[0] - 0.5 - margin
    return np.array([[low, low], [right, low], [right, top], [low, top]])


def homography(wcs, grid_wcs, shape):
    """Return the matrix that transforms pixel coordinates of an image to those of a grid.

    Parameters
    ----------
    wcs, grid_wcs : astropy.wcs.WCS
        Tangent-plane WCS of image and grid. Distortions are ignored, see `stated_distortion`.
    shape : (int, int)
        Rows and columns of the image.

    Returns
    -------
    ndarray, shape (3, 3)
        ``grid ~ matrix @ (x, y, 1)``, all coordinates 0-based.
    """
    source = rectangle(shape)
    return corner_homography(source, grid_wcs.wcs_world2pix(wcs.wcs_pix2world(source, 0), 0))


def corner_homography(source, target):
    """Return the homography that transforms four positions to four others.

    Parameters
    ----------
    source, target : ndarray, shape (4, 2)
        0-based x and y.

    Returns
    -------
    ndarray, shape (3, 3)
    """
    equations, values = [], []
    for (x, y), (u, v) in zip(source, target, strict=True):
        equations += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return np.append(np.linalg.solve(equations, values), 1.0).reshape(3, 3)


def apply_homography(matrix, x, y):
    """Return positions transformed by a homography.

    Parameters
    ----------
    matrix : ndarray, shape (3, 3)
        Result of `homography`.
    x, y : ndarray, shape (n,)
        0-based positions.

    Returns
    -------
    x, y : ndarray, shape (n,)
        0-based positions.
    """
    u, v, w = matrix @ np.vstack([x, y, np.ones(len(x))])
    return u / w, v / w


def rows_by_homography(matrix, rows, columns):
    """Return the positions of all pixels of some rows, transformed by a homography.

    Parameters
    ----------
    matrix : ndarray, shape (3, 3)
        Result of `homography`.
    rows : slice
        0-based rows, with start and stop.
    columns : int
        Number of columns.

    Returns
    -------
    ndarray, shape (rows, columns, 2)
        0-based x and y.
    """
    x, y = np.arange(float(columns)), np.arange(float(rows.start), rows.stop)[:, None]
    u, v, w = (row[0] * x + (row[1] * y + row[2]) for row in matrix)
    positions = np.empty((*w.shape, 2))
    np.divide(u, w, out=positions[..., 0])
    np.divide(v, w, out=positions[..., 1])
    return positions


def node_positions(shape):
    """Return the positions of the nodes of slowly changing offsets.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns of the image.

    Returns
    -------
    x, y : ndarray, shape (my, mx)
        0-based, in steps of `STEP` pixels, with `BEYOND` nodes beyond each edge of the image.
    """
    rows, columns = (
        (np.arange(-(-length // STEP) + 1 + 2 * BEYOND) - BEYOND) * STEP for length in shape
    )
    x, y = (plane.astype(float) for plane in np.meshgrid(columns, rows))
    return x, y


class Offsets(NamedTuple):
    """Offsets of positions that change slowly over an image.

    Attributes
    ----------
    planes : ndarray, shape (2, ny, nx)
        Coefficients of cubic splines through the offsets in x and y at nodes `STEP` pixels apart.
        `BEYOND` nodes lie beyond each edge of the image.
    """

    planes: np.ndarray

    @classmethod
    def through(cls, shape, values):
        """Return offsets that follow a function of the position.

        Parameters
        ----------
        shape : (int, int)
            Rows and columns of the image.
        values : callable
            ``values(x, y)`` returns offsets in x and y in pixels, shape (2, n).

        Returns
        -------
        Offsets
        """
        from scipy import ndimage  # slow to import; tangent planes do not need it

        x, y = node_positions(shape)
        planes = np.reshape(values(x.ravel(), y.ravel()), (2, *x.shape))
        return cls(np.stack([ndimage.spline_filter(plane, 3, mode="mirror") for plane in planes]))

    def __call__(self, x, y):
        from scipy import ndimage  # as above

        nodes = np.stack([y, x]) / STEP + BEYOND
        return [
            ndimage.map_coordinates(plane, nodes, order=3, mode="mirror", prefilter=False)
            for plane in self.planes
        ]


def filled_offsets(x, offsets, wrong):
    """Return offsets at nodes whose wrong values are those of the nearest right node.

    Parameters
    ----------
    x : ndarray, shape (n,)
        x of the nodes, row by row, as `node_positions` returns them.
    offsets : ndarray, shape (2, n)
        Offsets in x and y, pixels.
    wrong : ndarray of bool, shape (n,)
        Nodes whose offsets are wrong.

    Returns
    -------
    ndarray, shape (2, n)
        0 if the offsets of all nodes are wrong.
    """
    if wrong.all() or not wrong.any():
        return np.where(wrong, 0, offsets)
    shape = (-1, len(np.unique(x)))
    wrong = wrong.reshape(shape)
    planes = [filled_from_nearest(plane.reshape(shape), wrong) for plane in offsets]
    return np.stack([plane.ravel() for plane in planes])


def stated_distortion(matrix, wcs, other, shape):
    """Return the offsets between two WCS with distortions and a homography.

    Parameters
    ----------
    matrix : ndarray, shape (3, 3)
        Result of `homography` from `wcs` to `other`.
    wcs, other : astropy.wcs.WCS
        Any projections with any distortions.
    shape : (int, int)
        Rows and columns of the image of `wcs`.

    Returns
    -------
    Offsets or None
        In pixels of `other`; None if all offsets are below `STRAIGHT`.
    """

    def offsets(x, y):
        sky = wcs.all_pix2world(np.column_stack([x, y]), 0)
        positions = other.all_world2pix(sky, 0, quiet=True)
        # far outside its image a distortion cannot be inverted
        miss = (other.all_pix2world(positions, 0) - sky + 180) % 360 - 180
        wrong = ~(np.hypot(miss[:, 0], miss[:, 1]) < 1e-3 * np.sqrt(pixel_area(other)))
        return filled_offsets(x, positions.T - apply_homography(matrix, x, y), wrong)

    distortion = Offsets.through(shape, offsets)
    return distortion if abs(distortion.planes).max() > STRAIGHT else None
