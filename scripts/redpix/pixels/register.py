"""Registration of a field's bands to one north-up grid: masks, units, noise.

The resampling itself is done by an engine (Montage, SWarp or reproject), given here as a
function. A frame and its grid are both tangent-plane projections.
"""

from typing import NamedTuple

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

from redpix.image.homography import apply_homography, homography, rectangle
from redpix.image.masks import BITS, DTYPE, bit_value
from redpix.image.wcs import pixel_area, wcs_header


class Grid(NamedTuple):
    """A north-up tangent-plane grid."""

    wcs: WCS
    shape: tuple

    def header(self):
        """FITS header of an image on the grid."""
        header = fits.Header([("SIMPLE", True), ("BITPIX", -64), ("NAXIS", 2)])
        header["NAXIS1"], header["NAXIS2"] = self.shape[1], self.shape[0]
        header.extend(wcs_header(self.wcs))
        return header


def north_up_grid(wcs, shape, pixel_scale=None):
    """The smallest north-up, east-left grid that holds an image.

    Parameters
    ----------
    wcs : WCS
        Of the image.
    shape : (int, int)
        Rows and columns of the image.
    pixel_scale : float, optional
        Arcsec a pixel; by default the image's own.

    Returns
    -------
    Grid
        Its tangent point is the image's centre.
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
    # pixel n reaches from n - 0.5 to n + 0.5; a millionth guards a frame that is north-up already
    low = np.floor(corners.min(axis=0) + 0.5 + 1e-6)
    high = np.ceil(corners.max(axis=0) - 0.5 - 1e-6)
    grid.wcs.crpix = 1 - low
    columns, rows = (high - low + 1).astype(int)
    return Grid(grid, (int(rows), int(columns)))


def inside(matrix, shape, grid_shape, margin):
    """Grid pixels whose centre lies in an image, at least `margin` image pixels from its outline.

    Parameters
    ----------
    matrix : ndarray, shape (3, 3)
        From `homography`.
    shape, grid_shape : (int, int)
    margin : float
        Pixels of the image.

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
    """Mask of a registered image.

    Parameters
    ----------
    matrix : ndarray, shape (3, 3)
        From `homography`.
    shape, grid_shape : (int, int)
    masked : (bit, y, x)
        Masked image pixels, as from `redpix.sdss.frames.masked_pixels`.
    reach : float
        How far an image pixel's value spreads under the engine's kernel, in image pixels.
    scale : float
        Side of an image pixel in grid pixels.

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
                places = row[hit].astype(int), column[hit].astype(int)
                np.bitwise_or.at(mask, places, np.left_shift(1, bit[hit]).astype(DTYPE))
    return mask


class Registered(NamedTuple):
    """A registered image, its error and its mask, on one grid."""

    image: np.ndarray
    error: np.ndarray
    mask: np.ndarray


def register(project, image, error, wcs, grid, masked, reach):
    """Put an image, its error and its mask onto a grid.

    The variance goes through the same engine with the same weights as the image. The error that
    results is right for sums over apertures; a single pixel scatters less, by
    `noise_correlation`. Flux a pixel is kept: the engines conserve surface brightness, so that
    image and variance are scaled by the ratio of pixel areas.

    Parameters
    ----------
    project : callable
        ``project(array, wcs, grid) -> array`` of the grid's shape, surface brightness kept.
    image, error : ndarray
        Flux a pixel and its 1-sigma error.
    wcs : WCS
    grid : Grid
    masked : (bit, y, x)
        Masked pixels of the image.
    reach : float
        Reach of the engine's kernel in image pixels.

    Returns
    -------
    Registered
        float32, float32, int16; NaN where the mask says NO_DATA, EDGE or BAD.
    """
    area = pixel_area(grid.wcs) / pixel_area(wcs)
    matrix = homography(wcs, grid.wcs, image.shape)
    bad = ~np.isfinite(image) | ~np.isfinite(error) | ~(error > 0)
    bad_y, bad_x = np.nonzero(bad)
    extended = np.full(len(bad_y), BITS["BAD"]), bad_y, bad_x
    masked = [np.concatenate(parts) for parts in zip(masked, extended, strict=True)]
    mask = registered_mask(matrix, image.shape, grid.shape, masked, reach, scale=1 / np.sqrt(area))
    # one NaN would spread as far as the kernel, a spline's over the whole image
    image, variance = np.where(bad, 0, image), np.where(bad, 0, np.square(error, dtype=np.float32))
    science = np.asarray(project(image, wcs, grid), np.float32) * np.float32(area)
    variance = np.asarray(project(variance, wcs, grid), np.float32) * np.float32(area)
    # beside a star a kernel's negative lobes can leave no variance
    mask[(mask & bit_value("NO_DATA", "EDGE") == 0) & ~(variance > 0)] |= bit_value("BAD")
    unknown = (mask & bit_value("NO_DATA", "EDGE", "BAD")) != 0
    science[unknown] = np.nan
    variance[unknown] = np.nan
    return Registered(science, np.sqrt(variance), mask)


def noise_correlation(project, wcs, grid, shape, patches=(2, 3), side=96, seed=0):
    """Variance of a registered pixel over the square of its error, from white noise.

    The kernel's weights depend on where in the grid's pixel an image pixel falls, which drifts
    over the image; so patches of white noise from all over it go through the engine.

    Parameters
    ----------
    project, wcs, grid
        As for `register`.
    shape : (int, int)
        Rows and columns of the image.
    patches : (int, int)
        Patches along the rows' and the columns' axis.
    side : int
        Of a patch, image pixels.
    seed : int
        Of the noise.

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
            small = _grid_part(grid, patch_wcs, (side, side))
            noise = generator.standard_normal((side, side)).astype(np.float32)
            matrix = homography(patch_wcs, small.wcs, noise.shape)
            interior = inside(matrix, noise.shape, small.shape, 8.0)
            values = project(noise, patch_wcs, small)[interior]
            total += np.sum(np.square(values, dtype=np.float64))
            count += values.size
    return float(total / count * area)


def alike(matrix, other, side=96):
    """Whether `noise_correlation` is the same for two homographies.

    It is if they turn and stretch alike, and turn so far that pixels come to lie everywhere
    between those of the grid within a patch; of a frame that is all but parallel to the grid the
    kernel's weights hang on its shift.

    Parameters
    ----------
    matrix, other : ndarray, shape (3, 3)
        From `homography`.
    side : int
        Of a patch, image pixels.
    """
    angle = np.arctan2(matrix[1, 0], matrix[0, 0]) / (np.pi / 2)
    turned = abs(angle - np.rint(angle)) * np.pi / 2
    return bool(side * turned > 3 and abs(matrix - other)[:2, :2].max() < 1e-3)


def _centred(length, patches, side):
    """Starts of patches that stand in the middle of equal parts of an axis."""
    return ((np.arange(patches) + 0.5) * length / patches - side / 2).astype(int)


def _grid_part(grid, wcs, shape):
    """The part of a grid that holds an image, on the same pixels."""
    x, y = apply_homography(homography(wcs, grid.wcs, shape), *rectangle(shape).T)
    left, bottom = int(np.floor(x.min())), int(np.floor(y.min()))
    part = grid.wcs.deepcopy()
    part.wcs.crpix = grid.wcs.wcs.crpix - [left, bottom]
    return Grid(part, (int(np.ceil(y.max())) - bottom + 1, int(np.ceil(x.max())) - left + 1))
