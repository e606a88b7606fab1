"""Measure the covariance of the noise of neighbouring pixels on the blank sky of two images.

Drizzled and resampled images have correlated noise. Faint sources and an uneven background are
correlated as well, but both images show them: their cross-covariance is subtracted.
"""

import numpy as np
from astropy.stats import mad_std
from scipy import fft, ndimage

#: largest distance of two pixels whose covariance is measured, pixels
REACH = 10

#: difference of a correlation from the expected one that counts, beside four standard errors
_NOTICED = 0.03

#: smallest power of a wave relative to the mean power
_LEAST_POWER = 0.02

#: number of pixels that are enough
_ENOUGH = 2_000_000

#: minimum number of pixels of blank sky
_LEAST_PIXELS = 5000


def blank_sky(images, variances, mask):
    """Return the pixels of two images away from sources, and the images in units of their noise.

    Parameters
    ----------
    images, variances : sequence of ndarray, shape (ny, nx)
        Images without background on the same pixels, and their variances.
    mask : ndarray of int, shape (ny, nx)
        Pixels with any bit are left out.

    Returns
    -------
    scaled : list of ndarray
        0 outside the blank sky.
    blank : ndarray of bool
    """
    rows = slice(0, max(1, min(mask.shape[0], _ENOUGH // mask.shape[1])))
    start = (mask.shape[0] - rows.stop) // 2
    rows = slice(start, start + rows.stop)
    blank = mask[rows] == 0
    scaled = []
    for image, variance in zip(images, variances, strict=True):
        with np.errstate(invalid="ignore", divide="ignore"):
            values = (image[rows] / np.sqrt(variance[rows])).astype(float)
        valid = np.isfinite(values)
        blank &= valid
        scaled.append(np.where(valid, values, 0))
    sources = np.zeros(blank.shape, bool)
    for values in scaled:
        for side in (3, 7):
            means = ndimage.uniform_filter(values, side)
            level = np.median(means[blank]) if blank.any() else 0.0
            sources |= means > level + 3 * mad_std(means[blank] if blank.any() else means)
        sources |= abs(values) > 5 * mad_std(values[blank] if blank.any() else values)
    blank &= ~ndimage.maximum_filter(sources, 9)
    centred = [np.where(blank, v - (v[blank].mean() if blank.any() else 0), 0) for v in scaled]
    return centred, blank


def covariances(scaled, blank, reach=REACH):
    """Return the covariances of the noise of two images by the distance of two pixels.

    Parameters
    ----------
    scaled, blank
        From `blank_sky`.
    reach : int
        Largest distance, pixels.

    Returns
    -------
    list of ndarray, shape (2 * reach + 1, 2 * reach + 1), or None
        In units of the variances; zero distance is in the middle. None if the blank sky is small.
    """
    if np.count_nonzero(blank) < _LEAST_PIXELS:
        return None
    shape = [fft.next_fast_len(length + reach, real=True) for length in blank.shape]
    first, second, valid = (fft.rfft2(values, shape) for values in (*scaled, blank.astype(float)))

    def products(one, other):
        """Return the sums of products of pixels at each distance."""
        sums = fft.irfft2(np.conj(one) * other, shape)
        return np.roll(sums, (reach, reach), (0, 1))[: 2 * reach + 1, : 2 * reach + 1]

    number = np.maximum(products(valid, valid), 1)
    shared = products(first, second) / number
    shared = (shared + shared[::-1, ::-1]) / 2
    made = [products(values, values) / number - shared for values in (first, second)]
    return [_without_pedestal(covariance) for covariance in made]


def _without_pedestal(covariance):
    """Return a covariance without its mean at large distances: the background there is uneven."""
    reach = covariance.shape[0] // 2
    axis = np.arange(-reach, reach + 1)
    distance = np.hypot(axis, axis[:, None])
    level = covariance[(distance > 0.7 * reach) & (distance <= reach)].mean()
    taper = np.clip((reach - distance) / (0.5 * reach), 0, 1)
    return (covariance - level) * np.sin(taper * np.pi / 2) ** 2


def unexpected(covariance, expected, pixels):
    """Return whether a covariance of noise differs from the expected one.

    Parameters
    ----------
    covariance : ndarray
        From `covariances`.
    expected : ndarray or None
        Of `redpix.image.resample.noise_correlation`; None for white noise.
    pixels : int
        Number of pixels of blank sky.

    Returns
    -------
    bool
        Whether the correlation of next neighbours differs by more than chance.
    """
    difference = neighbours(covariance) - (0 if expected is None else neighbours(expected))
    return bool(abs(difference) > _NOTICED + 4 / np.sqrt(pixels))


def neighbours(covariance):
    """Return the mean correlation of a pixel with the next ones in its row and column.

    Parameters
    ----------
    covariance : ndarray
        By the distance of two pixels; zero distance is in the middle.

    Returns
    -------
    float
    """
    middle = covariance.shape[0] // 2
    if middle == 0:
        return 0.0
    total = covariance[middle, middle + 1] + covariance[middle + 1, middle]
    return float(total / 2 / covariance[middle, middle])


def positive(covariance):
    """Return a covariance whose power spectrum is positive at each frequency.

    Parameters
    ----------
    covariance : ndarray
        From `covariances`.

    Returns
    -------
    ndarray
        Of the same shape.
    """
    reach = covariance.shape[0] // 2
    padded = np.zeros((4 * reach + 2,) * 2)
    padded[: 2 * reach + 1, : 2 * reach + 1] = covariance
    padded = np.roll(padded, (-reach, -reach), (0, 1))
    power = np.fft.fft2(padded).real
    power = np.maximum(power, _LEAST_POWER * power.mean())
    made = np.roll(np.fft.ifft2(power).real, (reach, reach), (0, 1))
    return made[: 2 * reach + 1, : 2 * reach + 1]
