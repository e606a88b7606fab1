"""Kernels of a proper difference and of its score, in Fourier space.

They are computed in strips of rows, which stay in the cache of a processor. Equation numbers are
those of Zackay, Ofek & Gal-Yam 2016 (ApJ 830, 27).
"""

from typing import NamedTuple

import numpy as np

from redpix.image.strips import strips
from redpix.subtraction.noise_spectrum import is_white, squared_modulus

#: rows that are computed together
STRIP = 64


class NoisyPsfs(NamedTuple):
    """Transforms of the PSFs of both epochs, and the noise of their images.

    Attributes
    ----------
    Pn_hat, Pr_hat : array of complex
        Transforms of the PSFs.
    Cn, Cr : array or float
        Power spectra of the noise, from `redpix.subtraction.noise_spectrum.noise_power`.
    sn, sr : float
        1-sigma noise of a pixel of blank sky.
    Fn, Fr : float
        Flux zero points.
    """

    Pn_hat: np.ndarray
    Pr_hat: np.ndarray
    Cn: np.ndarray | float
    Cr: np.ndarray | float
    sn: float
    sr: float
    Fn: float
    Fr: float


class _Powers(NamedTuple):
    """Powers of the PSFs in a strip, and A: sn^2 Fr^2 |Pr|^2 + sr^2 Fn^2 |Pn|^2."""

    Pn: np.ndarray
    Pr: np.ndarray
    A: np.ndarray


def rows_together(xp, number):
    """Return the strips of rows that are computed together: all rows on a graphics card.

    Parameters
    ----------
    xp : module
        Functions of the array API standard.
    number : int
        Number of rows.

    Returns
    -------
    list of redpix.image.strips.Strip
        With a margin of one row.
    """
    return strips(number, 1, STRIP if xp is np else number)


def difference_kernels(psfs, xp):
    """Return the kernels of D, eq. 13, for the new image and, negative, for the reference.

    Parameters
    ----------
    psfs : NoisyPsfs
        Of both epochs.
    xp : module
        Functions of the array API standard.

    Returns
    -------
    d_n, d_r : array of complex
    """
    d_n, d_r = xp.empty_like(psfs.Pr_hat), xp.empty_like(psfs.Pn_hat)
    for rows, _, _ in rows_together(xp, d_n.shape[0]):
        inverse = 1 / xp.sqrt(_powers(psfs, rows, xp).A)
        d_n[rows, :] = (psfs.Fr * inverse) * psfs.Pr_hat[rows, :]
        d_r[rows, :] = (-psfs.Fn * inverse) * psfs.Pn_hat[rows, :]
    return d_n, d_r


def score_kernels(psfs, width, xp):
    """Return the kernels of S, eq. 28 and 29, and F_S.

    Parameters
    ----------
    psfs : NoisyPsfs
        Of both epochs.
    width : int
        Columns of the padded image, which tell whether the last wave has a mirror image.
    xp : module
        Functions of the array API standard.

    Returns
    -------
    k_n, k_r : array of complex
    F_S : float
    """
    Fn, Fr = psfs.Fn, psfs.Fr
    k_n, k_r = xp.empty_like(psfs.Pn_hat), xp.empty_like(psfs.Pr_hat)
    total = 0.0
    for rows, _, _ in rows_together(xp, k_n.shape[0]):
        Pn_power, Pr_power, A = _powers(psfs, rows, xp)
        of_n, of_r = Pr_power / A, Pn_power / A
        k_n[rows, :] = xp.conj(psfs.Pn_hat[rows, :]) * (Fn * Fr**2 * of_n)
        k_r[rows, :] = xp.conj(psfs.Pr_hat[rows, :]) * (Fr * Fn**2 * of_r)
        total += _sum_of_modes(Pn_power * of_n, width, xp)
    return k_n, k_r, (Fn * Fr) ** 2 * total / (k_n.shape[0] * width)


def _powers(psfs, rows, xp):
    """Return the powers of the PSFs in rows."""
    Pn_power, Pr_power = (squared_modulus(P[rows, :], xp) for P in (psfs.Pn_hat, psfs.Pr_hat))
    Cn, Cr = (C if is_white(C) else C[rows, :] for C in (psfs.Cn, psfs.Cr))
    A = ((psfs.sn * psfs.Fr) ** 2 * Cn) * Pr_power
    A += ((psfs.sr * psfs.Fn) ** 2 * Cr) * Pn_power
    # PSFs vanish at high frequencies: the ratio there is 0 and not 0 / 0
    return _Powers(Pn_power, Pr_power, xp.clip(A, min=1e-30))


def _sum_of_modes(power, width, xp):
    """Return the sum of rows of a real spectrum over all frequencies."""
    total = 2 * float(xp.sum(power, dtype=xp.float64))
    total -= float(xp.sum(power[:, 0], dtype=xp.float64))
    if width % 2 == 0:  # the last column does not have a mirror image
        total -= float(xp.sum(power[:, -1], dtype=xp.float64))
    return total
