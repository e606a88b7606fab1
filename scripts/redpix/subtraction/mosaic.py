"""Difference of two whole images, and of the tiles that it is joined from."""

from typing import NamedTuple

import numpy as np

from redpix.subtraction.epoch import Epoch


def centre_of(inner):
    """Return the centre of a rectangle of pixels.

    Parameters
    ----------
    inner : (slice, slice)
        Rows and columns of the image.

    Returns
    -------
    x, y : float
        0-based.
    """
    rows, columns = inner
    return (columns.start + columns.stop - 1) / 2, (rows.start + rows.stop - 1) / 2


class DifferenceTile(NamedTuple):
    """Numbers and PSFs of the difference of one tile.

    Attributes
    ----------
    inner : (slice, slice)
        Rows and columns of the image that the tile is kept for.
    P_D : ndarray
        PSF of D, a stamp.
    F_D, F_S : float
        As in `redpix.subtraction.zogy.Difference`.
    new, reference : redpix.subtraction.epoch.Epoch
        PSF, noise and flux of both epochs, without image and variance.
    """

    inner: tuple
    P_D: np.ndarray
    F_D: float
    F_S: float
    new: Epoch
    reference: Epoch

    @property
    def centre(self):
        """x, y of the centre, 0-based."""
        return centre_of(self.inner)

    def distance_to(self, shape):
        """Return the distance of the tile from the centre of an image, pixels."""
        x, y = self.centre
        return np.hypot(x - shape[1] / 2, y - shape[0] / 2)


class Mosaic(NamedTuple):
    """Difference of two whole images, joined from tiles.

    Attributes
    ----------
    D, S, Scorr, alpha, alpha_error, variance : ndarray or redpix.image.mapped_image.MappedImage
        Images as in `redpix.subtraction.zogy.Difference`; the variance is that of D.
    P_D : ndarray
        PSF of D in the tile nearest to the centre, a stamp.
    F_D, F_S : float
        Medians of the tiles.
    noise : (float, float)
        Medians of the noise of the new and of the reference image.
    matched : ndarray or None
        Reference with the PSF of the new image, if requested.
    tiles : tuple of DifferenceTile
        The tiles that the images are joined from.
    """

    D: np.ndarray
    S: np.ndarray
    Scorr: np.ndarray
    alpha: np.ndarray
    alpha_error: np.ndarray
    variance: np.ndarray
    P_D: np.ndarray
    F_D: float
    F_S: float
    noise: tuple
    matched: np.ndarray | None
    tiles: tuple = ()

    def tile_at(self, x, y):
        """Return the tile that is kept for a pixel, or the nearest one.

        Parameters
        ----------
        x, y : float
            0-based.

        Returns
        -------
        DifferenceTile
        """

        def distance(tile):
            outside = [
                max(part.start - place, place - part.stop + 1, 0)
                for part, place in zip(tile.inner, (y, x), strict=True)
            ]
            return max(outside)

        return min(self.tiles, key=distance)

    def read(self, name):
        """Return an image of the mosaic as an array.

        Parameters
        ----------
        name : str
            Name of the attribute.

        Returns
        -------
        ndarray
            Mapped from its file if the image lies in one.
        """
        plane = getattr(self, name)
        return plane if isinstance(plane, np.ndarray) else plane.read()


#: names of the images of a mosaic
IMAGES = Mosaic._fields[:6]
