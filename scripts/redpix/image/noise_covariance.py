"""Measure the covariance of the noise of neighbouring pixels on the blank sky of two images.

Drizzled and resampled images have correlated noise. Faint sources and an uneven background are
correlated as well, but both images show them: their cross-covariance is subtracted, in the
brightness and with the PSF that each image gives them.
"""

from typing import NamedTuple

import numpy as np
from scipy import fft, ndimage

from redpix.image.medians import median_and_spread
from redpix.image.stamps import resized

#: largest distance of two pixels whose covariance is measured, pixels
REACH = 10

#: difference of a correlation from the expected one that counts, beside four standard errors
_NOTICED = 0.03

#: relative excess of the noise of a point source that counts, beside three standard errors
_EXCESS = 0.02

#: side of the squares in which PSFs are compared, pixels, and their smallest amplitude
_SIDE, _LEAST_AMPLITUDE = 63, 0.05

#: smallest power of a wave relative to the mean power
_LEAST_POWER = 0.02

#: number of pixels that are enough
_ENOUGH = 2_000_000

#: least peak of a source in an image that is smoothed, standard deviations
PEAK = 4.5

#: side of the squares whose means show uneven light, pixels, and the least deviation of a mean in
#: standard deviations
_WIDE, _UNEVEN = 31, 5.0

#: minimum number of pixels of blank sky
_LEAST_PIXELS = 5000


def blank_sky(images, variances, mask, peak=PEAK):
    """Return the pixels of two images away from sources, and the images in units of their noise.

    Sources leave with the high noise at their places, and the noise that is left is lower. So only
    sources leave that are hardly ever noise. Fainter ones are what `covariances` subtracts.

    Parameters
    ----------
    images, variances : sequence of ndarray, shape (ny, nx)
        Images without background on the same pixels, and their variances.
    mask : ndarray of int, shape (ny, nx)
        Pixels with any bit are left out.
    peak : float
        Least peak of a source in an image that is smoothed, standard deviations.

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
    if blank.any():
        sources = np.any([_sources(values, blank, peak) for values in scaled], axis=0)
        blank &= ~ndimage.maximum_filter(sources, 9)
        blank &= np.all([_even(values, blank) for values in scaled], axis=0)
    centred = [np.where(blank, v - (v[blank].mean() if blank.any() else 0), 0) for v in scaled]
    return centred, blank


def _sources(values, blank, peak):
    """Return the pixels of sources and of single high or low values."""
    sources = abs(values) > 5 * median_and_spread(values[blank])[1]
    for side in (3, 7):
        means = ndimage.uniform_filter(values, side)
        level, spread = median_and_spread(means[blank])
        sources |= means > level + peak * spread
    return sources


def _even(values, blank):
    """Return the pixels without uneven light of either sign on a scale of `_WIDE` pixels."""
    if not blank.any():
        return blank
    share = ndimage.uniform_filter(blank.astype(np.float32), _WIDE)
    means = ndimage.uniform_filter(np.where(blank, values, 0), _WIDE) / np.maximum(share, 1e-3)
    level, spread = median_and_spread(means[blank])
    return abs(means - level) < _UNEVEN * spread


class SourceLight(NamedTuple):
    """Brightness and PSFs of sources in two images.

    Attributes
    ----------
    weights : (float, float)
        Flux over the noise of a pixel of blank sky.
    psfs : sequence of ndarray or None
        Stamps of odd sides and of unit sum; None for the same PSF.
    """

    weights: tuple = (1.0, 1.0)
    psfs: tuple | None = None


def covariances(scaled, blank, light=None, reach=REACH):
    """Return the covariances of the noise of two images by the distance of two pixels.

    Parameters
    ----------
    scaled, blank
        From `blank_sky`.
    light : SourceLight, optional
        Brightness and shape of sources in the images. The default is the same in both.
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
    made = [
        products(values, values) / number - faint
        for values, faint in zip(
            (first, second), _faint(shared, light or SourceLight()), strict=True
        )
    ]
    return [_without_pedestal(covariance) for covariance in made]


def _faint(shared, light):
    """Return the covariance of faint sources in each image, from that between the images."""
    brighter = light.weights[0] / light.weights[1]
    if light.psfs is None:
        return shared * brighter, shared / brighter
    reach, middle = shared.shape[0] // 2, _SIDE // 2
    first, second = (np.abs(fft.fft2(resized(psf, _SIDE))) + _LEAST_AMPLITUDE for psf in light.psfs)
    waves = fft.fft2(fft.ifftshift(np.pad(shared, middle - reach)))
    inner = (slice(middle - reach, middle + reach + 1),) * 2
    sharper = np.clip(brighter * first / second, brighter / 2, brighter * 2)
    return [fft.fftshift(fft.ifft2(waves * each).real)[inner] for each in (sharper, 1 / sharper)]


def _without_pedestal(covariance):
    """Return a covariance without its mean at large distances: the background there is uneven."""
    reach = covariance.shape[0] // 2
    axis = np.arange(-reach, reach + 1)
    distance = np.hypot(axis, axis[:, None])
    level = covariance[(distance > 0.7 * reach) & (distance <= reach)].mean()
    taper = np.clip((reach - distance) / (0.5 * reach), 0, 1)
    return (covariance - level) * np.sin(taper * np.pi / 2) ** 2


def unexpected(covariance, expected, pixels, psf=None):
    """Return whether a covariance of noise differs from the expected one.

    Parameters
    ----------
    covariance : ndarray
        From `covariances`.
    expected : ndarray or None
        Of `redpix.image.resample.noise_correlation`; None for white noise.
    pixels : int
        Number of pixels of blank sky.
    psf : ndarray, optional
        Stamp of the PSF. The noise of the flux of a point source is compared, too.

    Returns
    -------
    bool
        Whether the correlation of next neighbours, or the noise of a point source, differs by more
        than chance.
    """
    usual = np.ones((1, 1)) if expected is None else expected
    difference = neighbours(covariance) - neighbours(usual)
    if abs(difference) > _NOTICED + 4 / np.sqrt(pixels):
        return True
    if psf is None:
        return False
    noise = np.sqrt(max(filtered_variance(covariance, psf), 0) / filtered_variance(usual, psf))
    chance = np.sqrt(1 / (2 * pixels * np.sum(psf**2)))
    return bool(abs(noise - 1) > _EXCESS + 3 * chance)


def filtered_variance(covariance, psf):
    """Return the variance of an image that is filtered with a PSF.

    Parameters
    ----------
    covariance : ndarray
        Covariance of the noise by the distance of two pixels; zero distance is in the middle.
    psf : ndarray
        Stamp of odd sides.

    Returns
    -------
    float
        In the unit of the covariance.
    """
    reach = covariance.shape[0] // 2
    shape = [fft.next_fast_len(length + reach, real=True) for length in psf.shape]
    power = np.abs(fft.rfft2(psf, shape)) ** 2
    products = np.roll(fft.irfft2(power, shape), (reach, reach), (0, 1))
    side = 2 * reach + 1
    return float(np.sum(covariance * products[:side, :side]))


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
