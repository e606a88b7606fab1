"""Pictures of a field: turn arrays of flux into colours, shrink them, cut them."""

import itertools
import math
from typing import NamedTuple

import numpy as np
from astropy.nddata import block_reduce
from astropy.stats import mad_std
from astropy.visualization import make_lupton_rgb
from astropy.wcs import WCS

#: the SDSS bands from blue to red
_SPECTRUM = "ugriz"

#: colours of the Sun: magnitude in each band minus magnitude in r (SDSS DR16)
_SUN = {"u": 1.87, "g": 0.44, "r": 0.0, "i": -0.11, "z": -0.14}

#: grey level of pixels without data, 0 to 255
NO_DATA = 236

#: maximum number of pixels along a side of the picture of a field
_LARGEST = 1050

#: number of image pixels along a side of the close-up
CLOSE_UP = 300


#: maximum number of pixels that measure the noise of a picture
MOST_NOISE = 200_000


class Picture(NamedTuple):
    """A rectangle of an image, possibly shrunk.

    Attributes
    ----------
    values : ndarray, shape (ny, nx) or (ny, nx, 3)
        Flux per pixel of the image, or red, green and blue as uint8.
    wcs : WCS
        WCS of the pixels of the picture.
    corner : (int, int)
        First column and row of the rectangle in the image, 0-based.
    factor : int
        Number of image pixels along a side of one picture pixel.
    """

    values: np.ndarray
    wcs: WCS
    corner: tuple = (0, 0)
    factor: int = 1

    def transform(self, x, y):
        """Return the position in the picture of a position in the image.

        Parameters
        ----------
        x, y : float or ndarray
            Image pixels, 0-based.

        Returns
        -------
        x, y : float or ndarray
            Picture pixels, 0-based.
        """
        left, bottom = self.corner
        return (x - left + 0.5) / self.factor - 0.5, (y - bottom + 0.5) / self.factor - 0.5

    def extent(self):
        """Return the left, right, bottom and top edges in image pixels, 0-based."""
        (left, bottom), (rows, columns) = self.corner, self.values.shape[:2]
        right, top = left + columns * self.factor, bottom + rows * self.factor
        return left - 0.5, right - 0.5, bottom - 0.5, top - 0.5


class Marks(NamedTuple):
    """Catalogue objects to mark on a picture, one row per object.

    Attributes
    ----------
    x, y : ndarray, shape (n,)
        Pixels of the registered grid, 0-based.
    pixels : ndarray of int, shape (n,)
        Number of pixels of the object; 0 if it is not found in the images.
    classes : ndarray of str, shape (n,)
        GALAXY, STAR, QSO, or empty if unknown.
    redshift : ndarray, shape (n,)
        NaN if unknown.
    """

    x: np.ndarray
    y: np.ndarray
    pixels: np.ndarray
    classes: np.ndarray
    redshift: np.ndarray


def colour_bands(bands):
    """Return the bands for red, green and blue: i, r and g, or their nearest neighbours.

    Parameters
    ----------
    bands : sequence of str
        Bands out of u, g, r, i, z in any order, or others in the order of wavelength.

    Returns
    -------
    tuple of str
        Three bands from red to blue, or all if there are fewer.
    """
    if not set(bands) <= set(_SPECTRUM):
        last = len(bands) - 1
        return tuple(bands[place] for place in dict.fromkeys((last, last // 2, 0)))
    present = sorted(bands, key=_SPECTRUM.index, reverse=True)
    if len(present) < 3:
        return tuple(present)

    def distance(triple):
        steps = zip(triple, "irg", strict=True)
        return sum(abs(_SPECTRUM.index(band) - _SPECTRUM.index(wanted)) for band, wanted in steps)

    return min(itertools.combinations(present, 3), key=distance)


def shrink(image, wcs, largest=_LARGEST):
    """Average blocks of pixels, so that both sides have at most `largest` pixels.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Flux per pixel.
    wcs : WCS
        WCS of the image.
    largest : int
        Picture pixels.

    Returns
    -------
    Picture
        A block that contains a NaN is NaN. Incomplete blocks at the end are cut off.
    """
    factor = max(1, math.ceil(max(image.shape) / largest))
    coarse = wcs.deepcopy()  # WCS.slice does not scale a CD matrix
    coarse.wcs.crpix = (coarse.wcs.crpix - 0.5) / factor + 0.5
    coarse.wcs.cd = coarse.pixel_scale_matrix * factor
    return Picture(block_reduce(image, factor, np.mean), coarse, factor=factor)


def cut(image, wcs, corner, side=CLOSE_UP):
    """Cut a square out of an image.

    Parameters
    ----------
    image : ndarray, shape (ny, nx) or (ny, nx, 3)
        Flux per pixel, or colours.
    wcs : WCS
        WCS of the image.
    corner : (int, int)
        First column and row, 0-based.
    side : int
        Pixels; the square ends at the border of the image.

    Returns
    -------
    Picture
    """
    left, bottom = corner
    square = slice(bottom, bottom + side), slice(left, left + side)
    return Picture(image[square], wcs.slice(square), corner)


def colour_picture(images, bands, noise=None):
    """Return a colour picture after Lupton et al. (2004), with stars like the Sun in white.

    Parameters
    ----------
    images : sequence of ndarray, shape (ny, nx)
        Flux per pixel in one, two or three bands, from red to blue; NaN without data. Two bands
        have their mean as green. One band gives a grey picture.
    bands : sequence of str
        Names of the bands.
    noise : float, optional
        From `colour_noise`; that of these images by default. A part of an image has the colours of
        the whole if it is given that of the whole.

    Returns
    -------
    ndarray of uint8, shape (ny, nx, 3)
        Light grey (`NO_DATA`) if a band lacks data.
    """
    noise = colour_noise(images, bands) if noise is None else noise
    images = [image * _balance(band) for image, band in zip(images, bands, strict=True)]
    valid = np.isfinite(sum(images))
    if not valid.any():
        return np.full((*valid.shape, 3), NO_DATA, np.uint8)
    if len(images) < 3:
        images = [images[0], np.mean(images, axis=0), images[-1]]
    images = [np.where(valid, image + 1.2 * noise, 0) for image in images]
    with np.errstate(divide="ignore", invalid="ignore"):  # 0 / 0 in black pixels
        picture = make_lupton_rgb(*images, stretch=15 * noise, Q=9)
    picture[~valid] = NO_DATA
    return picture


def colour_noise(images, bands):
    """Return the noise of a colour picture, the mean of its bands.

    Parameters
    ----------
    images, bands : sequence
        As of `colour_picture`.

    Returns
    -------
    float
        Of evenly chosen pixels; 1 for images without noise or without data.
    """
    valid = np.flatnonzero(np.isfinite(sum(images)))
    if not len(valid):
        return 1.0
    chosen = valid[:: max(1, len(valid) // MOST_NOISE)]
    spread = [
        mad_std(image.ravel()[chosen]) * _balance(band)
        for image, band in zip(images, bands, strict=True)
    ]
    return float(np.mean(spread)) or 1.0


def _balance(band):
    """Return the factor on the flux of a band that makes the Sun white."""
    return 10 ** (0.4 * _SUN.get(band, 0))


def close_up_corner(image, marks, side=CLOSE_UP):
    """Return the first column and row of the square that the close-up shows.

    Squares overlap by half. The choice prefers squares with data in most corners, then squares
    with most objects, then the lowest and leftmost square.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        NaN without data.
    marks : Marks
        The objects; only those with pixels count.
    side : int
        Pixels.

    Returns
    -------
    (int, int)
        0-based.
    """
    rows, columns = image.shape
    x, y = marks.x[marks.pixels > 0], marks.y[marks.pixels > 0]
    best, corner = (-1, -1), (0, 0)
    for bottom in range(0, max(1, rows - side + 1), side // 2):
        for left in range(0, max(1, columns - side + 1), side // 2):
            ends = [bottom, min(bottom + side, rows) - 1], [left, min(left + side, columns) - 1]
            inside = (x >= left) & (x < left + side) & (y >= bottom) & (y < bottom + side)
            score = np.isfinite(image[np.ix_(*ends)]).sum(), np.count_nonzero(inside)
            if score > best:
                best, corner = score, (left, bottom)
    return corner
