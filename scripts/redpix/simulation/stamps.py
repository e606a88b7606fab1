"""Stamps of galaxies in many bands at once: one transform a component, one a band.

The renderer is that of `rendering`: GalSim gives the transforms of profiles and of point spread
functions, the product is transformed back here for all bands together. Stamps are square, north up
and east left, the galaxy in the middle, at ((size - 1) / 2, (size - 1) / 2); images are [y, x] and
hold the flux in each pixel.
"""

from bisect import bisect_left
from typing import NamedTuple

import galsim
import numpy as np
from scipy import fft, special

from redpix.core.exceptions import InputError
from redpix.simulation import rendering
from redpix.simulation.rendering import BULGE_EDGE, DISK_EDGE, Psf

# a PSF's transform is followed to where it has fallen to this, or to this many times Nyquist's
# frequency
_FAINTEST_WAVE, _MOST_FOLDS = 5e-3, 8

# share of the flux that may lie outside the aperture, and shells of equal light to tell it by
_LOST, _SHELLS = 1e-3, 64

# subpixels along a side: everywhere, and in the middle, this many pixels wide
_FINE, _FINEST, _MIDDLE = 4, 32, 7


class Plan(NamedTuple):
    """What stamps of one size, scale and set of PSFs have in common."""

    size: int  # pixels along a side of a stamp
    pixel_scale: float  # arcsec
    side: int  # pixels along a side of the transform
    fold: int  # how many times Nyquist's frequency the transform reaches
    waves: np.ndarray  # (c, fold * side, fold * side // 2 + 1) complex64: PSF and pixel, centred


def aperture(size, pixel_scale):
    """Radius in arcsec of the circle in a stamp that is to hold a galaxy."""
    return size * pixel_scale / 2


def check_fits(galaxies, size, pixel_scale, psf, name):
    """Refuse galaxies that a stamp cannot hold.

    The profile's end (see `rendering`) must lie within the `aperture`, and through a PSF no more
    than 1e-3 of the flux outside.

    Parameters
    ----------
    galaxies : redpix.simulation.rendering.Galaxy
        Of arrays, shape (n,); the radius of a part without light is 0.
    size : int
    pixel_scale : float
        arcsec.
    psf : Psf or None
        The broadest; None where images are free of it.
    name : str
        What messages call the galaxies.

    Raises
    ------
    InputError
    """
    parts = (
        (galaxies.bulge_radius, galaxies.sersic, BULGE_EDGE),
        (galaxies.disk_radius, np.ones(len(galaxies.sersic)), DISK_EDGE),
    )
    extent = np.max([edge * radius for radius, _, edge in parts], axis=0)
    extent = extent / np.sqrt(galaxies.axis_ratio)

    def bad(size):
        reach = aperture(size, pixel_scale)
        refused = extent > reach
        for part in parts if psf is not None else ():
            refused |= _lost(*part, galaxies.axis_ratio, reach, psf) > _LOST
        return refused

    refused = bad(size)
    if refused.any():
        worst = int(np.argmax(np.where(refused, extent, -1)))
        most = extent[worst] + (0.0 if psf is None else rendering.psf_radius(psf, 0.0, 1.0))
        sizes = range(size + 1, int(np.ceil(2 * most / pixel_scale)) + 1)
        enough = sizes[bisect_left(sizes, True, key=lambda number: not bad(number).any())]
        raise InputError(
            f"{name}: galaxy {worst + 1} reaches {extent[worst]:.2f} arcsec before the PSF, and a "
            f"stamp of {size} pixels of {pixel_scale:g} arcsec is too small; "
            f"allowed: training_images.size from {enough}, or smaller galaxies"
        )


def _lost(radius, sersic, edge, axis_ratio, reach, psf):
    """Most of a part's light that a PSF may bring beyond a radius: as if the ellipse were a circle
    about its major axis, share of the flux.
    """
    indices, which = np.unique(sersic, return_inverse=True)
    scale = np.array([rendering.unit_sersic(index, edge).scale_radius for index in indices])
    whole = special.gammainc(2 * indices, (edge / scale) ** (1 / indices))
    lost = np.zeros(len(radius))
    for share in (np.arange(_SHELLS) + 0.5) / _SHELLS:
        shell = scale * special.gammaincinv(2 * indices, share * whole) ** indices
        place = shell[which] * radius / np.sqrt(axis_ratio)
        lost += rendering.light_outside(psf, np.maximum(reach - place, 0)) / _SHELLS
    return lost


def plan(size, pixel_scale, psfs):
    """Prepare stamps.

    Parameters
    ----------
    size : int
        Pixels.
    pixel_scale : float
        arcsec.
    psfs : sequence of Psf
        Of each band.

    Returns
    -------
    Plan
    """
    side = fft.next_fast_len(2 * size, real=True)
    side += side % 2
    jacobian = galsim.JacobianWCS(-pixel_scale, 0.0, 0.0, pixel_scale)
    pixel = galsim.Pixel(1.0)
    blurs = [jacobian.profileToImage(rendering.psf_profile(psf)) for psf in psfs]
    fold = max(_fold(blur) for blur in blurs)
    # the middle of the stamp: a shift is a phase
    shift = (size - 1) / 2
    waves = [galsim.Convolve(blur, pixel).shift(shift, shift) for blur in blurs]
    return Plan(
        *(size, pixel_scale, side, fold),
        np.array([_transform(wave, side, fold) for wave in waves], dtype=np.complex64),
    )


def _fold(blur):
    """Multiple of Nyquist's frequency beyond which a PSF, blurred by a pixel, passes nothing."""
    for fold in range(1, _MOST_FOLDS):
        edge = np.pi * fold
        # a pixel's transform is 0 at every second multiple: its envelope, 2 / k, is not
        passed = max(abs(blur.kValue(0, edge)), abs(blur.kValue(edge, 0))) * 2 / edge
        if passed < _FAINTEST_WAVE:
            return fold
    return _MOST_FOLDS


def _transform(profile, side, fold):
    """Transform of a profile in pixels at the frequencies of a real FFT, shape (ky, kx)."""
    half = side * fold // 2
    image = galsim.ImageCD(galsim.BoundsI(0, half, -half, half - 1), scale=2 * np.pi / side)
    profile._drawKImage(image)  # the public method would draw both halves of a symmetric plane
    return np.fft.ifftshift(image.array, axes=0)


def components(galaxy):
    """Bulge and disk of a galaxy, each of flux 1, as GalSim profiles on the sky."""
    return rendering.galaxy_profile(galaxy, 1.0, 0.0), rendering.galaxy_profile(galaxy, 0.0, 1.0)


def band_images(plan, galaxy, bulge_fluxes, disk_fluxes):
    """A galaxy in every band, seen through its PSF and integrated over the pixels.

    Parameters
    ----------
    plan : Plan
    galaxy : redpix.simulation.rendering.Galaxy
    bulge_fluxes, disk_fluxes : ndarray, shape (c,)

    Returns
    -------
    ndarray, shape (size, size, c), float32
    """
    jacobian = galsim.JacobianWCS(-plan.pixel_scale, 0.0, 0.0, plan.pixel_scale)
    bulge, disk = (
        # galaxies are symmetric about their middle: the transform is real
        _transform(jacobian.profileToImage(part), plan.side, plan.fold).real.astype(np.float32)
        for part in components(galaxy)
    )
    fluxes = np.array([bulge_fluxes, disk_fluxes], dtype=np.float32)[..., None, None]
    spectrum = (fluxes[0] * bulge + fluxes[1] * disk) * plan.waves
    if plan.fold > 1:
        spectrum = _folded(spectrum, plan.side, plan.fold)
    images = fft.irfft2(spectrum, s=(plan.side, plan.side))[:, : plan.size, : plan.size]
    return np.moveaxis(images, 0, -1)


def _folded(spectrum, side, fold):
    """Frequencies beyond Nyquist's where sampling puts them: the image, sampled at the pixels."""
    fine = fft.irfft2(spectrum, s=(side * fold, side * fold)) * fold**2
    return fft.rfft2(fine[:, ::fold, ::fold])


def sharp_image(component, size, pixel_scale):
    """A bulge or a disk before any PSF, integrated over the pixels.

    Brightness is summed over subpixels, the finest in the middle; what the sum over the whole
    profile lacks of its flux belongs to the cusp, in the central pixels.

    Parameters
    ----------
    component : galsim.GSObject
        On the sky, as from `components`.
    size : int
    pixel_scale : float
        arcsec.

    Returns
    -------
    ndarray, shape (size, size)
        Its sum is the flux; pixels are right to 5e-3 of the brightest, to 2e-2 where
        a profile is much narrower than a pixel.
    """
    jacobian = galsim.JacobianWCS(-pixel_scale, 0.0, 0.0, pixel_scale)
    return _integrated(jacobian.profileToImage(component), size)


def _integrated(profile, size):
    image = _sampled(profile, size, _FINE)
    middle = _MIDDLE + (size - _MIDDLE) % 2
    start = (size - middle) // 2
    core = np.s_[start : start + middle, start : start + middle]
    image[core] = _sampled(profile, middle, _FINEST)
    # an even stamp's middle is a corner of four pixels
    centre = np.s_[(size - 1) // 2 : size // 2 + 1, (size - 1) // 2 : size // 2 + 1]
    image[centre] += (profile.flux - image.sum()) / image[centre].size
    return image


def _sampled(profile, size, fine):
    """Brightness summed over fine x fine subpixels of each pixel."""
    picture = galsim.ImageD(size * fine, size * fine)
    profile.drawImage(picture, scale=1 / fine, method="no_pixel")
    return picture.array.reshape(size, fine, size, fine).sum(axis=(1, 3))


def moffat_psfs(fwhms):
    """Round Moffat PSFs, beta 3, one a band."""
    return [Psf(fwhm, beta=3.0) for fwhm in fwhms]
