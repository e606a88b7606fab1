"""An image, its variance and mask on other pixels, and what that does to its noise.

Coordinates are 0-based, images [y, x]. "new" is the image whose pixels stay, "reference" the one
that is resampled.
"""

from typing import NamedTuple

import numpy as np
from scipy import ndimage

from redpix.core.exceptions import InputError
from redpix.image.masks import DTYPE, bit_value

#: how far bits of a mask spread: pixels farther off have 3 % of the quintic spline's weight at most
REACH = 3

#: where a likely value was put in the place of a bad one, 7 % of the weight does no harm
REPLACED, REPLACED_REACH = ("INTERPOLATED", "COSMIC_RAY", "GHOST", "NOT_CHECKED"), 2

#: pixels about a block: what the spline's filter makes of its edge has died away to 1e-8 there
_MARGIN = 24

#: noise of pixels farther apart is independent, pixels before the spline
CORRELATED = 10

#: steps between two pixels in which the weights of the spline are tabulated
_PHASES = 64


class Resampled(NamedTuple):
    """The reference on the new image's pixels; NaN and NO_DATA where it has none."""

    image: np.ndarray
    variance: np.ndarray
    mask: np.ndarray


def resample(image, variance, mask, place, shape, side=512):
    """Put an image onto other pixels with a quintic spline, its variance with a linear one.

    Both keep sums over apertures; the spline leaves the noise all but uncorrelated, and a linear
    interpolation of variance has no negative lobes beside stars. Images keep flux a pixel: where
    pixels are of another size, the flux ratio of stars holds their areas' ratio.

    Parameters
    ----------
    image, variance : ndarray
        Of the reference.
    mask : ndarray of int
        Bits of `redpix.image.masks`.
    place : callable
        ``place(x, y)``: where pixels of the new image lie in the reference.
    shape : (int, int)
        Of the new image.
    side : int
        Of the squares that are worked one after the other, which bounds memory.

    Returns
    -------
    Resampled
        float32, float32, int16.

    Raises
    ------
    InputError
        If the images do not overlap.
    """
    result = Resampled(
        np.full(shape, np.nan, np.float32),
        np.full(shape, np.nan, np.float32),
        np.full(shape, bit_value("NO_DATA"), DTYPE),
    )
    known = False
    for top in range(0, shape[0], side):
        for left in range(0, shape[1], side):
            part = (
                slice(top, min(top + side, shape[0])),
                slice(left, min(left + side, shape[1])),
            )
            y, x = np.mgrid[part].astype(float)
            u, v = place(x, y)
            inside = (u >= REACH) & (u <= image.shape[1] - 1 - REACH)
            inside &= (v >= REACH) & (v <= image.shape[0] - 1 - REACH)
            if inside.any():
                known = True
                block = tuple(
                    slice(
                        max(0, int(where[inside].min()) - _MARGIN),
                        min(length, int(where[inside].max()) + _MARGIN + 1),
                    )
                    for where, length in zip((v, u), image.shape, strict=True)
                )
                places = v[inside] - block[0].start, u[inside] - block[1].start
                values = _values_at(image[block], variance[block], mask[block], places)
                for plane, found in zip(result, values, strict=True):
                    plane[part][inside] = found
    if not known:
        raise InputError("the images do not overlap")
    return result


def _values_at(image, variance, mask, places):
    """Image, variance and mask at places (rows, columns) between their pixels."""
    bad = ~(np.isfinite(image) & (variance > 0))
    mask = np.where(bad, mask | bit_value("BAD"), mask)
    grown = np.zeros(mask.shape, DTYPE)
    for bit in range(15):
        reach = REPLACED_REACH if (1 << bit) & bit_value(*REPLACED) else REACH
        layer = (mask & (1 << bit)) != 0
        if layer.any():
            grown[ndimage.binary_dilation(layer, np.ones((2 * reach + 1,) * 2))] |= 1 << bit
    spline = ndimage.spline_filter(np.where(bad, 0, image), 5, np.float32, mode="mirror")
    linear = np.where(bad, 0, variance).astype(np.float32)
    planes = (
        ndimage.map_coordinates(spline, places, order=5, mode="mirror", prefilter=False),
        ndimage.map_coordinates(linear, places, order=1, mode="mirror"),
    )
    bits = grown[tuple(np.rint(place).astype(int) for place in places)]
    for plane in planes:
        plane[(bits & bit_value("NO_DATA")) != 0] = np.nan
    return *planes, bits


def noise_correlation(place, rows, columns, samples=24):
    """Covariance of white noise after `resample`, between pixels so far apart.

    A pixel is a sum of pixels with the weights of the spline, which depend on where between the
    pixels it lies; over a region all places come up, and their mean is taken.

    Parameters
    ----------
    place : callable
        ``place(x, y)``: where pixels of the new image lie in the reference.
    rows, columns : slice
        Region of the new image.
    samples : int
        Places that are looked at along each axis.

    Returns
    -------
    ndarray, shape (2 * reach + 1, 2 * reach + 1)
        In units of the variance before; no distance in the middle; reach is `CORRELATED` pixels
        of the larger ones.
    """
    x, y = np.meshgrid(
        *(np.rint(np.linspace(part.start, part.stop - 1, samples)) for part in (columns, rows))
    )
    phases = [np.rint(c.ravel() % 1 * _PHASES).astype(int) % _PHASES for c in place(x, y)]
    # the same distances in the reference, of other length and direction if it is turned
    middle, right, above = np.transpose(
        place(np.mean(x) + np.array([0.0, 1.0, 0.0]), np.mean(y) + np.array([0.0, 0.0, 1.0]))
    )
    shortest = min(1.0, *np.hypot(*np.transpose([right, above] - middle)))
    reach = int(np.ceil(CORRELATED / shortest - 1e-6))
    lag_y, lag_x = np.mgrid[-reach : reach + 1, -reach : reach + 1].reshape(2, -1)
    lags = np.outer(right - middle, lag_x) + np.outer(above - middle, lag_y)
    overlaps, farthest = _overlaps(float(abs(lags).max()))
    columns_of = [np.rint((lag + farthest) * _PHASES).astype(int) for lag in lags]
    along = (overlaps[p[:, None], c] for p, c in zip(phases, columns_of, strict=True))
    return np.mean(np.multiply(*along), axis=0).reshape(2 * reach + 1, -1)


def _overlaps(reach):
    """Sums over pixels of products of the quintic spline's weights for two places on a line.

    A row for each place between two pixels, a column for each distance of the other place from it.

    Returns
    -------
    overlaps : ndarray, shape (_PHASES, 2 * farthest * _PHASES + 1)
    farthest : int
        Not below `reach`.
    """
    farthest, support = int(np.ceil(reach)), 12
    impulse = np.zeros(2 * (farthest + 2 * support) + 1)
    impulse[len(impulse) // 2] = 1
    steps = np.arange(-(farthest + support) * _PHASES, (farthest + support + 1) * _PHASES + 1)
    weights = ndimage.map_coordinates(
        *(ndimage.spline_filter1d(impulse, 5), [steps / _PHASES + len(impulse) // 2]),
        order=5,
        prefilter=False,
    )
    # weights of the pixels about a place: every _PHASES-th value
    start = farthest * _PHASES + np.arange(_PHASES)
    pixels = np.arange(2 * support + 1) * _PHASES
    distance = np.arange(-farthest * _PHASES, farthest * _PHASES + 1)
    own = weights[start[:, None] + pixels]
    other = np.lib.stride_tricks.sliding_window_view(weights, 2 * support * _PHASES + 1)
    other = other[:, ::_PHASES]
    return np.stack(
        [other[s + distance] @ row for s, row in zip(start, own, strict=True)]
    ), farthest
