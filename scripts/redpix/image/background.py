"""Measure the smooth background of an image, and of the difference of two images."""

from functools import cache
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from redpix.core.exceptions import InputError
from redpix.image.fourier import transforms
from redpix.image.uneven_light import levels_in_blocks, uneven_levels

#: a plane is fitted in images of fewer squares along each axis
_MANY_SQUARES = 3

#: number of parts of an axis, and their minimum length in pixels, for the fit of a plane
_PARTS, _LEAST_SIDE = 5, 10

#: minimum change of a plane over an image, in units of the noise of a pixel
LEAST_CHANGE = 0.5

#: minimum number of valid pixels of a square of the mesh
_LEAST_PIXELS = 100


class MatchedBackground(NamedTuple):
    """Background of the difference of two images.

    Attributes
    ----------
    plane : ndarray, shape (ny, nx), float32
        In the unit of the new image.
    uneven : float
        Share of the image in which light of a smaller scale than the mesh is followed.
    """

    plane: np.ndarray
    uneven: float


def smooth_background(image, mesh=256):
    """Return the background of an image: clipped means of squares, interpolated linearly.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        NaN at invalid pixels.
    mesh : int
        Side of the squares, pixels.

    Returns
    -------
    ndarray, shape (ny, nx), float32
        In the unit of the image.

    Raises
    ------
    InputError
        If every square has fewer than 100 valid pixels.
    """
    return _between_squares(image.shape, mesh, lambda rows, columns: image[rows, columns])


def sloping_background(image, mesh=256):
    """Return the background of an image as `smooth_background`, and in a small one its slope, too.

    Between the edge of an image and the middle of the first square, the background of
    `smooth_background` is constant. In an image of few squares, this is most of it. So a plane is
    fitted to the means of smaller squares, without those that stand out.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        NaN at invalid pixels.
    mesh : int
        Side of the squares, pixels.

    Returns
    -------
    background : ndarray, shape (ny, nx), float32
        In the unit of the image.
    change : float
        Change of the plane over the image in units of the noise of a pixel; 0 without a plane: in a
        large image, or where the change is below `LEAST_CHANGE`.

    Raises
    ------
    InputError
        If every square has fewer than 100 valid pixels.
    """
    shape, background = image.shape, smooth_background(image, mesh)
    if max(shape) >= _MANY_SQUARES * mesh or min(shape) < _PARTS * _LEAST_SIDE:
        return background, 0.0
    rest = image - background
    steps = np.diff(rest, axis=1)
    noise = np.nanmedian(abs(steps)) / (0.6745 * np.sqrt(2))
    means = _means(shape, (_PARTS, _PARTS), lambda rows, columns: rest[rows, columns])
    down, across = _slopes(means)
    change = (abs(down) + abs(across)) / noise if noise > 0 else 0.0
    if not change >= LEAST_CHANGE:
        return background, 0.0
    rows, columns = ((np.arange(side) + 0.5) / side - 0.5 for side in shape)
    plane = (down * rows[:, None] + across * columns).astype(np.float32)
    return smooth_background(image - plane, mesh) + plane, float(change)


def _slopes(means):
    """Return the change along y and x over an image of a plane through most means of its squares.

    It is 0 if too few squares have a mean.
    """
    places = ((np.arange(count) + 0.5) / count - 0.5 for count in means.shape)
    y, x = np.meshgrid(*places, indexing="ij")
    terms = np.stack([np.ones(means.size), y.ravel(), x.ravel()], axis=1)
    values = means.ravel()
    kept, fit = np.isfinite(values), np.zeros(3)
    for _ in range(5):
        if kept.sum() < len(values) / 2:
            return 0.0, 0.0
        fit = np.linalg.lstsq(terms[kept], values[kept], rcond=None)[0]
        miss = abs(values - terms @ fit)
        kept = np.isfinite(values) & (miss <= 4 * np.median(miss[kept]))
    return fit[1], fit[2]


def matched_background(new, reference, ratio, psf_new, psf_reference, mesh=256, finest=None):
    """Return the background of the difference of two images, free of constant sources.

    Each image is convolved with the PSF of the other. Constant stars and galaxies vanish from the
    difference of the two, and with them the bias of the background by their unequal wings.

    Parameters
    ----------
    new, reference : ndarray, shape (ny, nx)
        NaN at invalid pixels.
    ratio : float
        Flux in the reference over flux in the new image.
    psf_new, psf_reference : ndarray
        Stamps of unit sum. The PSF of the centre is enough for the whole image: a wrong PSF leaves
        residuals of sources whose sum is zero.
    mesh : int
        Side of the squares, pixels.
    finest : float, optional
        Side of smaller squares, pixels. They follow light that the squares of the mesh leave, as
        scattered light at an edge. See `redpix.image.uneven_light`.

    Returns
    -------
    MatchedBackground

    Raises
    ------
    InputError
        If every square has fewer than 100 valid pixels.
    """
    difference_in = _crossed_difference(new, reference, ratio, psf_new, psf_reference)
    parts = 1 if finest is None else int(mesh / finest)
    if parts < 2:
        return MatchedBackground(_between_squares(new.shape, mesh, difference_in), 0.0)
    levels = []

    def values_in(rows, columns):
        values = difference_in(rows, columns)
        levels.append(levels_in_blocks(values, parts))
        return values

    smooth = _between_squares(new.shape, mesh, values_in)
    area = max(1 / np.sum(psf**2) for psf in (psf_new, psf_reference))
    uneven = uneven_levels(levels, _counts(new.shape, mesh), smooth, area)
    if uneven.any():
        smooth += between_middles(uneven, new.shape)
    return MatchedBackground(smooth, float(np.mean(uneven != 0)))


def _crossed_difference(new, reference, ratio, psf_new, psf_reference):
    """Return ``difference(rows, columns)`` of images convolved with the PSF of the other."""
    reach = max(*psf_new.shape, *psf_reference.shape) // 4  # almost all flux of a PSF lies within

    @cache
    def plan_and_kernels(shape):
        plan = transforms(shape, 2 * reach)
        return plan, (plan.kernel(psf_reference), -plan.kernel(psf_new))

    def difference_in(rows, columns):
        wide = tuple(slice(max(0, s.start - reach), s.stop + reach) for s in (rows, columns))
        N, R = new[wide], reference[wide] / ratio
        invalid = ~(np.isfinite(N) & np.isfinite(R))
        if invalid.all():
            return np.full((rows.stop - rows.start, columns.stop - columns.start), np.nan)
        plan, kernels = plan_and_kernels(N.shape)
        images = (plan.forward(np.where(invalid, 0, image)) for image in (N, R))
        difference = plan.filtered(*zip(kernels, images, strict=True))
        # pixels within the kernel's reach of these or of the border are invalid, too
        unclipped = tuple(p.stop - p.start + 2 * reach for p in (rows, columns))
        if invalid.any() or N.shape != unclipped:
            near = ndimage.maximum_filter(invalid, 2 * reach + 1, mode="constant", cval=True)
            difference[near] = np.nan
        inside = (
            slice(p.start - w.start, p.stop - w.start)
            for p, w in zip((rows, columns), wide, strict=True)
        )
        return difference[tuple(inside)]

    return difference_in


def _counts(shape, mesh):
    """Return the number of squares along each axis."""
    return [max(1, round(length / mesh)) for length in shape]


def _between_squares(shape, mesh, values_in):
    """Return clipped means of ``values_in(rows, columns)`` per square, interpolated linearly."""
    means = _means(shape, _counts(shape, mesh), values_in)
    measured = np.isfinite(means)
    if not measured.any():
        raise InputError(
            "too few pixels have a value: every square of the background has fewer than "
            f"{_LEAST_PIXELS}"
        )
    means[~measured] = np.median(means[measured])
    return between_middles(means, shape)


def _means(shape, counts, values_in):
    """Return clipped means of ``values_in(rows, columns)`` per square; NaN with too few values."""
    edges = [np.linspace(0, n, c + 1).astype(int) for n, c in zip(shape, counts, strict=True)]
    means = np.full(counts, np.nan)
    for row, column in np.ndindex(*counts):
        values = values_in(slice(*edges[0][row : row + 2]), slice(*edges[1][column : column + 2]))
        values = values[np.isfinite(values)]
        if len(values) >= _LEAST_PIXELS:
            sample = values[:: 1 + len(values) // 4000]  # enough for the limits of clipping
            low, high = _clipping_limits(sample)
            means[row, column] = np.mean(values[(values >= low) & (values <= high)])
    return means


def _clipping_limits(values, sigmas=2.5, rounds=10):
    """Return the limits beyond which values are outliers.

    They lie about the mean: of integers the median is an integer, and the MAD may be 0.
    """
    for _ in range(rounds):
        middle, reach = values.mean(), sigmas * values.std()
        kept = values[(values >= middle - reach) & (values <= middle + reach)]
        if len(kept) == len(values):
            break
        values = kept
    return middle - reach, middle + reach


def between_middles(values, shape):
    """Return an image that interpolates linearly between the middles of squares.

    It is a product of matrices, which needs no memory beyond the image.

    Parameters
    ----------
    values : ndarray, shape (m, n)
        Value at the middle of each square.
    shape : (int, int)
        Rows and columns of the image.

    Returns
    -------
    ndarray, shape `shape`, float32
    """
    along_y, along_x = (_linear_weights(n, c) for n, c in zip(shape, values.shape, strict=True))
    return (along_y @ values.astype(np.float32)) @ along_x.T


def _linear_weights(length, count):
    """Return the weight of each square for each pixel of an axis, shape (length, count)."""
    position = np.clip((np.arange(length) + 0.5) * count / length - 0.5, 0, count - 1)
    return np.maximum(1 - abs(position[:, None] - np.arange(count)), 0).astype(np.float32)
