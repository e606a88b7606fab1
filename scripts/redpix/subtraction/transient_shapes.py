"""Squares of pixels about transients, and the fit of a motion to them."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

#: pixels from the centre of P_D that are used to separate motions from changes
PSF_REACH = 12


def windows(image, x, y, reach, fill):
    """Return the square of pixels about each position.

    Parameters
    ----------
    image : ndarray
        Image that the squares are cut from.
    x, y : ndarray of int, shape (n,)
        0-based.
    reach : int
        Half a side of the square, pixels.
    fill : float
        Value of invalid pixels and of pixels outside the image.

    Returns
    -------
    ndarray, shape (n, 2 * reach + 1, 2 * reach + 1)
    """
    steps = np.arange(-reach, reach + 1)
    rows, columns = y[:, None, None] + steps[:, None], x[:, None, None] + steps
    inside = (rows >= 0) & (rows < image.shape[0]) & (columns >= 0) & (columns < image.shape[1])
    near = image[np.clip(rows, 0, image.shape[0] - 1), np.clip(columns, 0, image.shape[1] - 1)]
    return np.where(inside & np.isfinite(near), near, near.dtype.type(fill))


def motion_gain(difference, variance, psf, x, y, reach):
    """Return how much better a motion describes each transient than a change of brightness.

    The score of a change is S, a matched filter of D with P_D. The score of a small motion is the
    gradient of S, a filter with the slopes of P_D (Springer et al. 2024, AJ 167, 281). For noise,
    the squared scores over their variance follow chi-squared with 1 and with 2 degrees of freedom.
    The maxima of both near the position are compared, less twice their degrees of freedom. In
    contrast to that paper, pixels are weighted by their inverse variance: noise that rises towards
    a star would make its flank look like a motion.

    Parameters
    ----------
    difference, variance, psf : ndarray
        D, its variance and P_D, a stamp of odd sides.
    x, y : ndarray of int
        Peaks of the score, 0-based.
    reach : int
        Largest distance of the maxima from the peaks along an axis, pixels.

    Returns
    -------
    ndarray
        Above 0 if a motion is the better description.
    """
    middle = psf.shape[0] // 2
    half = min(middle, PSF_REACH)
    square = (slice(middle - half, middle + half + 1),) * 2
    slope_y, slope_x = np.gradient(psf)
    change, along_x, along_y = (plane[square] for plane in (psf, slope_x, slope_y))
    data = windows(difference, x, y, reach + half, 0.0)
    noise = windows(variance, x, y, reach + half, np.inf)
    weight, pull = (
        sliding_window_view(window, (2 * half + 1,) * 2, axis=(1, 2))
        for window in (1 / noise, data / noise)
    )
    # where few pixels are valid the gain is 0
    brighter = _fitted(pull, change) ** 2 / np.maximum(_fitted(weight, change**2), 1e-12)
    # gain of a least-squares fit of both slopes together
    bx, by = _fitted(pull, along_x), _fitted(pull, along_y)
    xx, yy = _fitted(weight, along_x**2), _fitted(weight, along_y**2)
    xy = _fitted(weight, along_x * along_y)
    moved = yy * bx**2 + xx * by**2 - 2 * xy * bx * by
    moved /= np.maximum(xx * yy - xy**2, 1e-6 * xx * yy + 1e-24)
    return np.max(moved, axis=(1, 2), initial=0) - np.max(brighter, axis=(1, 2), initial=0) - 2


def _fitted(image, kernel):
    """Return the sums of the products of a kernel and the windows of an image."""
    return np.einsum("nyxij,ij->nyx", image, kernel)
