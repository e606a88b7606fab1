"""Radii at which sources fall below the noise, and at which their light ends."""

import numpy as np

from redpix.psf.moffat import alpha_of
from redpix.simulation.rendering import BULGE_EDGE, DISK_EDGE

# fraction of a point source's light that may fall outside its stamp
_LOST_FLUX = 5e-4


def visible_radius(psf, flux, surface_brightness):
    """Return the radius at which a point source has a surface brightness, in arcsec.

    Parameters
    ----------
    psf : redpix.simulation.rendering.Psf
        PSF of the image.
    flux : array_like
        Total flux of the source.
    surface_brightness : float
        Flux per square arcsec.

    Returns
    -------
    ndarray
        0 for fainter sources.
    """
    core = alpha_of(psf.fwhm, psf.beta)
    central = np.asarray(flux) * (psf.beta - 1) / (np.pi * core**2)
    ratio = np.maximum(central / surface_brightness, 1) ** (1 / psf.beta)
    return core * np.sqrt(ratio - 1) / np.sqrt(psf.axis_ratio)


def light_outside(psf, radius):
    """Return the fraction of a round point source's light outside a radius.

    Parameters
    ----------
    psf : redpix.simulation.rendering.Psf
        PSF of the image.
    radius : array_like
        arcsec.

    Returns
    -------
    ndarray
    """
    return (1 + (radius / alpha_of(psf.fwhm, psf.beta)) ** 2) ** (1 - psf.beta)


def psf_radius(psf, flux, surface_brightness):
    """Return the radius outside of which a point source is negligible, in arcsec.

    Outside, the surface brightness is below a limit, and the light is less than 5e-4 of the flux.

    Parameters
    ----------
    psf : redpix.simulation.rendering.Psf
        PSF of the image.
    flux : array_like
        Total flux of the source.
    surface_brightness : float
        Limit, flux per square arcsec.

    Returns
    -------
    ndarray
    """
    core = alpha_of(psf.fwhm, psf.beta)
    lost = core * np.sqrt((_LOST_FLUX ** (1 / (1 - psf.beta)) - 1) / psf.axis_ratio)
    return np.maximum(lost, visible_radius(psf, flux, surface_brightness))


def galaxy_extent(bulge_radius, disk_radius):
    """Return the truncation radius of a round galaxy, in the unit of its half-light radii.

    Parameters
    ----------
    bulge_radius, disk_radius : float or ndarray, shape (n,)
        Half-light radii.

    Returns
    -------
    float or ndarray, shape (n,)
    """
    return np.maximum(BULGE_EDGE * bulge_radius, DISK_EDGE * disk_radius)


def stamp_radius(galaxy, psf, flux, surface_brightness):
    """Return the half-width of the stamp that holds a galaxy, in arcsec.

    Parameters
    ----------
    galaxy : redpix.simulation.rendering.Galaxy
        Shape of the galaxy.
    psf : redpix.simulation.rendering.Psf
        PSF of the image.
    flux : float
        Total flux.
    surface_brightness : float
        Limit, flux per square arcsec.

    Returns
    -------
    float
    """
    extent = galaxy_extent(galaxy.bulge_radius, galaxy.disk_radius)
    return extent / np.sqrt(galaxy.axis_ratio) + psf_radius(psf, flux, surface_brightness)
