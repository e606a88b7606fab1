"""Moffat profiles, integrated over pixels, whose shape varies over an image."""

from typing import NamedTuple

import galsim
import numpy as np

from redpix.psf.effective_psf import place_powers

#: nodes and weights of Gauss-Legendre integration over a pixel
_GAUSS = np.polynomial.legendre.leggauss(3)


#: largest ellipticity of a profile that varies over an image
MOST_ELLIPTIC = 0.9


def moffat_pixels(dx, dy, width, beta, stretch, shear, slopes=False):
    """An elliptical Moffat profile of flux 1, integrated over pixels.

    Parameters
    ----------
    dx, dy : ndarray
        Offsets of the pixels' centres from the star.
    width : float or ndarray
        The profile's alpha.
    beta : float
    stretch, shear : float or ndarray
        Ellipticity along the axes, and across them; their squares' sum is below 1.
    slopes : bool

    Returns
    -------
    value : ndarray
    by : list of ndarray
        Derivatives, if asked for: by the star's x and y, log width, stretch, shear, log(beta - 1).
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
    value, by = 0.0, [0.0] * 6
    for a, weight_a in zip(_GAUSS[0] / 2, _GAUSS[1] / 2, strict=True):
        for b, weight_b in zip(_GAUSS[0] / 2, _GAUSS[1] / 2, strict=True):
            u, v = (dx + a) / width, (dy + b) / width
            radius2 = xx * u * u + yy * v * v + xy * u * v
            log = np.log1p(radius2)
            part = weight_a * weight_b * (beta - 1) / (np.pi * width**2) * np.exp(-beta * log)
            value = value + part
            if slopes:
                fall = -beta * part / (1 + radius2)
                changes = (
                    -fall * (2 * xx * u + xy * v) / width,
                    -fall * (2 * yy * v + xy * u) / width,
                    -2 * radius2 * fall - 2 * part,
                    fall * (by_stretch[0] * u * u + by_stretch[1] * v * v + cross[0] * u * v),
                    fall * (by_shear[0] * u * u + by_shear[1] * v * v + cross[1] * u * v),
                    part - (beta - 1) * part * log,
                )
                by = [total + change for total, change in zip(by, changes, strict=True)]
    return (value, by) if slopes else value


def alpha_of(fwhm, beta):
    """Moffat's alpha for a full width at half maximum."""
    return fwhm / 2 / np.sqrt(2 ** (1 / beta) - 1)


class Profile(NamedTuple):
    """A Moffat profile whose width and ellipticity are polynomials of the place.

    `log_width`, `stretch` and `shear` are coefficients as of `place_powers`.
    """

    log_width: np.ndarray
    stretch: np.ndarray
    shear: np.ndarray
    log_beta: float
    degree: int
    shape: tuple

    def at(self, x, y, dx, dy, slopes=False):
        """Profiles of stars at places, as of `moffat_pixels`."""
        powers = place_powers(x, y, self.shape, self.degree)
        width, stretch, shear = ((powers @ part)[:, None, None] for part in self[:3])
        # at 1 it would be a line; a fit that goes astray in a crowd comes back from here
        ellipticity = np.maximum(np.hypot(stretch, shear), MOST_ELLIPTIC)
        stretch, shear = (part * (MOST_ELLIPTIC / ellipticity) for part in (stretch, shear))
        return moffat_pixels(dx, dy, np.exp(width), self.beta, stretch, shear, slopes)

    @property
    def fwhm(self):
        """In the middle of the image, of the pixel-free profile."""
        return float(2 * np.exp(self.log_width[0]) * np.sqrt(2 ** (1 / self.beta) - 1))

    @property
    def beta(self):
        """The exponent."""
        return 1 + np.exp(self.log_beta)


def moffat_stamp(fwhm, side=51):
    """Stamp of a Moffat profile, beta 3, as pixels see it, of unit sum.

    Parameters
    ----------
    fwhm : float
        Pixels, before the pixels blur it.
    side : int
        Pixels, odd.
    """
    profile = galsim.Moffat(beta=3.0, fwhm=fwhm)
    stamp = profile.drawImage(nx=side, ny=side, scale=1.0).array.astype(float)
    return stamp / stamp.sum()
