"""Moffat profiles: integrated over pixels or sampled, of one shape or varying over an image."""

from typing import NamedTuple

import numpy as np

from redpix.psf.effective_psf import position_powers

#: nodes and weights of Gauss-Legendre integration over a pixel
_GAUSS = np.polynomial.legendre.leggauss(3)

#: exponent of the profile of a star whose PSF is not measured
BETA = 3.0

#: maximum ellipticity of a profile that varies over an image
MOST_ELLIPTIC = 0.9


def moffat_pixels(dx, dy, width, beta, stretch, shear, slopes=False):
    """Return an elliptical Moffat profile of flux 1, integrated over pixels.

    Parameters
    ----------
    dx, dy : ndarray
        Offsets of the centres of the pixels from the star, pixels.
    width : float or ndarray
        Scale length alpha of the profile, pixels.
    beta : float
        Exponent of the profile.
    stretch, shear : float or ndarray
        Ellipticity along the axes and along the diagonals; the sum of their squares is below 1.
    slopes : bool
        Return the derivatives as well.

    Returns
    -------
    value : ndarray
        Fraction of the flux in each pixel.
    by : list of ndarray
        Derivatives by the star's x and y, log width, stretch, shear and log(beta - 1). Only with
        `slopes`.
    """
    left = 1 - stretch**2 - shear**2
    root, cube = np.sqrt(left), left**1.5
    xx, yy, xy = (1 + stretch) / root, (1 - stretch) / root, 2 * shear / root
    by_stretch = (
        1 / root + (1 + stretch) * stretch / cube,
        -1 / root + (1 - stretch) * stretch / cube,
    )
    by_shear = (1 + stretch) * shear / cube, (1 - stretch) * shear / cube
    cross = 2 * shear * stretch / cube, 2 / root + 2 * shear**2 / cube
    value, sums = 0.0, [0.0] * 6
    for a, weight_a in zip(_GAUSS[0] / 2, _GAUSS[1] / 2, strict=True):
        u = (dx + a) / width
        for b, weight_b in zip(_GAUSS[0] / 2, _GAUSS[1] / 2, strict=True):
            v = (dy + b) / width
            radius2 = xx * u * u + yy * v * v + xy * u * v
            one = 1 + radius2
            log = np.log(one)  # several times faster than log1p, and the same: radius2 adds to 1
            part = weight_a * weight_b * (beta - 1) / (np.pi * width**2) * np.exp(-beta * log)
            value = value + part
            if slopes:
                fall = part / one
                along_u, along_v = fall * u, fall * v
                terms = along_u, along_v, along_u * u, along_v * v, along_u * v, part * log
                sums = [total + term for total, term in zip(sums, terms, strict=True)]
    if not slopes:
        return value
    # the derivatives are linear in these sums over the nodes
    U, V, UU, VV, UV, L = sums
    return value, [
        beta * (2 * xx * U + xy * V) / width,
        beta * (2 * yy * V + xy * U) / width,
        2 * beta * (xx * UU + yy * VV + xy * UV) - 2 * value,
        -beta * (by_stretch[0] * UU + by_stretch[1] * VV + cross[0] * UV),
        -beta * (by_shear[0] * UU + by_shear[1] * VV + cross[1] * UV),
        value - (beta - 1) * L,
    ]


def alpha_of(fwhm, beta):
    """Return the scale length alpha of a Moffat profile.

    Parameters
    ----------
    fwhm : float
        Full width at half maximum.
    beta : float
        Exponent of the profile.

    Returns
    -------
    float
        In the unit of `fwhm`.
    """
    return fwhm / 2 / np.sqrt(2 ** (1 / beta) - 1)


class Profile(NamedTuple):
    """A Moffat profile whose width and ellipticity are polynomials of the position.

    Attributes
    ----------
    log_width, stretch, shear : ndarray, shape (t,)
        Coefficients of the terms of `redpix.psf.effective_psf.position_powers`.
    log_beta : float
        log(beta - 1) of the exponent beta.
    degree : int
        Degree of the polynomials.
    shape : (int, int)
        ny, nx of the image.
    """

    log_width: np.ndarray
    stretch: np.ndarray
    shear: np.ndarray
    log_beta: float
    degree: int
    shape: tuple

    def at(self, x, y, dx, dy, slopes=False):
        """Return the profiles of stars, integrated over pixels.

        Parameters
        ----------
        x, y : ndarray, shape (n,)
            0-based positions of the stars.
        dx, dy : ndarray
            Offsets of the centres of the pixels from the stars, pixels.
        slopes : bool
            Return the derivatives as well.

        Returns
        -------
        ndarray or (ndarray, list of ndarray)
            As of `moffat_pixels`.
        """
        powers = position_powers(x, y, self.shape, self.degree)
        width, stretch, shear = ((powers @ terms)[:, None, None] for terms in self[:3])
        # an ellipticity of 1 is a line; from this limit a diverging fit can still recover
        ellipticity = np.maximum(np.hypot(stretch, shear), MOST_ELLIPTIC)
        stretch, shear = (term * (MOST_ELLIPTIC / ellipticity) for term in (stretch, shear))
        return moffat_pixels(dx, dy, np.exp(width), self.beta, stretch, shear, slopes)

    @property
    def fwhm(self):
        """FWHM in the middle of the image, before integration over pixels; pixels."""
        return float(2 * np.exp(self.log_width[0]) * np.sqrt(2 ** (1 / self.beta) - 1))

    @property
    def beta(self):
        """Exponent of the profile."""
        return 1 + np.exp(self.log_beta)


def moffat_stamp(fwhm, side=51, integrated=True):
    """Return the stamp of a round Moffat profile of exponent `BETA`, of unit sum.

    Parameters
    ----------
    fwhm : float
        FWHM of the profile, pixels. Without `integrated`, it includes the width of a pixel.
    side : int
        Side of the stamp, pixels, odd.
    integrated : bool
        Integrate the profile over pixels; otherwise sample it at the centres of pixels.

    Returns
    -------
    ndarray, shape (side, side)
    """
    if not integrated:
        axis = np.arange(side) - side // 2
        radius2 = axis[:, None] ** 2 + axis[None, :] ** 2
        core2 = (fwhm / 2) ** 2 / (2 ** (1 / BETA) - 1)
        stamp = (1 + radius2 / core2) ** -BETA
        return stamp / stamp.sum()
    import galsim  # here, because it takes 0.4 s and most jobs do not need it

    profile = galsim.Moffat(beta=BETA, fwhm=fwhm)
    stamp = profile.drawImage(nx=side, ny=side, scale=1.0).array.astype(float)
    return stamp / stamp.sum()
