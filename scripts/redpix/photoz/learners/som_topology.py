"""Cells of self-organising maps, on a plane or a sphere, and their distances."""

import astropy_healpix
import numpy as np

#: shapes of the cells; the sphere has HEALPix cells (Gorski et al. 2005, ApJ 622, 759)
GRIDS = ("rectangular", "hexagonal", "spherical")

#: distance of two rows of hexagons, in units of the distance of two centres in a row
ROW = np.sqrt(3) / 2


def places(grid, size):
    """Return the centres of the cells of a grid.

    Parameters
    ----------
    grid : str
        One of `GRIDS`.
    size : int
        Number of cells per row. On a sphere it is N_side of HEALPix, a power of two, and the number
        of cells is 12 size^2.

    Returns
    -------
    ndarray, shape (cells, 2) or (cells, 3)
        x and y in units of the distance of two cells in a row; unit vectors on a sphere. A plane is
        about as high as it is wide, and has an even number of rows of hexagons.
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
    """Return the distances between all cells.

    Parameters
    ----------
    grid : str
        One of `GRIDS`.
    size : int
        See `places`.
    periodic : bool
        Join opposite edges of a plane; ignored on a sphere.

    Returns
    -------
    ndarray, shape (cells, cells)
        In units of the distance of two cells in a row. On a sphere they are great-circle distances
        in units of the square root of the area of a cell.
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
    """Return the number of rows of a map of hexagons, which is even."""
    return max(2, 2 * round(size / ROW / 2))


def chosen_size(grid, cells):
    """Return the size of the grid with about the given number of cells.

    Parameters
    ----------
    grid : str
        One of `GRIDS`.
    cells : float
        Number of cells.

    Returns
    -------
    int
        See `places`.
    """
    if grid == "spherical":
        return 2 ** max(0, round(np.log2(cells / 12) / 2))
    return max(2, round(np.sqrt(cells * (ROW if grid == "hexagonal" else 1))))
