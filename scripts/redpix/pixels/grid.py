"""The north-up tangent-plane grid of a field, and which of its pixels an image covers."""

from typing import NamedTuple

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

from redpix.image.homography import apply_homography, rectangle
from redpix.image.pixel_map import local_scale, pixels_of_sky, sky_of_pixels
from redpix.image.wcs import is_tangent, wcs_header

#: rows of the grid whose image positions are in memory at a time
_ROWS = 256


class Grid(NamedTuple):
    """A north-up tangent-plane grid.

    Attributes
    ----------
    wcs : astropy.wcs.WCS
    shape : (int, int)
        Rows and columns.
    """

    wcs: WCS
    shape: tuple

    def grown(self, width):
        """Return the grid with further pixels on each side.

        Parameters
        ----------
        width : int
            Number of pixels; negative to remove some.

        Returns
        -------
        Grid
        """
        wcs = self.wcs.deepcopy()
        wcs.wcs.crpix = self.wcs.wcs.crpix + width
        return Grid(wcs, (self.shape[0] + 2 * width, self.shape[1] + 2 * width))

    def header(self):
        """Return the FITS header of an image on the grid.

        Returns
        -------
        astropy.io.fits.Header
        """
        header = fits.Header([("SIMPLE", True), ("BITPIX", -64), ("NAXIS", 2)])
        header["NAXIS1"], header["NAXIS2"] = self.shape[1], self.shape[0]
        header.extend(wcs_header(self.wcs))
        return header


def north_up_grid(wcs, shape, pixel_scale=None):
    """Return the smallest north-up, east-left grid that holds an image.

    Parameters
    ----------
    wcs : astropy.wcs.WCS
        WCS of the image.
    shape : (int, int)
        Rows and columns of the image.
    pixel_scale : float, optional
        Arcsec per pixel of the grid. The default is the scale of the image.

    Returns
    -------
    Grid
        Its tangent point is the centre of the image.
    """
    height, width = shape
    tangent = is_tangent(wcs)
    scale = local_scale(wcs, shape) if pixel_scale is None else pixel_scale / 3600
    grid = WCS(naxis=2)
    grid.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    grid.wcs.cunit = ["deg", "deg"]
    centre = [(width - 1) / 2, (height - 1) / 2]
    grid.wcs.crval = (
        wcs.all_pix2world([centre], 0)[0] if tangent else sky_of_pixels(wcs, *centre)[0]
    )
    grid.wcs.cd = [[-scale, 0], [0, scale]]
    grid.wcs.crpix = [0, 0]
    grid.wcs.radesys = (wcs.wcs.radesys if tangent else None) or "ICRS"
    if tangent:
        corners = grid.all_world2pix(wcs.all_pix2world(rectangle(shape), 0), 1)
    else:
        corners = pixels_of_sky(grid, sky_of_pixels(wcs, *_outline(shape))).T + 1
    # pixel n covers n - 0.5 to n + 0.5; 1e-6 pixels of tolerance for frames that are north-up
    low = np.floor(corners.min(axis=0) + 0.5 + 1e-6)
    high = np.ceil(corners.max(axis=0) - 0.5 - 1e-6)
    grid.wcs.crpix = 1 - low
    columns, rows = (high - low + 1).astype(int)
    return Grid(grid, (int(rows), int(columns)))


def _outline(shape, steps=33):
    """Return x and y of positions along the outline of an image: with distortions it is curved."""
    corners = rectangle(shape)
    part = np.linspace(0, 1, steps)[:, None]
    sides = [a + part * (b - a) for a, b in zip(corners, np.roll(corners, -1, 0), strict=True)]
    return np.concatenate(sides).T


def within(transform, shape, grid_shape, margins):
    """Return which grid pixels have their centre inside an image.

    Parameters
    ----------
    transform : redpix.image.pixel_map.PixelMap
        Transformation between image and grid.
    shape, grid_shape : (int, int)
        Rows and columns of the image and of the grid.
    margins : sequence of float
        Minimum distances from the outline of the image, image pixels.

    Returns
    -------
    list of ndarray of bool, shape `grid_shape`
        One per margin.
    """
    if transform.back is None:
        return [inside(transform.matrix, shape, grid_shape, margin) for margin in margins]
    result = [np.empty(grid_shape, bool) for _ in margins]
    for first in range(0, grid_shape[0], _ROWS):
        rows = slice(first, min(first + _ROWS, grid_shape[0]))
        x, y = transform.backward(grid_shape, rows)
        x_middle, y_middle = (shape[1] - 1) / 2, (shape[0] - 1) / 2
        depth = np.minimum(shape[1] / 2 - abs(x - x_middle), shape[0] / 2 - abs(y - y_middle))
        for one, margin in zip(result, margins, strict=True):
            one[rows] = depth >= margin
    return result


def inside(matrix, shape, grid_shape, margin):
    """Return whether the centre of each grid pixel lies inside an image.

    Parameters
    ----------
    matrix : ndarray, shape (3, 3)
        Homography from image to grid.
    shape, grid_shape : (int, int)
        Rows and columns of the image and of the grid.
    margin : float
        Minimum distance from the outline of the image, image pixels.

    Returns
    -------
    ndarray of bool, shape `grid_shape`
    """
    x, y = apply_homography(matrix, *rectangle(shape, margin).T)
    rows = np.arange(grid_shape[0])
    low = np.full(grid_shape[0], -np.inf)
    high = np.full(grid_shape[0], np.inf)
    turn = np.sign((x[1] - x[0]) * (y[2] - y[1]) - (y[1] - y[0]) * (x[2] - x[1]))
    for k in range(4):  # the outline is a convex quadrilateral: four half-planes
        dx, dy = x[(k + 1) % 4] - x[k], y[(k + 1) % 4] - y[k]
        across = turn * dx * (rows - y[k])  # inside where across - turn * dy * (x - x[k]) >= 0
        if dy == 0:
            low[across < 0] = np.inf
        elif turn * dy > 0:
            high = np.minimum(high, x[k] + across / (turn * dy))
        else:
            low = np.maximum(low, x[k] + across / (turn * dy))
    columns = np.arange(grid_shape[1])
    return (columns >= low[:, None]) & (columns <= high[:, None])
