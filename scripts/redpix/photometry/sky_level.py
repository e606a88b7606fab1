"""Measure the sky of an image whose stars are subtracted, as a clipped mean.

A median or a mode would be biased, because the Poisson distribution is skewed. Its median is a
sixth of an electron below its mean, its mode half an electron. A star covers hundreds of pixels, so
this would bias its flux.
"""

import numpy as np
from scipy.interpolate import RectBivariateSpline
from scipy.ndimage import uniform_filter

from redpix.image.strips import strips
from redpix.photometry.scene import Scene

#: pixels farther from the mean of their square are left out, sigma
_CLIP = 4.0

#: number of rounds of clipping; the first round clips around 0
_ROUNDS = 2

#: pixels in which the model of the stars is below this fraction of the noise are sky
_SKY = 0.5


def mean_sky(image, noise, mesh):
    """Return the clipped mean of squares, smoothed over 3 x 3 squares, on the image's pixels.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Counts, without stars and with a sky near 0.
    noise : ndarray, shape (ny, nx)
        Standard deviation, counts; infinite in hidden pixels.
    mesh : int
        Side of the squares, pixels.

    Returns
    -------
    ndarray, shape (ny, nx), float32
        Counts.
    """
    edges = [
        np.linspace(0, side, max(round(side / mesh), 1) + 1).astype(int) for side in image.shape
    ]
    visible = np.isfinite(noise)
    level = np.zeros([len(axis) - 1 for axis in edges])
    image = np.asarray(image, np.float32)
    for _ in range(_ROUNDS):
        columns = np.repeat(level.astype(np.float32), np.diff(edges[1]), 1)
        middle = np.repeat(columns, np.diff(edges[0]), 0)
        kept = visible & (abs(image - middle) < _CLIP * noise)
        total = _block_sums(np.where(kept, image, 0), edges)
        count = _block_sums(kept.astype(np.float32), edges)
        level = total / np.maximum(count, 1)
    # sums are smoothed instead of means, so that squares with few pixels have a low weight
    total, count = (uniform_filter(sums, 3, mode="constant") for sums in (total, count))
    everywhere = total.sum() / max(count.sum(), 1)
    level = np.where(count > 0, total / np.where(count > 0, count, 1), everywhere)
    middles = [(axis[1:] + axis[:-1] - 1) / 2 for axis in edges]
    return _on_pixels(level, middles, image.shape)


def _block_sums(image, edges):
    """Return the sums of an image over the squares of a mesh."""
    # along rows first: four times faster
    columns = np.add.reduceat(image, edges[1][:-1], axis=1)
    return np.add.reduceat(columns, edges[0][:-1], axis=0).astype(float)


def _on_pixels(level, middles, shape):
    """Return values of squares interpolated to pixels, constant beyond the outer middles."""
    positions = [
        np.clip(np.arange(side), middle[0], middle[-1])
        for side, middle in zip(shape, middles, strict=True)
    ]
    if min(level.shape) < 2:
        rows, columns = (
            np.interp(axis, middle, np.arange(len(middle)))
            for axis, middle in zip(positions, middles, strict=True)
        )
        near = level[np.rint(rows).astype(int)][:, np.rint(columns).astype(int)]
        return near.astype(np.float32)
    order = [min(3, side - 1) for side in level.shape]
    spline = RectBivariateSpline(*middles, level, kx=order[0], ky=order[1])
    smooth = np.empty(shape, np.float32)
    for rows, _, _ in strips(shape[0], 0):
        smooth[rows] = spline(positions[0][rows], positions[1])
    return smooth


def with_measured_sky(scene, model, hidden, mesh):
    """Return the scene with its sky and noise measured again after subtraction of the stars.

    Parameters
    ----------
    scene : redpix.photometry.scene.Scene
        Image with its noise.
    model : ndarray, shape (ny, nx)
        Model of the stars, counts.
    hidden : ndarray of bool, shape (ny, nx)
        Pixels that are left out.
    mesh : int
        Side of the squares of the background, pixels.

    Returns
    -------
    scene : redpix.photometry.scene.Scene
    scale : float
        Factor by which the noise was multiplied.
    """
    rest, noise = scene.image - model, np.sqrt(scene.variance)
    sky = mean_sky(rest, noise, mesh)
    rest -= sky
    empty = ~hidden & (model < _SKY * noise)
    if not empty.any():
        # without sky between the stars, the residuals are compared with sky and photon noise
        empty, noise = ~hidden, 1 / np.sqrt(scene.weight(model))
    scaled = (rest[empty] / noise[empty])[:: max(np.count_nonzero(empty) // 500_000, 1)]
    scale = 1.4826 * float(np.median(abs(scaled - np.median(scaled))))
    image = np.where(hidden, np.float32(0), scene.image - sky)
    return Scene(image, scene.variance * np.float32(scale**2), scene.gain), scale
