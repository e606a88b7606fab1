"""Slow parts of images, and of what two images differ by."""

from functools import cache

import numpy as np
from astropy.stats import sigma_clip
from scipy import ndimage

from redpix.core.exceptions import InputError
from redpix.image.fourier import transforms


def smooth_background(image, mesh=256):
    """Slow part of an image: clipped means of squares, and straight lines between them.

    Parameters
    ----------
    image : ndarray
        NaN where not known.
    mesh : int
        Side of the squares, pixels.

    Returns
    -------
    ndarray
    """
    return _between_squares(image.shape, mesh, lambda rows, columns: image[rows, columns])


def matched_background(new, reference, ratio, psf_new, psf_reference, mesh=256):
    """Slow part of what two images differ by, which sources have no part in.

    Each is convolved with the PSF of the other: stars and galaxies that do not change vanish from
    the difference, and with them what their unequal wings do to a background.

    Parameters
    ----------
    new, reference : ndarray
        NaN where not known.
    ratio : float
        Flux in the reference over that in the new image.
    psf_new, psf_reference : ndarray
        Stamps of unit sum; those of the middle do for all of an image, as what a wrong PSF leaves
        of a source has no sum.
    mesh : int
        As in `smooth_background`.

    Returns
    -------
    ndarray
        In units of the new image.
    """

    reach = max(*psf_new.shape, *psf_reference.shape) // 4  # beyond, a PSF holds next to nothing

    @cache
    def plan_and_kernels(shape):
        plan = transforms(shape, 2 * reach)
        return plan, (plan.kernel(psf_reference), -plan.kernel(psf_new))

    def part(rows, columns):
        wide = tuple(slice(max(0, s.start - reach), s.stop + reach) for s in (rows, columns))
        N, R = new[wide], reference[wide] / ratio
        unknown = ~(np.isfinite(N) & np.isfinite(R))
        if unknown.all():
            return np.full((1, 1), np.nan)
        plan, kernels = plan_and_kernels(N.shape)
        images = (plan.forward(np.where(unknown, 0, image)) for image in (N, R))
        difference = plan.filtered(*zip(kernels, images, strict=True))
        # nor is that known which a kernel reaches from there or from beyond the image
        whole = tuple(p.stop - p.start + 2 * reach for p in (rows, columns))
        if unknown.any() or N.shape != whole:
            near = ndimage.maximum_filter(unknown, 2 * reach + 1, mode="constant", cval=True)
            difference[near] = np.nan
        inside = (
            slice(p.start - w.start, p.stop - w.start)
            for p, w in zip((rows, columns), wide, strict=True)
        )
        return difference[tuple(inside)]

    return _between_squares(new.shape, mesh, part)


def _between_squares(shape, mesh, part):
    """Clipped means of ``part(rows, columns)`` of squares, and straight lines between them."""
    counts = [max(1, round(length / mesh)) for length in shape]
    edges = [np.linspace(0, n, c + 1).astype(int) for n, c in zip(shape, counts, strict=True)]
    means = np.full(counts, np.nan)
    for row, column in np.ndindex(*counts):
        values = part(slice(*edges[0][row : row + 2]), slice(*edges[1][column : column + 2]))
        values = values[np.isfinite(values)]
        if len(values) > 100:
            some = values[:: 1 + len(values) // 4000]  # enough to cut off by
            # not by medians, which of whole numbers are whole, and their deviation perhaps 0
            _, low, high = sigma_clip(
                some, sigma=2.5, maxiters=10, cenfunc="mean", masked=False, return_bounds=True
            )
            means[row, column] = np.mean(values[(values >= low) & (values <= high)])
    known = np.isfinite(means)
    if not known.any():
        raise InputError("too few pixels have a value: no square of the background holds 100")
    means[~known] = np.median(means[known])
    return between_middles(means, shape)


def between_middles(values, shape):
    """An image from its values in the middles of squares, linear between them.

    A product of matrices, which takes no more memory than the image.

    Parameters
    ----------
    values : ndarray, shape (m, n)
    shape : (int, int)
        Of the image.

    Returns
    -------
    ndarray of float32
    """
    along_y, along_x = (_linear_weights(n, c) for n, c in zip(shape, values.shape, strict=True))
    return (along_y @ values.astype(np.float32)) @ along_x.T


def _linear_weights(length, count):
    """Weights of squares' middles for each pixel of an axis, shape (length, count)."""
    place = np.clip((np.arange(length) + 0.5) * count / length - 0.5, 0, count - 1)
    return np.maximum(1 - abs(place[:, None] - np.arange(count)), 0).astype(np.float32)
