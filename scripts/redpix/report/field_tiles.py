"""Divide a large image for the page's viewer: small tiles at full resolution, the rest shrunk."""

from typing import NamedTuple

import numpy as np

#: pixels along a side of a tile
SIDE = 16

#: tiles beside each other in the picture that holds all tiles
ACROSS = 32


class Tiling(NamedTuple):
    """The tiles of an image that the viewer has at full resolution.

    Attributes
    ----------
    factor : int
        Pixels along a side of a block of the shrunk image; 1 if all is at full resolution, and then
        there are neither tiles nor a shrunk image.
    tiles : ndarray of int, shape (n, 2)
        Column and row of each tile, in tiles, 0-based.
    near : int
        Number of objects that lie in tiles as a whole.
    """

    factor: int
    tiles: np.ndarray
    near: int

    def fine(self, plane):
        """Return the tiles of a plane in one array, row by row from below; or the whole plane.

        Parameters
        ----------
        plane : ndarray, shape (ny, nx)
            Values of the image.

        Returns
        -------
        ndarray, shape (rows * SIDE, ACROSS * SIDE)
        """
        if self.factor == 1:
            return plane
        blank = np.nan if plane.dtype.kind == "f" else 0
        rows = max(1, -(-len(self.tiles) // ACROSS))
        joined = np.full((rows * SIDE, ACROSS * SIDE), blank, plane.dtype)
        for number, (column, row) in enumerate(self.tiles):
            tile = plane[row * SIDE : (row + 1) * SIDE, column * SIDE : (column + 1) * SIDE]
            up, right = number // ACROSS * SIDE, number % ACROSS * SIDE
            joined[up : up + tile.shape[0], right : right + tile.shape[1]] = tile
        return joined

    def rest(self, plane):
        """Return a plane without the pixels of the tiles.

        Parameters
        ----------
        plane : ndarray, shape (ny, nx)
            Values of the image.

        Returns
        -------
        ndarray, shape (ny, nx)
            A copy with NaN, or 0 in whole numbers, in the tiles.
        """
        plane = plane.copy()
        for column, row in self.tiles * SIDE:
            blank = np.nan if plane.dtype.kind == "f" else 0
            plane[row : row + SIDE, column : column + SIDE] = blank
        return plane

    def scale(self, objects):
        """Return at which scale an image is shown.

        Parameters
        ----------
        objects : str
            Number and word of the objects, such as ``12 stars``.

        Returns
        -------
        str
        """
        if self.factor == 1:
            return "at full resolution"
        return (
            f"with means of {self.factor} × {self.factor} pixels, and {self.near:,} of {objects} "
            "at full resolution (report.viewer_pixels sets how many)"
        )

    def about(self, shape):
        """Return the description of the tiles for the page.

        Parameters
        ----------
        shape : (int, int)
            Rows and columns of the image.

        Returns
        -------
        dict or None
            `side`, `across`; `places`, column and row of each tile; `factor`, and `coarse`, columns
            and rows of the shrunk image. None if all is at full resolution.
        """
        if self.factor == 1:
            return None
        return {
            "side": SIDE,
            "across": ACROSS,
            "places": self.tiles.ravel().tolist(),
            "factor": self.factor,
            "coarse": [-(-side // self.factor) for side in shape[::-1]],
        }


def choose_tiles(valid, x, y, label, most):
    """Return the tiles of an image that are shown at full resolution: those of the largest objects.

    Parameters
    ----------
    valid : ndarray of bool, shape (ny, nx)
        Pixels with data.
    x, y : ndarray of int, shape (n,)
        Pixels of objects, 0-based.
    label : ndarray of int, shape (n,)
        Number of the object of each pixel.
    most : int
        Maximum number of pixels with data, of tiles and shrunk image together.

    Returns
    -------
    Tiling
    """
    data = np.count_nonzero(valid)
    if data <= most:
        return Tiling(1, np.zeros((0, 2), int), len(np.unique(label)))
    factor = int(np.ceil(np.sqrt(2 * data / most)))
    room = (most - np.count_nonzero(blocks_of(valid, factor, np.logical_or))) // SIDE**2
    grid = tuple(-(-side // SIDE) for side in valid.shape)
    tiles = tiles_of_objects(x // SIDE, y // SIDE, label)
    chosen, near = set(), 0
    # first the objects, then what lies about them
    for reach in (0, 1):
        for one in tiles:
            wanted = {other for tile in one for other in _around(tile, reach, grid)} - chosen
            if len(chosen) + len(wanted) <= room:
                chosen |= wanted
                near += reach == 0
    places = np.array(sorted(chosen), int).reshape(-1, 2)
    return Tiling(factor, places[:, ::-1], near)


def tiles_of_objects(column, row, label):
    """Return the tiles of each object, from the object with most pixels on.

    Parameters
    ----------
    column, row : ndarray of int, shape (n,)
        Tile of each pixel.
    label : ndarray of int, shape (n,)
        Number of the object of each pixel.

    Returns
    -------
    list of list of (int, int)
        Row and column of each tile.
    """
    numbers, sizes = np.unique(label, return_counts=True)
    places = np.unique(np.stack([label, row, column], axis=1), axis=0)
    ends = np.flatnonzero(np.diff(places[:, 0])) + 1
    tiles = [[tuple(one) for one in part.tolist()] for part in np.split(places[:, 1:], ends)]
    return [tiles[number] for number in np.argsort(-sizes, kind="stable")] if len(numbers) else []


def _around(tile, reach, grid):
    """Return the tiles up to some distance from a tile, inside the image."""
    rows, columns = (
        range(max(0, place - reach), min(count, place + reach + 1))
        for place, count in zip(tile, grid, strict=True)
    )
    return {(row, column) for row in rows for column in columns}


def pixels_inside(x, y, shape):
    """Return the pixels of an image in which positions lie.

    Parameters
    ----------
    x, y : array, shape (n,)
        Positions, 0-based.
    shape : (int, int)
        Rows and columns of the image.

    Returns
    -------
    x, y : ndarray of int
        Those inside the image, in the same order.
    """
    x, y = np.rint(np.asarray(x)), np.rint(np.asarray(y))
    inside = (x >= 0) & (x < shape[1]) & (y >= 0) & (y < shape[0])
    return x[inside].astype(int), y[inside].astype(int)


def blocks_of(plane, factor, combine):
    """Return an image with the pixels of each block combined; blocks at the end may be incomplete.

    Parameters
    ----------
    plane : ndarray, shape (ny, nx)
        The image.
    factor : int
        Pixels along a side of a block.
    combine : ufunc
        Combines two values, such as ``np.maximum``.

    Returns
    -------
    ndarray
    """
    ny, nx = plane.shape
    rows = combine.reduceat(plane, np.arange(0, ny, factor), axis=0)
    return combine.reduceat(rows, np.arange(0, nx, factor), axis=1)


def block_means(plane, factor):
    """Return an image with the pixels of each block averaged.

    Parameters
    ----------
    plane : ndarray of float, shape (ny, nx)
        NaN without data.
    factor : int
        Pixels along a side of a block.

    Returns
    -------
    ndarray
        Mean of the pixels with data; NaN where a block has none.
    """
    valid = np.isfinite(plane)
    total = blocks_of(np.where(valid, plane, 0), factor, np.add)
    count = blocks_of(valid.astype(np.int32), factor, np.add)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
