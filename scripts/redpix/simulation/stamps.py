"""Draw stamps of galaxies in all bands at once: one transform per component and one per band.

GalSim provides the Fourier transforms of profiles and of PSFs, as in `rendering`. Their product is
transformed back for all bands together. Stamps are square, with north up and east left. The galaxy
is in the middle, at ((size - 1) / 2, (size - 1) / 2). Images [y, x] hold the flux per pixel.
"""

from bisect import bisect_left
from typing import NamedTuple

import galsim
import numpy as np
from scipy import fft, special

from redpix.core.exceptions import InputError
from redpix.simulation import extents, rendering
from redpix.simulation.rendering import BULGE_EDGE, DISK_EDGE, Psf

# amplitude below which a PSF's transform is neglected, and largest number of Nyquist frequencies
# to which it is sampled
_FAINTEST_WAVE, _MOST_FOLDS = 5e-3, 8

# fraction of the flux that may lie outside the aperture; number of shells that sample a profile
_LOST, _SHELLS = 1e-3, 64

# subpixels along a side of a pixel: in general, and in the middle; width of the middle in pixels
_FINE, _FINEST, _MIDDLE = 4, 32, 7


class Plan(NamedTuple):
    """Common properties of stamps of one size, pixel scale and set of PSFs.

    Attributes
    ----------
    size : int
        Side of a stamp, pixels.
    pixel_scale : float
        arcsec per pixel.
    side : int
        Side of the transform, pixels.
    fold : int
        Largest frequency of the transform, in units of the Nyquist frequency.
    waves : ndarray, shape (c, fold * side, fold * side // 2 + 1), complex64
        Transforms of PSF and pixel, shifted to the middle of the stamp.
    """

    size: int
    pixel_scale: float
    side: int
    fold: int
    waves: np.ndarray


def aperture(size, pixel_scale):
    """Return the radius of the largest circle in a stamp, in arcsec.

    Parameters
    ----------
    size : int
        Side of the stamp, pixels.
    pixel_scale : float
        arcsec per pixel.

    Returns
    -------
    float
    """
    return size * pixel_scale / 2


def check_fits(galaxies, size, pixel_scale, psf, name):
    """Refuse galaxies that do not fit into a stamp.

    The truncation radius (see `rendering`) must be within the `aperture`. With a PSF at most 1e-3
    of the flux may lie outside.

    Parameters
    ----------
    galaxies : redpix.simulation.rendering.Galaxy
        Shapes as arrays, shape (n,); the radius of a component without light is 0.
    size : int
        Side of the stamp, pixels.
    pixel_scale : float
        arcsec per pixel.
    psf : Psf or None
        Broadest PSF; None for images without PSF.
    name : str
        File or key named in error messages.

    Raises
    ------
    InputError
    """
    extent = extents.galaxy_extent(galaxies.bulge_radius, galaxies.disk_radius)
    extent = extent / np.sqrt(galaxies.axis_ratio)

    def bad(size):
        """Return the galaxies that do not fit into a stamp of a size."""
        return _too_large(galaxies, extent, aperture(size, pixel_scale), psf)

    refused = bad(size)
    if refused.any():
        worst = int(np.argmax(np.where(refused, extent, -1)))
        most = extent[worst] + (0.0 if psf is None else extents.psf_radius(psf, 0.0, 1.0))
        sizes = range(size + 1, int(np.ceil(2 * most / pixel_scale)) + 1)
        enough = sizes[bisect_left(sizes, True, key=lambda number: not bad(number).any())]
        raise InputError(
            f"{name}: galaxy {worst + 1} reaches {extent[worst]:.2f} arcsec before the PSF, and a "
            f"stamp of {size} pixels of {pixel_scale:g} arcsec is too small; "
            f"allowed: training_images.size from {enough}, or smaller galaxies"
        )


def _too_large(galaxies, extent, reach, psf):
    """Return the galaxies whose extent, or whose light behind a PSF, exceeds a radius."""
    refused = extent > reach
    if psf is not None:
        disk_index = np.ones(len(galaxies.sersic))
        for radius, sersic, edge in (
            (galaxies.bulge_radius, galaxies.sersic, BULGE_EDGE),
            (galaxies.disk_radius, disk_index, DISK_EDGE),
        ):
            refused |= _lost(radius, sersic, edge, galaxies.axis_ratio, reach, psf) > _LOST
    return refused


def _lost(radius, sersic, edge, axis_ratio, reach, psf):
    """Return an upper limit of a component's light outside a radius, as a fraction.

    The limit is the light of the round profile with the radius of the major axis.
    """
    indices, index_of = np.unique(sersic, return_inverse=True)
    scale = np.array([rendering.unit_sersic(index, edge).scale_radius for index in indices])
    total = special.gammainc(2 * indices, (edge / scale) ** (1 / indices))
    lost = np.zeros(len(radius))
    for share in (np.arange(_SHELLS) + 0.5) / _SHELLS:
        shell = scale * special.gammaincinv(2 * indices, share * total) ** indices
        shell_radius = shell[index_of] * radius / np.sqrt(axis_ratio)
        lost += extents.light_outside(psf, np.maximum(reach - shell_radius, 0)) / _SHELLS
    return lost


def plan(size, pixel_scale, psfs):
    """Prepare stamps.

    Parameters
    ----------
    size : int
        Side of the stamps, pixels.
    pixel_scale : float
        arcsec per pixel.
    psfs : sequence of Psf
        One per band.

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
    # shift to the middle of the stamp
    shift = (size - 1) / 2
    waves = [galsim.Convolve(blur, pixel).shift(shift, shift) for blur in blurs]
    transforms = np.array([_transform(wave, side, fold) for wave in waves], dtype=np.complex64)
    return Plan(size, pixel_scale, side, fold, transforms)


def _fold(blur):
    """Return the frequency above which PSF and pixel are negligible, in Nyquist frequencies."""
    for fold in range(1, _MOST_FOLDS):
        edge = np.pi * fold
        # a pixel's transform is 0 at each second multiple, so use its envelope, 2 / k
        passed = max(abs(blur.kValue(0, edge)), abs(blur.kValue(edge, 0))) * 2 / edge
        if passed < _FAINTEST_WAVE:
            return fold
    return _MOST_FOLDS


def _transform(profile, side, fold):
    """Return the transform of a profile (in pixels) at the frequencies of a real FFT, (ky, kx)."""
    half = side * fold // 2
    image = galsim.ImageCD(galsim.BoundsI(0, half, -half, half - 1), scale=2 * np.pi / side)
    profile._drawKImage(image)  # the public method also draws the other half of the plane
    return np.fft.ifftshift(image.array, axes=0)


def components(galaxy):
    """Return the GalSim profiles of bulge and disk on the sky, each of flux 1.

    Parameters
    ----------
    galaxy : redpix.simulation.rendering.Galaxy
        Shape of the galaxy.

    Returns
    -------
    bulge, disk : galsim.GSObject
    """
    return rendering.galaxy_profile(galaxy, 1.0, 0.0), rendering.galaxy_profile(galaxy, 0.0, 1.0)


def band_images(plan, galaxy, bulge_fluxes, disk_fluxes):
    """Draw a galaxy in all bands, with PSF and integration over pixels.

    Parameters
    ----------
    plan : Plan
        Plan of the stamps.
    galaxy : redpix.simulation.rendering.Galaxy
        Shape of the galaxy.
    bulge_fluxes, disk_fluxes : ndarray, shape (c,)
        Total fluxes per band.

    Returns
    -------
    ndarray, shape (size, size, c), float32
    """
    jacobian = galsim.JacobianWCS(-plan.pixel_scale, 0.0, 0.0, plan.pixel_scale)
    bulge, disk = (
        # galaxies are point-symmetric, so that the transform is real
        _transform(jacobian.profileToImage(profile), plan.side, plan.fold).real.astype(np.float32)
        for profile in components(galaxy)
    )
    fluxes = np.array([bulge_fluxes, disk_fluxes], dtype=np.float32)[..., None, None]
    spectrum = (fluxes[0] * bulge + fluxes[1] * disk) * plan.waves
    if plan.fold > 1:
        spectrum = _folded(spectrum, plan.side, plan.fold)
    images = fft.irfft2(spectrum, s=(plan.side, plan.side))[:, : plan.size, : plan.size]
    return np.moveaxis(images, 0, -1)


def _folded(spectrum, side, fold):
    """Return the spectrum with frequencies above Nyquist's aliased, as sampling does."""
    fine = fft.irfft2(spectrum, s=(side * fold, side * fold)) * fold**2
    return fft.rfft2(fine[:, ::fold, ::fold])


def sharp_image(component, size, pixel_scale):
    """Draw a bulge or a disk without PSF, integrated over pixels.

    The surface brightness is summed over subpixels, which are finer in the middle. The central
    pixels also get the flux that the sum lacks, that of the cusp.

    Parameters
    ----------
    component : galsim.GSObject
        Profile on the sky, as from `components`.
    size : int
        Side of the image, pixels.
    pixel_scale : float
        arcsec per pixel.

    Returns
    -------
    ndarray, shape (size, size)
        The sum is the flux. Pixels are accurate to 5e-3 of the brightest pixel, or to 2e-2 if the
        profile is much narrower than a pixel.
    """
    jacobian = galsim.JacobianWCS(-pixel_scale, 0.0, 0.0, pixel_scale)
    return _integrated(jacobian.profileToImage(component), size)


def _integrated(profile, size):
    """Return a profile (in pixels) integrated over pixels."""
    image = _sampled(profile, size, _FINE)
    middle = _MIDDLE + (size - _MIDDLE) % 2
    start = (size - middle) // 2
    core = np.s_[start : start + middle, start : start + middle]
    image[core] = _sampled(profile, middle, _FINEST)
    # the middle of an even stamp is the common corner of four pixels
    centre = np.s_[(size - 1) // 2 : size // 2 + 1, (size - 1) // 2 : size // 2 + 1]
    image[centre] += (profile.flux - image.sum()) / image[centre].size
    return image


def _sampled(profile, size, fine):
    """Return the surface brightness summed over fine x fine subpixels of each pixel."""
    picture = galsim.ImageD(size * fine, size * fine)
    profile.drawImage(picture, scale=1 / fine, method="no_pixel")
    return picture.array.reshape(size, fine, size, fine).sum(axis=(1, 3))


def moffat_psfs(fwhms):
    """Return round Moffat PSFs with beta 3, one per band.

    Parameters
    ----------
    fwhms : sequence of float
        arcsec.

    Returns
    -------
    list of Psf
    """
    return [Psf(fwhm, beta=3.0) for fwhm in fwhms]
