"""Draw noiseless images of galaxies and stars at any pixel scale and orientation.

A galaxy is a Sersic bulge and an exponential disk, each with its flux; a star is a point. GalSim
convolves them with the PSF and integrates over pixels, so that the sum of a stamp is the flux.
Positions are 0-based pixel coordinates (x, y); the centre of the first pixel is at (0, 0). Images
are [y, x].
"""

from functools import lru_cache
from typing import NamedTuple

import galsim
import numpy as np

#: columns of a table that describe the shape of a galaxy; see `Galaxy`
SHAPE_COLUMNS = (
    "bulge_fraction",
    "bulge_radius",
    "disk_radius",
    "sersic",
    "axis_ratio",
    "position_angle",
)

#: truncation radii of bulges and disks, in half-light radii, so that a stamp holds all light. The
#: surface brightness there is 0.005 and 0.001 of that at the half-light radius.
BULGE_EDGE, DISK_EDGE = 8.0, 5.0


class Psf(NamedTuple):
    """A Moffat PSF before integration over pixels.

    Attributes
    ----------
    fwhm : float
        arcsec.
    beta : float
    axis_ratio : float
        Minor over major axis.
    position_angle : float
        Degrees, north through east.
    """

    fwhm: float
    beta: float = 3.2
    axis_ratio: float = 1.0
    position_angle: float = 0.0


class Galaxy(NamedTuple):
    """Shape of a galaxy on the sky; bulge and disk share axis ratio and position angle.

    Attributes
    ----------
    bulge_radius, disk_radius : float
        Half-light radii, geometric mean of both axes, arcsec.
    sersic : float
        Sersic index of the bulge; that of the disk is 1.
    axis_ratio : float
        Minor over major axis.
    position_angle : float
        Degrees, north through east.
    """

    bulge_radius: float
    disk_radius: float
    sersic: float
    axis_ratio: float
    position_angle: float


def galaxy_shape(row, factor=1.0):
    """Return the shape of a galaxy of a table.

    Parameters
    ----------
    row : namedtuple
        Row with the columns `SHAPE_COLUMNS`.
    factor : float, optional
        Factor of the radii.

    Returns
    -------
    Galaxy
    """
    return Galaxy(
        bulge_radius=row.bulge_radius * factor,
        disk_radius=row.disk_radius * factor,
        sersic=row.sersic,
        axis_ratio=row.axis_ratio,
        position_angle=row.position_angle,
    )


def psf_profile(psf):
    """Return the GalSim profile of a PSF, of flux 1.

    Parameters
    ----------
    psf : Psf
        PSF of the image.

    Returns
    -------
    galsim.GSObject
    """
    profile = galsim.Moffat(beta=psf.beta, fwhm=psf.fwhm)
    return _flatten(profile, psf.axis_ratio, psf.position_angle)


def galaxy_profile(galaxy, bulge_flux, disk_flux):
    """Return the GalSim profile of a galaxy before the PSF.

    Bulge and disk are truncated at `BULGE_EDGE` and `DISK_EDGE` half-light radii. Fluxes and radii
    are those of the truncated profiles.

    Parameters
    ----------
    galaxy : Galaxy
        Shape of the galaxy.
    bulge_flux, disk_flux : float
        Total fluxes.

    Returns
    -------
    galsim.GSObject
    """
    bulge = unit_sersic(galaxy.sersic, BULGE_EDGE).dilate(galaxy.bulge_radius) * bulge_flux
    disk = unit_sersic(1.0, DISK_EDGE).dilate(galaxy.disk_radius) * disk_flux
    return _flatten(bulge + disk, galaxy.axis_ratio, galaxy.position_angle)


@lru_cache(maxsize=256)
def unit_sersic(index, edge):
    """Return a truncated Sersic profile of flux 1 and half-light radius 1.

    Parameters
    ----------
    index : float
        Sersic index.
    edge : float
        Truncation radius, half-light radii.

    Returns
    -------
    galsim.Sersic
    """
    # one cached object per index: GalSim tabulates its transform once
    return galsim.Sersic(index, half_light_radius=1.0, trunc=edge)


def _flatten(profile, axis_ratio, position_angle):
    """Return an elliptical profile of a round one."""
    # GalSim measures angles from its first axis (here east) towards its second (here north)
    return profile.shear(q=axis_ratio, beta=(90.0 - position_angle) * galsim.degrees)


def convolved(profile, psf):
    """Return a profile convolved with a PSF.

    Parameters
    ----------
    profile, psf : galsim.GSObject
        Profile, and PSF to convolve it with.

    Returns
    -------
    galsim.GSObject
    """
    return galsim.Convolve(profile, psf)


def jacobian(matrix):
    """Return the GalSim object of a constant pixel-to-sky matrix.

    Parameters
    ----------
    matrix : array_like, shape (2, 2)
        Degrees per pixel, as the CD matrix of a header: rows are east and north, columns x and y.

    Returns
    -------
    galsim.JacobianWCS
    """
    (east_x, east_y), (north_x, north_y) = np.asarray(matrix) * 3600
    return galsim.JacobianWCS(east_x, east_y, north_x, north_y)


def stamp_profile(stamp, sky_jacobian):
    """Return the GalSim profile on the sky of the image of a PSF; its flux is the sum.

    The image includes the integration over pixels. Therefore draw profiles that are convolved with
    it by method "no_pixel".

    Parameters
    ----------
    stamp : ndarray
        Image with odd sides, centred on the PSF, in pixels of `sky_jacobian`.
    sky_jacobian : galsim.JacobianWCS
        Pixel-to-sky matrix.

    Returns
    -------
    galsim.GSObject
    """
    image = galsim.ImageD(np.ascontiguousarray(stamp, dtype=float))
    return sky_jacobian.profileToWorld(galsim.InterpolatedImage(image, scale=1.0))


def draw(profile, shape, sky_jacobian, x, y, method="auto"):
    """Draw the image of a profile.

    Parameters
    ----------
    profile : galsim.GSObject
        Profile on the sky (arcsec), convolved with the PSF.
    shape : tuple of int
        (ny, nx).
    sky_jacobian : galsim.JacobianWCS
        Pixel-to-sky matrix.
    x, y : float
        0-based pixel position of the centre; it may lie outside the image.
    method : str, optional
        GalSim's method: "auto" integrates over pixels, "no_pixel" does not.

    Returns
    -------
    ndarray, shape (ny, nx), float64
        Flux per pixel.
    """
    ny, nx = shape
    image = galsim.ImageD(nx, ny, xmin=0, ymin=0)
    profile.drawImage(image, wcs=sky_jacobian, center=galsim.PositionD(x, y), method=method)
    return image.array


def add(image, profile, sky_jacobian, x, y, radius, method="auto"):
    """Add a profile to an image, in place, on a stamp.

    Pixels of the stamp outside the image are ignored.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Image, nanomaggies.
    profile : galsim.GSObject
        Profile on the sky (arcsec), convolved with the PSF.
    sky_jacobian : galsim.JacobianWCS
        Pixel-to-sky matrix.
    x, y : float
        0-based pixel position of the centre; it may lie outside the image.
    radius : float
        Half-width of the stamp, pixels.
    method : str, optional
        As in `draw`.
    """
    column, row, half = round(x), round(y), int(np.ceil(radius))
    ny, nx = image.shape
    left, right = max(column - half, 0), min(column + half + 1, nx)
    bottom, top = max(row - half, 0), min(row + half + 1, ny)
    if left >= right or bottom >= top:
        return
    size = 2 * half + 1
    x_stamp, y_stamp = x - column + half, y - row + half
    stamp = draw(profile, (size, size), sky_jacobian, x_stamp, y_stamp, method)
    image[bottom:top, left:right] += stamp[
        bottom - row + half : top - row + half, left - column + half : right - column + half
    ]
