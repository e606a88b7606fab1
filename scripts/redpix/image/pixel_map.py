"""Transform pixels of an image in any projection to those of a tangent-plane grid, and back.

Between two tangent planes the transformation is a homography. Everything else (distortions, other
projections, Galactic coordinates) is added as offsets that change slowly over the image: splines
through nodes `redpix.image.homography.STEP` pixels apart. Coordinates are 0-based, images [y, x].
"""

from typing import NamedTuple

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord
from astropy.wcs.utils import wcs_to_celestial_frame

from redpix.image.homography import (
    BEYOND,
    STEP,
    Offsets,
    apply_homography,
    corner_homography,
    filled_offsets,
    homography,
    node_positions,
    rectangle,
    rows_by_homography,
)
from redpix.image.wcs import is_tangent, pixel_area

#: maximum distance between a position and the inverse of its image, pixels
_INVERTED = 1e-3


def sky_of_pixels(wcs, x, y):
    """Return the sky positions of pixels of an image in any celestial frame.

    Parameters
    ----------
    wcs : astropy.wcs.WCS
        Celestial WCS.
    x, y : array_like, shape (n,)
        0-based positions.

    Returns
    -------
    ndarray, shape (n, 2)
        Right ascension and declination, ICRS, degrees.
    """
    axes = np.stack(wcs.all_pix2world(np.ravel(x), np.ravel(y), 0), axis=1)
    sky = axes[:, [wcs.wcs.lng, wcs.wcs.lat]]
    frame = wcs_to_celestial_frame(wcs)
    if frame.name == "icrs":
        return sky
    place = SkyCoord(sky[:, 0] * u.deg, sky[:, 1] * u.deg, frame=frame).icrs
    return np.stack([place.ra.deg, place.dec.deg], axis=1)


def pixels_of_sky(wcs, sky):
    """Return the pixels of sky positions.

    Parameters
    ----------
    wcs : astropy.wcs.WCS
        Celestial WCS.
    sky : ndarray, shape (n, 2)
        Right ascension and declination, ICRS, degrees.

    Returns
    -------
    ndarray, shape (2, n)
        0-based x and y. They are NaN or wrong where a distortion cannot be inverted.
    """
    frame = wcs_to_celestial_frame(wcs)
    if frame.name != "icrs":
        place = SkyCoord(sky[:, 0] * u.deg, sky[:, 1] * u.deg, frame="icrs").transform_to(frame)
        sphere = place.represent_as("unitspherical")
        sky = np.stack([sphere.lon.deg, sphere.lat.deg], axis=1)
    axes = np.empty_like(sky)
    axes[:, wcs.wcs.lng], axes[:, wcs.wcs.lat] = sky[:, 0], sky[:, 1]
    return np.stack(wcs.all_world2pix(axes[:, 0], axes[:, 1], 0, quiet=True))


def local_scale(wcs, shape):
    """Return the side of a pixel at the centre of an image.

    Parameters
    ----------
    wcs : astropy.wcs.WCS
        Celestial WCS with any distortions.
    shape : (int, int)
        Rows and columns of the image.

    Returns
    -------
    float
        Degrees: the square root of the pixel's area.
    """
    if is_tangent(wcs):
        return float(np.sqrt(pixel_area(wcs)))
    matrix = local_matrix(wcs, (shape[1] - 1) / 2, (shape[0] - 1) / 2)
    return float(np.sqrt(abs(np.linalg.det(matrix))))


def local_matrix(wcs, x, y):
    """Return the pixel-to-sky matrix of an image at one of its pixels.

    Parameters
    ----------
    wcs : astropy.wcs.WCS
        Celestial WCS with any distortions, in any celestial frame.
    x, y : float
        0-based position.

    Returns
    -------
    ndarray, shape (2, 2)
        Degrees per pixel: rows are east and north (ICRS), columns x and y.
    """
    ra, dec = sky_of_pixels(wcs, [x - 0.5, x + 0.5, x, x], [y, y, y - 0.5, y + 0.5]).T
    east = ((ra[[1, 3]] - ra[[0, 2]] + 180) % 360 - 180) * np.cos(np.radians(dec.mean()))
    return np.stack([east, dec[[1, 3]] - dec[[0, 2]]])


class PixelMap(NamedTuple):
    """The transformation between the pixels of an image and those of a grid.

    Attributes
    ----------
    matrix : ndarray, shape (3, 3)
        Homography from image to grid.
    offsets : redpix.image.homography.Offsets or None
        Offsets beyond it, grid pixels, as a function of the image position.
    back : ndarray, shape (2, ny, nx), or None
        Offsets beyond its inverse, image pixels, at nodes of the grid.
    area : ndarray, shape (ny, nx), or float
        Area of a grid pixel in image pixels: at the nodes, or everywhere.
    """

    matrix: np.ndarray
    offsets: Offsets | None
    back: np.ndarray | None
    area: np.ndarray | float

    def forward(self, x, y):
        """Return the grid positions of image positions `x`, `y`, shape (n,)."""
        u_grid, v_grid = apply_homography(self.matrix, x, y)
        if self.offsets is None:
            return u_grid, v_grid
        du, dv = self.offsets(x, y)
        return u_grid + du, v_grid + dv

    def forward_rows(self, rows, columns):
        """Return the grid positions of whole rows of the image, shape (rows, columns, 2)."""
        positions = rows_by_homography(self.matrix, rows, columns)
        if self.offsets is not None:
            y, x = np.mgrid[rows, :columns].astype(float)
            for axis, offsets in enumerate(self.offsets(x.ravel(), y.ravel())):
                positions[..., axis] += offsets.reshape(x.shape)
        return positions

    def backward(self, shape, rows):
        """Return the image positions of whole rows of the grid.

        Parameters
        ----------
        shape : (int, int)
            Rows and columns of the grid.
        rows : slice
            Rows of the grid, with start and stop.

        Returns
        -------
        x, y : ndarray, shape (rows, columns)
        """
        v, u_grid = np.mgrid[rows.start : rows.stop, : shape[1]]
        x, y = apply_homography(np.linalg.inv(self.matrix), u_grid.ravel(), v.ravel())
        x, y = x.reshape(u_grid.shape), y.reshape(u_grid.shape)
        if self.back is not None:
            x += _between_nodes(self.back[0], shape, rows)
            y += _between_nodes(self.back[1], shape, rows)
        return x, y

    def area_on(self, shape):
        """Return the area of each grid pixel in image pixels.

        Parameters
        ----------
        shape : (int, int)
            Rows and columns of the grid.

        Returns
        -------
        float or ndarray, shape `shape`, float32
        """
        if np.ndim(self.area) == 0:
            return self.area
        plane = self.area.astype(np.float32)
        return _between_nodes(plane, shape, slice(0, shape[0]), np.float32)


def pixel_map(wcs, shape, grid_wcs, grid_shape):
    """Return the transformation between an image and a grid.

    Parameters
    ----------
    wcs : astropy.wcs.WCS
        WCS of the image: any projection, any distortion, any celestial frame.
    shape : (int, int)
        Rows and columns of the image.
    grid_wcs : astropy.wcs.WCS
        Tangent-plane WCS of the grid.
    grid_shape : (int, int)
        Rows and columns of the grid.

    Returns
    -------
    PixelMap
    """
    if same_planes(wcs, grid_wcs):
        matrix = homography(wcs, grid_wcs, shape)
        return PixelMap(matrix, None, None, pixel_area(grid_wcs) / pixel_area(wcs))
    corners = rectangle(shape)
    matrix = corner_homography(corners, pixels_of_sky(grid_wcs, sky_of_pixels(wcs, *corners.T)).T)
    inverse = np.linalg.inv(matrix)
    offsets = Offsets.through(shape, _beyond(matrix, wcs, grid_wcs))
    x, y = node_positions(grid_shape)
    positions = apply_homography(inverse, x.ravel(), y.ravel())
    back = np.reshape(_beyond(inverse, grid_wcs, wcs)(x.ravel(), y.ravel()), (2, *x.shape))
    positions = np.reshape(positions, back.shape) + back
    dx, dy = (np.gradient(plane, STEP) for plane in positions)
    return PixelMap(matrix, offsets, back, abs(dx[1] * dy[0] - dx[0] * dy[1]))


def same_planes(wcs, grid_wcs):
    """Return whether two WCS are tangent planes in one celestial frame.

    Parameters
    ----------
    wcs, grid_wcs : astropy.wcs.WCS
        Celestial WCS.

    Returns
    -------
    bool
    """
    frames = {(one.wcs.radesys or "ICRS").strip() for one in (wcs, grid_wcs)}
    return is_tangent(wcs) and is_tangent(grid_wcs) and len(frames) == 1


def _beyond(matrix, wcs, other):
    """Return a function that gives the offsets between two WCS and a homography."""

    def offsets(x, y):
        sky = sky_of_pixels(wcs, x, y)
        positions = pixels_of_sky(other, np.nan_to_num(sky))
        # far outside its image a distortion cannot be inverted
        again = sky_of_pixels(other, *np.nan_to_num(positions))
        east = (again[:, 0] - sky[:, 0] + 180) % 360 - 180
        miss = np.hypot(east * np.cos(np.radians(sky[:, 1])), again[:, 1] - sky[:, 1])
        wrong = ~(miss < _INVERTED * np.sqrt(pixel_area(other)))
        return filled_offsets(x, positions - apply_homography(matrix, x, y), wrong)

    return offsets


def _between_nodes(plane, shape, rows, kind=np.float64):
    """Return values at nodes, interpolated linearly to whole rows of the grid.

    Offsets curve by less than 1e-5 pixels over the distance of two nodes.
    """
    along_y = _weights(np.arange(rows.start, rows.stop), plane.shape[0]).astype(kind)
    along_x = _weights(np.arange(shape[1]), plane.shape[1]).astype(kind)
    return (along_y @ plane) @ along_x.T


def _weights(positions, count):
    """Return the weight of each node at each position along an axis."""
    return np.maximum(1 - abs(positions[:, None] / STEP + BEYOND - np.arange(count)), 0)
