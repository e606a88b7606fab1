"""Inject sources into a frame: draw them with its PSF and add their photon noise.

The calibration vector and the gain of the frame give the expected electrons per pixel. The
electrons of the sources follow a Poisson distribution. The frame already contains sky, dark current
and read noise. Pixel coordinates are 0-based, images [y, x].
"""

import numpy as np
from scipy import ndimage

from redpix.image.pixel_map import local_matrix, pixels_of_sky
from redpix.image.wcs import is_tangent
from redpix.sdss.camera import FULL_WELL
from redpix.simulation import extents, rendering


def source_profile(source, flux):
    """Return the GalSim profile of a source on the sky, before the PSF.

    Parameters
    ----------
    source : namedtuple
        Row of a table: kind, and for galaxies `redpix.simulation.rendering.SHAPE_COLUMNS`.
    flux : float
        Total flux.

    Returns
    -------
    galsim.GSObject or None
        None for a point source.
    """
    if source.kind != "galaxy":
        return None
    bulge = flux * source.bulge_fraction
    return rendering.galaxy_profile(rendering.galaxy_shape(source), bulge, flux - bulge)


def expected_light(table, band, psf, wcs, shape):
    """Draw the light of sources in a frame, without noise.

    Parameters
    ----------
    table : DataFrame
        ra, dec (degrees), kind, ``flux_<band>`` (nanomaggies); for galaxies their shape (arcsec).
    band : str
        Name of the band.
    psf : redpix.psf.psf_model.PsfModel
        Effective PSF: it includes the integration over pixels.
    wcs : astropy.wcs.WCS
        WCS of the frame, in any projection.
    shape : (int, int)
        (ny, nx) of the frame.

    Returns
    -------
    ndarray, shape (ny, nx), float64
        Nanomaggies per pixel.
    """
    image = np.zeros(shape)
    if not len(table):
        return image
    x, y = pixels_of_sky(wcs, table[["ra", "dec"]].to_numpy(float))
    # the names of bands need not be identifiers
    fluxes = table[f"flux_{band}"]
    constant = wcs.pixel_scale_matrix if is_tangent(wcs) else None
    for column, row, flux, source in zip(x, y, fluxes, table.itertuples(), strict=True):
        if not near_image(column, row, shape):
            continue
        matrix = local_matrix(wcs, column, row) if constant is None else constant
        sky_jacobian = rendering.jacobian(matrix)
        scale = np.sqrt(sky_jacobian.pixelArea())
        stamp = psf.at(column, row)
        blur = rendering.stamp_profile(stamp, sky_jacobian)
        profile = source_profile(source, flux)
        radius = stamp.shape[0] / 2
        if profile is None:
            profile = blur * flux
        else:
            profile = rendering.convolved(profile, blur)
            extent = extents.galaxy_extent(source.bulge_radius, source.disk_radius)
            radius += extent / np.sqrt(source.axis_ratio) / scale
        rendering.add(image, profile, sky_jacobian, column, row, radius, "no_pixel")
    return image


def near_image(x, y, shape):
    """Return whether a position lies in an image or less than a side of it away.

    Parameters
    ----------
    x, y : float
        0-based position; NaN where the WCS does not reach.
    shape : (int, int)
        (ny, nx).

    Returns
    -------
    bool
    """
    ny, nx = shape
    return -nx < x < 2 * nx and -ny < y < 2 * ny


def inject(rng, image, light, calibration, electrons_per_dn):
    """Add light and its photon noise to a frame.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers.
    image : ndarray, shape (ny, nx)
        Nanomaggies, sky subtracted.
    light : ndarray, shape (ny, nx)
        Expected nanomaggies. Negative values, artefacts of the Fourier transform, get no noise.
    calibration : ndarray, shape (nx,)
        Nanomaggies per DN.
    electrons_per_dn : float
        Gain.

    Returns
    -------
    ndarray, shape (ny, nx), float32
        Nanomaggies.
    """
    return with_photons(rng, image, light, electrons_per_dn / calibration)


def with_photons(rng, image, light, electrons_per_flux):
    """Add light and its photon noise to an image.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers.
    image : ndarray, shape (ny, nx)
        Flux per pixel.
    light : ndarray, shape (ny, nx)
        Expected flux. Negative values, artefacts of the Fourier transform, get no noise.
    electrons_per_flux : float or ndarray, shape (nx,)
        Electrons per unit of flux.

    Returns
    -------
    ndarray, shape (ny, nx), float32
    """
    electrons = light * electrons_per_flux
    noise = rng.poisson(np.maximum(electrons, 0)) - np.maximum(electrons, 0)
    return (image + (electrons + noise) / electrons_per_flux).astype(np.float32)


def saturate(image, light, calibration, sky):
    """Clip pixels at the full well where injected light exceeds it.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Nanomaggies, sky subtracted, with the injected light.
    light : ndarray, shape (ny, nx)
        Injected light, nanomaggies; pixels with less than one DN of it do not change.
    calibration : ndarray, shape (nx,)
        Nanomaggies per DN.
    sky : ndarray, shape (ny, nx)
        DN.

    Returns
    -------
    image : ndarray, shape (ny, nx), float32
        Nanomaggies.
    saturated : ndarray of bool, shape (ny, nx)
        Saturated pixels, grown by two rows and one column on each side for bleeding charge.
    """
    full = (image / calibration + sky >= FULL_WELL) & (light >= calibration)
    filled = np.where(full, (FULL_WELL - sky) * calibration, image).astype(np.float32)
    return filled, ndimage.binary_dilation(full, structure=np.ones((5, 3), bool))
