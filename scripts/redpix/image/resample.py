"""Resample an image with its variance and mask, and compute the covariance of its noise.

Coordinates are 0-based, images [y, x]. "new" is the image whose pixel grid stays; "reference" is
the image that is resampled.
"""

from typing import NamedTuple

import numpy as np
from scipy import ndimage

from redpix.core.exceptions import InputError
from redpix.image.masks import DTYPE, bit_value
from redpix.image.pixel_areas import area_map, matrices, within_pixel

#: distance over which bits of a mask spread, pixels: beyond, the quintic spline's weight is 3 % at
#: most
REACH = 3

#: bits of pixels whose value was replaced by an estimate, and their shorter reach in pixels:
#: there 7 % of the weight does no harm
REPLACED, REPLACED_REACH = ("INTERPOLATED", "COSMIC_RAY", "GHOST", "NOT_CHECKED"), 2

#: margin around a block, pixels: there the effect of its edge on the spline is below 1e-8
_MARGIN = 24

#: distance beyond which the noise of a resampled image is independent, pixels
CORRELATED = 10

#: number of positions between two pixels for which the weights of the spline are tabulated
_PHASES = 64


class Resampled(NamedTuple):
    """The reference on the new image's pixels, NaN and NO_DATA outside the reference.

    Attributes
    ----------
    image, variance : ndarray, float32
    mask : ndarray, int16
        Bits of `redpix.image.masks`.
    """

    image: np.ndarray
    variance: np.ndarray
    mask: np.ndarray


def resample(image, variance, mask, transform, shape, side=512):
    """Resample an image with a quintic spline and its variance linearly.

    Both conserve sums over apertures. The spline leaves the noise almost uncorrelated. Linear
    interpolation of the variance has no negative lobes beside stars. Fluxes of sources are kept:
    pixels are multiplied by the ratio of their areas. An image with smaller pixels is averaged
    over the pixels of the new image.

    Parameters
    ----------
    image, variance : ndarray
        Pixels of the reference and their variance.
    mask : ndarray of int
        Bits of `redpix.image.masks`.
    transform : callable
        ``transform(x, y)`` returns the positions in the reference of pixels of the new image.
    shape : (int, int)
        Rows and columns of the new image.
    side : int
        Side of the tiles that are resampled one after the other, pixels. It limits memory.

    Returns
    -------
    Resampled

    Raises
    ------
    InputError
        If the images do not overlap.
    """
    reference = Resampled(image, variance, mask)
    result = Resampled(
        np.full(shape, np.nan, np.float32),
        np.full(shape, np.nan, np.float32),
        np.full(shape, bit_value("NO_DATA"), DTYPE),
    )
    areas = area_map(transform, shape)
    overlap = False
    for top in range(0, shape[0], side):
        for left in range(0, shape[1], side):
            tile = (
                slice(top, min(top + side, shape[0])),
                slice(left, min(left + side, shape[1])),
            )
            inside, values = _resampled_tile(reference, transform, areas, tile)
            if values is not None:
                overlap = True
                for plane, pixels in zip(result, values, strict=True):
                    plane[tile][inside] = pixels
    if not overlap:
        raise InputError("the images do not overlap")
    return result


def _resampled_tile(reference, transform, areas, tile):
    """Return which pixels of a tile lie inside the reference, and their `Resampled` values."""
    y, x = np.mgrid[tile].astype(float)
    u, v = transform(x, y)
    rows, columns = reference.image.shape
    middle_x, middle_y = (np.array([coordinate.mean()]) for coordinate in (x, y))
    offsets = within_pixel(matrices(transform, middle_x, middle_y)[0])
    reach = REACH + int(np.ceil(abs(offsets).max()))
    inside = (u >= reach) & (u <= columns - 1 - reach)
    inside &= (v >= reach) & (v <= rows - 1 - reach)
    if not inside.any():
        return inside, None
    u, v = u[inside], v[inside]
    block = _block(v, rows), _block(u, columns)
    positions = v - block[0].start, u - block[1].start
    planes = reference.image[block], reference.variance[block], reference.mask[block]
    values = _values_at(*planes, positions, offsets)
    area = areas(x[inside], y[inside]).astype(np.float32)
    # the mean over a pixel has the noise of as many pixels as it covers
    scale = area**2 if len(offsets) == 1 else area
    return inside, values._replace(image=values.image * area, variance=values.variance * scale)


def _block(positions, length):
    """Return the slice of an axis that holds positions and a margin around them."""
    low, high = int(positions.min()) - _MARGIN, int(positions.max()) + _MARGIN + 1
    return slice(max(0, low), min(length, high))


def _values_at(image, variance, mask, positions, offsets):
    """Return image, variance and mask at positions (rows, columns), the means over offsets."""
    wider = int(np.ceil(abs(offsets).max()))
    bad = ~(np.isfinite(image) & (variance > 0))
    mask = np.where(bad, mask | bit_value("BAD"), mask)
    spread = np.zeros(mask.shape, DTYPE)
    for bit in range(15):
        reach = wider + (REPLACED_REACH if (1 << bit) & bit_value(*REPLACED) else REACH)
        layer = (mask & (1 << bit)) != 0
        if layer.any():
            spread[ndimage.binary_dilation(layer, np.ones((2 * reach + 1,) * 2))] |= 1 << bit
    order = 5 if len(offsets) == 1 else 3  # a mean needs no steeper filter
    spline = ndimage.spline_filter(np.where(bad, 0, image), order, np.float32, mode="mirror")
    linear = np.where(bad, 0, variance).astype(np.float32)
    values = np.zeros(len(positions[0]), np.float32)
    for right, up in offsets:
        places = positions[0] + up, positions[1] + right
        values += ndimage.map_coordinates(
            spline, places, order=order, mode="mirror", prefilter=False
        )
    values /= len(offsets)
    variances = ndimage.map_coordinates(linear, positions, order=1, mode="mirror")
    bits = spread[tuple(np.rint(coordinate).astype(int) for coordinate in positions)]
    outside = (bits & bit_value("NO_DATA")) != 0
    values[outside] = np.nan
    variances[outside] = np.nan
    return Resampled(values, variances, bits)


def noise_correlation(transform, rows, columns, samples=24):
    """Return the covariance of white noise after `resample` by the distance of two pixels.

    A resampled pixel is a sum of pixels with the weights of the spline. The weights depend on its
    position between them. All positions occur in a region, and the result is their mean.

    Parameters
    ----------
    transform : callable
        ``transform(x, y)`` returns the positions in the reference of pixels of the new image.
    rows, columns : slice
        Region of the new image.
    samples : int
        Number of positions along each axis.

    Returns
    -------
    ndarray, shape (2 * reach + 1, 2 * reach + 1)
        In units of the variance before resampling, by the distance in y and x. Zero distance is
        in the middle. The reach is `CORRELATED` pixels of the image with the larger pixels.
    """
    x, y = np.meshgrid(_samples(columns, samples), _samples(rows, samples))
    phases = [np.rint(c.ravel() % 1 * _PHASES).astype(int) % _PHASES for c in transform(x, y)]
    # in the reference the distances have another length and direction
    steps_x, steps_y = np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, 1.0])
    middle, right, above = np.transpose(transform(np.mean(x) + steps_x, np.mean(y) + steps_y))
    shortest = min(1.0, *np.hypot(*np.transpose([right, above] - middle)))
    reach = int(np.ceil(CORRELATED / shortest - 1e-6))
    lag_y, lag_x = np.mgrid[-reach : reach + 1, -reach : reach + 1].reshape(2, -1)
    lags = np.outer(right - middle, lag_x) + np.outer(above - middle, lag_y)
    overlaps, farthest = _overlaps(float(abs(lags).max()))
    columns_of = [np.rint((lag + farthest) * _PHASES).astype(int) for lag in lags]
    along = (overlaps[p[:, None], c] for p, c in zip(phases, columns_of, strict=True))
    return np.mean(np.multiply(*along), axis=0).reshape(2 * reach + 1, -1)


def _samples(region, number):
    """Return evenly spaced whole positions of a slice."""
    return np.rint(np.linspace(region.start, region.stop - 1, number))


def _overlaps(reach):
    """Return the sums over pixels of products of the spline's weights for two positions.

    Both positions lie on one line of pixels.

    Parameters
    ----------
    reach : float
        Largest distance of the two positions, pixels.

    Returns
    -------
    overlaps : ndarray, shape (_PHASES, 2 * farthest * _PHASES + 1)
        One row per first position between two pixels, one column per distance of the second.
    farthest : int
        Largest distance of the table, pixels: at least `reach`.
    """
    farthest, support = int(np.ceil(reach)), 12
    impulse = np.zeros(2 * (farthest + 2 * support) + 1)
    impulse[len(impulse) // 2] = 1
    steps = np.arange(-(farthest + support) * _PHASES, (farthest + support + 1) * _PHASES + 1)
    weights = ndimage.map_coordinates(
        ndimage.spline_filter1d(impulse, 5),
        [steps / _PHASES + len(impulse) // 2],
        order=5,
        prefilter=False,
    )
    # every _PHASES-th value is the weight of a pixel around the position
    start = farthest * _PHASES + np.arange(_PHASES)
    pixels = np.arange(2 * support + 1) * _PHASES
    distance = np.arange(-farthest * _PHASES, farthest * _PHASES + 1)
    first = weights[start[:, None] + pixels]
    second = np.lib.stride_tricks.sliding_window_view(weights, 2 * support * _PHASES + 1)
    second = second[:, ::_PHASES]
    rows = [second[s + distance] @ row for s, row in zip(start, first, strict=True)]
    return np.stack(rows), farthest
