"""Images of galaxies and stars, free of noise, at any pixel scale and orientation.

A galaxy is a Sersic bulge and an exponential disk with a flux each; a star is a point. GalSim
convolves them with the point spread function and integrates over the pixels, so that the sum of a
stamp is the flux. Positions are 0-based pixel coordinates (x, y), the centre of the first pixel
at (0, 0); images are [y, x].
"""

from functools import lru_cache
from typing import NamedTuple

import galsim
import numpy as np

#: what a galaxy's shape is told by; see `redpix.simulation.rendering.Galaxy`
SHAPE_COLUMNS = (
    *("bulge_fraction", "bulge_radius", "disk_radius", "sersic", "axis_ratio", "position_angle"),
)

#: bulges and disks end at this many half-light radii: light must end somewhere for a stamp to
#: hold it all. The brightness left at the edge is 0.005 and 0.001 of that at the radius.
BULGE_EDGE, DISK_EDGE = 8.0, 5.0

# share of a point source's light that may fall outside its stamp
_LOST_FLUX = 5e-4


class Psf(NamedTuple):
    """A Moffat point spread function, before the pixels blur it."""

    fwhm: float  # arcsec
    beta: float = 3.2
    axis_ratio: float = 1.0
    position_angle: float = 0.0  # degrees, north through east


class Galaxy(NamedTuple):
    """Shape of a galaxy on the sky; bulge and disk share axis ratio and position angle."""

    bulge_radius: float  # half-light radius, arcsec, geometric mean of the two axes
    disk_radius: float  # the same of the disk
    sersic: float  # Sersic index of the bulge; the disk's is 1
    axis_ratio: float  # minor over major
    position_angle: float  # degrees, north through east


def psf_profile(psf):
    """GalSim profile of a `Psf`, of flux 1."""
    profile = galsim.Moffat(beta=psf.beta, fwhm=psf.fwhm)
    return _flatten(profile, psf.axis_ratio, psf.position_angle)


def galaxy_profile(galaxy, bulge_flux, disk_flux):
    """GalSim profile of a galaxy before the point spread function, fluxes as given.

    Both parts are truncated at `BULGE_EDGE` and `DISK_EDGE` half-light radii; the fluxes and the
    radii are those of the truncated profiles.
    """
    bulge = unit_sersic(galaxy.sersic, BULGE_EDGE).dilate(galaxy.bulge_radius) * bulge_flux
    disk = unit_sersic(1.0, DISK_EDGE).dilate(galaxy.disk_radius) * disk_flux
    return _flatten(bulge + disk, galaxy.axis_ratio, galaxy.position_angle)


@lru_cache(maxsize=256)
def unit_sersic(index, edge):
    """Sersic profile of flux 1 and half-light radius 1 that ends at a radius."""
    # one object an index: GalSim tabulates its transform once
    return galsim.Sersic(index, half_light_radius=1.0, trunc=edge)


def _flatten(profile, axis_ratio, position_angle):
    # GalSim counts angles from its first axis, here east, towards its second, here north
    return profile.shear(q=axis_ratio, beta=(90.0 - position_angle) * galsim.degrees)


def convolved(profile, psf):
    """`profile` as seen through a GalSim point spread function `psf`."""
    return galsim.Convolve(profile, psf)


def jacobian(matrix):
    """GalSim's form of a constant pixel-to-sky matrix.

    Parameters
    ----------
    matrix : array_like, shape (2, 2)
        Degrees a pixel, as the CD matrix of a header: rows are east and north, columns x and y.
    """
    (east_x, east_y), (north_x, north_y) = np.asarray(matrix) * 3600
    return galsim.JacobianWCS(east_x, east_y, north_x, north_y)


def stamp_profile(stamp, sky_jacobian):
    """GalSim profile on the sky of a PSF's image, its sum the flux.

    Parameters
    ----------
    stamp : ndarray
        Sides odd, centre in the middle, in pixels of `sky_jacobian`. As a measured image holds the
        pixels' blur, what is convolved with it is drawn with method "no_pixel".
    sky_jacobian : galsim.JacobianWCS
    """
    image = galsim.ImageD(np.ascontiguousarray(stamp, dtype=float))
    return sky_jacobian.profileToWorld(galsim.InterpolatedImage(image, scale=1.0))


def draw(profile, shape, sky_jacobian, x, y, method="auto"):
    """Image of a profile.

    Parameters
    ----------
    profile : galsim.GSObject
        On the sky, arcsec; already convolved with the point spread function.
    shape : tuple of int
        (ny, nx).
    sky_jacobian : galsim.JacobianWCS
    x, y : float
        0-based pixel position of the centre; it may lie outside.
    method : str
        GalSim's: "auto" integrates over the pixels, "no_pixel" takes them for part of the profile.

    Returns
    -------
    ndarray, shape (ny, nx), float64
        Flux in each pixel.
    """
    ny, nx = shape
    image = galsim.ImageD(nx, ny, xmin=0, ymin=0)
    profile.drawImage(image, wcs=sky_jacobian, center=galsim.PositionD(x, y), method=method)
    return image.array


def add(image, profile, sky_jacobian, x, y, radius, method="auto"):
    """Add a profile to an image, in place, on a stamp of half-width `radius` pixels.

    What of the stamp lies outside the image is left out; a stamp wholly outside is no error.
    Other parameters as in `draw`.
    """
    column, row, half = round(x), round(y), int(np.ceil(radius))
    ny, nx = image.shape
    left, right = max(column - half, 0), min(column + half + 1, nx)
    bottom, top = max(row - half, 0), min(row + half + 1, ny)
    if left >= right or bottom >= top:
        return
    size = 2 * half + 1
    place = x - column + half, y - row + half
    stamp = draw(profile, (size, size), sky_jacobian, *place, method)
    image[bottom:top, left:right] += stamp[
        bottom - row + half : top - row + half, left - column + half : right - column + half
    ]


def visible_radius(psf, flux, surface_brightness):
    """Radius in arcsec at which a point source falls to a surface brightness, 0 if it never does.

    Parameters
    ----------
    psf : Psf
    flux : array_like
        Total flux of the source.
    surface_brightness : float
        Flux per square arcsec.
    """
    core = _core(psf)
    central = np.asarray(flux) * (psf.beta - 1) / (np.pi * core**2)
    ratio = np.maximum(central / surface_brightness, 1) ** (1 / psf.beta)
    return core * np.sqrt(ratio - 1) / np.sqrt(psf.axis_ratio)


def _core(psf):
    return psf.fwhm / 2 / np.sqrt(2 ** (1 / psf.beta) - 1)


def light_outside(psf, radius):
    """Share of a round point source's light beyond a radius in arcsec."""
    return (1 + (radius / _core(psf)) ** 2) ** (1 - psf.beta)


def psf_radius(psf, flux, surface_brightness):
    """Radius beyond which a point source neither shows nor holds light worth counting.

    Parameters as in `visible_radius`.

    Returns
    -------
    ndarray
        arcsec: outside it lies less than 5e-4 of the flux and no brightness above the limit.
    """
    lost = _core(psf) * np.sqrt((_LOST_FLUX ** (1 / (1 - psf.beta)) - 1) / psf.axis_ratio)
    return np.maximum(lost, visible_radius(psf, flux, surface_brightness))


def galaxy_extent(bulge_radius, disk_radius):
    """Radius at which the light of a round galaxy ends, in the unit of its half-light radii."""
    return max(BULGE_EDGE * bulge_radius, DISK_EDGE * disk_radius)


def stamp_radius(galaxy, psf, flux, surface_brightness):
    """Half-width of the stamp that holds a galaxy, arcsec; other parameters as in
    `visible_radius`.
    """
    extent = galaxy_extent(galaxy.bulge_radius, galaxy.disk_radius)
    return extent / np.sqrt(galaxy.axis_ratio) + psf_radius(psf, flux, surface_brightness)
