"""Squares of pixels of a difference about transients, and point sources on their pixels.

Many transients are fitted at once. Squares are divided by their noise.
"""

from typing import NamedTuple

import numpy as np
from scipy import ndimage

from redpix.image.stamps import resized
from redpix.psf.shifted_stamp import shifted_stamps
from redpix.subtraction.difference_shapes import difference_shapes
from redpix.subtraction.transient_shapes import windows

#: degree of the spline through a point source
DEGREE = 3

#: step over which the slopes of a point source are measured, pixels
STEP = 0.1

#: steps of the fit of a place
STEPS = 5

#: largest distance of the fitted place from the measured one along an axis, pixels
FARTHEST = 1.5

#: number of squares of other transients that are made at a time; limits memory
_CHUNK = 512

#: eigenvalue of a fit, relative to the largest, below which a parameter is not determined
_LEAST_EIGENVALUE = 1e-13


class TileShapes(NamedTuple):
    """Shapes in the difference of the tiles that hold transients.

    Attributes
    ----------
    coefficients : ndarray, shape (m, k, k)
        Spline coefficients of a point source of unit flux.
    shapes : list of redpix.subtraction.difference_shapes.DifferenceShapes
        Shapes of a point source and of single pixels.
    tile : ndarray of int, shape (n,)
        Index of the tile of each transient.
    """

    coefficients: np.ndarray
    shapes: list
    tile: np.ndarray


class Squares(NamedTuple):
    """Pixels of the difference about transients, divided by their noise.

    Attributes
    ----------
    column, row : ndarray of int, shape (n,)
        Central pixels, 0-based.
    place : ndarray, shape (n, 2)
        Measured x and y, 0-based.
    tile : ndarray of int, shape (n,)
        Index of the tile.
    data, weight : ndarray, shape (n, side, side)
        Values over their noise, and one over the noise; 0 in invalid pixels.
    """

    column: np.ndarray
    row: np.ndarray
    place: np.ndarray
    tile: np.ndarray
    data: np.ndarray
    weight: np.ndarray

    @property
    def reach(self):
        """Half a side, pixels."""
        return self.data.shape[1] // 2

    def take(self, rows):
        """Return some of the squares.

        Parameters
        ----------
        rows : ndarray of bool or of int
            Selected squares.

        Returns
        -------
        Squares
        """
        return Squares._make(column[rows] for column in self)

    def only(self, valid):
        """Return the squares without their other pixels.

        Parameters
        ----------
        valid : ndarray of bool, shape (n, side, side)
            Pixels that stay.

        Returns
        -------
        Squares
        """
        return self._replace(data=self.data * valid, weight=self.weight * valid)


def tile_shapes(planes, x, y):
    """Return the shapes in the tiles of transients.

    Parameters
    ----------
    planes : redpix.subtraction.mosaic.Mosaic
        The difference.
    x, y : ndarray, shape (n,)
        Places, 0-based.

    Returns
    -------
    TileShapes
    """
    tiles, numbers = {}, []
    for column, row in zip(x, y, strict=True):
        tile = planes.tile_at(column, row)
        key = tile.inner[0].start, tile.inner[1].start
        numbers.append(tiles.setdefault(key, (len(tiles), tile))[0])
    shapes = [difference_shapes(tile) for _, tile in tiles.values()]
    side = max((len(one.source) for one in shapes), default=1)
    filtered = [ndimage.spline_filter(resized(one.source, side), order=DEGREE) for one in shapes]
    coefficients = np.reshape(filtered, (len(shapes), side, side))
    return TileShapes(coefficients, shapes, np.array(numbers, int))


def squares_about(difference, variance, places, tile, reach):
    """Return the pixels about places; invalid ones have weight 0.

    Parameters
    ----------
    difference, variance : ndarray
        D and its variance.
    places : ndarray, shape (n, 2)
        x and y, 0-based.
    tile : ndarray of int, shape (n,)
        Indices of their tiles.
    reach : int
        Half a side of the squares, pixels.

    Returns
    -------
    Squares
    """
    column, row = np.rint(places).astype(int).T
    data, noise = (
        windows(image, column, row, reach, np.nan).astype(float) for image in (difference, variance)
    )
    valid = np.isfinite(data) & (noise > 0)
    weight = np.where(valid, 1 / np.sqrt(np.where(valid, noise, 1.0)), 0.0)
    return Squares(column, row, places, tile, np.where(valid, data, 0.0) * weight, weight)


def without_sources(squares, coefficients, owner, sources):
    """Return squares after point sources are subtracted.

    Parameters
    ----------
    squares : Squares
        Pixels about transients.
    coefficients : ndarray, shape (m, k, k)
        Of `TileShapes`.
    owner : ndarray of int, shape (p,)
        Square that each source is subtracted from.
    sources : ndarray, shape (p, 3)
        x, y and flux of each source.

    Returns
    -------
    Squares
    """
    light = np.zeros_like(squares.data)
    for first in range(0, len(owner), _CHUNK):
        some = slice(first, first + _CHUNK)
        near, (x, y, flux) = squares.take(owner[some]), sources[some].T
        shape = _shapes(near, coefficients, np.stack([x, y], 1))[0]
        np.add.at(light, owner[some], flux[:, None, None] * shape)
    return squares._replace(data=squares.data - light * squares.weight)


def fitted_sources(squares, coefficients):
    """Return the point source that fits each square best, in units of the noise.

    Flux and place are free. The place moves by at most `FARTHEST` along an axis.

    Parameters
    ----------
    squares : Squares
        Pixels about transients.
    coefficients : ndarray, shape (m, k, k)
        Of `TileShapes`.

    Returns
    -------
    ndarray, shape (n, side, side)
    """
    place, weight = squares.place, squares.weight
    data = squares.data.reshape(len(place), -1)
    for _ in range(STEPS):
        columns = (one * weight for one in _shapes(squares, coefficients, place))
        columns = np.stack([one.reshape(data.shape) for one in columns], axis=1)
        flux = _flux(columns[:, 0], data)
        columns[:, 1:] *= flux[:, None, None]
        change = _least_squares(columns, data - flux[:, None] * columns[:, 0])[:, 1:]
        place = place + np.clip(change, -0.5, 0.5)
        place = np.clip(place, squares.place - FARTHEST, squares.place + FARTHEST)
    shape = (_shapes(squares, coefficients, place)[0] * weight).reshape(data.shape)
    return (shape * _flux(shape, data)[:, None]).reshape(weight.shape)


def _shapes(squares, coefficients, place):
    """Return a point source at a place on the pixels of each square, and its derivatives."""
    x, y = place[:, 0] - squares.column, place[:, 1] - squares.row
    return shifted_stamps(coefficients, x, y, squares.reach, DEGREE, squares.tile, STEP)


def _flux(shape, data):
    """Return the flux of a shape in the data, both divided by the noise."""
    power = np.einsum("np,np->n", shape, shape)
    return np.einsum("np,np->n", shape, data) / np.maximum(power, 1e-30)


def _least_squares(columns, data):
    """Return the coefficients of the columns of each square that fit the data best."""
    norm = np.sqrt(np.einsum("nap,nap->na", columns, columns))
    columns = columns / np.where(norm > 0, norm, 1)[..., None]
    normal = np.linalg.pinv(
        columns @ columns.transpose(0, 2, 1), rcond=_LEAST_EIGENVALUE, hermitian=True
    )
    side = columns @ data[..., None]
    return (normal @ side)[..., 0] / np.where(norm > 0, norm, 1)
