"""Sparse matrices of the pixels of stars, and images of stars without noise."""

import numpy as np
from scipy import sparse

#: half-widths of the stamps of faint, brighter and bright stars, FWHM
_HALVES = (2.5, 5.0, 10.0)

#: brightness of a star at the edge of its stamp, at most, relative to the noise
_FAINT = 0.1


def stamp_halves(stars, psf, noise):
    """Return the half-width of the stamp of each star.

    Parameters
    ----------
    stars : redpix.photometry.scene.Placed
        Positions and fluxes of the stars.
    psf : redpix.psf.effective_psf.EffectivePsf
        PSF of the image.
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
    stars : redpix.photometry.scene.Placed
        Positions and fluxes of the stars.
    psf : redpix.psf.effective_psf.EffectivePsf
        PSF of the image.
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
        Design matrix of stars.

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
    stars : redpix.photometry.scene.Placed
        Positions and fluxes of the stars.
    psf : redpix.psf.effective_psf.EffectivePsf
        PSF of the image.
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
