"""Grids of cells, flat or on a sphere, and how far apart their cells are."""

import astropy_healpix
import numpy as np

#: squares, hexagons, or the HEALPix cells of a sphere (Gorski et al. 2005, ApJ 622, 759)
GRIDS = ("rectangular", "hexagonal", "spherical")

#: distance of rows of hexagons whose centres are 1 apart
ROW = np.sqrt(3) / 2


def places(grid, size):
    """Centres of the cells of a grid.

    Parameters
    ----------
    grid : str
        One of `GRIDS`.
    size : int
        Cells of a row. On a sphere HEALPix's N_side, a power of two: there are 12 size^2 cells.

    Returns
    -------
    ndarray, shape (cells, 2) or (cells, 3)
        x and y, cells that touch in a row being 1 apart; unit vectors on a sphere. Flat grids are
        about as high as they are wide, with an even number of rows of hexagons.
    """
    if grid == "spherical":
        longitude, latitude = astropy_healpix.healpix_to_lonlat(
            np.arange(12 * size**2), size, order="ring"
        )
        longitude, latitude = longitude.to_value("rad"), latitude.to_value("rad")
        flat = np.cos(latitude)
        return np.stack(
            [flat * np.cos(longitude), flat * np.sin(longitude), np.sin(latitude)], axis=1
        )
    rows = size if grid == "rectangular" else _hexagon_rows(size)
    y, x = (axis.ravel() for axis in np.mgrid[:rows, :size].astype(float))
    if grid == "hexagonal":
        x, y = x + 0.5 * (y % 2), ROW * y
    return np.stack([x, y], axis=1)


def distances(grid, size, periodic):
    """Distance of each cell from each, shape (cells, cells).

    Parameters
    ----------
    grid : str
        One of `GRIDS`.
    size : int
        See `places`.
    periodic : bool
        Flat grids are joined at opposite edges. A sphere has none.

    Returns
    -------
    ndarray
        Cells that touch in a row are 1 apart; on a sphere, great-circle distances in units of the
        square root of a cell's area.
    """
    centres = places(grid, size)
    offset = centres[:, None] - centres
    if grid == "spherical":
        chord = np.sqrt(np.einsum("ijk,ijk->ij", offset, offset))
        angle = 2 * np.arcsin(np.minimum(chord / 2, 1))
        return angle / np.sqrt(4 * np.pi / len(centres))
    if periodic:
        high = size if grid == "rectangular" else ROW * _hexagon_rows(size)
        period = np.array([size, high])
        offset = np.minimum(np.abs(offset), period - np.abs(offset))
    return np.sqrt(np.einsum("ijk,ijk->ij", offset, offset))


def _hexagon_rows(size):
    return max(2, 2 * round(size / ROW / 2))


def chosen_size(grid, cells):
    """Size of the grid that has about so many cells, and at least that many where it can."""
    if grid == "spherical":
        return 2 ** max(0, round(np.log2(cells / 12) / 2))
    return max(2, round(np.sqrt(cells * (ROW if grid == "hexagonal" else 1))))
