"""Choose a model of the sky that follows vignetting and gradients, by held-out squares."""

from typing import NamedTuple

import numpy as np
import sep
from numpy.polynomial import chebyshev
from scipy import ndimage

from redpix.photometry import ccd

#: side of the squares in which a model is compared with the sky, pixels
CELL = 16

#: deviation of the sky of a square from the model that is good enough, noise of a pixel
GOOD_ENOUGH = 0.15

#: smallest side of the squares of a background, pixels; degrees of the polynomials
_FINEST, _DEGREES = 16, (2, 4, 6)

#: another model must lower the deviation of held-out squares by this factor
_BETTER = 0.7

#: fraction of the pixels of a square that must show the sky
_LEAST_SEEN = 1 / 3

#: minimum number of squares for a choice
_LEAST_CELLS = 20

#: limits of the mask of sources: significance in noise of a pixel, pixels, growth in pixels
_SOURCES = {"threshold": 2.0, "minarea": 5, "growth": 4}


class SkyModel(NamedTuple):
    """A way to measure the sky.

    Attributes
    ----------
    degree : int
        Degree of a polynomial over the image that is taken away first; 0 for none.
    mesh : int
        Side of the squares in which the sky is measured, pixels.
    deviation : float
        Deviation of the sky of squares from the model, noise of a pixel; NaN if unknown.
    """

    degree: int
    mesh: int
    deviation: float = float("nan")

    def __str__(self):
        """Return the model in words."""
        squares = f"squares of {self.mesh} pixels"
        return f"a polynomial of degree {self.degree} and {squares}" if self.degree else squares


def choose_sky(image, mask, mesh):
    """Return the sky of an image and the model that measures it best.

    The configured mesh is kept if it follows the sky. Otherwise the model with the smallest
    deviation from squares that it was not made from is used.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Counts.
    mask : ndarray of int, shape (ny, nx)
        Pixels that are not 0 are left out.
    mesh : int
        Configured side of the squares, pixels.

    Returns
    -------
    sky : redpix.photometry.ccd.Background
    model : SkyModel

    Raises
    ------
    InputError
        If the image has no noise.
    """
    configured = ccd.background(image, mask, mesh)
    model = SkyModel(0, mesh)
    hidden = (mask != 0) | ~np.isfinite(image)
    hidden |= source_mask(image, hidden, min(mesh, 2 * CELL))
    noise = _noise(configured)
    found = deviation(image - configured.level, hidden, noise)
    model = model._replace(deviation=found)
    if not found > GOOD_ENOUGH:
        return configured, model
    tried = [
        other._replace(deviation=held_out(image, hidden, other, noise))
        for other in candidates(mesh)
    ]
    best = min(tried, key=lambda other: np.nan_to_num(other.deviation, nan=np.inf))
    reached = next(other.deviation for other in tried if other[:2] == model[:2])
    if not best.deviation < _BETTER * reached:
        return configured, model
    return measure(image, mask, best, hidden), best


def candidates(mesh):
    """Return the models that are tried, the simplest first.

    Parameters
    ----------
    mesh : int
        Configured side of the squares, pixels.

    Returns
    -------
    list of SkyModel
    """
    finer = [mesh // 2**n for n in range(1, 8) if mesh // 2**n >= _FINEST]
    polynomials = [SkyModel(degree, mesh) for degree in _DEGREES]
    return [SkyModel(0, mesh)] + polynomials + [SkyModel(0, side) for side in finer]


def measure(image, mask, model, hidden):
    """Return the sky of an image by a model.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Counts.
    mask : ndarray of int, shape (ny, nx)
        Pixels that are not 0 are left out.
    model : SkyModel
        Model of the sky.
    hidden : ndarray of bool, shape (ny, nx)
        Pixels that the polynomial leaves out: masked pixels and sources.

    Returns
    -------
    redpix.photometry.ccd.Background
    """
    smooth = polynomial(image, hidden, model.degree) if model.degree else 0.0
    sky = ccd.background(image - smooth, mask, model.mesh)
    return sky._replace(level=sky.level + smooth)


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
    values = np.where(hidden, 0.0, image)
    side = min(mesh, *image.shape)
    sky = sep.Background(values, mask=hidden, bw=side, bh=side)
    smoothed = ndimage.gaussian_filter(np.where(hidden, 0.0, values - sky.back()), 1.0)
    # a Gaussian of 1 pixel lowers the noise by a factor of 3.5
    bright = smoothed > _SOURCES["threshold"] * sky.rms() / 2
    labels, number = ndimage.label(bright)
    sizes = np.bincount(labels.ravel(), minlength=number + 1)
    large = sizes >= _SOURCES["minarea"]
    large[0] = False
    return ndimage.binary_dilation(large[labels], iterations=_SOURCES["growth"])


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


def deviation(rest, hidden, noise, cells=None):
    """Return the robust deviation of the sky of squares from 0, without their noise.

    Parameters
    ----------
    rest : ndarray, shape (ny, nx)
        Image without its sky, counts.
    hidden : ndarray of bool, shape (ny, nx)
        Masked pixels and sources.
    noise : float
        Noise of a pixel of sky, counts.
    cells : ndarray of bool, shape (rows, columns), optional
        Squares that are compared.

    Returns
    -------
    float
        In units of the noise; NaN if there are too few squares.
    """
    mean, count = cell_means(rest, hidden)
    used = np.isfinite(mean) if cells is None else np.isfinite(mean) & cells
    if used.sum() < _LEAST_CELLS / (1 if cells is None else 2):
        return float("nan")
    scatter = 1.4826 * np.median(abs(mean[used])) / noise
    return float(np.sqrt(max(scatter**2 - np.mean(1 / count[used]), 0)))


def held_out(image, hidden, model, noise):
    """Return the deviation of squares from a model that was made from the other squares.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Counts.
    hidden : ndarray of bool, shape (ny, nx)
        Masked pixels and sources.
    model : SkyModel
        Model of the sky.
    noise : float
        Noise of a pixel of sky, counts.

    Returns
    -------
    float
        In units of the noise.
    """
    rows, columns = (-(-side // CELL) for side in image.shape)
    row, column = np.indices((rows, columns))
    found = []
    for fold in range(2):
        left = (row + 2 * column + fold) % 4 == 0
        pixels = left.repeat(CELL, 0).repeat(CELL, 1)[: image.shape[0], : image.shape[1]]
        without = hidden | pixels
        level = measure(image, without.astype(np.int16), model, without).level
        found.append(deviation(image - level, hidden, noise, left))
    return float(np.mean(found))


def polynomial(image, hidden, degree):
    """Return a polynomial of the position, fitted to the sky of squares.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Counts.
    hidden : ndarray of bool, shape (ny, nx)
        Masked pixels and sources.
    degree : int
        Largest sum of the exponents.

    Returns
    -------
    ndarray, shape (ny, nx)
        Counts.
    """
    mean, _ = cell_means(image, hidden)
    y, x = (
        (2 * np.minimum(np.arange(n) * CELL + (CELL - 1) / 2, side - 1) / (side - 1) - 1)
        for n, side in zip(mean.shape, image.shape, strict=True)
    )
    keep = np.add.outer(np.arange(degree + 1), np.arange(degree + 1)) <= degree
    terms = _terms(y, x, degree)[:, :, keep]
    used = np.isfinite(mean)
    for _ in range(4):
        fitted = np.linalg.lstsq(terms[used], mean[used], rcond=None)[0]
        rest = mean - terms @ fitted
        spread = 1.4826 * np.nanmedian(abs(rest))
        used = np.isfinite(rest) & (abs(np.nan_to_num(rest)) <= 3 * spread)
    coefficients = np.zeros(keep.shape)
    coefficients[keep] = fitted
    axes = [np.linspace(-1, 1, side) for side in image.shape]
    return chebyshev.chebgrid2d(*axes, coefficients)


def _terms(y, x, degree):
    """Return the products of Chebyshev polynomials at a grid, shape (ny, nx, d + 1, d + 1)."""
    along_y, along_x = (chebyshev.chebvander(axis, degree) for axis in (y, x))
    return along_y[:, None, :, None] * along_x[None, :, None, :]


def _noise(sky):
    """Return the median noise of a pixel of sky, counts."""
    return float(np.median(sky.rms))
