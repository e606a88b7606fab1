"""Proper image subtraction (Zackay, Ofek & Gal-Yam 2016, ApJ 830, 27; "ZOGY").

Two registered, background-subtracted images of one sky become a difference D with white noise, a
score S that is the best statistic for a new point source, the score in units of its own noise
Scorr, and the flux alpha that a point source would have at each pixel. Letters and equation
numbers are the paper's: N and R the new and the reference image, P their PSFs, s (the paper's
sigma) the noise of their sky, F their flux zero points, a hat the Fourier transform.

Images are [y, x]. PSFs have unit sum and their centre on the pixel ``(ny // 2, nx // 2)``.
"""

from typing import NamedTuple

import numpy as np
from astropy.stats import mad_std

from redpix.core.backend import NUMPY
from redpix.core.exceptions import InputError
from redpix.image.fourier import Convolutions, transforms

#: the variance of S is nowhere taken for less than this share of what the sky alone gives
VARIANCE_FLOOR = 0.1


class Epoch(NamedTuple):
    """One of the two images.

    Attributes
    ----------
    image : ndarray, shape (ny, nx)
        Background subtracted; NaN where there is no value.
    psf : ndarray, shape (my, mx)
        Not larger than the image; unit sum, centre on pixel (my // 2, mx // 2).
    noise : float, optional
        1-sigma noise of a pixel of blank sky, units of the image. Without it: the root of the
        variance's median, or without that the image's robust standard deviation.
    flux : float
        Flux zero point F: counts of a source of unit flux.
    variance : ndarray, shape (ny, nx), optional
        Sky, read noise and source, units of the image squared; noise**2 everywhere without it.
    astrometry : (float, float)
        1-sigma error of registration along x and y, pixels. Of an error measured between the two
        images each epoch gets its part, so that their squares sum to that of the whole.
    calibration : float
        1-sigma relative error of flux and PSF, shared out between the epochs likewise.
    correlation : ndarray, optional
        Covariance of the sky's noise between pixels that lie so many rows and columns apart, in
        units of noise**2: a stamp of odd sides with no distance in its middle. An interpolated
        image has one (`redpix.image.resample.noise_correlation`); without it noise is white.
    """

    image: np.ndarray
    psf: np.ndarray
    noise: float | None = None
    flux: float = 1.0
    variance: np.ndarray | None = None
    astrometry: tuple = (0.0, 0.0)
    calibration: float = 0.0
    correlation: np.ndarray | None = None


class Difference(NamedTuple):
    """What two images differ by; images are NaN where either epoch has no value.

    Attributes
    ----------
    D : ndarray
        Proper difference, eq. 13; its noise on blank sky is 1.
    D_variance : ndarray
        Variance of D, source noise included.
    P_D : ndarray
        PSF of D, eq. 14, a stamp of odd sides with its centre in the middle.
    F_D : float
        Flux zero point of D, eq. 15.
    S, Scorr : ndarray
        Score, eq. 12; and in units of its standard deviation, eq. 25.
    alpha, alpha_error : ndarray
        Flux of a point source at each pixel and its error, in units of flux / F.
    F_S : float
        Normalisation of alpha: what S is at the place of a source of unit flux.
    variance_new, variance_reference, variance_astrometric : ndarray
        Parts of the variance of S: eq. 26, 27 and the sum of 30 and 32; the last holds the
        variance by errors of calibration, too, which are no part of the paper.
    k_n, k_r : ndarray
        Kernels of S, eq. 28 and 29, stamps as P_D.
    """

    D: np.ndarray
    D_variance: np.ndarray
    P_D: np.ndarray
    F_D: float
    S: np.ndarray
    Scorr: np.ndarray
    alpha: np.ndarray
    alpha_error: np.ndarray
    F_S: float
    variance_new: np.ndarray
    variance_reference: np.ndarray
    variance_astrometric: np.ndarray
    k_n: np.ndarray
    k_r: np.ndarray


def subtract(
    new, reference, dtype=np.float32, padding=None, workers=1, space="fourier", arrays=NUMPY
):
    """Proper difference of two epochs, its scores and fluxes.

    Parameters
    ----------
    new, reference : Epoch
        On the same pixels.
    dtype : numpy.float32 or numpy.float64
        Of all images. Single precision changes Scorr by some 1e-5.
    padding : int, optional
        Zeros added before wrapping round, at least; by default half of the larger PSF.
    workers : int
        Threads of the transforms; no result depends on it.
    space : str
        fourier: by transforms of the whole images; image: by convolutions with kernels that are
        cut off at twice the side of the larger PSF, which changes Scorr by some percent of 1.
    arrays : redpix.core.backend.NumpyBackend
        What it is worked with.

    Returns
    -------
    Difference

    Raises
    ------
    InputError
        If shapes differ, a PSF is larger than its image or has no sum, an image has no value or
        no noise, or noise or flux is not above 0.
    """
    if np.shape(new.image) != np.shape(reference.image):
        raise InputError(
            f"images of shapes {np.shape(new.image)} and {np.shape(reference.image)}: they must "
            "be registered to the same pixels"
        )
    unknown = ~(np.isfinite(new.image) & np.isfinite(reference.image))
    N, Pn, sn, Vn = _prepared(new, unknown, "new image", dtype)
    R, Pr, sr, Vr = _prepared(reference, unknown, "reference image", dtype)
    Fn, Fr = float(new.flux), float(reference.flux)
    side = max(*Pn.shape, *Pr.shape) | 1
    reach = side // 2 + 1 if padding is None else padding
    plan = transforms(N.shape, reach, dtype, workers, arrays)
    if space == "image":
        small = transforms((4 * side,) * 2, 0, dtype, workers, arrays)
        large = transforms(N.shape, side + 1, dtype, workers, arrays)
        plan = Convolutions(small, large, 2 * side | 1)
    xp = arrays.xp

    Pn_hat, Pr_hat = plan.kernel(Pn), plan.kernel(Pr)
    Cn, Cr = noise_power(new, plan), noise_power(reference, plan)
    Pn_power, Pr_power = (squared_modulus(P, xp) for P in (Pn_hat, Pr_hat))
    # PSFs vanish at high frequencies: what is left of the ratio there is 0 and not 0 / 0
    A = xp.clip((sn * Fr) ** 2 * Cn * Pr_power + (sr * Fn) ** 2 * Cr * Pn_power, min=1e-30)
    # with the noise of long waves, so that P_D has unit sum; white noise has it of all waves
    slow_n, slow_r = (np.sqrt(C if _white(C) else float(C[0, 0])) for C in (Cn, Cr))
    F_D = Fr * Fn / float(np.hypot(sn * Fr * slow_n, sr * Fn * slow_r))
    N_hat, R_hat, Vn_hat, Vr_hat = (plan.forward(image) for image in (N, R, Vn, Vr))

    root = xp.sqrt(A)
    d_n, d_r = (Fr / root) * Pr_hat, (Fn / root) * Pn_hat
    D = plan.filtered((d_n, N_hat), (-d_r, R_hat))
    P_D = plan.stamp(plan.whole(d_n * Pn_hat), side) * (Fn / F_D)
    noise_n, noise_r = (plan.whole(_coloured(d, C, xp)) for d, C in ((d_n, Cn), (d_r, Cr)))
    D_variance = plan.spread((noise_n, Vn_hat), (noise_r, Vr_hat))
    del d_n, d_r, noise_n, noise_r, root

    kn_hat = xp.conj(Pn_hat) * (Fn * Fr**2 * Pr_power / A)
    kr_hat = xp.conj(Pr_hat) * (Fr * Fn**2 * Pn_power / A)
    # also what V(S) is on blank sky
    F_S = _mean_of_modes((Fn * Fr) ** 2 * Pn_power * Pr_power / A, plan.padded, xp)
    S_N, S_R = plan.filtered((kn_hat, N_hat)), plan.filtered((kr_hat, R_hat))
    V_ast = _systematic(S_N, new, xp) + _systematic(S_R, reference, xp)
    V_N, k_n = _score_variance(plan, kn_hat, Cn, Vn_hat, side)
    V_R, k_r = _score_variance(plan, kr_hat, Cr, Vr_hat, side)
    noise = xp.clip(V_N + V_R, min=VARIANCE_FLOOR * F_S)

    S = S_N - S_R
    images = (D, D_variance, S, S / xp.sqrt(noise + V_ast), S / F_S, xp.sqrt(noise) / F_S)
    images = [arrays.take(image) for image in images]
    for image in images:
        image[unknown] = np.nan
    D, D_variance, S, Scorr, alpha, alpha_error = images
    P_D, V_N, V_R, V_ast, k_n, k_r = map(arrays.take, (P_D, V_N, V_R, V_ast, k_n, k_r))
    return Difference(
        *(D, D_variance, P_D, F_D, S, Scorr, alpha, alpha_error, F_S),
        *(V_N, V_R, V_ast, k_n, k_r),
    )


def _prepared(epoch, unknown, name, dtype):
    """Image, PSF, noise and variance without anything that is not finite."""
    image, psf = np.asarray(epoch.image), np.asarray(epoch.psf)
    known = ~unknown
    if not known.any():
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
    noise = epoch.noise if epoch.noise is not None else measured_noise(image, variance, known)
    for what, value in (("noise", noise), ("flux zero point", epoch.flux)):
        if not (np.isfinite(value) and value > 0):
            raise InputError(f"{name}: {what} {value:.6g}; allowed: a number above 0")
    # a pixel that is unknown has no noise either
    variance = np.where(unknown, 0, usable_variance(variance, noise))
    return (
        np.where(unknown, 0, image).astype(dtype),
        (psf / psf.sum()).astype(dtype),
        float(noise),
        variance.astype(dtype),
    )


def usable_variance(variance, noise):
    """A variance, with that of the sky where it cannot be one, or where there is none."""
    if variance is None:
        return noise**2
    return np.where(np.isfinite(variance) & (variance > 0), variance, noise**2)


def measured_noise(image, variance=None, known=None):
    """1-sigma noise of a pixel of blank sky.

    Parameters
    ----------
    image : ndarray
    variance : ndarray, optional
        Its median's root is the noise; without it, the image's median absolute deviation is.
    known : ndarray of bool, optional
        Pixels that count; by default those with a finite value.
    """
    known = np.isfinite(image) if known is None else known
    if variance is not None:
        values = np.asarray(variance)[known]
        values = values[np.isfinite(values) & (values > 0)]
        return float(np.sqrt(np.median(values))) if len(values) else 0.0
    return float(mad_std(np.asarray(image)[known]))


def noise_power(epoch, plan):
    """Power spectrum of an epoch's noise in units of its variance: the number 1 where it is white.

    Parameters
    ----------
    epoch : Epoch
    plan : redpix.image.fourier.Transforms
    """
    if epoch.correlation is None:
        return 1.0
    # a part in a million of white noise keeps roots and ratios finite
    xp = plan.arrays.xp
    return xp.clip(xp.real(plan.kernel(epoch.correlation)), min=1e-6)


def _white(power):
    return isinstance(power, float)


def _coloured(kernel, power, xp):
    """A kernel after which white noise is what correlated noise is after the kernel alone."""
    return kernel if _white(power) else kernel * xp.sqrt(power)


def _score_variance(plan, kernel, power, variance, side):
    """Variance of a part of S, and the stamp of its kernel; the transform is overwritten."""
    whole = plan.whole(_coloured(kernel, power, plan.arrays.xp))
    own = whole if _white(power) else plan.whole(kernel)
    return plan.spread((whole, variance)), plan.stamp(own, side)


def squared_modulus(transform, xp):
    """Square of the amount of each wave."""
    return xp.real(transform) ** 2 + xp.imag(transform) ** 2


def _mean_of_modes(transform, shape, xp):
    """(1 / Npix) times the sum over all frequencies of a transform without imaginary part."""
    total = 2 * xp.sum(transform, dtype=xp.float64)
    total -= xp.sum(transform[:, 0], dtype=xp.float64)
    if shape[1] % 2 == 0:  # the last column, too, stands for itself alone
        total -= xp.sum(transform[:, -1], dtype=xp.float64)
    return float(total) / (shape[0] * shape[1])


def _systematic(score, epoch, xp):
    """Variance of a part of the score by errors of registration, eq. 30 and 32, and calibration."""
    error_x, error_y, relative = map(float, (*epoch.astrometry, epoch.calibration))
    variance = (relative * score) ** 2
    if error_x:
        variance += error_x**2 * _slope(score.T, xp).T ** 2
    if error_y:
        variance += error_y**2 * _slope(score, xp) ** 2
    return variance


def _slope(score, xp):
    """Change from row to row: half of it between the neighbours, as `numpy.gradient`."""
    inside = (score[2:, :] - score[:-2, :]) / 2
    return xp.concat((score[1:2, :] - score[:1, :], inside, score[-1:, :] - score[-2:-1, :]))


def match_psf(image, psf, target, dtype=np.float32, workers=1, arrays=NUMPY, least=1e-3):
    """An image as it would be with another, wider PSF.

    Waves that the image's PSF holds less of than `least` are left as weak as they are, in place
    of raising their noise.

    Parameters
    ----------
    image : ndarray
        Background subtracted; NaN where not known.
    psf, target : ndarray
        Its PSF and the one that is wanted: stamps of unit sum, centre in the middle.
    dtype, workers, arrays
        As in `subtract`.
    least : float

    Returns
    -------
    ndarray
    """
    unknown = ~np.isfinite(image)
    plan = transforms(image.shape, max(*psf.shape, *target.shape), dtype, workers, arrays)
    xp = arrays.xp
    has, wants = plan.kernel(psf), plan.kernel(target)
    kernel = wants * xp.conj(has) / xp.clip(squared_modulus(has, xp), min=least**2)
    matched = arrays.take(plan.filtered((kernel, plan.forward(np.where(unknown, 0, image)))))
    matched[unknown] = np.nan
    return matched
