"""Pictures of a field: arrays of flux to arrays of colour, shrunk or cut for a page."""

import itertools
import math
from typing import NamedTuple

import numpy as np
from astropy.nddata import block_reduce
from astropy.stats import mad_std
from astropy.visualization import make_lupton_rgb
from astropy.wcs import WCS

#: SDSS bands from blue to red
_SPECTRUM = "ugriz"

#: magnitudes of the Sun in each band, from those in r (SDSS DR16, "ugriz of Vega and the Sun")
_SUN = {"u": 1.87, "g": 0.44, "r": 0.0, "i": -0.11, "z": -0.14}

#: grey of pixels without a value
NO_DATA = 236

#: most picture pixels along a side, of a whole field
_LARGEST = 1050

#: pixels along a side of the close-up
CLOSE_UP = 300


class Picture(NamedTuple):
    """A piece of an image, maybe shrunk, to be shown.

    Attributes
    ----------
    values : ndarray, shape (ny, nx) or (ny, nx, 3)
        Flux a pixel of the image, or red, green and blue as uint8.
    wcs : WCS
        Of the picture's own pixels.
    corner : (int, int)
        First column and row of the image that it shows.
    factor : int
        Pixels of the image along a side of one of the picture.
    """

    values: np.ndarray
    wcs: WCS
    corner: tuple = (0, 0)
    factor: int = 1

    def place(self, x, y):
        """Coordinates in the picture of 0-based coordinates in the image."""
        left, bottom = self.corner
        return (x - left + 0.5) / self.factor - 0.5, (y - bottom + 0.5) / self.factor - 0.5

    def extent(self):
        """Left, right, bottom and top edge in coordinates of the image."""
        (left, bottom), (rows, columns) = self.corner, self.values.shape[:2]
        right, top = left + columns * self.factor, bottom + rows * self.factor
        return left - 0.5, right - 0.5, bottom - 0.5, top - 0.5


class Marks(NamedTuple):
    """Catalogue objects to be marked on a picture, one row each.

    Attributes
    ----------
    x, y : ndarray, shape (n,)
        0-based pixel coordinates of the registered grid.
    pixels : ndarray of int, shape (n,)
        Pixels that belong to the object; 0: not found in the images.
    classes : ndarray of str, shape (n,)
        GALAXY, STAR, QSO or empty.
    redshift : ndarray, shape (n,)
        NaN where unknown.
    """

    x: np.ndarray
    y: np.ndarray
    pixels: np.ndarray
    classes: np.ndarray
    redshift: np.ndarray


def colour_bands(bands):
    """Bands for red, green and blue: i, r and g, or the nearest that there are.

    Parameters
    ----------
    bands : sequence of str
        Some of u, g, r, i, z, in any order.

    Returns
    -------
    tuple of str
        Three from red to blue; two, or one, where there are no more.
    """
    present = sorted(bands, key=_SPECTRUM.index, reverse=True)
    if len(present) < 3:
        return tuple(present)

    def distance(triple):
        steps = zip(triple, "irg", strict=True)
        return sum(abs(_SPECTRUM.index(band) - _SPECTRUM.index(wanted)) for band, wanted in steps)

    return min(itertools.combinations(present, 3), key=distance)


def shrink(image, wcs, largest=_LARGEST):
    """Mean of blocks of pixels, so that no side is longer than `largest`.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
    wcs : WCS
    largest : int

    Returns
    -------
    Picture
        A block with a pixel that is NaN is NaN. Rows and columns left over at the end are cut off.
    """
    factor = max(1, math.ceil(max(image.shape) / largest))
    coarse = wcs.deepcopy()  # WCS.slice leaves a CD matrix as it is
    coarse.wcs.crpix = (coarse.wcs.crpix - 0.5) / factor + 0.5
    coarse.wcs.cd = coarse.pixel_scale_matrix * factor
    return Picture(block_reduce(image, factor, np.mean), coarse, factor=factor)


def cut(image, wcs, corner, side=CLOSE_UP):
    """A square of an image, as it is.

    Parameters
    ----------
    image : ndarray, shape (ny, nx) or (ny, nx, 3)
    wcs : WCS
    corner : (int, int)
        First column and row.
    side : int
        Pixels; less where the image ends.

    Returns
    -------
    Picture
    """
    left, bottom = corner
    part = slice(bottom, bottom + side), slice(left, left + side)
    return Picture(image[part], wcs.slice(part), corner)


def colour_picture(images, bands):
    """Red, green and blue after Lupton et al. (2004), so that a star like the Sun is white.

    Parameters
    ----------
    images : sequence of ndarray, shape (ny, nx)
        Flux a pixel in one, two or three bands, from red to blue; NaN: none. Of two, the mean is
        the green; one gives a grey picture.
    bands : sequence of str

    Returns
    -------
    ndarray of uint8, shape (ny, nx, 3)
        Light grey where a band has no value.
    """
    images = [image * 10 ** (0.4 * _SUN[band]) for image, band in zip(images, bands, strict=True)]
    known = np.isfinite(images).all(axis=0)
    if not known.any():
        return np.full((*known.shape, 3), NO_DATA, np.uint8)
    if len(images) < 3:
        images = [images[0], np.mean(images, axis=0), images[-1]]
    noise = np.mean([mad_std(image[known]) for image in images]) or 1.0
    images = [np.where(known, image + 1.2 * noise, 0) for image in images]
    with np.errstate(divide="ignore", invalid="ignore"):  # 0 / 0 where there is no light at all
        picture = make_lupton_rgb(*images, stretch=15 * noise, Q=9)
    picture[~known] = NO_DATA
    return picture


def close_up_corner(image, marks, side=CLOSE_UP):
    """First column and row of the square of an image that is best worth a closer look.

    Squares half overlap. Those that have data in most of their corners come first, of these the
    one that holds most of the objects found, of equals the first from below and from the left.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        NaN: no data.
    marks : Marks
    side : int
        Pixels.
    """
    rows, columns = image.shape
    x, y = marks.x[marks.pixels > 0], marks.y[marks.pixels > 0]
    best, corner = (-1, -1), (0, 0)
    for bottom in range(0, max(1, rows - side + 1), side // 2):
        for left in range(0, max(1, columns - side + 1), side // 2):
            ends = [bottom, min(bottom + side, rows) - 1], [left, min(left + side, columns) - 1]
            inside = (x >= left) & (x < left + side) & (y >= bottom) & (y < bottom + side)
            worth = np.isfinite(image[np.ix_(*ends)]).sum(), np.count_nonzero(inside)
            if worth > best:
                best, corner = worth, (left, bottom)
    return corner
