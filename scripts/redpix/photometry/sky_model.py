"""Measure the sky of an image by a model: a polynomial, profiles, and squares."""

from typing import NamedTuple

import numpy as np
from numpy.polynomial import chebyshev

from redpix.photometry import ccd
from redpix.photometry.sky_cells import CELL, cell_means
from redpix.photometry.sky_profiles import WORDS, profile_of

#: number of squares up to which all are held out in turn; of more, a quarter suffices
_FEW = 1100


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
    profile : str
        ``axes``: the mean of each column and row is taken away as well; ``corner``: the mean at
        each distance from the corner that shines; empty: neither.
    """

    degree: int
    mesh: int
    deviation: float = float("nan")
    profile: str = ""

    def __str__(self):
        """Return the model in words."""
        words = [f"a polynomial of degree {self.degree}"] if self.degree else []
        words += [WORDS[self.profile]] if self.profile else []
        return " and ".join([*words, f"squares of {self.mesh} pixels"])


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
    if model.profile:
        smooth = smooth + profile_of(model.profile, image - smooth, hidden)
    sky = ccd.background(image - smooth, mask, model.mesh)
    return sky._replace(level=sky.level + smooth)


def held_out(image, hidden, model):
    """Return the sky of squares without a model that was made from other squares.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Counts.
    hidden : ndarray of bool, shape (ny, nx)
        Masked pixels and sources.
    model : SkyModel
        Model of the sky.

    Returns
    -------
    mean : ndarray, shape (rows, columns)
        NaN in squares that were not held out or do not show the sky.
    count : ndarray, shape (rows, columns)
    """
    rows, columns = (-(-side // CELL) for side in image.shape)
    row, column = np.indices((rows, columns))
    mean, count = np.full((rows, columns), np.nan), np.zeros((rows, columns))
    for fold in range(4 if rows * columns <= _FEW else 1):
        left = (row + 2 * column + fold) % 4 == 0
        pixels = left.repeat(CELL, 0).repeat(CELL, 1)[: image.shape[0], : image.shape[1]]
        without = hidden | pixels
        level = measure(image, without.astype(np.int16), model, without).level
        cells = cell_means(image - level, hidden)
        mean[left], count[left] = cells[0][left], cells[1][left]
    return mean, count


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
    along_y, along_x = (
        chebyshev.chebvander(np.linspace(-1, 1, side), degree) for side in image.shape
    )
    return along_y @ coefficients @ along_x.T


def _terms(y, x, degree):
    """Return the products of Chebyshev polynomials at a grid, shape (ny, nx, d + 1, d + 1)."""
    along_y, along_x = (chebyshev.chebvander(axis, degree) for axis in (y, x))
    return along_y[:, None, :, None] * along_x[None, :, None, :]
