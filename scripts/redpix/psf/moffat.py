"""Moffat profiles: integrated over pixels or sampled, of one shape or varying over an image."""

from typing import NamedTuple

import numpy as np

from redpix.psf.effective_psf import position_powers

#: nodes and weights of Gauss-Legendre integration over a pixel; plain numbers keep single precision
_NODES, _WEIGHTS = (numbers.tolist() for numbers in np.polynomial.legendre.leggauss(3))

#: number of pixels whose profiles are made at a time: their arrays stay in the processor's cache
_CHUNK = 16_000

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
    root = np.sqrt(left)
    cube = left * root
    xx, yy, xy = (1 + stretch) / root, (1 - stretch) / root, 2 * shear / root
    by_stretch = (
        1 / root + (1 + stretch) * stretch / cube,
        -1 / root + (1 - stretch) * stretch / cube,
    )
    by_shear = (1 + stretch) * shear / cube, (1 - stretch) * shear / cube
    cross = 2 * shear * stretch / cube, 2 / root + 2 * shear**2 / cube
    sums = _sums_over_nodes(dx / width, dy / width, 1 / width, beta, (xx, yy, xy), slopes)
    scale = (beta - 1) / (np.pi * width**2)
    value, U, UU, V, VV, UV, L = (total * scale for total in sums)
    if not slopes:
        return value
    # the derivatives are linear in these sums
    return value, [
        beta * (2 * xx * U + xy * V) / width,
        beta * (2 * yy * V + xy * U) / width,
        2 * beta * (xx * UU + yy * VV + xy * UV) - 2 * value,
        -beta * (by_stretch[0] * UU + by_stretch[1] * VV + cross[0] * UV),
        -beta * (by_shear[0] * UU + by_shear[1] * VV + cross[1] * UV),
        value - (beta - 1) * L,
    ]


def _sums_over_nodes(dx, dy, pixel, beta, shape, slopes):
    """Return sums of a profile over the nodes of integration, and of its slopes with `slopes`.

    Offsets and side of the pixels are in units of the scale length, and the profile is not
    normalised. Of the slopes these are the sums with the factors u, u^2, v, v^2, u v, where u and v
    are the offsets of a node, and that of the profile times the logarithm.
    """
    xx, yy, xy = shape
    like = np.empty(np.broadcast_shapes(*map(np.shape, (dx, dy, pixel, xx))), np.result_type(dx))
    value, part_log, *sums = (np.zeros_like(like) for _ in range(7))
    nodes = [(node / 2, weight / 2) for node, weight in zip(_NODES, _WEIGHTS, strict=True)]
    along_y = [(dy + b * pixel, weight_b) for b, weight_b in nodes]
    along_y = [(v, 1 + yy * v * v, weight_b) for v, weight_b in along_y]
    for a, weight_a in nodes:
        u = dx + a * pixel
        square, tilted = xx * u * u, xy * u
        # sums along y, in which u is a factor
        fall, fall_v, fall_vv = (np.zeros_like(like) for _ in range(3))
        for v, one_and_square, weight_b in along_y:
            one = tilted * v  # one and the squared radius
            one += square
            one += one_and_square
            log = np.log(one)  # several times faster than log1p, and the same: it is above 1
            part = np.exp(log * -beta)
            part *= weight_a * weight_b
            value += part
            if slopes:
                log *= part
                part_log += log
                part /= one
                fall += part
                part *= v
                fall_v += part
                part *= v
                fall_vv += part
        if slopes:
            terms = u * fall, u * u * fall, fall_v, fall_vv, u * fall_v
            for total, term in zip(sums, terms, strict=True):
                total += term
    return value, *sums, part_log


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
            Offsets of the centres of the pixels from the stars, pixels. The results have their
            type, or double precision for whole numbers.
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
        width = np.exp(width)
        dx, dy = (np.broadcast_to(d, np.broadcast_shapes(d.shape, width.shape)) for d in (dx, dy))
        real = np.result_type(dx, np.float32)
        width, stretch, shear = (term.astype(real) for term in (width, stretch, shear))
        number = max(1, _CHUNK // max(dx[:1].size, 1))
        firsts = range(0, max(len(width), 1), number)
        parts = [
            moffat_pixels(
                dx[some], dy[some], width[some], self.beta, stretch[some], shear[some], slopes
            )
            for some in (slice(first, first + number) for first in firsts)
        ]
        if not slopes:
            return np.concatenate(parts)
        values, slopes = zip(*parts, strict=True)
        return np.concatenate(values), [np.concatenate(by) for by in zip(*slopes, strict=True)]

    @property
    def fwhm(self):
        """FWHM in the middle of the image, before integration over pixels; pixels."""
        return float(2 * np.exp(self.log_width[0]) * np.sqrt(2 ** (1 / self.beta) - 1))

    @property
    def beta(self):
        """Exponent of the profile."""
        return 1 + float(np.exp(self.log_beta))


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
