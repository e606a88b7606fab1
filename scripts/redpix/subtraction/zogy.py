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

from redpix.core.backend import NUMPY
from redpix.core.exceptions import InputError
from redpix.image.fourier import Convolutions, transforms
from redpix.subtraction.epoch import finite
from redpix.subtraction.noise_spectrum import coloured, is_white, noise_power, squared_modulus

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
    """Fourier transforms of both epochs: kernels, noise powers, images and variances.

    A is the denominator of the paper's equations: sn^2 Fr^2 |Pr|^2 + sr^2 Fn^2 |Pn|^2.
    """

    Pn_hat: np.ndarray
    Pr_hat: np.ndarray
    Cn: np.ndarray | float
    Cr: np.ndarray | float
    Pn_power: np.ndarray
    Pr_power: np.ndarray
    A: np.ndarray
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
    D, P_D, D_variance = _proper_difference(hats, new, reference, plan, side)
    score = _score(hats, new, reference, plan, side)
    return _taken(D, D_variance, P_D, hats.F_D, score, unknown, arrays)


def _transformed(new, reference, finite_new, finite_reference, plan):
    """Return the Fourier transforms of both epochs."""
    xp = plan.arrays.xp
    N, Pn, sn, Vn = finite_new
    R, Pr, sr, Vr = finite_reference
    Fn, Fr = float(new.flux), float(reference.flux)
    Pn_hat, Pr_hat = plan.kernel(Pn), plan.kernel(Pr)
    Cn, Cr = noise_power(new, plan), noise_power(reference, plan)
    Pn_power, Pr_power = (squared_modulus(P, xp) for P in (Pn_hat, Pr_hat))
    # PSFs vanish at high frequencies: the ratio there is 0 and not 0 / 0
    A = xp.clip((sn * Fr) ** 2 * Cn * Pr_power + (sr * Fn) ** 2 * Cr * Pn_power, min=1e-30)
    # noise power at the lowest frequency gives P_D unit sum; white noise has the same power at all
    slow_n, slow_r = (np.sqrt(C if is_white(C) else float(C[0, 0])) for C in (Cn, Cr))
    F_D = Fr * Fn / float(np.hypot(sn * Fr * slow_n, sr * Fn * slow_r))
    N_hat, R_hat, Vn_hat, Vr_hat = (plan.forward(image) for image in (N, R, Vn, Vr))
    return _Transforms(
        Pn_hat=Pn_hat,
        Pr_hat=Pr_hat,
        Cn=Cn,
        Cr=Cr,
        Pn_power=Pn_power,
        Pr_power=Pr_power,
        A=A,
        N_hat=N_hat,
        R_hat=R_hat,
        Vn_hat=Vn_hat,
        Vr_hat=Vr_hat,
        F_D=F_D,
    )


def _proper_difference(hats, new, reference, plan, side):
    """Return D, its PSF and its variance."""
    xp = plan.arrays.xp
    Fn, Fr = float(new.flux), float(reference.flux)
    root = xp.sqrt(hats.A)
    d_n, d_r = (Fr / root) * hats.Pr_hat, (Fn / root) * hats.Pn_hat
    D = plan.filtered((d_n, hats.N_hat), (-d_r, hats.R_hat))
    P_D = plan.stamp(plan.whole(d_n * hats.Pn_hat), side) * (Fn / hats.F_D)
    noise_n = plan.whole(coloured(d_n, hats.Cn, xp))
    noise_r = plan.whole(coloured(d_r, hats.Cr, xp))
    return D, P_D, plan.spread((noise_n, hats.Vn_hat), (noise_r, hats.Vr_hat))


def _score(hats, new, reference, plan, side):
    """Return the score and the parts of its variance."""
    xp = plan.arrays.xp
    Fn, Fr = float(new.flux), float(reference.flux)
    Pn_power, Pr_power, A = hats.Pn_power, hats.Pr_power, hats.A
    Cn, Cr, Vn_hat, Vr_hat = hats.Cn, hats.Cr, hats.Vn_hat, hats.Vr_hat
    kn_hat = xp.conj(hats.Pn_hat) * (Fn * Fr**2 * Pr_power / A)
    kr_hat = xp.conj(hats.Pr_hat) * (Fr * Fn**2 * Pn_power / A)
    # F_S is the variance of S on blank sky, too
    F_S = _mean_of_modes((Fn * Fr) ** 2 * Pn_power * Pr_power / A, plan.padded, xp)
    S_N, S_R = plan.filtered((kn_hat, hats.N_hat)), plan.filtered((kr_hat, hats.R_hat))
    V_ast = _systematic(S_N, new, xp) + _systematic(S_R, reference, xp)
    V_N, k_n = _score_variance(plan, kn_hat, Cn, Vn_hat, side)
    V_R, k_r = _score_variance(plan, kr_hat, Cr, Vr_hat, side)
    return _Score(S_N - S_R, F_S, V_N, V_R, V_ast, k_n, k_r)


def _taken(D, D_variance, P_D, F_D, score, unknown, arrays):
    """Return the difference as NumPy arrays, NaN in invalid pixels."""
    xp = arrays.xp
    S, F_S, V_N, V_R, V_ast, k_n, k_r = score
    noise = xp.clip(V_N + V_R, min=VARIANCE_FLOOR * F_S)
    images = (D, D_variance, S, S / xp.sqrt(noise + V_ast), S / F_S, xp.sqrt(noise) / F_S)
    images = [arrays.take(image) for image in images]
    for image in images:
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
    return plan.spread((whole, variance)), plan.stamp(own, side)


def _mean_of_modes(transform, shape, xp):
    """Return (1 / Npix) times the sum over all frequencies of a real transform."""
    total = 2 * xp.sum(transform, dtype=xp.float64)
    total -= xp.sum(transform[:, 0], dtype=xp.float64)
    if shape[1] % 2 == 0:  # the last column does not have a mirror image
        total -= xp.sum(transform[:, -1], dtype=xp.float64)
    return float(total) / (shape[0] * shape[1])


def _systematic(score, epoch, xp):
    """Return the variance of a part of S by registration, eq. 30 and 32, and calibration."""
    error_x, error_y, relative = map(float, (*epoch.astrometry, epoch.calibration))
    variance = (relative * score) ** 2
    if error_x:
        variance += error_x**2 * _slope(score.T, xp).T ** 2
    if error_y:
        variance += error_y**2 * _slope(score, xp) ** 2
    return variance


def _slope(score, xp):
    """Return the change from row to row, by central differences as `numpy.gradient`."""
    inside = (score[2:, :] - score[:-2, :]) / 2
    return xp.concat((score[1:2, :] - score[:1, :], inside, score[-1:, :] - score[-2:-1, :]))
