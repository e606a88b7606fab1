"""Register a field's bands to one north-up grid: images, errors, masks, noise.

An engine (Montage, SWarp or reproject) resamples; the functions here take it as an argument. Frame
and grid are tangent-plane projections.
"""

from typing import NamedTuple

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

from redpix.image.homography import apply_homography, homography, rectangle
from redpix.image.masks import BITS, DTYPE, bit_value
from redpix.image.wcs import pixel_area, wcs_header


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
    scale = np.sqrt(pixel_area(wcs)) if pixel_scale is None else pixel_scale / 3600
    grid = WCS(naxis=2)
    grid.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    grid.wcs.cunit = ["deg", "deg"]
    grid.wcs.crval = wcs.all_pix2world([[(width - 1) / 2, (height - 1) / 2]], 0)[0]
    grid.wcs.cd = [[-scale, 0], [0, scale]]
    grid.wcs.crpix = [0, 0]
    grid.wcs.radesys = wcs.wcs.radesys or "ICRS"
    corners = grid.all_world2pix(wcs.all_pix2world(rectangle(shape), 0), 1)
    # pixel n covers n - 0.5 to n + 0.5; 1e-6 pixels of tolerance for frames that are north-up
    low = np.floor(corners.min(axis=0) + 0.5 + 1e-6)
    high = np.ceil(corners.max(axis=0) - 0.5 - 1e-6)
    grid.wcs.crpix = 1 - low
    columns, rows = (high - low + 1).astype(int)
    return Grid(grid, (int(rows), int(columns)))


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


def registered_mask(matrix, shape, grid_shape, masked, reach, scale):
    """Return the mask of a registered image.

    Parameters
    ----------
    matrix : ndarray, shape (3, 3)
        Homography from image to grid.
    shape, grid_shape : (int, int)
        Rows and columns of the image and of the grid.
    masked : (bit, y, x)
        Masked image pixels, as from `redpix.sdss.frames.masked_pixels`.
    reach : float
        Reach of the engine's kernel, image pixels.
    scale : float
        Side of an image pixel, grid pixels.

    Returns
    -------
    ndarray, shape `grid_shape`, int16
        Bits of `redpix.image.masks`.
    """
    mask = np.full(grid_shape, bit_value("NO_DATA"), DTYPE)
    mask[inside(matrix, shape, grid_shape, 0.0)] = bit_value("EDGE")
    mask[inside(matrix, shape, grid_shape, reach * max(1.0, 1 / scale))] = 0
    bit, y, x = masked
    if len(bit):
        x, y = apply_homography(matrix, x, y)
        half = 0.5 + reach * scale
        steps = np.arange(-np.ceil(half), np.ceil(half) + 1)
        for step_y in steps:
            for step_x in steps:
                column, row = np.rint(x) + step_x, np.rint(y) + step_y
                hit = (abs(column - x) <= half) & (abs(row - y) <= half)
                hit &= (column >= 0) & (column < grid_shape[1])
                hit &= (row >= 0) & (row < grid_shape[0])
                positions = row[hit].astype(int), column[hit].astype(int)
                np.bitwise_or.at(mask, positions, np.left_shift(1, bit[hit]).astype(DTYPE))
    return mask


class RegisteredFrame(NamedTuple):
    """A frame on the grid, with its error and mask.

    Attributes
    ----------
    image, error : ndarray, float32
        Flux per pixel and its 1-sigma error.
    mask : ndarray, int16
        Bits of `redpix.image.masks`.
    """

    image: np.ndarray
    error: np.ndarray
    mask: np.ndarray


def register(project, image, error, wcs, grid, masked, reach):
    """Register an image, its error and its mask to a grid.

    The engine resamples the variance with the same weights as the image. The resulting error is
    right for sums over apertures; a single pixel scatters less, by the factor of
    `noise_correlation`. The engines conserve surface brightness, so image and variance are
    multiplied by the ratio of pixel areas.

    Parameters
    ----------
    project : callable
        ``project(array, wcs, grid)`` returns an array of the grid's shape with the same surface
        brightness.
    image, error : ndarray, shape (ny, nx)
        Flux per pixel and its 1-sigma error.
    wcs : astropy.wcs.WCS
        WCS of the image.
    grid : Grid
        Pixels of the result.
    masked : (bit, y, x)
        Masked pixels of the image.
    reach : float
        Reach of the engine's kernel, image pixels.

    Returns
    -------
    RegisteredFrame
        Image and error are NaN where the mask has NO_DATA, EDGE or BAD.
    """
    area = pixel_area(grid.wcs) / pixel_area(wcs)
    matrix = homography(wcs, grid.wcs, image.shape)
    bad = ~np.isfinite(image) | ~np.isfinite(error) | ~(error > 0)
    bad_y, bad_x = np.nonzero(bad)
    bad_pixels = np.full(len(bad_y), BITS["BAD"]), bad_y, bad_x
    masked = [np.concatenate(pair) for pair in zip(masked, bad_pixels, strict=True)]
    mask = registered_mask(matrix, image.shape, grid.shape, masked, reach, scale=1 / np.sqrt(area))
    # a NaN would spread over the reach of the kernel; with a spline, over the whole image
    image, variance = np.where(bad, 0, image), np.where(bad, 0, np.square(error, dtype=np.float32))
    science = np.asarray(project(image, wcs, grid), np.float32) * np.float32(area)
    variance = np.asarray(project(variance, wcs, grid), np.float32) * np.float32(area)
    # negative lobes of a kernel can make the variance negative beside a star
    mask[(mask & bit_value("NO_DATA", "EDGE") == 0) & ~(variance > 0)] |= bit_value("BAD")
    invalid = (mask & bit_value("NO_DATA", "EDGE", "BAD")) != 0
    science[invalid] = np.nan
    variance[invalid] = np.nan
    return RegisteredFrame(science, np.sqrt(variance), mask)


def noise_correlation(project, wcs, grid, shape, patches=(2, 3), side=96, seed=0):
    """Return the variance of a registered pixel over the square of its error.

    The kernel's weights depend on the position of an image pixel within a grid pixel, which varies
    over the image. So the engine resamples patches of white noise from all over the image.

    Parameters
    ----------
    project : callable
        As for `register`.
    wcs : astropy.wcs.WCS
        WCS of the image.
    grid : Grid
        Pixels of the result.
    shape : (int, int)
        Rows and columns of the image.
    patches : (int, int)
        Number of patches along y and along x.
    side : int
        Side of a patch, image pixels.
    seed : int
        Seed of the noise.

    Returns
    -------
    float
        1 for uncorrelated noise; smaller where the kernel averages.
    """
    area = pixel_area(grid.wcs) / pixel_area(wcs)
    generator = np.random.default_rng(seed)
    total, count = 0.0, 0
    for top in _centred(shape[0], patches[0], side):
        for left in _centred(shape[1], patches[1], side):
            patch_wcs = wcs.deepcopy()
            patch_wcs.wcs.crpix = wcs.wcs.crpix - [left, top]
            small = _cut_grid(grid, patch_wcs, (side, side))
            noise = generator.standard_normal((side, side)).astype(np.float32)
            matrix = homography(patch_wcs, small.wcs, noise.shape)
            interior = inside(matrix, noise.shape, small.shape, 8.0)
            values = project(noise, patch_wcs, small)[interior]
            total += np.sum(np.square(values, dtype=np.float64))
            count += values.size
    return float(total / count * area)


def alike(matrix, other, side=96):
    """Return whether `noise_correlation` is the same for two homographies.

    It is the same if both rotate and scale alike, and if the rotation is large enough: within a
    patch, pixels must lie at all positions between those of the grid. For a frame that is nearly
    parallel to the grid, the kernel's weights depend on the shift.

    Parameters
    ----------
    matrix, other : ndarray, shape (3, 3)
        Homographies from image to grid.
    side : int
        Side of a patch, image pixels.

    Returns
    -------
    bool
    """
    angle = np.arctan2(matrix[1, 0], matrix[0, 0]) / (np.pi / 2)
    turned = abs(angle - np.rint(angle)) * np.pi / 2
    return bool(side * turned > 3 and abs(matrix - other)[:2, :2].max() < 1e-3)


def _centred(length, patches, side):
    """Return the first pixels of patches, each centred in one of equal parts of an axis."""
    return ((np.arange(patches) + 0.5) * length / patches - side / 2).astype(int)


def _cut_grid(grid, wcs, shape):
    """Return the rectangle of a grid that holds an image, on the same pixels."""
    x, y = apply_homography(homography(wcs, grid.wcs, shape), *rectangle(shape).T)
    left, bottom = int(np.floor(x.min())), int(np.floor(y.min()))
    cut = grid.wcs.deepcopy()
    cut.wcs.crpix = grid.wcs.wcs.crpix - [left, bottom]
    return Grid(cut, (int(np.ceil(y.max())) - bottom + 1, int(np.ceil(x.max())) - left + 1))
