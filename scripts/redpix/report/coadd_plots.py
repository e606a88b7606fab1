"""Figure of a coadd beside the first of its images."""

import numpy as np
from astropy.nddata import block_reduce
from astropy.stats import mad_std
from matplotlib.colors import AsinhNorm
from matplotlib.figure import Figure

#: number of image pixels along a side of the close-up
CLOSE_UP = 300

#: maximum number of pixels along a side of the picture of the whole coadd
LARGEST = 700


def middle(image, side=CLOSE_UP):
    """Return the square in the middle of an image.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        The image.
    side : int
        Pixels.

    Returns
    -------
    ndarray
    """
    corner = [max(0, (length - side) // 2) for length in image.shape]
    return image[corner[0] : corner[0] + side, corner[1] : corner[1] + side]


def coadd_figure(coadd, first):
    """Return a figure of a coadd, of its middle, and of the middle of the first image.

    Parameters
    ----------
    coadd, first : ndarray, shape (ny, nx)
        On the same pixels and in the same unit.

    Returns
    -------
    Figure
    """
    factor = max(1, -(-max(coadd.shape) // LARGEST))
    close = [square - np.nanmedian(square) for square in map(middle, (coadd, first))]
    noise = mad_std(close[1][np.isfinite(close[1])]) or 1.0
    norm = AsinhNorm(2 * noise, vmin=-3 * noise, vmax=60 * noise)
    ratio = float(np.clip(coadd.shape[1] / coadd.shape[0], 0.5, 1.6))
    figure = Figure(figsize=(10.5, 9.6 / (ratio + 2) + 0.7), layout="constrained")
    axes = figure.subplots(1, 3, width_ratios=[ratio, 1, 1])
    shrunk = block_reduce(coadd, factor, np.mean)
    titles = "Coadd", "Its middle", "The first image there"
    for axis, picture, title in zip(axes, (shrunk, *close), titles, strict=True):
        axis.imshow(picture, norm=norm, cmap="gray", origin="lower")
        axis.set(title=title, xticks=[], yticks=[])
    return figure
