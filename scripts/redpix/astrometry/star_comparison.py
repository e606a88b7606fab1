"""Compare the fluxes and positions of the stars of two images on the same pixels."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from astropy.stats import mad_std
from scipy import fft

from redpix.core.exceptions import InputError
from redpix.core.job import log

#: largest fraction of pixels without a value in the stamp of a star that is compared
MOST_UNKNOWN = 0.05

#: pixels about a star that are fitted, and in which every pixel must have a value; half a side
INNER = 8

#: minimum number of stars to compare if their S/N is similar
MANY = 10

#: largest registration error that is accepted, pixels
WORST = 1.0


class ComparedImages(NamedTuple):
    """Two images on the same pixels, with their variances and PSFs.

    Attributes
    ----------
    new, reference : ndarray
        Images without their backgrounds; NaN where they have no value.
    new_variance, reference_variance : ndarray
    psf_new, psf_reference : callable
        ``psf(x, y)``: the stamp at a position.
    """

    new: np.ndarray
    reference: np.ndarray
    new_variance: np.ndarray
    reference_variance: np.ndarray
    psf_new: Callable
    psf_reference: Callable


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
        Row of each star in the list of positions. Stars near the edge are left out.
    """

    ratio: np.ndarray
    ratio_error: np.ndarray
    offset: np.ndarray
    offset_error: np.ndarray
    index: np.ndarray


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
    rows, index = [], []
    planes = (new, reference, new_variance, reference_variance)
    pixels = zip(np.rint(x).astype(int), np.rint(y).astype(int), strict=True)
    for number, (column, row) in enumerate(pixels):
        psfs = psf_new(column, row), psf_reference(column, row)
        stamps = _stamps(planes, column, row, psfs[0].shape[0] // 2 + INNER)
        if stamps is not None:
            index.append(number)
            rows.append(_fit_star(stamps, *psfs))
    table = np.array(rows).reshape(-1, 6)
    return StarFit(
        ratio=table[:, 0],
        ratio_error=table[:, 1],
        offset=table[:, 2:4],
        offset_error=table[:, 4:6],
        index=np.array(index, int),
    )


def _stamps(planes, column, row, half):
    """Return stamps of the planes about a star; None if too few of their pixels are valid."""
    if column < half or row < half:
        return None
    region = slice(row - half, row + half + 1), slice(column - half, column + half + 1)
    stamps = [plane[region].astype(float) for plane in planes]
    if stamps[0].shape != (2 * half + 1,) * 2:
        return None
    unknown = ~np.isfinite(sum(stamps))
    if unknown[_inner(half)].any() or unknown.mean() > MOST_UNKNOWN:
        return None
    for stamp in stamps:
        stamp[unknown] = 0
    return stamps


def _inner(half):
    """Return the slices of the inner square of a stamp."""
    return (slice(half - INNER, half + INNER + 1),) * 2


def _fit_star(stamps, Pn, Pr):
    """Return the flux ratio and its error, the offset along x and y, and their errors."""
    N, R, Vn, Vr = stamps
    inner = _inner(len(N) // 2)
    N, R = _convolved(N, Pr)[inner], _convolved(R, Pn)[inner]
    noise = _convolved(Vn, Pr**2) + _convolved(Vr, Pn**2)
    slope_y, slope_x = np.gradient(N)
    # R(x) = ratio N(x - d) + background
    design = np.stack([N, -slope_x, -slope_y, np.ones_like(N)]).reshape(4, -1)
    # noise is correlated over the area of the PSF, which reduces the number of independent pixels
    weight = 1 / np.maximum(noise[inner], 1e-30).ravel()
    area = 1 / np.sum(_convolved(np.pad(Pn, INNER), Pr) ** 2)
    normal = (design * weight) @ design.T
    solution = np.linalg.solve(normal, (design * weight) @ R.ravel())
    error = np.sqrt(np.diag(np.linalg.inv(normal)) * area / 2)
    ratio = solution[0]
    return [ratio, error[0], *(solution[1:3] / ratio), *(error[1:3] / abs(ratio))]


def excess_scatter(values, errors):
    """Return the robust scatter that errors do not explain.

    Parameters
    ----------
    values, errors : ndarray, shape (n,) or (n, m)
        Values and their 1-sigma errors.

    Returns
    -------
    float or ndarray, shape (m,)
        0 if the errors explain all of the scatter.
    """
    spread = mad_std(values, axis=0)
    return np.sqrt(np.maximum(spread**2 - np.median(errors, axis=0) ** 2, 0))


def _convolved(image, kernel):
    """Convolve an image with a centred kernel; pixels beyond the image are zero."""
    shape = [
        fft.next_fast_len(a + b - 1, real=True)
        for a, b in zip(image.shape, kernel.shape, strict=True)
    ]
    whole = fft.irfft2(fft.rfft2(image, shape) * fft.rfft2(kernel, shape), shape)
    low = [(length - 1) // 2 for length in kernel.shape]
    return whole[low[0] : low[0] + image.shape[0], low[1] : low[1] + image.shape[1]]


def _selected(images, positions):
    """Fit the stars of two images; return the fit and which of its rows are reliable."""
    columns, rows = (
        np.clip(np.rint(along).astype(int), 0, length - 1)
        for along, length in zip(positions.T, images.reference.shape[::-1], strict=True)
    )
    inside = np.isfinite(images.reference[rows, columns])
    x, y = positions[inside].T
    fit = fit_stars(**images._asdict(), x=x, y=y)
    fit = fit._replace(index=np.flatnonzero(inside)[fit.index])
    relative = np.where(fit.ratio > 0, fit.ratio_error / abs(fit.ratio), np.inf)
    # if fewer than ten stars are bright, those nearly as good as the ten best count
    least = np.sort(relative)[:MANY][-1] if len(relative) else 0.0
    good = relative < min(max(0.03, 2 * least), 0.3)
    # outliers are variable stars, or are not stars
    if good.any():
        good[good] = abs(np.log(fit.ratio[good] / np.median(fit.ratio[good]))) < np.log(5)
    return fit, good


def compare_stars(images, positions, source, given=None):
    """Return the flux ratio of two images and its scatter, from stars in both.

    Parameters
    ----------
    images : ComparedImages
    positions : ndarray, shape (n, 2)
        x, y of stars, 0-based.
    source : str
        Name of the images in messages.
    given : float, optional
        Known flux ratio. The stars then only measure its scatter.

    Returns
    -------
    ratio : float
        Flux in the reference over that in the new image.
    scatter : float
        Relative scatter of the ratio beyond noise.
    n_stars : int
        Number of stars compared.

    Raises
    ------
    InputError
        If fewer than 3 stars are in both images and the flux ratio is not given.
    """
    fit, good = _selected(images, positions)
    n_stars = int(good.sum())
    if n_stars < 3:
        if given:
            log.warning(
                "%s: %d stars in both images: too few to measure the scatter, 0 is used",
                source,
                n_stars,
            )
            return given, 0.0, n_stars
        raise InputError(
            f"{source}: {n_stars} stars in both images; allowed: at least 3, or their flux ratio "
            "in subtraction.flux_ratio; if the images show the same stars, a WCS may be wrong: "
            "subtraction.registration sources does not use it"
        )
    ratio = given or float(np.median(fit.ratio[good]))
    scatter = float(excess_scatter(fit.ratio[good] / ratio, fit.ratio_error[good] / ratio))
    log.info("flux ratio %.5f, scatter %.5f of %d stars", ratio, scatter, n_stars)
    return ratio, scatter, n_stars


def registration_error(images, positions, left_out, source):
    """Return the rms error of registration at sources that were left out of the fit.

    Parameters
    ----------
    images : ComparedImages
    positions : ndarray, shape (n, 2)
        x, y of sources, 0-based.
    left_out : ndarray, shape (n, 2)
        From `redpix.astrometry.star_map.left_out`.
    source : str
        Name of the images in messages.

    Returns
    -------
    ndarray, shape (2,)
        Along x and y, pixels.

    Raises
    ------
    InputError
        If the error is larger than `WORST`.
    """
    fit, good = _selected(images, positions)
    if not good.any():
        return np.zeros(2)
    offset, error = (fit.offset + left_out[fit.index])[good], fit.offset_error[good]
    shift = np.median(offset, axis=0)
    rms = np.hypot(excess_scatter(offset, error), shift)
    log.info("shift %.4f %.4f, rms %.4f %.4f px of %d sources", *shift, *rms, len(offset))
    if rms.max() > WORST:
        raise InputError(
            f"{source}: {len(offset)} sources lie {rms.max():.1f} px apart after registration; "
            f"allowed: up to {WORST:g}; a WCS may be wrong: subtraction.registration sources "
            "does not use it"
        )
    return rms
