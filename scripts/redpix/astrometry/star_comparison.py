"""Comparison of the fluxes and positions of the stars of two images."""

from typing import NamedTuple

import numpy as np
from astropy.stats import mad_std
from scipy import fft

#: largest share of pixels without a value about a star that is compared
MOST_UNKNOWN = 0.05


class StarFit(NamedTuple):
    """What stars say of two epochs on the same pixels; a row a star.

    Attributes
    ----------
    ratio : ndarray
        Flux in the reference over that in the new image.
    ratio_error : ndarray
    offset : ndarray, shape (n, 2)
        Of the reference's star from the new image's along x and y, pixels.
    offset_error : ndarray, shape (n, 2)
    index : ndarray of int
        Which of the stars it is: those at the edge are left out.
    """

    ratio: np.ndarray
    ratio_error: np.ndarray
    offset: np.ndarray
    offset_error: np.ndarray
    index: np.ndarray


def fit_stars(new, reference, new_variance, reference_variance, psf_new, psf_reference, x, y):
    """Flux ratio and shift of each star, from stamps brought to one PSF.

    Each image is convolved with the PSF of the other, after which a star differs between them by
    a factor, a shift and a background, which are fitted linearly.

    Parameters
    ----------
    new, reference, new_variance, reference_variance : ndarray
    psf_new, psf_reference : callable
        ``psf(x, y)``: the stamp at a place.
    x, y : ndarray
        Places of stars; those with a pixel without value within 8 pixels are left out, and those
        with many farther away.

    Returns
    -------
    StarFit
    """
    rows, index = [], []
    pixels = zip(np.rint(x).astype(int), np.rint(y).astype(int), strict=True)
    for number, (star_x, star_y) in enumerate(pixels):
        Pn, Pr = psf_new(star_x, star_y), psf_reference(star_x, star_y)
        half = Pn.shape[0] // 2 + 8
        if star_x < half or star_y < half:
            continue
        part = slice(star_y - half, star_y + half + 1), slice(star_x - half, star_x + half + 1)
        planes = (new, reference, new_variance, reference_variance)
        N, R, Vn, Vr = stamps = [plane[part].astype(float) for plane in planes]
        if N.shape != (2 * half + 1,) * 2:
            continue
        inner = slice(half - 8, half + 9), slice(half - 8, half + 9)
        unknown = ~np.isfinite(sum(stamps))
        if unknown[inner].any() or unknown.mean() > MOST_UNKNOWN:
            continue
        for stamp in stamps:
            stamp[unknown] = 0
        N, R = _convolved(N, Pr)[inner], _convolved(R, Pn)[inner]
        noise = _convolved(Vn, Pr**2) + _convolved(Vr, Pn**2)
        slope_y, slope_x = np.gradient(N)
        # R(x) = ratio N(x - d) + background
        design = np.stack([N, -slope_x, -slope_y, np.ones_like(N)]).reshape(4, -1)
        # noise of neighbours is correlated over the PSF's area: as many pixels fewer
        weight = 1 / np.maximum(noise[inner], 1e-30).ravel()
        area = 1 / np.sum(_convolved(np.pad(Pn, 8), Pr) ** 2)
        normal = (design * weight) @ design.T
        solution = np.linalg.solve(normal, (design * weight) @ R.ravel())
        error = np.sqrt(np.diag(np.linalg.inv(normal)) * area / 2)
        ratio = solution[0]
        index.append(number)
        rows.append([ratio, error[0], *(solution[1:3] / ratio), *(error[1:3] / abs(ratio))])
    table = np.array(rows).reshape(-1, 6)
    return StarFit(*(table[:, 0], table[:, 1], table[:, 2:4], table[:, 4:6], np.array(index, int)))


def excess_scatter(values, errors):
    """Scatter beyond what errors explain: robust, 0 where they explain it all."""
    spread = mad_std(values, axis=0)
    return np.sqrt(np.maximum(spread**2 - np.median(errors, axis=0) ** 2, 0))


def _convolved(image, kernel):
    """Convolution with a centred kernel, zeros beyond the image."""
    shape = [
        fft.next_fast_len(a + b - 1, real=True)
        for a, b in zip(image.shape, kernel.shape, strict=True)
    ]
    whole = fft.irfft2(fft.rfft2(image, shape) * fft.rfft2(kernel, shape), shape)
    low = [(length - 1) // 2 for length in kernel.shape]
    return whole[low[0] : low[0] + image.shape[0], low[1] : low[1] + image.shape[1]]
