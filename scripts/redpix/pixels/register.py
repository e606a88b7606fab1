"""Register a field's bands to one north-up grid: images, errors, masks, noise.

An engine (Montage, SWarp, reproject or drizzle) resamples; the functions here take it as an
argument. The grid is a tangent plane. An image may have any projection that the engine takes.
"""

from typing import NamedTuple

import numpy as np

from redpix.image.masks import BITS, DTYPE, bit_value
from redpix.image.pixel_map import pixel_map
from redpix.pixels.grid import within

#: width of the rim by which a grid grows while an engine fills it, pixels: engines leave out image
#: pixels whose centre lies outside the grid, and so change the values of its outermost pixels
RIM = 2


def registered_mask(transform, shape, grid_shape, masked, reach, scale):
    """Return the mask of a registered image.

    Parameters
    ----------
    transform : redpix.image.pixel_map.PixelMap
        Transformation between image and grid.
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
    margins = 0.0, reach * max(1.0, 1 / scale)
    touched, clear = within(transform, shape, grid_shape, margins)
    mask[touched] = bit_value("EDGE")
    mask[clear] = 0
    bit, y, x = masked
    if len(bit):
        x, y = transform.forward(x, y)
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
        brightness. With a method ``with_variance``, both arrays are resampled at once.
    image, error : ndarray, shape (ny, nx)
        Flux per pixel and its 1-sigma error.
    wcs : astropy.wcs.WCS
        WCS of the image.
    grid : redpix.pixels.grid.Grid
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
    transform = pixel_map(wcs, image.shape, grid.wcs, grid.shape)
    area = transform.area_on(grid.shape)
    scale = 1 / np.sqrt(np.median(area))
    bad = ~np.isfinite(image) | ~np.isfinite(error) | ~(error > 0)
    bad_y, bad_x = np.nonzero(bad)
    bad_pixels = np.full(len(bad_y), BITS["BAD"]), bad_y, bad_x
    masked = [np.concatenate(pair) for pair in zip(masked, bad_pixels, strict=True)]
    mask = registered_mask(transform, image.shape, grid.shape, masked, reach, scale)
    area = np.asarray(area, np.float32)
    # a NaN would spread over the reach of the kernel; with a spline, over the whole image
    # squares of errors in erg/s/cm2 are below single precision; a power of two costs no digits
    unit = 2.0 ** np.rint(np.log2(np.median(error[~bad]))) if not bad.all() else 1.0
    square = np.square(np.asarray(error / unit, np.float32))
    square[bad] = 0
    science, variance = filled(project, np.where(bad, 0, image), square, wcs, grid)
    del square
    science *= area
    variance *= area
    # negative lobes of a kernel can make the variance negative beside a star
    mask[(mask & bit_value("NO_DATA", "EDGE") == 0) & ~(variance > 0)] |= bit_value("BAD")
    invalid = (mask & bit_value("NO_DATA", "EDGE", "BAD")) != 0
    science[invalid] = np.nan
    variance[invalid] = np.nan
    np.sqrt(variance, out=variance)
    variance *= np.float32(unit)
    return RegisteredFrame(science, variance, mask)


def filled(project, image, variance, wcs, grid):
    """Return an image and its variance on a grid whose outermost pixels are as right as the others.

    Parameters
    ----------
    project : callable
        As for `register`.
    image, variance : ndarray, shape (ny, nx)
        Surface brightness and its variance.
    wcs : astropy.wcs.WCS
        WCS of the image.
    grid : redpix.pixels.grid.Grid
        Pixels of the result.

    Returns
    -------
    list of ndarray, shape `grid.shape`, float32
        Image and variance.
    """
    wide = grid.grown(RIM)
    if hasattr(project, "with_variance"):
        planes = project.with_variance(image, variance, wcs, wide)
    else:
        planes = (project(array, wcs, wide) for array in (image, variance))
    return [np.asarray(plane, np.float32)[RIM:-RIM, RIM:-RIM] for plane in planes]
