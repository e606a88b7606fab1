"""Fit the fluxes and positions of all stars of an image together, by weighted least squares.

Each star adds three columns to a sparse design matrix: its PSF and the derivatives of the PSF by x
and y (Stetson 1987, Gauss-Newton). Variances are computed from the model. Variances from the data
would make fluxes too low. Images are [y, x], coordinates 0-based.
"""

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import cg

from redpix.photometry.design_matrix import design, lit, model_image
from redpix.photometry.normal_matrix import inverse_diagonal
from redpix.photometry.scene import Errors, Placed

#: prior width of the step of a position, FWHM
_STEP = 0.15

#: maximum step of a position, FWHM
_MOST = 0.5

#: share of the values of a design matrix that are not 0 from which a full matrix is faster, and
#: maximum number of values of a full matrix; limits memory
_DENSE = 0.05, 50_000_000

#: relative error of the solution of the normal equations, and maximum number of iterations
_PRECISION, _ITERATIONS = 1e-8, 2000


def fit(scene, psf, stars, rounds, fixed=False):
    """Fit the fluxes and positions of stars.

    Parameters
    ----------
    scene : redpix.photometry.scene.Scene
        Image with its noise.
    psf : redpix.psf.effective_psf.EffectivePsf
        PSF of the image.
    stars : redpix.photometry.scene.Placed
        First guesses; fluxes above 0 unless `fixed`.
    rounds : int
        Number of iterations.
    fixed : bool
        Keep the positions (forced photometry).

    Returns
    -------
    stars : redpix.photometry.scene.Placed
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
        del matrix  # the next one needs the memory
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
    """Return the normal matrix and the right-hand side of a weighted fit; the matrix is changed."""
    root = np.sqrt(weight)
    matrix.data *= root[matrix.indices]
    side = matrix @ (root * rest)
    size = matrix.shape[0] * matrix.shape[1]
    if size < _DENSE[1] and matrix.nnz > _DENSE[0] * size:
        full = matrix.toarray()
        return sparse.csr_array(full @ full.T), side
    return (matrix @ matrix.T).tocsr(), side


def _steps(normal, side, stars, fwhm, fixed):
    """Return the solution of the normal equations, with a prior on the steps of positions.

    Conjugate gradients need tens of products with the matrix, however many stars overlap. The
    factors of the matrix of a crowd would fill gigabytes.
    """
    n = len(stars.x)
    # fluxes and positions have different units: each is held relative to itself
    held = 1e-12 * normal.diagonal()
    if not fixed:
        held[n:] += 1 / (_STEP * fwhm) ** 2
    # a star without usable pixels keeps its values
    held[normal.diagonal() == 0] = 1.0
    matrix = normal + sparse.diags_array(held)
    # a unit diagonal makes fluxes and positions comparable
    scale = 1 / np.sqrt(matrix.diagonal())
    matrix = sparse.diags_array(scale) @ matrix @ sparse.diags_array(scale)
    solution, _ = cg(matrix.tocsr(), side * scale, rtol=_PRECISION, maxiter=_ITERATIONS)
    return solution * scale


def significance(scene, psf, stars, model):
    """Return the signal-to-noise ratio of each star for known positions and other stars.

    Parameters
    ----------
    scene : redpix.photometry.scene.Scene
        Image with its noise.
    psf : redpix.psf.effective_psf.EffectivePsf
        PSF of the image.
    stars : redpix.photometry.scene.Placed
        Positions and fluxes of the stars.
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
    scene : redpix.photometry.scene.Scene
        Image with its noise.
    psf : redpix.psf.effective_psf.EffectivePsf
        PSF of the image.
    stars : redpix.photometry.scene.Placed
        Fitted stars.
    model : ndarray, shape (ny, nx)
        Model that `fit` returned.
    fixed : bool
        The positions were kept.

    Returns
    -------
    redpix.photometry.scene.Errors
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
