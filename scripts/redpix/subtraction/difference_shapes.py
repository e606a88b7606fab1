"""Shapes in a difference: of a point source, and of a single pixel of either image."""

from typing import NamedTuple

import numpy as np

from redpix.subtraction.zogy import subtract


class DifferenceShapes(NamedTuple):
    """Shapes in the difference of a tile: stamps of odd sides, their centre in the middle.

    Attributes
    ----------
    source : ndarray
        A point source of unit flux.
    new_pixel, reference_pixel : ndarray
        A pixel of one count in the new image, and in the reference.
    """

    source: np.ndarray
    new_pixel: np.ndarray
    reference_pixel: np.ndarray


def difference_shapes(tile):
    """Return the shapes in the difference of a tile.

    Parameters
    ----------
    tile : redpix.subtraction.mosaic.DifferenceTile
        PSFs, noise and flux of both epochs.

    Returns
    -------
    DifferenceShapes
    """
    side = max(tile.new.psf.shape + tile.reference.psf.shape) | 1
    empty = np.zeros((2 * side + 1,) * 2)
    pixel = empty.copy()
    pixel[side, side] = 1.0
    square = (slice(side - side // 2, side + side // 2 + 1),) * 2

    def difference_of(new, reference):
        epochs = tile.new._replace(image=new), tile.reference._replace(image=reference)
        return subtract(*epochs, dtype=np.float64).D[square]

    return DifferenceShapes(
        source=tile.F_D * tile.P_D,
        new_pixel=difference_of(pixel, empty),
        reference_pixel=difference_of(empty, pixel),
    )
