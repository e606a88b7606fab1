"""Proper image subtraction (Zackay, Ofek & Gal-Yam 2016, ApJ 830, 27; "ZOGY").

Two registered, background-subtracted images of the same sky give four products. The difference D
has white noise. The score S is the optimal statistic for a new point source; Scorr is the score
in units of its own noise. The flux alpha is that of a point source at each pixel. Letters and
equation numbers are those of the paper: N and R are the new and the reference image, P their PSFs,
s (the paper's sigma) the noise of their sky, F their flux zero points, a hat the Fourier transform.

Images are [y, x]. PSFs have unit sum and their centre on the pixel ``(ny // 2, nx // 2)``.
"""

from typing import NamedTuple

import numpy as np
from scipy import fft

from redpix.core.backend import NUMPY
from redpix.core.exceptions import InputError
from redpix.image.fourier import Convolutions, transforms
from redpix.subtraction.epoch import finite
from redpix.subtraction.noise_spectrum import coloured, is_white, noise_power
from redpix.subtraction.zogy_kernels import (
    NoisyPsfs,
    difference_kernels,
    rows_together,
    score_kernels,
)

#: smallest variance of S over that from the noise of the sky alone
VARIANCE_FLOOR = 0.1


class Difference(NamedTuple):
    """Difference of two images; images are NaN where either epoch has no value.

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
        Normalisation of alpha: S at the position of a source of unit flux.
    variance_new, variance_reference, variance_astrometric : ndarray
        Parts of the variance of S: eq. 26, 27 and the sum of 30 and 32. The last includes the
        variance by errors of calibration, which the paper does not treat.
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


class _Transforms(NamedTuple):
    """Fourier transforms of both epochs: PSFs and noise, images and variances; the new PSF."""

    psfs: NoisyPsfs
    psf: np.ndarray
    N_hat: np.ndarray
    R_hat: np.ndarray
    Vn_hat: np.ndarray
    Vr_hat: np.ndarray
    F_D: float


class _Score(NamedTuple):
    """Score, its normalisation, the parts of its variance and its kernels."""

    S: np.ndarray
    F_S: float
    V_N: np.ndarray
    V_R: np.ndarray
    V_ast: np.ndarray
    k_n: np.ndarray
    k_r: np.ndarray


def subtract(
    new, reference, dtype=np.float32, padding=None, workers=1, space="fourier", arrays=NUMPY
):
    """Return the proper difference of two epochs, its scores and fluxes.

    Parameters
    ----------
    new, reference : redpix.subtraction.epoch.Epoch
        On the same pixels.
    dtype : numpy.float32 or numpy.float64
        Type of all images. Single precision changes Scorr by some 1e-5.
    padding : int, optional
        Minimum number of zeros between the borders, which wrap round. The default is half of the
        larger PSF.
    workers : int
        Threads of the transforms; results do not depend on it.
    space : {"fourier", "image"}
        fourier: transforms of the whole images. image: convolutions with kernels that are cut off
        at twice the side of the larger PSF, which changes Scorr by a few hundredths.
    arrays : redpix.core.backend.NumpyBackend
        Backend of the arrays.

    Returns
    -------
    Difference

    Raises
    ------
    InputError
        If shapes differ; if a PSF is larger than its image or its sum is not 1; if all pixels of
        an image are invalid; or if noise or flux is not above 0.
    """
    if np.shape(new.image) != np.shape(reference.image):
        raise InputError(
            f"images of shapes {np.shape(new.image)} and {np.shape(reference.image)}: they must "
            "be registered to the same pixels"
        )
    unknown = ~(np.isfinite(new.image) & np.isfinite(reference.image))
    finite_new = finite(new, unknown, "new image", dtype)
    finite_reference = finite(reference, unknown, "reference image", dtype)
    side = max(*finite_new.psf.shape, *finite_reference.psf.shape) | 1
    reach = side // 2 + 1 if padding is None else padding
    plan = transforms(unknown.shape, reach, dtype, workers, arrays)
    if space == "image":
        small = transforms((4 * side,) * 2, 0, dtype, workers, arrays)
        large = transforms(unknown.shape, side + 1, dtype, workers, arrays)
        plan = Convolutions(small, large, 2 * side | 1)
    hats = _transformed(new, reference, finite_new, finite_reference, plan)
    D, P_D, D_variance = _proper_difference(hats, plan, side)
    score = _score(hats, new, reference, plan, side)
    return _taken(D, D_variance, P_D, hats.F_D, score, unknown, arrays)


def _transformed(new, reference, finite_new, finite_reference, plan):
    """Return the Fourier transforms of both epochs."""
    N, Pn, sn, Vn = finite_new
    R, Pr, sr, Vr = finite_reference
    Fn, Fr = float(new.flux), float(reference.flux)
    Cn, Cr = noise_power(new, plan), noise_power(reference, plan)
    # noise power at the lowest frequency gives P_D unit sum; white noise has the same power at all
    slow_n, slow_r = (np.sqrt(C if is_white(C) else float(C[0, 0])) for C in (Cn, Cr))
    F_D = Fr * Fn / float(np.hypot(sn * Fr * slow_n, sr * Fn * slow_r))
    psfs = NoisyPsfs(plan.kernel(Pn), plan.kernel(Pr), Cn, Cr, sn, sr, Fn, Fr)
    N_hat, R_hat, Vn_hat, Vr_hat = (plan.forward(image) for image in (N, R, Vn, Vr))
    return _Transforms(psfs, Pn, N_hat, R_hat, Vn_hat, Vr_hat, F_D)


def _proper_difference(hats, plan, side):
    """Return D, its PSF and its variance."""
    xp, psfs = plan.arrays.xp, hats.psfs
    d_n, d_r = difference_kernels(psfs, xp)
    D = plan.filtered((d_n, hats.N_hat), (d_r, hats.R_hat))
    if is_white(psfs.Cn):
        # a stamp of P_D takes a stamp of the kernel and no transform of whole images
        noise_n = plan.whole(d_n)
        P_D = _convolved(plan, noise_n, hats.psf, side)
    else:
        P_D = plan.stamp(plan.whole(d_n * psfs.Pn_hat), side)
        noise_n = plan.whole(coloured(d_n, psfs.Cn, xp))
    P_D = P_D * (psfs.Fn / hats.F_D)
    noise_r = plan.whole(coloured(d_r, psfs.Cr, xp))
    return D, P_D, plan.spread((noise_n, hats.Vn_hat), (noise_r, hats.Vr_hat))


def _convolved(plan, kernel, psf, side):
    """Return the stamp of a kernel about pixel (0, 0) that is convolved with a PSF."""
    reach = max(psf.shape) // 2
    near = plan.arrays.take(plan.stamp(kernel, side + 2 * reach))
    shape = [m + n - 1 for m, n in zip(near.shape, psf.shape, strict=True)]
    made = fft.irfft2(fft.rfft2(near, shape) * fft.rfft2(psf, shape), shape)
    rows, columns = (slice(reach + n // 2, reach + n // 2 + side) for n in psf.shape)
    return plan.arrays.put(made[rows, columns], plan.dtype)


def _score(hats, new, reference, plan, side):
    """Return the score and the parts of its variance."""
    xp = plan.arrays.xp
    # F_S is the variance of S on blank sky, too
    kn_hat, kr_hat, F_S = score_kernels(hats.psfs, plan.padded[1], xp)
    S_N, S_R = plan.filtered((kn_hat, hats.N_hat)), plan.filtered((kr_hat, hats.R_hat))
    V_ast = _systematic(S_N, new, xp)
    V_ast += _systematic(S_R, reference, xp)
    V_N, k_n = _score_variance(plan, kn_hat, hats.psfs.Cn, hats.Vn_hat, side)
    V_R, k_r = _score_variance(plan, kr_hat, hats.psfs.Cr, hats.Vr_hat, side)
    return _Score(S_N - S_R, F_S, V_N, V_R, V_ast, k_n, k_r)


def _taken(D, D_variance, P_D, F_D, score, unknown, arrays):
    """Return the difference as NumPy arrays, NaN in invalid pixels."""
    xp = arrays.xp
    S, F_S, V_N, V_R, V_ast, k_n, k_r = score
    Scorr, alpha, alpha_error = (xp.empty_like(S) for _ in range(3))
    for rows, _, _ in rows_together(xp, S.shape[0]):
        noise = xp.clip(V_N[rows, :] + V_R[rows, :], min=VARIANCE_FLOOR * F_S)
        Scorr[rows, :] = S[rows, :] / xp.sqrt(noise + V_ast[rows, :])
        alpha[rows, :] = S[rows, :] / F_S
        alpha_error[rows, :] = xp.sqrt(noise) / F_S
    images = [arrays.take(image) for image in (D, D_variance, S, Scorr, alpha, alpha_error)]
    for image in images if unknown.any() else ():
        image[unknown] = np.nan
    D, D_variance, S, Scorr, alpha, alpha_error = images
    return Difference(
        D=D,
        D_variance=D_variance,
        P_D=arrays.take(P_D),
        F_D=F_D,
        S=S,
        Scorr=Scorr,
        alpha=alpha,
        alpha_error=alpha_error,
        F_S=F_S,
        variance_new=arrays.take(V_N),
        variance_reference=arrays.take(V_R),
        variance_astrometric=arrays.take(V_ast),
        k_n=arrays.take(k_n),
        k_r=arrays.take(k_r),
    )


def _score_variance(plan, kernel, power, variance, side):
    """Return the variance of a part of S and the stamp of its kernel; overwrite the transform."""
    whole = plan.whole(coloured(kernel, power, plan.arrays.xp))
    own = whole if is_white(power) else plan.whole(kernel)
    stamp = plan.stamp(own, side)
    return plan.spread((whole, variance)), stamp


def _systematic(score, epoch, xp):
    """Return the variance of a part of S by registration, eq. 30 and 32, and calibration."""
    made = xp.empty_like(score)
    for rows, wide, inner in rows_together(xp, score.shape[0]):
        made[rows, :] = _systematic_in(score[wide, :], epoch)[inner, :]
    return made


def _systematic_in(score, epoch):
    """Return the systematic variance of rows; slopes are central differences but at borders."""
    error_x, error_y, relative = map(float, (*epoch.astrometry, epoch.calibration))
    variance = (relative * score) ** 2
    if error_x:
        variance[:, 1:-1] += (error_x / 2 * (score[:, 2:] - score[:, :-2])) ** 2
        variance[:, :1] += (error_x * (score[:, 1:2] - score[:, :1])) ** 2
        variance[:, -1:] += (error_x * (score[:, -1:] - score[:, -2:-1])) ** 2
    if error_y:
        variance[1:-1, :] += (error_y / 2 * (score[2:, :] - score[:-2, :])) ** 2
        variance[:1, :] += (error_y * (score[1:2, :] - score[:1, :])) ** 2
        variance[-1:, :] += (error_y * (score[-1:, :] - score[-2:-1, :])) ** 2
    return variance
