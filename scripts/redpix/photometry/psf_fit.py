"""Fit the fluxes and positions of all stars of an image together, by weighted least squares.

Each star adds three columns to a sparse design matrix: its PSF and the derivatives of the PSF by x
and y (Stetson 1987, Gauss-Newton). Variances are computed from the model. Variances from the data
would make fluxes too low. Images are [y, x], coordinates 0-based.
"""

from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from redpix.photometry.normal_matrix import inverse_diagonal

#: half-widths of the stamps of faint, brighter and bright stars, FWHM
_HALVES = (2.5, 5.0, 10.0)

#: brightness of a star at the edge of its stamp, at most, relative to the noise
_FAINT = 0.1

#: prior width of the step of a position, FWHM
_STEP = 0.15

#: maximum step of a position, FWHM
_MOST = 0.5


class Scene(NamedTuple):
    """An image with its noise.

    Attributes
    ----------
    image : ndarray, shape (ny, nx)
        Counts, sky subtracted.
    variance : ndarray, shape (ny, nx)
        Variance of the empty sky, counts squared; infinite in pixels that are left out.
    gain : ndarray, shape (ny, nx)
        Electrons per count.
    """

    image: np.ndarray
    variance: np.ndarray
    gain: np.ndarray

    @property
    def noise(self):
        """Median standard deviation of the empty sky, counts."""
        return float(np.sqrt(np.median(self.variance[np.isfinite(self.variance)])))

    def seen(self, pixels):
        """Return some pixels of the scene.

        Parameters
        ----------
        pixels : ndarray of int, shape (m,)
            Flat indices.

        Returns
        -------
        Scene
            Planes of shape (m,).
        """
        return Scene._make(plane.ravel()[pixels] for plane in self)

    def weight(self, model):
        """Return one over the variance of the pixels, given a model of the stars.

        Parameters
        ----------
        model : ndarray
            Counts, of the shape of the scene.

        Returns
        -------
        ndarray
        """
        return 1 / (self.variance + np.maximum(model, 0) / self.gain)


class Placed(NamedTuple):
    """Positions and fluxes of stars.

    Attributes
    ----------
    x, y : ndarray, shape (n,)
        0-based positions, pixels.
    flux : ndarray, shape (n,)
        Counts.
    """

    x: np.ndarray
    y: np.ndarray
    flux: np.ndarray

    def take(self, rows):
        """Return some of the stars.

        Parameters
        ----------
        rows : ndarray of bool or of int, or slice

        Returns
        -------
        Placed
        """
        return Placed._make(column[rows] for column in self)

    def join(self, other):
        """Return these stars and others.

        Parameters
        ----------
        other : Placed

        Returns
        -------
        Placed
        """
        return Placed._make(np.concatenate(pair) for pair in zip(self, other, strict=True))


class Errors(NamedTuple):
    """1-sigma errors of fitted stars.

    Attributes
    ----------
    flux : ndarray, shape (n,)
        Counts.
    x, y : ndarray, shape (n,)
        Pixels; NaN if positions were fixed.
    """

    flux: np.ndarray
    x: np.ndarray
    y: np.ndarray


def stamp_halves(stars, psf, noise):
    """Return the half-width of the stamp of each star.

    Parameters
    ----------
    stars : Placed
    psf : redpix.psf.effective_psf.EffectivePsf
    noise : float
        Standard deviation of the empty sky, counts.

    Returns
    -------
    ndarray of int, shape (n,)
        Pixels; one of three values.
    """
    sizes = [min(int(np.ceil(k * psf.fwhm)), psf.reach) for k in _HALVES]
    middle = np.array([(psf.shape[1] - 1) / 2]), np.array([(psf.shape[0] - 1) / 2])
    largest = psf.stamps(*middle, sizes[-1], derivatives=False)[0]
    row = largest[sizes[-1]]
    half = np.full(len(stars.x), sizes[0])
    for small, large in zip(sizes[:-1], sizes[1:], strict=True):
        half[stars.flux * row[sizes[-1] + small] > _FAINT * noise] = large
    return half


def design(stars, psf, noise, shape, derivatives=True):
    """Return the sparse matrix of stars: rows of PSFs, then of derivatives times flux.

    Parameters
    ----------
    stars : Placed
    psf : redpix.psf.effective_psf.EffectivePsf
    noise : float
        Standard deviation of the empty sky, counts.
    shape : (int, int)
        ny, nx of the image.
    derivatives : bool
        Add the rows of derivatives by x, then of derivatives by y.

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
    """Return a design matrix restricted to the pixels that the stamps of stars cover.

    Parameters
    ----------
    matrix : scipy.sparse.csr_array, shape (k, ny nx)

    Returns
    -------
    matrix : scipy.sparse.csr_array, shape (k, m)
    pixels : ndarray of int, shape (m,)
        Flat indices of the covered pixels.
    """
    covered = np.zeros(matrix.shape[1], bool)
    covered[matrix.indices] = True
    pixels = np.flatnonzero(covered)
    number = np.empty(matrix.shape[1], np.int32)
    number[pixels] = np.arange(len(pixels), dtype=np.int32)
    shape = matrix.shape[0], len(pixels)
    return sparse.csr_array((matrix.data, number[matrix.indices], matrix.indptr), shape), pixels


def model_image(stars, psf, noise, shape):
    """Return the image of stars without noise.

    Parameters
    ----------
    stars : Placed
    psf : redpix.psf.effective_psf.EffectivePsf
    noise : float
        Standard deviation of the empty sky, counts; sets the sizes of stamps.
    shape : (int, int)
        ny, nx of the image.

    Returns
    -------
    ndarray, shape (ny, nx)
        Counts.
    """
    matrix = design(stars, psf, noise, shape, derivatives=False)
    return (matrix.T @ stars.flux).reshape(shape)


def fit(scene, psf, stars, rounds, fixed=False):
    """Fit the fluxes and positions of stars.

    Parameters
    ----------
    scene : Scene
    psf : redpix.psf.effective_psf.EffectivePsf
    stars : Placed
        First guesses; fluxes above 0 unless `fixed`.
    rounds : int
        Number of iterations.
    fixed : bool
        Keep the positions (forced photometry).

    Returns
    -------
    stars : Placed
    model : ndarray, shape (ny, nx)
        Model of `scene.image`, counts.
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
            # a flux falls by at most a factor of 5 per step, because the star may still move
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
    """Return the normal matrix and the right-hand side of a weighted fit."""
    weighted = matrix.copy()
    weighted.data *= weight[weighted.indices]
    return (weighted @ matrix.T).tocsc(), weighted @ rest


def _steps(normal, side, stars, fwhm, fixed):
    """Return the solution of the normal equations, with a prior on the steps of positions."""
    n = len(stars.x)
    held = np.full(normal.shape[0], 1e-12 * normal.diagonal().max())
    if not fixed:
        held[n:] += 1 / (_STEP * fwhm) ** 2
    # a star without usable pixels keeps its values
    held[normal.diagonal() == 0] = 1.0
    return splu(normal + sparse.diags_array(held, format="csc"), permc_spec="MMD_AT_PLUS_A").solve(
        side
    )


def significance(scene, psf, stars, model):
    """Return the signal-to-noise ratio of each star for known positions and other stars.

    Parameters
    ----------
    scene : Scene
    psf : redpix.psf.effective_psf.EffectivePsf
    stars : Placed
    model : ndarray, shape (ny, nx)
        Model of all stars, counts.

    Returns
    -------
    ndarray, shape (n,)
    """
    matrix, seen = lit(design(stars, psf, scene.noise, scene.image.shape, derivatives=False))
    matrix.data **= 2
    return stars.flux * np.sqrt(matrix @ scene.seen(seen).weight(model.ravel()[seen]))


def errors(scene, psf, stars, model, fixed=False):
    """Return the errors of a fit: roots of the diagonal of the inverse normal matrix.

    Parameters
    ----------
    scene : Scene
    psf : redpix.psf.effective_psf.EffectivePsf
    stars : Placed
        Fitted stars.
    model : ndarray, shape (ny, nx)
        Model that `fit` returned.
    fixed : bool
        The positions were kept.

    Returns
    -------
    Errors
        NaN for parameters that the pixels do not constrain.
    """
    n = len(stars.x)
    if not n:
        return Errors._make(np.zeros((3, 0)))
    matrix, seen = lit(design(stars, psf, scene.noise, scene.image.shape, not fixed))
    weight = scene.seen(seen).weight(model.ravel()[seen])
    normal, _ = _normal(matrix, weight, np.zeros(len(seen)))
    variance = inverse_diagonal(normal, n)
    deviation = np.sqrt(np.where(variance > 0, variance, np.nan))
    unknown = np.full(n, np.nan)
    return Errors(deviation, unknown, unknown) if fixed else Errors._make(np.split(deviation, 3))
