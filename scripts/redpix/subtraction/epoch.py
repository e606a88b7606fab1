"""One image of a subtraction or a coaddition: its noise, variance, PSF and flux zero point."""

from typing import NamedTuple

import numpy as np
from astropy.stats import mad_std

from redpix.core.exceptions import InputError


class Epoch(NamedTuple):
    """Image of one epoch.

    Attributes
    ----------
    image : ndarray, shape (ny, nx)
        Background subtracted; NaN in invalid pixels.
    psf : ndarray, shape (my, mx)
        Not larger than the image; unit sum, centre on pixel (my // 2, mx // 2).
    noise : float, optional
        1-sigma noise of a pixel of blank sky, units of the image. The default is the root of the
        median of the variance or, without a variance, the robust standard deviation of the image.
    flux : float
        Flux zero point F: counts of a source of unit flux.
    variance : ndarray, shape (ny, nx), optional
        Variance by sky, read noise and sources, units of the image squared. The default is
        noise**2 everywhere.
    astrometry : (float, float)
        1-sigma error of registration along x and y, pixels. An error that was measured between two
        images is divided between the epochs: the squares of their parts sum to its square.
    calibration : float
        1-sigma relative error of flux and PSF, divided between the epochs in the same way.
    correlation : ndarray, optional
        Covariance of the noise of two pixels in units of noise**2: a stamp of odd sides, with the
        offset of the pixels from its centre. An interpolated image has correlated noise
        (`redpix.image.resample.noise_correlation`). The default is white noise.
    """

    image: np.ndarray
    psf: np.ndarray
    noise: float | None = None
    flux: float = 1.0
    variance: np.ndarray | None = None
    astrometry: tuple = (0.0, 0.0)
    calibration: float = 0.0
    correlation: np.ndarray | None = None


class FiniteEpoch(NamedTuple):
    """Image, PSF, noise and variance of an epoch, all of them finite.

    Attributes
    ----------
    image, variance : ndarray
        0 in invalid pixels.
    psf : ndarray
    noise : float
    """

    image: np.ndarray
    psf: np.ndarray
    noise: float
    variance: np.ndarray


def finite(epoch, unknown, name, dtype):
    """Return an epoch with finite values only.

    Parameters
    ----------
    epoch : Epoch
        Epoch whose invalid values are replaced.
    unknown : ndarray of bool
        Pixels that are invalid in either epoch.
    name : str
        Name of the epoch in messages.
    dtype : numpy dtype
        Type of the arrays that are returned.

    Returns
    -------
    FiniteEpoch

    Raises
    ------
    InputError
        If PSF, variance, noise or flux is not possible, or all pixels are invalid.
    """
    image, psf = np.asarray(epoch.image), np.asarray(epoch.psf)
    valid = ~unknown
    if not valid.any():
        raise InputError(f"{name}: no pixel with a value in both images")
    if psf.ndim != 2 or any(p > n for p, n in zip(psf.shape, image.shape, strict=True)):
        raise InputError(f"{name}: PSF of shape {psf.shape} is larger than the image {image.shape}")
    if not np.isfinite(psf).all() or abs(psf.sum() - 1) > 1e-3:
        raise InputError(f"{name}: PSF of sum {psf.sum():.6g}; allowed: finite, of unit sum")
    variance = epoch.variance
    if variance is not None and np.shape(variance) != image.shape:
        raise InputError(
            f"{name}: variance of shape {np.shape(variance)}, image of shape {image.shape}"
        )
    noise = epoch.noise if epoch.noise is not None else measured_noise(image, variance, valid)
    for quantity, value in (("noise", noise), ("flux zero point", epoch.flux)):
        if not (np.isfinite(value) and value > 0):
            raise InputError(f"{name}: {quantity} {value:.6g}; allowed: a number above 0")
    variance = np.broadcast_to(usable_variance(variance, noise), image.shape)
    # invalid pixels do not contribute noise
    if not valid.all():
        image, variance = (np.where(unknown, 0, values) for values in (image, variance))
    return FiniteEpoch(
        image.astype(dtype, copy=False),
        (psf / psf.sum()).astype(dtype),
        float(noise),
        variance.astype(dtype, copy=False),
    )


def usable_variance(variance, noise):
    """Return a variance that is finite and above 0 everywhere.

    Parameters
    ----------
    variance : ndarray or None
        Variance with invalid or negative values.
    noise : float
        1-sigma noise of the sky, which replaces impossible variances.

    Returns
    -------
    ndarray or float
        The square of the noise if the variance is None.
    """
    if variance is None:
        return noise**2
    if np.min(variance) > 0 and np.max(variance) < np.inf:  # not so if any is NaN
        return variance
    return np.where(np.isfinite(variance) & (variance > 0), variance, noise**2)


def measured_noise(image, variance=None, valid=None):
    """Return the 1-sigma noise of a pixel of blank sky.

    Parameters
    ----------
    image : ndarray
        Image with blank sky.
    variance : ndarray, optional
        The root of its median is the noise. The default is the median absolute deviation of the
        image, scaled to a standard deviation.
    valid : ndarray of bool, optional
        Pixels that are used. The default is those with a finite value.

    Returns
    -------
    float
        0 if a variance is given and not above 0 in any of the pixels.
    """
    valid = np.isfinite(image) if valid is None else valid
    if variance is not None:
        values = np.asarray(variance)[valid]
        values = values[np.isfinite(values) & (values > 0)]
        return float(np.sqrt(np.median(values))) if len(values) else 0.0
    return float(mad_std(np.asarray(image)[valid]))
