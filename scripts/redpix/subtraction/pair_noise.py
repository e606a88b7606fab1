"""Covariance of the noise of a pair: measured on blank sky where it is not the expected one."""

from typing import NamedTuple

import numpy as np

from redpix.core.job import log
from redpix.image.noise_covariance import (
    SourceLight,
    blank_sky,
    covariances,
    neighbours,
    positive,
    unexpected,
)

#: the images of a pair in messages
IMAGE_NAMES = ("science image", "reference")


class PairNoise(NamedTuple):
    """Covariance of the noise of both images, by the distance of two pixels.

    Attributes
    ----------
    new, reference : ndarray or None
        In units of the variances; None if the noise is the expected one: white in the science
        image, and what resampling leaves in the reference.
    correlation : (float, float)
        Measured correlation of neighbouring pixels of each image; NaN without enough blank sky.
    shared : float
        Correlation of the noise of one image with that of the other; NaN without enough blank sky.
    """

    new: np.ndarray | None = None
    reference: np.ndarray | None = None
    correlation: tuple = (np.nan, np.nan)
    shared: float = np.nan


def measure_noise(pair, settings):
    """Measure the covariance of the noise of both images.

    Parameters
    ----------
    pair : redpix.subtraction.pair.RegisteredPair
        The registered pair with its variances.
    settings : redpix.subtraction.pair.SubtractionSettings
        With noise "given" the variances stay as they are, and correlations alone are measured.

    Returns
    -------
    redpix.subtraction.pair.RegisteredPair
    """
    variances = pair.new_variance, pair.reference_variance
    scaled, blank = blank_sky((pair.new, pair.reference), variances, pair.mask)
    middle = [(length - 1) / 2 for length in pair.new.shape[::-1]]
    psfs = pair.psf_new.at(*middle), pair.psf_reference.at(*middle)
    measured = covariances(scaled, blank, _light(pair, variances, blank, psfs))
    if measured is None:
        return pair
    rows, columns = (slice(0, length) for length in pair.new.shape)
    expected = (None, pair.alignment.noise_correlation(rows, columns))
    pixels = np.count_nonzero(blank)
    kept = []
    for covariance, usual, name, psf in zip(measured, expected, IMAGE_NAMES, psfs, strict=True):
        middle = covariance.shape[0] // 2
        # a coarser image that is interpolated has noise that is correlated over more pixels
        farther = usual is not None and len(usual) > 1.2 * len(covariance)
        usable = covariance[middle, middle] > 0 and not farther
        if not (usable and unexpected(covariance, usual, pixels, psf)):
            kept.append(None)
            continue
        if settings.noise == "given":
            covariance = covariance / covariance[middle, middle]
        log.info(
            "%s: noise of neighbouring pixels of the %s has a correlation of %.2f; its spectrum is "
            "measured on blank sky",
            pair.names,
            name,
            neighbours(covariance),
        )
        kept.append(positive(covariance))
    correlation = tuple(neighbours(covariance) for covariance in measured)
    return pair._replace(noise=PairNoise(*kept, correlation, shared_noise(scaled, blank)))


def shared_noise(scaled, blank):
    """Return the correlation of the noise of one image with that of the other.

    Faint sources are in both images, and about as strong two pixels apart: that part is subtracted.

    Parameters
    ----------
    scaled, blank
        From `redpix.image.noise_covariance.blank_sky`.

    Returns
    -------
    float
        1 for an image and itself, near 0 for different exposures.
    """
    first, second = scaled
    power = np.sqrt(np.mean(first[blank] ** 2) * np.mean(second[blank] ** 2))
    here = np.mean(first[blank] * second[blank])
    both = blank[:, 2:] & blank[:, :-2]
    beside = np.mean((first[:, 2:] * second[:, :-2])[both]) if both.any() else 0.0
    return float((here - beside) / power)


def _light(pair, variances, blank, psfs):
    """Return how the two images show a source of unit flux on blank sky."""
    if not blank.any():
        return SourceLight()
    rows = slice((pair.mask.shape[0] - blank.shape[0]) // 2, None)
    noise = [np.sqrt(np.median(variance[rows][: len(blank)][blank])) for variance in variances]
    return SourceLight((1 / noise[0], pair.comparison.ratio / noise[1]), psfs)


def correlations(pair):
    """Return the covariances of the noise as a subtraction in tiles takes them.

    Parameters
    ----------
    pair : redpix.subtraction.pair.RegisteredPair
        The registered pair.

    Returns
    -------
    new : ndarray or None
        Covariance of the science image; None for white noise.
    reference : callable
        ``reference(rows, columns)``: covariance of the reference in a region.
    """
    if pair.noise.reference is None:
        return pair.noise.new, pair.alignment.noise_correlation
    return pair.noise.new, lambda rows, columns: pair.noise.reference
