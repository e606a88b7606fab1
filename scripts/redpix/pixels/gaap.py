"""Fluxes of objects in Gaussian apertures that are the same on the sky before the seeing.

PSF-consistent Gaussian apertures (GAaP: Kuijken 2008, A&A 482, 1053; Kuijken et al. 2015,
MNRAS 454, 3500). A weight W' on an image with the PSF P measures the flux in the aperture W before
the seeing, if the correlation of W' with P is W. In Fourier space W' = W / conj(P). It exists if W
is broader than P. The same W in all bands gives colours that do not depend on the seeing.
"""

from typing import NamedTuple

import numpy as np
from scipy import fft

#: minimum semiaxis of an aperture, in units of the 1-sigma width of the widest PSF
LEAST_AXIS = 1.15

#: half-width of a stamp of weights, in units of the aperture's semi-major axis
_REACH = 4.5

#: smallest and largest half-width of a stamp, pixels
_HALVES = (16, 96)

#: regularisation of the division by the PSF's transform
_LEAST = 1e-6

#: number of objects whose weights are in memory at a time, for stamps of 64 x 64 pixels
_CHUNK = 256

#: bits of the flags
FLAGS = {"MASKED": 1, "EDGE": 2, "ENLARGED": 4}

#: fraction of the squared weight on masked pixels from which a flux is flagged
MOST_MASKED = 0.02


class Apertures(NamedTuple):
    """Gaussian apertures of objects on a grid.

    Attributes
    ----------
    x, y : ndarray, shape (n,)
        0-based positions.
    xx, yy, xy : ndarray, shape (n,)
        Second moments of the apertures, pixels squared.
    enlarged : ndarray of bool, shape (n,)
        Apertures that were enlarged to the least size.
    """

    x: np.ndarray
    y: np.ndarray
    xx: np.ndarray
    yy: np.ndarray
    xy: np.ndarray
    enlarged: np.ndarray

    def take(self, rows):
        """Return some of the apertures."""
        return Apertures._make(column[rows] for column in self)


class ApertureFluxes(NamedTuple):
    """Fluxes of objects in one band.

    Attributes
    ----------
    flux, error : ndarray, shape (n,)
        Flux weighted by an aperture of central weight 1, and its 1-sigma error; NaN where more than
        half of the weight is masked.
    flags : ndarray of int, shape (n,)
        Sum of `FLAGS`.
    """

    flux: np.ndarray
    error: np.ndarray
    flags: np.ndarray


def apertures(x, y, major, minor, theta, sigma):
    """Return the apertures of detections: their second moments plus those of the widest PSF.

    The weight on the image of the widest PSF then has about the moments of the detection.

    Parameters
    ----------
    x, y : ndarray, shape (n,)
        0-based positions, pixels.
    major, minor : ndarray, shape (n,)
        1-sigma semiaxes of the detections on the detection image, pixels.
    theta : ndarray, shape (n,)
        Angle of the major axis from x to y, degrees.
    sigma : float
        1-sigma width of the widest PSF, pixels.

    Returns
    -------
    Apertures
    """
    least = (LEAST_AXIS * sigma) ** 2
    axes = [np.asarray(axis, float) ** 2 + sigma**2 for axis in (major, minor)]
    enlarged = axes[1] < least
    long, short = (np.maximum(axis, least) for axis in axes)
    cosine, sine = np.cos(np.radians(theta)), np.sin(np.radians(theta))
    return Apertures(
        np.asarray(x, float),
        np.asarray(y, float),
        long * cosine**2 + short * sine**2,
        long * sine**2 + short * cosine**2,
        (long - short) * sine * cosine,
        enlarged,
    )


def aperture_fluxes(image, error, mask, shapes, psf, covariance):
    """Return the fluxes of objects in one band.

    Parameters
    ----------
    image, error : ndarray, shape (ny, nx)
        Registered flux per pixel and its 1-sigma error, which is right for sums over apertures.
    mask : ndarray of bool, shape (ny, nx)
        True in pixels that are not used.
    shapes : Apertures
        Apertures of the objects.
    psf : callable
        ``psf(x, y)`` returns the stamp of the PSF at a position, of unit sum; or a stamp.
    covariance : ndarray, shape (k, k)
        Covariance of the noise of two pixels over the squared error, by their offset; sum 1.

    Returns
    -------
    ApertureFluxes
    """
    number = len(shapes.x)
    made = ApertureFluxes(
        np.full(number, np.nan), np.full(number, np.nan), np.zeros(number, np.int32)
    )
    axis = np.sqrt(np.maximum(shapes.xx, shapes.yy))
    halves = np.clip(np.ceil(_REACH * axis / 8) * 8, *_HALVES).astype(int)
    for half in np.unique(halves):
        rows = np.flatnonzero(halves == half)
        step = max(1, _CHUNK * 64**2 // (2 * half) ** 2)
        for first in range(0, len(rows), step):
            some = rows[first : first + step]
            stamps = _Weights(shapes.take(some), half, psf, covariance)
            for whole, part in zip(made, stamps.measure(image, error, mask), strict=True):
                whole[some] = part
    made.flags[shapes.enlarged] |= FLAGS["ENLARGED"]
    return made


class _Weights:
    """Weights of some objects on stamps of one size, made in Fourier space."""

    def __init__(self, shapes, half, psf, covariance):
        self.half, self.size = half, 2 * half
        self.column, self.row = (np.rint(at).astype(int) for at in (shapes.x, shapes.y))
        wave_y, wave_x = fft.fftfreq(self.size)[:, None], fft.rfftfreq(self.size)
        xx, yy, xy = (moment[:, None, None] for moment in (shapes.xx, shapes.yy, shapes.xy))
        form = xx * wave_x**2 + yy * wave_y**2 + 2 * xy * wave_x * wave_y
        area = 2 * np.pi * np.sqrt(xx * yy - xy**2)
        gaussian = area * np.exp(-2 * np.pi**2 * form)
        dx, dy = (shapes.x - self.column)[:, None, None], (shapes.y - self.row)[:, None, None]
        # the objects lie beside the centres of their pixels; the stamp's centre is at `half`
        phase = np.exp(-2j * np.pi * ((dx + half) * wave_x + (dy + half) * wave_y))
        if callable(psf):
            stamps = (psf(x, y) for x, y in zip(shapes.x, shapes.y, strict=True))
            transfer = np.stack([_transfer(stamp, self.size) for stamp in stamps])
        else:
            transfer = _transfer(psf, self.size)
        # over the conjugate, regularised: T / |T|^2 = 1 / conj(T)
        self.transform = gaussian * phase * transfer / (np.abs(transfer) ** 2 + _LEAST)
        self.weight = fft.irfft2(self.transform, s=(self.size, self.size))
        power = _transfer(covariance, self.size).real
        counted = np.full(self.size // 2 + 1, 2.0)
        counted[[0, -1]] = 1  # waves that have no partner among those left out
        self.noise = np.sum(np.abs(self.transform) ** 2 * power * counted, axis=(1, 2))
        self.noise /= self.size**2

    def measure(self, image, error, mask):
        """Return fluxes, errors and flags."""
        around = np.arange(-self.half, self.half)
        rows, columns = self.row[:, None] + around, self.column[:, None] + around
        high, wide = image.shape
        beyond_y, beyond_x = (rows < 0) | (rows >= high), (columns < 0) | (columns >= wide)
        where = (
            np.clip(rows, 0, high - 1)[:, :, None],
            np.clip(columns, 0, wide - 1)[:, None, :],
        )
        beyond = beyond_y[:, :, None] | beyond_x[:, None, :]
        light, sigma = image[where], error[where]
        bad = mask[where] | beyond | ~np.isfinite(light) | ~(sigma > 0)
        square = self.weight**2
        total = square.sum(axis=(1, 2))
        used = np.where(bad, 0, square).sum(axis=(1, 2))
        light[bad] = 0
        flux = np.sum(light * self.weight, axis=(1, 2))
        sigma[bad] = 0
        spread = np.sum(np.square(sigma, dtype=float) * square, axis=(1, 2))
        error = np.sqrt(spread / np.maximum(used, 1e-30) * self.noise)
        flags = np.where(1 - used / total > MOST_MASKED, FLAGS["MASKED"], 0)
        outside = np.where(beyond, square, 0).sum(axis=(1, 2)) / total
        flags |= np.where(outside > MOST_MASKED, FLAGS["EDGE"], 0)
        unusable = used < total / 2
        return np.where(unusable, np.nan, flux), np.where(unusable, np.nan, error), flags


def _transfer(stamp, size):
    """Return the Fourier transform of a centred stamp that is cut or padded to a size."""
    half = len(stamp) // 2
    cut = max(0, half - (size // 2 - 1))
    stamp = stamp[cut : len(stamp) - cut, cut : len(stamp) - cut]
    half -= cut
    plane = np.zeros((size, size))
    plane[: len(stamp), : len(stamp)] = stamp
    return fft.rfft2(np.roll(plane, (-half, -half), (0, 1)))
