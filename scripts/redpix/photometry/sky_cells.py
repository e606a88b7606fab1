"""Compare a model of the sky with the sky that small squares of an image show."""

import numpy as np
import sep
from scipy import ndimage

#: side of the squares in which a model is compared with the sky, pixels
CELL = 16

#: minimum number of squares for a comparison
LEAST_CELLS = 20

#: width of the border in which the sky is compared apart, squares
_BORDER = 2

#: fraction of the pixels of a square that must show the sky
_LEAST_SEEN = 1 / 3

#: threshold of the mask of sources on an image smoothed with a Gaussian of sigma 1 pixel, in noise
#: of a pixel before smoothing. Smoothing lowers white noise by 2 sqrt(pi) = 3.5
_THRESHOLD = 1.0

#: minimum number of pixels of a source, and the width of the border that is added to it, pixels
_LEAST_PIXELS, _GROWTH = 5, 4


def source_mask(image, hidden, mesh):
    """Return the pixels of sources, with their surroundings.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Counts.
    hidden : ndarray of bool, shape (ny, nx)
        Pixels that are left out.
    mesh : int
        Side of the squares of a first background, pixels.

    Returns
    -------
    ndarray of bool, shape (ny, nx)
    """
    values = np.where(hidden, 0, image).astype(np.float32)
    side = min(mesh, *image.shape)
    sky = sep.Background(values, mask=hidden, bw=side, bh=side)
    values -= sky.back(dtype=np.float32)
    values[hidden] = 0
    smoothed = ndimage.gaussian_filter(values, 1.0)
    bright = smoothed > _THRESHOLD * sky.rms(dtype=np.float32)
    del values, smoothed
    labels, number = ndimage.label(bright)
    sizes = np.bincount(labels.ravel(), minlength=number + 1)
    large = sizes >= _LEAST_PIXELS
    large[0] = False
    return ndimage.binary_dilation(large[labels], iterations=_GROWTH)


def cell_means(image, hidden):
    """Return the mean of each square, and the number of its pixels.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Counts.
    hidden : ndarray of bool, shape (ny, nx)
        Pixels that are left out.

    Returns
    -------
    mean : ndarray, shape (rows, columns)
        NaN where fewer than a third of the pixels show the sky.
    count : ndarray, shape (rows, columns)
    """
    edges = [np.arange(0, side, CELL) for side in image.shape]
    sums = [
        np.add.reduceat(np.add.reduceat(plane, edges[0], axis=0), edges[1], axis=1)
        for plane in (np.where(hidden, 0.0, image), (~hidden).astype(float))
    ]
    seen = sums[1] >= _LEAST_SEEN * CELL**2
    return np.where(seen, sums[0] / np.maximum(sums[1], 1), np.nan), sums[1]


def deviation(cells, noise):
    """Return the robust deviation of the sky of squares from 0, without their noise.

    Parameters
    ----------
    cells : (ndarray, ndarray)
        Means and numbers of pixels of squares, of an image without its sky.
    noise : float
        Noise of a pixel of sky, counts.

    Returns
    -------
    float
        In units of the noise, in the whole image or along its border, whichever is larger; NaN if
        there are too few squares.
    """
    mean, count = cells
    border = np.ones(mean.shape, bool)
    border[_BORDER:-_BORDER, _BORDER:-_BORDER] = False
    found = []
    for region in (np.isfinite(mean), np.isfinite(mean) & border):
        if region.sum() >= LEAST_CELLS:
            scatter = 1.4826 * np.median(abs(mean[region])) / noise
            found.append(np.sqrt(max(scatter**2 - np.mean(1 / count[region]), 0)))
    return float(max(found, default=np.nan))
