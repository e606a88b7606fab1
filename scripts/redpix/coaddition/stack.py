"""Whole exposures to one image, in tiles; what is useless in one comes from the others."""

from typing import NamedTuple

import numpy as np

from redpix.coaddition.proper import coadd, common_shape, median, weighted_mean
from redpix.core.backend import NUMPY
from redpix.core.exceptions import InputError
from redpix.image.masks import DTYPE, bit_value, filled_from_nearest
from redpix.subtraction.tiles import SIDE, tiles
from redpix.subtraction.zogy import measured_noise

#: half the width of the overlap of tiles, pixels
MARGIN = 64

#: pixels with one of these bits hold nothing: the other images stand in
USELESS = bit_value("NO_DATA", "EDGE", "SATURATED", "COSMIC_RAY", "BAD")


def patched(image, mask):
    """An image in which a useless pixel has the value of the nearest that is not.

    What saturated is thousands of times the sky, and would show in pixels far off when the image
    is resampled.
    """
    useless = ((mask & USELESS) != 0) | ~np.isfinite(image)
    if not useless.any() or useless.all():
        return image
    return filled_from_nearest(image, useless)


def combined(epochs, masks):
    """Epochs without what holds nothing in them, and the mask of their coadd.

    A useless pixel of an image is left out where another has a good one, and the coadd's is
    INTERPOLATED there. Where no image has a good one, those that have any value stay, with their
    bits. Sky that an image does not cover is left to the others without a bit.

    Parameters
    ----------
    epochs : sequence of redpix.subtraction.zogy.Epoch
    masks : sequence of ndarray of int

    Returns
    -------
    list of redpix.subtraction.zogy.Epoch, ndarray of int
    """
    empty = [
        ((mask & bit_value("NO_DATA")) != 0) | ~np.isfinite(epoch.image)
        for epoch, mask in zip(epochs, masks, strict=True)
    ]
    useless = [((mask & USELESS) != 0) | e for mask, e in zip(masks, empty, strict=True)]
    all_useless, all_empty = np.logical_and.reduce(useless), np.logical_and.reduce(empty)
    result = np.where(all_empty, DTYPE(bit_value("NO_DATA")), DTYPE(0))
    cut = []
    for epoch, mask, bad, none in zip(epochs, masks, useless, empty, strict=True):
        left_out = none | (bad & ~all_useless)
        bits = np.where(left_out, DTYPE(bit_value("INTERPOLATED")), mask)
        result |= np.where(all_empty, mask, np.where(none, 0, bits)).astype(DTYPE)
        cut.append(epoch._replace(image=np.where(left_out, np.nan, epoch.image)))
    return cut, result


class Stack(NamedTuple):
    """Several images as one, in units of flux (image / F).

    Attributes
    ----------
    image, variance : ndarray
        float32; NaN where no image has a value.
    psf : ndarray
        In the middle of the image, unit sum, a stamp of odd sides.
    noise : float
        1-sigma noise of a pixel of blank sky that all images cover.
    """

    image: np.ndarray
    variance: np.ndarray
    psf: np.ndarray
    noise: float


def stack(epochs, psfs, method="proper", correlations=None, workers=1, arrays=NUMPY):
    """Coadd whole images whose PSFs vary over them.

    Parameters
    ----------
    epochs : sequence of redpix.subtraction.zogy.Epoch
        Whole images with variances; their psf is not used.
    psfs : sequence of callable
        ``psf(x, y)``: the stamp of each at a place, 0-based.
    method : str
        proper (in tiles, each with the PSFs of its place), mean (weighted by the inverse of the
        sky's variance) or median. The PSF of a median, which has none for all brightnesses, is
        that of the plain mean.
    correlations : sequence of callable or None, optional
        ``correlation(rows, columns)``: of an epoch's noise in a region, as `Epoch` takes it; None
        of white noise. A proper coadd takes account of it.
    workers : int
        Threads of the transforms.
    arrays : redpix.core.backend.NumpyBackend
        What a proper coadd is worked with.

    Returns
    -------
    Stack

    Raises
    ------
    InputError
        As `coadd`.
    """
    shape = common_shape(epochs)
    middle = [psf((shape[1] - 1) / 2, (shape[0] - 1) / 2) for psf in psfs]
    side = max(max(stamp.shape) for stamp in middle)
    middle = [_padded(stamp, side) for stamp in middle]
    # one noise for all tiles: so their images have the same weights, and there is no seam
    noises = [measured_noise(epoch.image, epoch.variance) for epoch in epochs]
    for number, noise in enumerate(noises, start=1):
        if not noise > 0:
            raise InputError(f"coadd: image {number} has no pixel with a value and a variance")
    epochs = [epoch._replace(noise=noise) for epoch, noise in zip(epochs, noises, strict=True)]
    if method == "proper":
        correlations = correlations or [None] * len(epochs)
        return _proper(epochs, psfs, middle, correlations, workers, arrays)
    precision = np.array([(epoch.flux / epoch.noise) ** 2 for epoch in epochs])
    shares = precision if method == "mean" else np.ones(len(epochs))
    known = [np.isfinite(epoch.image) for epoch in epochs]
    present = np.tensordot(shares, known, axes=1)
    variance = sum(
        k * (share / e.flux) ** 2 * np.where(k, e.variance, 0)
        for k, share, e in zip(known, shares, epochs, strict=True)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = np.where(present > 0, variance / present**2, np.nan)
    shares = shares / shares.sum()
    noise = np.sqrt(np.sum(shares**2 / precision))
    image = weighted_mean(epochs) if method == "mean" else median(epochs)
    if method == "median":
        noise_of_mean, noise = noise, median_noise(1 / np.sqrt(precision))
        # where an image is missing, that of so many images alike
        loss = [1.0] + [median_noise(np.ones(n)) * np.sqrt(n) for n in range(1, len(epochs))]
        loss.append(noise / noise_of_mean)
        variance = variance * np.square(loss)[np.sum(known, axis=0)]
    psf = np.tensordot(shares, middle, axes=1)
    return Stack(image.astype(np.float32), variance.astype(np.float32), psf, float(noise))


def _proper(epochs, psfs, middle, correlations, workers, arrays):
    shape = epochs[0].image.shape
    planes = [np.full(shape, np.nan, np.float32) for _ in range(2)]
    for tile in tiles(shape, margin=MARGIN):
        parts = []
        for epoch, psf, correlation in zip(epochs, psfs, correlations, strict=True):
            known = np.isfinite(epoch.image[tile.outer])
            if not known.any():
                continue  # nor does anybody know its PSF here
            parts.append(
                epoch._replace(
                    image=epoch.image[tile.outer],
                    psf=psf(*_centre(known, tile.outer)),
                    variance=epoch.variance[tile.outer],
                    correlation=correlation and correlation(*tile.inner),
                )
            )
        if parts:
            part = coadd(parts, workers=workers, arrays=arrays)
            planes[0][tile.inner] = part.C[tile.kept] / part.F_C
            planes[1][tile.inner] = part.variance[tile.kept] / part.F_C**2
    if np.isnan(planes[0]).all():
        raise InputError("coadd: no pixel has a value")
    blank = (2 * len(middle[0]) + 1,) * 2
    around = [slice(max(0, n // 2 - SIDE // 2), min(n, n // 2 + SIDE // 2)) for n in shape]
    centre = coadd(
        [
            epoch._replace(
                image=np.zeros(blank), psf=psf, variance=None, correlation=own and own(*around)
            )
            for epoch, psf, own in zip(epochs, middle, correlations, strict=True)
        ]
    )
    return Stack(*planes, centre.P_C, 1 / centre.F_C)


def _centre(known, region):
    """x, y of the middle of the known pixels of a region."""
    rows, columns = region
    y = np.average(np.arange(rows.start, rows.stop), weights=known.sum(axis=1))
    x = np.average(np.arange(columns.start, columns.stop), weights=known.sum(axis=0))
    return x, y


def _padded(psf, side):
    """A stamp of odd sides with zeros about it."""
    return np.pad(psf, [((side - length) // 2,) * 2 for length in psf.shape])


def median_noise(noises, draws=200_000):
    """Standard deviation of the median of Gaussian numbers of zero mean, by drawing them."""
    sample = np.random.default_rng(0).standard_normal((draws, len(noises)), np.float32) * noises
    return float(np.median(sample, axis=1).std())
