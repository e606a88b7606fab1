"""Fluxes and places of all stars of an image at once, by weighted least squares.

Each star adds three columns to a sparse design matrix: its PSF, and how that changes as the star
moves (Stetson 1987; Gauss and Newton). Variances are those of the model, not of the data, which
would make fluxes too low. Images are [y, x], coordinates 0-based.
"""

from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu

#: half-widths of stamps, in FWHM, of faint stars and of brighter ones
_HALVES = (2.5, 5.0, 10.0)

#: a star's stamp ends where it is this much fainter than the noise
_FAINT = 0.1

#: how far a step may move a star: expected, and at most, in FWHM
_STEP, _MOST = 0.15, 0.5

#: stars whose errors are worked out from one dense matrix
_DENSE = 150

#: added to the diagonal, 1, of a scaled normal matrix
_ALMOST = 1e-12


class Scene(NamedTuple):
    """An image with its noise.

    Attributes
    ----------
    image : ndarray
        Sky subtracted.
    variance : ndarray
        Of the empty sky; infinite where a pixel is not to be used.
    gain : ndarray
        Electrons a count, in each pixel.
    """

    image: np.ndarray
    variance: np.ndarray
    gain: np.ndarray

    @property
    def noise(self):
        """Of the empty sky in a typical pixel of those that are used."""
        return float(np.sqrt(np.median(self.variance[np.isfinite(self.variance)])))

    def seen(self, pixels):
        """The scene's pixels of some flat indices."""
        return Scene(*(plane.ravel()[pixels] for plane in self))

    def weight(self, model):
        """One over the variance that a model of the stars gives."""
        return 1 / (self.variance + np.maximum(model, 0) / self.gain)


class Placed(NamedTuple):
    """Stars with a flux each."""

    x: np.ndarray
    y: np.ndarray
    flux: np.ndarray

    def take(self, rows):
        """The stars of a mask or of indices."""
        return Placed(*(column[rows] for column in self))

    def join(self, other):
        """These stars and others."""
        return Placed(*(np.concatenate(pair) for pair in zip(self, other, strict=True)))


class Errors(NamedTuple):
    """Standard errors of a fit."""

    flux: np.ndarray
    x: np.ndarray
    y: np.ndarray


def stamp_halves(stars, psf, noise):
    """Half-width of each star's stamp, pixels; few different ones."""
    sizes = [min(int(np.ceil(k * psf.fwhm)), psf.reach) for k in _HALVES]
    middle = np.array([(psf.shape[1] - 1) / 2]), np.array([(psf.shape[0] - 1) / 2])
    largest = psf.stamps(*middle, sizes[-1], derivatives=False)[0]
    row = largest[sizes[-1]]
    half = np.full(len(stars.x), sizes[0])
    for small, large in zip(sizes[:-1], sizes[1:], strict=True):
        half[stars.flux * row[sizes[-1] + small] > _FAINT * noise] = large
    return half


def design(stars, psf, noise, shape, derivatives=True):
    """Sparse matrix of stars: a row for each star's PSF, then for its two derivatives times flux.

    Returns
    -------
    scipy.sparse.csr_array, shape (3 n or n, ny nx)
    """
    ny, nx = shape
    half = stamp_halves(stars, psf, noise)
    kinds = 3 if derivatives else 1
    n = len(stars.x)
    lengths = np.tile((2 * half + 1) ** 2, kinds)
    pointer = np.concatenate([[0], np.cumsum(lengths)])
    data = np.empty(pointer[-1])
    index = np.empty(pointer[-1], np.int32)
    for size in np.unique(half):
        rows = np.flatnonzero(half == size)
        made = psf.stamps(stars.x[rows], stars.y[rows], size, derivatives)
        axis = np.arange(-size, size + 1)
        x = np.rint(stars.x[rows]).astype(int)[:, None] + axis
        y = np.rint(stars.y[rows]).astype(int)[:, None] + axis
        inside = ((y >= 0) & (y < ny))[:, :, None] & ((x >= 0) & (x < nx))[:, None, :]
        pixel = np.clip(y, 0, ny - 1)[:, :, None] * nx + np.clip(x, 0, nx - 1)[:, None, :]
        places = np.arange(len(axis) ** 2)
        for kind, plane in enumerate(made if derivatives else [made]):
            scale = stars.flux[rows][:, None, None] if kind else 1.0
            where = pointer[kind * n + rows][:, None] + places
            data[where] = np.where(inside, plane * scale, 0).reshape(len(rows), -1)
            index[where] = pixel.reshape(len(rows), -1)
    return sparse.csr_array((data, index, pointer), shape=(kinds * n, ny * nx))


def lit(matrix):
    """A design matrix of those pixels alone that a star's stamp covers, and their flat indices."""
    covered = np.zeros(matrix.shape[1], bool)
    covered[matrix.indices] = True
    pixels = np.flatnonzero(covered)
    number = np.empty(matrix.shape[1], np.int32)
    number[pixels] = np.arange(len(pixels), dtype=np.int32)
    shape = matrix.shape[0], len(pixels)
    return sparse.csr_array((matrix.data, number[matrix.indices], matrix.indptr), shape), pixels


def model_image(stars, psf, noise, shape):
    """Image of stars without noise."""
    matrix = design(stars, psf, noise, shape, derivatives=False)
    return (matrix.T @ stars.flux).reshape(shape)


def fit(scene, psf, stars, rounds, fixed=False):
    """Stars at their best fluxes and places.

    Parameters
    ----------
    scene : Scene
    psf : redpix.psf.effective_psf.EffectivePsf
    stars : Placed
        First guesses; fluxes above 0 unless `fixed`.
    rounds : int
    fixed : bool
        Places stay as they are (forced photometry).

    Returns
    -------
    Placed
    model : ndarray
        Of `scene.image`.
    """
    if not len(stars.x):
        return stars, np.zeros(scene.image.shape)
    noise = scene.noise
    n = len(stars.x)
    for _ in range(rounds):
        matrix, seen = lit(design(stars, psf, noise, scene.image.shape, not fixed))
        model = matrix[:n].T @ stars.flux
        weight = scene.seen(seen).weight(model)
        rest = np.where(weight > 0, scene.image.ravel()[seen] - model, 0)
        normal, side = _normal(matrix, weight, rest)
        step = _steps(normal, side, stars, psf.fwhm, fixed)
        flux = stars.flux + step[:n]
        if fixed:
            stars = stars._replace(flux=flux)
        else:
            # a flux that falls below zero goes there slowly: its star may be wanted elsewhere
            flux = np.maximum(flux, 0.2 * stars.flux)
            most = _MOST * psf.fwhm
            ny, nx = scene.image.shape
            stars = Placed(
                np.clip(stars.x + np.clip(step[n : 2 * n], -most, most), -0.5, nx - 0.5),
                np.clip(stars.y + np.clip(step[2 * n :], -most, most), -0.5, ny - 0.5),
                flux,
            )
    return stars, model_image(stars, psf, noise, scene.image.shape).astype(scene.image.dtype)


def _normal(matrix, weight, rest):
    """Normal matrix and right-hand side of a weighted fit."""
    weighted = matrix.copy()
    weighted.data *= weight[weighted.indices]
    return (weighted @ matrix.T).tocsc(), weighted @ rest


def _steps(normal, side, stars, fwhm, fixed):
    """Solution of the normal equations, steps of the place held to what is expected."""
    n = len(stars.x)
    held = np.full(normal.shape[0], 1e-12 * normal.diagonal().max())
    if not fixed:
        held[n:] += 1 / (_STEP * fwhm) ** 2
    # a star of which no pixel is left keeps its values
    held[normal.diagonal() == 0] = 1.0
    return splu(normal + sparse.diags_array(held, format="csc"), permc_spec="MMD_AT_PLUS_A").solve(
        side
    )


def significance(scene, psf, stars, model):
    """Flux of each star over its error if all else were known: what it adds to the image."""
    matrix, seen = lit(design(stars, psf, scene.noise, scene.image.shape, derivatives=False))
    matrix.data **= 2
    return stars.flux * np.sqrt(matrix @ scene.seen(seen).weight(model.ravel()[seen]))


def errors(scene, psf, stars, model, fixed=False):
    """Standard errors of a fit by `fit`: roots of the diagonal of the inverse normal matrix.

    Parameters as of `fit`; `model` is what it returned. NaN where the pixels do not tell.
    """
    n = len(stars.x)
    if not n:
        return Errors(*np.zeros((3, 0)))
    matrix, seen = lit(design(stars, psf, scene.noise, scene.image.shape, not fixed))
    weight = scene.seen(seen).weight(model.ravel()[seen])
    normal, _ = _normal(matrix, weight, np.zeros(len(seen)))
    variance = inverse_diagonal(normal, n)
    deviation = np.sqrt(np.where(variance > 0, variance, np.nan))
    nothing = np.full(n, np.nan)
    return Errors(deviation, nothing, nothing) if fixed else Errors(*np.split(deviation, 3))


def inverse_diagonal(normal, n):
    """Diagonal of the inverse of a normal matrix, by groups of stars that touch.

    Parameters
    ----------
    normal : sparse array, shape (k n, k n)
        Parameter j of star i is number j n + i.
    n : int
        Number of stars.

    Returns
    -------
    ndarray, shape (k n,)
        NaN for parameters that nothing depends on.
    """
    diagonal = normal.diagonal()
    known = diagonal > 0
    scale = np.where(known, 1 / np.sqrt(np.where(known, diagonal, 1)), 0)
    scaled = (sparse.diags_array(scale) @ normal @ sparse.diags_array(scale)).tocoo()
    kinds = normal.shape[0] // n
    number, group = connected_components(scaled, directed=False)
    count = np.bincount(group, minlength=number)
    # number of each parameter within its group
    order = np.argsort(group, kind="stable")
    rank = np.empty(len(group), int)
    rank[order] = np.arange(len(group)) - np.repeat(np.cumsum(count) - count, count)
    result = np.empty(len(group))
    for size in np.unique(count):
        groups = np.flatnonzero(count == size)
        slot = np.full(number, -1)
        slot[groups] = np.arange(len(groups))
        mine = slot[group] >= 0
        if size > kinds * _DENSE:
            for one in groups:
                rows = np.flatnonzero(group == one)
                result[rows] = _sparse_inverse_diagonal(scaled.tocsr()[rows][:, rows].tocsc())
            continue
        dense = np.zeros((len(groups), size, size))
        inside = mine[scaled.row]
        row, column = scaled.row[inside], scaled.col[inside]
        dense[slot[group[row]], rank[row], rank[column]] = scaled.data[inside]
        # two stars at one place leave no inverse: then their errors are huge, as they should be
        dense += np.eye(size) * np.where(np.einsum("nii->ni", dense) > 0, _ALMOST, 1.0)[:, None]
        inverse = np.einsum("nii->ni", np.linalg.inv(dense))
        result[mine] = inverse[slot[group[mine]], rank[mine]]
    return np.where(known, result * scale**2, np.nan)


def _sparse_inverse_diagonal(part, chunk=256):
    n = part.shape[0]
    solver = splu(part + _ALMOST * sparse.eye_array(n, format="csc"))
    found = np.empty(n)
    for first in range(0, n, chunk):
        some = np.arange(first, min(first + chunk, n))
        unit = np.zeros((n, len(some)))
        unit[some, np.arange(len(some))] = 1
        found[some] = solver.solve(unit)[some, np.arange(len(some))]
    return found
