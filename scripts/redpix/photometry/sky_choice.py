"""Choose a model of the sky that follows vignetting and gradients, by held-out squares."""

from typing import NamedTuple

import numpy as np
from numpy.polynomial import chebyshev

from redpix.photometry import ccd
from redpix.photometry.camera_check import noise_of_differences
from redpix.photometry.sky_cells import CELL, LEAST_CELLS, cell_means, deviation, source_mask
from redpix.photometry.source_extraction import typical_width

#: deviation of the sky of a square from the model that is good enough, noise of a pixel
GOOD_ENOUGH = 0.1

#: smallest side of the squares of a background, pixels; degrees of the polynomials
_FINEST, _DEGREES = 16, (2, 4, 6)

#: another model must lower the deviation of held-out squares by this factor, and their mean
#: distance from the model by this many standard errors
_BETTER, _SIGNIFICANT = 0.7, 3.0

#: number of squares up to which all are held out in turn; of more, a quarter suffices
_FEW = 1100

#: a model is as good as another up to this difference of their deviations, noise of a pixel
_AS_GOOD = 0.03

#: minimum side of squares, widths of stars
_WIDE = 8.0

#: fraction of the pixels covered by stars from which fine squares are not tried
_CROWDED = 0.4


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

    The configured mesh is kept if it follows the sky. Otherwise polynomials are tried, then finer
    squares. Squares that a model was not made from tell whether it is significantly better.

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
    hidden = (mask != 0) | ~np.isfinite(image)
    sources = hidden | source_mask(image, hidden, min(mesh, 2 * CELL))
    rows = slice(None, None, 1 + image.size // 4_000_000)
    noise = noise_of_differences(np.where(sources[rows], np.nan, image[rows]))
    found = deviation(cell_means(image - configured.level, sources), noise)
    most = noise if np.mean(sources & ~hidden) > _CROWDED else np.inf
    configured = without_stars(configured, most)
    if not found > GOOD_ENOUGH:
        return configured, SkyModel(0, mesh, found)
    for degree in (2, 4, 4):  # a strong gradient is not a source
        smooth = polynomial(image, sources, degree)
        sources = hidden | source_mask(image - smooth, hidden, min(mesh, 2 * CELL))
    crowded = np.mean(sources & ~hidden) > _CROWDED
    width = typical_width(image - configured.level, configured.rms, mask)
    others = candidates(mesh, np.inf if crowded else _WIDE * width)
    best = best_model(image, sources, noise, SkyModel(0, mesh, found), others)
    if best is None or (crowded and best.deviation > GOOD_ENOUGH):
        # between the stars of a crowd, the light of faint stars is not sky
        return configured, SkyModel(0, mesh, np.nan if crowded else found)
    return without_stars(measure(image, mask, best, sources), most), best


def without_stars(sky, most):
    """Return a sky whose noise is not that of the stars which fill its squares.

    Parameters
    ----------
    sky : redpix.photometry.ccd.Background
        Sky of an image.
    most : float
        Noise of a pixel between the stars, counts.

    Returns
    -------
    redpix.photometry.ccd.Background
        Its noise is scaled down to a median of `most`.
    """
    median = float(np.median(sky.rms))
    return sky._replace(rms=sky.rms * np.float32(most / median)) if median > most > 0 else sky


def best_model(image, hidden, noise, configured, others):
    """Return the model of the sky that is significantly better than the configured mesh.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Counts.
    hidden : ndarray of bool, shape (ny, nx)
        Masked pixels and sources.
    noise : float
        Noise of a pixel of sky, counts.
    configured : SkyModel
        The configured mesh and its deviation.
    others : list of list of SkyModel
        Groups of models. The first group with a better model is used.

    Returns
    -------
    SkyModel or None
        The simplest of the models that are about as good as the best; None if none is better.
    """
    reached = held_out(image, hidden, configured)
    limit = _BETTER * np.fmin(configured.deviation, deviation(reached, noise))
    for group in others:
        good = []
        for model in group:
            cells = held_out(image, hidden, model)
            off = deviation(cells, noise)
            if off < limit and is_better(cells, reached):
                good.append(model._replace(deviation=off))
        if good:
            least = min(model.deviation for model in good)
            return next(model for model in good if model.deviation < least + _AS_GOOD)
    return None


def candidates(mesh, finest):
    """Return the models that are tried, in groups, the simplest first.

    Parameters
    ----------
    mesh : int
        Configured side of the squares, pixels.
    finest : float
        Minimum side of finer squares, pixels; infinite in a crowded field. Finer squares would take
        the light of stars for sky.

    Returns
    -------
    list of list of SkyModel
    """
    finer = [mesh // 2**n for n in range(1, 8) if mesh // 2**n >= max(_FINEST, finest)]
    polynomials = [SkyModel(degree, mesh) for degree in _DEGREES]
    return [polynomials, [SkyModel(0, side) for side in finer]]


def is_better(cells, others):
    """Return whether held-out squares are significantly nearer to 0 with one model than another.

    Parameters
    ----------
    cells, others : (ndarray, ndarray)
        Means and numbers of pixels of the same squares, of two models.

    Returns
    -------
    bool
    """
    both = np.isfinite(cells[0]) & np.isfinite(others[0])
    if both.sum() < LEAST_CELLS:
        return False
    gain = abs(others[0][both]) - abs(cells[0][both])
    return bool(np.mean(gain) > _SIGNIFICANT * np.std(gain) / np.sqrt(len(gain)))


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
    axes = [np.linspace(-1, 1, side) for side in image.shape]
    return chebyshev.chebgrid2d(*axes, coefficients)


def _terms(y, x, degree):
    """Return the products of Chebyshev polynomials at a grid, shape (ny, nx, d + 1, d + 1)."""
    along_y, along_x = (chebyshev.chebvander(axis, degree) for axis in (y, x))
    return along_y[:, None, :, None] * along_x[None, :, None, :]
