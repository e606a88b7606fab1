"""Fit the flux ratio and the offset of stars in two images on the same pixels."""

from typing import NamedTuple

import numpy as np
from scipy import fft

#: largest fraction of invalid pixels in the stamp of a star that is compared
MOST_UNKNOWN = 0.05

#: half a side of the square about a star that is fitted and must be valid, pixels
INNER = 8


#: light over that of the middle, above which a pixel belongs to the core of a star
_CORE = 0.2


class StarFit(NamedTuple):
    """Comparison of the stars of two images, one row per star.

    Attributes
    ----------
    ratio : ndarray
        Flux in the reference over that in the new image.
    ratio_error : ndarray
        1-sigma error of `ratio`.
    offset : ndarray, shape (n, 2)
        Position in the reference minus that in the new image along x and y, pixels.
    offset_error : ndarray, shape (n, 2)
        1-sigma errors of `offset`, pixels.
    index : ndarray of int
        Row of each star in the list of positions. Stars within 8 pixels of the edge are left out.
    misfit : ndarray
        Mean square of what the fit leaves in the core of a star beyond noise, over that of its
        light: the error of the two PSFs. Noise makes it negative as often as positive.
    misfit_noise : ndarray
        Mean square of the noise there, over that of the light.
    """

    ratio: np.ndarray
    ratio_error: np.ndarray
    offset: np.ndarray
    offset_error: np.ndarray
    index: np.ndarray
    misfit: np.ndarray
    misfit_noise: np.ndarray


def fit_stars(new, reference, new_variance, reference_variance, psf_new, psf_reference, x, y):
    """Return flux ratio and offset of each star from stamps with the same PSF.

    Each image is convolved with the PSF of the other. A star then differs between the images by a
    factor, a shift and a background, which are fitted linearly.

    Parameters
    ----------
    new, reference, new_variance, reference_variance : ndarray
        Images on the same pixels and their variances.
    psf_new, psf_reference : callable
        ``psf(x, y)``: the stamp at a position.
    x, y : ndarray
        Positions of stars, 0-based. Stars with an invalid pixel within 8 pixels, or with many
        farther away, are left out.

    Returns
    -------
    StarFit
    """
    cut = []
    planes = (new, reference, new_variance, reference_variance)
    pixels = zip(np.rint(x).astype(int), np.rint(y).astype(int), strict=True)
    for number, (column, row) in enumerate(pixels):
        psfs = psf_new(column, row), psf_reference(column, row)
        stamps = _stamps(planes, column, row, psfs[0].shape[0] // 2 + INNER)
        if stamps is not None:
            cut.append((number, stamps, psfs))
    scale = _rough_ratio([stamps for _, stamps, _ in cut]) ** 2
    index = [number for number, _, _ in cut]
    # the noise of what the fit leaves: that of the new image is in the scale of the reference
    rows = [_fit_star((N, R, scale * Vn, Vr), Pn, Pr) for _, (N, R, Vn, Vr), (Pn, Pr) in cut]
    table = np.array(rows).reshape(-1, 8)
    return StarFit(
        ratio=table[:, 0],
        ratio_error=table[:, 1],
        offset=table[:, 2:4],
        offset_error=table[:, 4:6],
        index=np.array(index, int),
        misfit=table[:, 6],
        misfit_noise=table[:, 7],
    )


def _stamps(planes, column, row, half):
    """Return stamps of the planes about a star; None if too few of their pixels are valid.

    Pixels beyond the edge of the images hold neither light nor noise.
    """
    low = row - half, column - half
    region = [slice(max(0, start), max(0, start + 2 * half + 1)) for start in low]
    cut = [plane[tuple(region)] for plane in planes]
    if min(cut[0].shape) < 2 * INNER + 1:
        return None
    stamps = [np.zeros((2 * half + 1,) * 2) for _ in planes]
    to = tuple(
        slice(part.start - start, part.start - start + length)
        for part, start, length in zip(region, low, cut[0].shape, strict=True)
    )
    for stamp, values in zip(stamps, cut, strict=True):
        stamp[to] = values
    beyond = np.ones(stamps[0].shape, bool)
    beyond[to] = False
    unknown = ~np.isfinite(sum(stamps))
    inner = (unknown | beyond)[_inner(half)]
    if inner.any() or unknown.sum() > MOST_UNKNOWN * np.count_nonzero(~beyond):
        return None
    for stamp in stamps:
        stamp[unknown] = 0
    return stamps


def _rough_ratio(cut):
    """Return the median ratio of the fluxes in the inner squares of stars; 1 without any."""
    fluxes = []
    for new, reference, *_ in cut:
        inner = _inner(len(new) // 2)
        fluxes.append([np.sum(plane[inner] - np.median(plane)) for plane in (new, reference)])
    new, reference = np.reshape(fluxes, (-1, 2)).T
    good = (new > 0) & (reference > 0)
    return float(np.median(reference[good] / new[good])) if good.any() else 1.0


def _inner(half):
    """Return the slices of the inner square of a stamp."""
    return (slice(half - INNER, half + INNER + 1),) * 2


def _fit_star(stamps, Pn, Pr):
    """Return flux ratio and error, offset along x and y and their errors, misfit and its noise."""
    (N, R, noise), area = _crossed(stamps, Pn, Pr)
    slope_y, slope_x = np.gradient(N)
    # R(x) = ratio N(x - d) + background
    design = np.stack([N, -slope_x, -slope_y, np.ones_like(N)]).reshape(4, -1)
    # noise is correlated over the area of the PSF, which reduces the number of independent pixels
    weight = 1 / np.maximum(noise, 1e-30).ravel()
    normal = (design * weight) @ design.T
    solution = np.linalg.solve(normal, (design * weight) @ R.ravel())
    error = np.sqrt(np.diag(np.linalg.inv(normal)) * area / 2)
    ratio = solution[0]
    offset, offset_error = solution[1:3] / ratio, error[1:3] / abs(ratio)
    core = (_CORE * N[INNER, INNER] < N).ravel()
    power = np.sum((ratio * N.ravel()[core]) ** 2)
    rest = R.ravel()[core] - solution @ design[:, core]
    unsure = np.sum(noise.ravel()[core]) / power
    misfit = np.sum(rest**2) / power - unsure
    return np.hstack([ratio, error[0], offset, offset_error, misfit, unsure])


def _crossed(stamps, Pn, Pr):
    """Return the inner squares of both images and of their noise, and the area of a joint PSF.

    Each image is convolved with the PSF of the other. A stamp reaches as far beyond its inner
    square as the PSF does, so that what wraps round the stamp stays outside of that square.

    Parameters
    ----------
    stamps : sequence of ndarray
        Both images and their variances.
    Pn, Pr : ndarray
        PSFs of both images, stamps of odd sides that are centred on their middle pixels.

    Returns
    -------
    squares : ndarray, shape (3, 2 * INNER + 1, 2 * INNER + 1)
        New image, reference, variance of the noise of both.
    area : float
        Number of pixels over which noise is correlated.
    """
    half = len(stamps[0]) // 2
    side = half + INNER + max(*Pn.shape, *Pr.shape) // 2 + 1
    least = max(side, len(stamps[0]), *Pn.shape, *Pr.shape)
    shape = (fft.next_fast_len(least, real=True),) * 2
    N, R, Vn, Vr = fft.rfft2(np.stack(stamps), shape)
    kernels = np.zeros((4, *shape))
    for kernel, psf in zip(kernels, (Pn, Pr, Pn**2, Pr**2), strict=True):
        kernel[: psf.shape[0], : psf.shape[1]] = psf
        kernel[:] = np.roll(kernel, [-(length // 2) for length in psf.shape], axis=(0, 1))
    Pn_hat, Pr_hat, Qn_hat, Qr_hat = fft.rfft2(kernels)
    products = np.stack([N * Pr_hat, R * Pn_hat, Vn * Qr_hat + Vr * Qn_hat])
    whole = fft.irfft2(products, shape)
    joint = fft.irfft2(Pn_hat * Pr_hat, shape)
    return whole[(slice(None), *_inner(half))], 1 / np.sum(joint**2)
