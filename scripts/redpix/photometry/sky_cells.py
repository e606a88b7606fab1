"""Compare a model of the sky with the sky that small squares of an image show."""

import numpy as np
import sep
from scipy import ndimage

#: side of the squares in which a model is compared with the sky, pixels
CELL = 16

#: number of the first regions that are large; deviation from which that of others counts
_LARGE, _STEEP = 2, 0.6

#: minimum number of squares for a comparison, of the image and of a region
LEAST_CELLS, LEAST_OF_REGION = 20, 6

#: width of the border and of the corners in which the sky is compared apart, squares
_BORDER, _CORNER = 2, 3

#: fraction of the pixels of a column from which sources are glow; the same of a corner, squares
_FULL, _GLOW = 0.8, 2.0

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


def without_glow(sources, hidden):
    """Return the mask of sources without what fills columns, rows or a corner.

    Parameters
    ----------
    sources : ndarray of bool, shape (ny, nx)
        Masked pixels and sources.
    hidden : ndarray of bool, shape (ny, nx)
        Masked pixels.

    Returns
    -------
    ndarray of bool, shape (ny, nx)
        Stars do not fill whole columns: light that does is sky.
    """
    glow = np.zeros(sources.shape, bool)
    for axis in (0, 1):
        share = (sources & ~hidden).sum(axis=axis) / np.maximum((~hidden).sum(axis=axis), 1)
        glow |= np.expand_dims(share > _FULL, axis)
    labels, _ = ndimage.label(sources)
    sizes = np.bincount(labels.ravel())
    for corner in {labels[row, column] for row in (0, -1) for column in (0, -1)} - {0}:
        if sizes[corner] > _GLOW * CELL**2:
            glow |= labels == corner
    return sources & (hidden | ~glow)


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
        # along rows first: four times faster
        np.add.reduceat(np.add.reduceat(plane, edges[1], axis=1), edges[0], axis=0)
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
        In units of the noise: the largest of the whole image, of its border, of its sides and of
        its corners; NaN if there are too few squares.
    """
    mean, count = cells
    found = []
    if np.isfinite(mean).sum() < LEAST_CELLS:
        return float("nan")
    for number, some in enumerate(regions(mean.shape)):
        region = some & np.isfinite(mean)
        if region.sum() >= LEAST_OF_REGION:
            scatter = 1.4826 * np.median(abs(mean[region])) / noise
            off = np.sqrt(max(scatter**2 - np.mean(1 / count[region]), 0))
            # in few squares, wings of stars can be some tenths of the noise
            found.append(off if number < _LARGE or off > _STEEP else 0.0)
    return float(max(found))


def regions(shape):
    """Yield the regions of an image in which the sky is compared with a model.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns of squares.

    Yields
    ------
    ndarray of bool
        The whole image, its border, its sides and its corners.
    """
    yield np.ones(shape, bool)
    ends = (slice(None, _BORDER), slice(-_BORDER, None))
    corners = (slice(None, _CORNER), slice(-_CORNER, None))
    sides = [(end, slice(None)) for end in ends] + [(slice(None), end) for end in ends]
    border = np.zeros(shape, bool)
    for place in sides:
        border[place] = True
    yield border
    for place in sides + [(rows, columns) for rows in corners for columns in corners]:
        region = np.zeros(shape, bool)
        region[place] = True
        yield region
