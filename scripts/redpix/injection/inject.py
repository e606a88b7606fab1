"""Sources of known truth put into a frame: drawn with its PSF, with photon noise of their own.

The light of a source arrives as whole electrons: the frame's calibration vector and gain say how
many are expected in each pixel, Poisson says how many come. Sky, dark current and readout are the
frame's already. Pixel coordinates are 0-based, images [y, x].
"""

import numpy as np
from scipy import ndimage

from redpix.sdss.camera import FULL_WELL
from redpix.simulation import rendering


def source_profile(source, flux):
    """GalSim profile of a source on the sky before the PSF, flux as given; None of a point.

    Parameters
    ----------
    source : namedtuple
        A row: kind and, of galaxies, the columns of `injection_sources.SHAPE_COLUMNS`.
    flux : float
    """
    if source.kind != "galaxy":
        return None
    galaxy = rendering.Galaxy(
        *(source.bulge_radius, source.disk_radius, source.sersic),
        *(source.axis_ratio, source.position_angle),
    )
    bulge = flux * source.bulge_fraction
    return rendering.galaxy_profile(galaxy, bulge, flux - bulge)


def expected_light(table, band, psf, wcs, shape):
    """Light of the sources in a frame, free of noise.

    Parameters
    ----------
    table : DataFrame
        ra, dec (degrees), kind, ``flux_<band>`` (nanomaggies), of galaxies their shape (arcsec).
    band : str
    psf : redpix.psf.psf_model.PsfModel
        As pixels see it: their own blur is part of it.
    wcs : astropy.wcs.WCS
        Of the frame; tangent plane.
    shape : (int, int)

    Returns
    -------
    ndarray, shape, float64
        Nanomaggies in each pixel.
    """
    image = np.zeros(shape)
    if not len(table):
        return image
    sky_jacobian = rendering.jacobian(wcs.pixel_scale_matrix)
    scale = np.sqrt(sky_jacobian.pixelArea())
    x, y = wcs.all_world2pix(table["ra"], table["dec"], 0)
    for column, row, source in zip(x, y, table.itertuples(), strict=True):
        flux = getattr(source, f"flux_{band}")
        stamp = psf.at(column, row)
        blur = rendering.stamp_profile(stamp, sky_jacobian)
        profile = source_profile(source, flux)
        radius = stamp.shape[0] / 2
        if profile is None:
            profile = blur * flux
        else:
            profile = rendering.convolved(profile, blur)
            extent = rendering.galaxy_extent(source.bulge_radius, source.disk_radius)
            radius += extent / np.sqrt(source.axis_ratio) / scale
        rendering.add(image, profile, sky_jacobian, column, row, radius, "no_pixel")
    return image


def inject(rng, image, light, calibration, electrons_per_dn):
    """A frame with light added, photon noise included.

    Parameters
    ----------
    rng : numpy.random.Generator
    image : ndarray, shape (ny, nx)
        Nanomaggies, sky subtracted.
    light : ndarray, shape (ny, nx)
        Nanomaggies expected; below zero, where a transform rings, nothing fluctuates.
    calibration : ndarray, shape (nx,)
        Nanomaggies per DN.
    electrons_per_dn : float

    Returns
    -------
    ndarray, shape (ny, nx), float32
    """
    electrons = light / calibration * electrons_per_dn
    noise = rng.poisson(np.maximum(electrons, 0)) - np.maximum(electrons, 0)
    added = (electrons + noise) / electrons_per_dn * calibration
    return (image + added).astype(np.float32)


def saturate(image, light, calibration, sky):
    """Fill pixels up to the full well where injected light overflows it.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Nanomaggies, sky subtracted, light included.
    light : ndarray, shape (ny, nx)
        What was injected: a pixel with less than one DN of it is left alone.
    calibration : ndarray, shape (nx,)
    sky : ndarray, shape (ny, nx)
        DN.

    Returns
    -------
    image : ndarray, float32
    saturated : ndarray of bool
        Full pixels and, as charge bleeds, two more up and down the column and one beside.
    """
    full = (image / calibration + sky >= FULL_WELL) & (light >= calibration)
    filled = np.where(full, (FULL_WELL - sky) * calibration, image).astype(np.float32)
    return filled, ndimage.binary_dilation(full, structure=np.ones((5, 3), bool))
