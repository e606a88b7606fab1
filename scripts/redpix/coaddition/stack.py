"""Coadd whole images whose PSFs vary: in tiles, or by a mean or a median of pixels."""

from typing import NamedTuple

import numpy as np

from redpix.coaddition.mean_and_median import common_shape, median, weighted_mean
from redpix.coaddition.proper import coadd
from redpix.coaddition.seeing import seeing_corrections
from redpix.core.backend import NUMPY
from redpix.core.exceptions import InputError
from redpix.subtraction.epoch import measured_noise
from redpix.subtraction.tiles import SIDE, side_for, tiles

#: half the width of the overlap of tiles, pixels
MARGIN = 64

#: number of times that rejected pixels are filled from the coadd
PASSES = 3


class StackedImage(NamedTuple):
    """Several images combined into one, in units of flux (image / F).

    Attributes
    ----------
    image, variance : ndarray
        float32; NaN where all images are invalid.
    psf : ndarray
        PSF in the centre of the image, unit sum, a stamp of odd sides.
    noise : float
        1-sigma noise of a pixel of blank sky that all images cover.
    """

    image: np.ndarray
    variance: np.ndarray
    psf: np.ndarray
    noise: float


def stack(epochs, psfs, method="proper", correlations=None, workers=1, arrays=NUMPY, rejected=None):
    """Coadd whole images whose PSFs vary over them.

    Parameters
    ----------
    epochs : sequence of redpix.subtraction.epoch.Epoch
        Whole images with variances; their psf is not used.
    psfs : sequence of callable
        ``psf(x, y)`` of each image: the stamp at a position, 0-based.
    method : {"proper", "mean", "median"}
        proper: in tiles, each with its own PSFs. mean: weighted by the inverse variance of the
        sky. median: its PSF depends on brightness; that of the plain mean is given.
    correlations : sequence of callable or None, optional
        ``correlation(rows, columns)`` of each image: covariance of its noise in a region, as in
        `Epoch`; None for white noise.
    workers : int
        Threads of the transforms.
    arrays : redpix.core.backend.NumpyBackend
        Backend of a proper coadd.
    rejected : sequence of ndarray of bool, optional
        Invalid pixels of each image that a proper coadd fills as its own PSF shows the sky. The
        default is the mean of the other images.

    Returns
    -------
    StackedImage

    Raises
    ------
    InputError
        If an image is invalid everywhere, or as `redpix.coaddition.proper.coadd`.
    """
    centre = _central_psfs(psfs, common_shape(epochs))
    epochs = _with_noise(epochs)
    correlations = correlations or [None] * len(epochs)
    if method == "proper":
        image, variance = _coadd_tiles(epochs, psfs, correlations, workers, arrays, rejected)
        psf, noise = _central_coadd(epochs, centre, correlations)
        return StackedImage(image, variance, psf, noise)
    return _combine_pixels(epochs, centre, correlations, method)


def _central_psfs(psfs, shape):
    """Return the PSFs in the centre of the images, as stamps of the same sides."""
    stamps = [psf((shape[1] - 1) / 2, (shape[0] - 1) / 2) for psf in psfs]
    side = max(max(stamp.shape) for stamp in stamps)
    return [_padded(stamp, side) for stamp in stamps]


def _with_noise(epochs):
    """Return epochs with the noise of their whole images, so that tiles show no seam."""
    noises = [measured_noise(epoch.image, epoch.variance) for epoch in epochs]
    for number, noise in enumerate(noises, start=1):
        if not noise > 0:
            raise InputError(f"coadd: image {number} has no pixel with a value and a variance")
    return [epoch._replace(noise=noise) for epoch, noise in zip(epochs, noises, strict=True)]


def _combine_pixels(epochs, psfs, correlations, method):
    """Return the mean or the median of images, pixel by pixel."""
    precision = np.array([(epoch.flux / epoch.noise) ** 2 for epoch in epochs])
    shares = precision if method == "mean" else np.ones(len(epochs))
    own = _own_variances(correlations, epochs[0].image.shape)
    variance = _variance_of_mean(epochs, shares, own)
    shares = shares / shares.sum()
    precision = precision / own  # of a pixel
    noise = np.sqrt(np.sum(shares**2 / precision))
    image = weighted_mean(epochs) if method == "mean" else median(epochs)
    if method == "median":
        noise_of_mean, noise = noise, median_noise(1 / np.sqrt(precision))
        # pixels that an image lacks have the loss of a median of equally deep images
        loss = [1.0] + [median_noise(np.ones(n)) * np.sqrt(n) for n in range(1, len(epochs))]
        loss.append(noise / noise_of_mean)
        valid = sum(np.isfinite(epoch.image).astype(np.int16) for epoch in epochs)
        variance = variance * np.square(loss)[valid]
    psf = np.tensordot(shares, psfs, axes=1)
    return StackedImage(image.astype(np.float32), variance.astype(np.float32), psf, float(noise))


def _own_variances(correlations, shape):
    """Return the variance of the pixels of each image in units of that of its noise."""
    rows, columns = (slice(0, length) for length in shape)
    stamps = [one and one(rows, columns) for one in correlations]
    return np.array([1.0 if s is None else s[s.shape[0] // 2, s.shape[1] // 2] for s in stamps])


def _variance_of_mean(epochs, shares, own):
    """Return the variance of the weighted mean of the valid pixels."""
    present, variance = 0.0, 0.0
    for share, epoch, one in zip(shares, epochs, own, strict=True):
        valid = np.isfinite(epoch.image)
        present = present + share * valid
        variance = variance + (share / epoch.flux) ** 2 * one * np.where(valid, epoch.variance, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(present > 0, variance / present**2, np.nan)


def _coadd_tiles(epochs, psfs, correlations, workers, arrays, rejected):
    """Return the image and the variance of a proper coadd."""
    shape = epochs[0].image.shape
    image, variance = (np.full(shape, np.nan, np.float32) for _ in range(2))
    for tile in tiles(shape, side_for(len(epochs), MARGIN), MARGIN):
        present = [n for n, e in enumerate(epochs) if np.isfinite(e.image[tile.outer]).any()]
        cuts = [_cut(epochs[n], psfs[n], correlations[n], tile) for n in present]
        if cuts:
            planes = [rejected[n][tile.outer] for n in present] if rejected else []
            made = _coadd_tile(cuts, planes, workers, arrays)
            image[tile.inner] = made.C[tile.kept] / made.F_C
            variance[tile.inner] = made.variance[tile.kept] / made.F_C**2
    if np.isnan(image).all():
        raise InputError("coadd: no pixel has a value")
    return image, variance


def _coadd_tile(cuts, rejected, workers, arrays):
    """Return the coadd of a tile, with rejected pixels filled at the PSF of their image."""
    made = coadd(cuts, workers=workers, arrays=arrays)
    if any(plane.any() for plane in rejected):
        for _ in range(PASSES):
            added = seeing_corrections(cuts, made, rejected)
            made = coadd(cuts, workers=workers, arrays=arrays, added=added)
    return made


def _cut(epoch, psf, correlation, tile):
    """Return an epoch that holds only the region of a tile, with the PSF of its valid pixels."""
    image = epoch.image[tile.outer]
    return epoch._replace(
        image=image,
        psf=psf(*_centre(np.isfinite(image), tile.outer)),
        variance=epoch.variance[tile.outer],
        correlation=correlation and correlation(*tile.inner),
    )


def _central_coadd(epochs, psfs, correlations):
    """Return the PSF and the noise of a proper coadd in the centre of the images."""
    blank = (2 * len(psfs[0]) + 1,) * 2
    around = [
        slice(max(0, n // 2 - SIDE // 2), min(n, n // 2 + SIDE // 2)) for n in epochs[0].image.shape
    ]
    centre = coadd(
        [
            epoch._replace(
                image=np.zeros(blank),
                psf=psf,
                variance=None,
                correlation=correlation and correlation(*around),
            )
            for epoch, psf, correlation in zip(epochs, psfs, correlations, strict=True)
        ]
    )
    return centre.P_C, 1 / centre.F_C


def _centre(valid, region):
    """Return x, y of the centroid of the valid pixels of a region."""
    rows, columns = region
    y = np.average(np.arange(rows.start, rows.stop), weights=valid.sum(axis=1))
    x = np.average(np.arange(columns.start, columns.stop), weights=valid.sum(axis=0))
    return x, y


def _padded(psf, side):
    """Return a stamp of odd sides with zeros about it."""
    return np.pad(psf, [((side - length) // 2,) * 2 for length in psf.shape])


def median_noise(noises, draws=200_000):
    """Return the standard deviation of the median of Gaussian numbers, from random draws.

    Parameters
    ----------
    noises : array_like, shape (n,)
        Standard deviations of the numbers; their means are zero.
    draws : int
        Number of medians that are drawn.

    Returns
    -------
    float
    """
    sample = np.random.default_rng(0).standard_normal((draws, len(noises)), np.float32) * noises
    return float(np.median(sample, axis=1).std())
