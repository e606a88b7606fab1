"""The sky of an image whose stars are subtracted: a mean, where a mode or a median would be wrong.

Photons are not Gaussian. The median of a Poisson distribution of many lies a sixth of an electron
below its mean, the mode half of one: with hundreds of pixels in a star that is a bias of fluxes.
"""

import numpy as np
from scipy.interpolate import RectBivariateSpline
from scipy.ndimage import uniform_filter

#: pixels farther from the mean of their square are left out, sigma; so many times over, from 0 on
_CLIP, _ROUNDS = 4.0, 2


def mean_sky(image, noise, mesh):
    """Clipped mean of squares, smoothed over three by three of them, on the image's pixels.

    Parameters
    ----------
    image, noise : ndarray, shape (ny, nx)
        Without stars, its sky near 0 already; standard deviation, infinite where a pixel is hidden.
    mesh : int
        Side of the squares, pixels.

    Returns
    -------
    ndarray, shape (ny, nx)
    """
    edges = [
        np.linspace(0, side, max(round(side / mesh), 1) + 1).astype(int) for side in image.shape
    ]
    known = np.isfinite(noise)
    level = np.zeros([len(part) - 1 for part in edges])
    for _ in range(_ROUNDS):
        middle = np.repeat(np.repeat(level, np.diff(edges[0]), 0), np.diff(edges[1]), 1)
        kept = known & (abs(image - middle) < _CLIP * noise)
        total = _block_sums(np.where(kept, image, 0), edges)
        count = _block_sums(kept.astype(np.float32), edges)
        level = total / np.maximum(count, 1)
    # sums, not means, are smoothed: a square with few pixels counts little
    total, count = (uniform_filter(part, 3, mode="constant") for part in (total, count))
    everywhere = total.sum() / max(count.sum(), 1)
    level = np.where(count > 0, total / np.where(count > 0, count, 1), everywhere)
    middles = [(part[1:] + part[:-1] - 1) / 2 for part in edges]
    return _on_pixels(level, middles, image.shape).astype(image.dtype)


def _block_sums(image, edges):
    rows = np.add.reduceat(image, edges[0][:-1], axis=0)
    return np.add.reduceat(rows, edges[1][:-1], axis=1).astype(float)


def _on_pixels(level, middles, shape):
    places = [
        np.clip(np.arange(side), middle[0], middle[-1])
        for side, middle in zip(shape, middles, strict=True)
    ]
    if min(level.shape) < 2:
        rows, columns = (
            np.interp(place, middle, np.arange(len(middle)))
            for place, middle in zip(places, middles, strict=True)
        )
        return level[np.rint(rows).astype(int)][:, np.rint(columns).astype(int)]
    order = [min(3, side - 1) for side in level.shape]
    return RectBivariateSpline(*middles, level, kx=order[0], ky=order[1])(*places)
