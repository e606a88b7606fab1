"""Give positions to the sources injected into a field."""

import numpy as np
import pandas as pd
from astropy.io import fits

from redpix.image.pixel_map import local_scale, sky_of_pixels
from redpix.image.wcs import image_wcs
from redpix.injection import placement
from redpix.psf.psf_file import read_psf
from redpix.sdss.mask_table import read_masked


def on_blank_sky(rng, sources, frame, error, masks, psf_file, band, name):
    """Place sources on blank sky of a frame.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers.
    sources : DataFrame
        Sources, one row each.
    frame, error : str
        FITS files of the frame and of its error map.
    masks : str
        Masks of the field.
    psf_file : str
        PSFs of the field.
    band : str
        Band of the frame.
    name : str
        Field named in error messages.

    Returns
    -------
    positions : ndarray, shape (n, 2)
        x, y, pixels, 0-based.
    clear : ndarray, shape (n,)
        Radius of the clear sky around each source, arcsec.
    """
    image = fits.getdata(frame)
    scale = pixel_scale(image_wcs(fits.getheader(frame)), image.shape)
    bad = np.zeros(image.shape, bool)
    _, y, x = read_masked(masks, band)
    bad[y, x] = True
    fwhm = read_psf(psf_file, band).fwhm * scale
    radii = placement.needed_radius(sources, band, fwhm) / scale
    pixels = placement.occupied(image, fits.getdata(error), bad)
    positions, clear = placement.place_blank(rng, radii, pixels, name)
    return positions, (clear * scale).round(2)


def pixel_scale(wcs, shape):
    """Return the pixel scale in the middle of an image.

    Parameters
    ----------
    wcs : astropy.wcs.WCS
        WCS of the image.
    shape : (int, int)
        (ny, nx) of the image.

    Returns
    -------
    float
        Arcsec per pixel.
    """
    return 3600 * local_scale(wcs, shape)


def hosted_transients(rng, points, on_galaxies):
    """Draw which points are transients on a galaxy.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers.
    points : DataFrame
        With kind.
    on_galaxies : float
        Fraction of the transients that lie on galaxies.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    transient = (points["kind"] == "transient").to_numpy()
    return transient & (rng.random(len(points)) < on_galaxies)


def join_with_hosted(rng, free, hosted, positions, galaxies, wcs, shape):
    """Join sources with positions of their own and transients on galaxies.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers.
    free : DataFrame
        The galaxies, then all other sources with positions of their own.
    hosted : DataFrame
        Transients that are placed on galaxies.
    positions : ndarray, shape (n, 2)
        x, y of `free`, pixels, 0-based.
    galaxies : DataFrame
        Galaxies, one row each.
    wcs : astropy.wcs.WCS
        WCS of the frame.
    shape : (int, int)
        (ny, nx) of the frame.

    Returns
    -------
    DataFrame
        With ra and dec (degrees) and host, the row of the host galaxy.
    """
    free["ra"], free["dec"] = sky_of_pixels(wcs, *positions.T).T
    places, host = placement.place_on_galaxies(
        rng, positions[: len(galaxies)], galaxies, len(hosted), pixel_scale(wcs, shape)
    )
    hosted = hosted.assign(host=host)
    hosted["ra"], hosted["dec"] = sky_of_pixels(wcs, *places.T).T
    return pd.concat([free, hosted], ignore_index=True)


def place_sources(rng, galaxies, points, options, files, band, name):
    """Give positions to all sources of a field.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers.
    galaxies, points : DataFrame
        Sources, one row each.
    options : dict
        place and on_galaxies of the section ``injection``.
    files : dict of str to str
        frame, error, masks, psf_file: as in `redpix.injection.choose_sources`.
    band : str
        Band of the frame.
    name : str
        Field named in error messages.

    Returns
    -------
    DataFrame
        The galaxies come first; `clear` is the radius of clear sky in arcsec, NaN if unknown.
    """
    if options["place"] == "table":
        table = pd.concat([galaxies, points], ignore_index=True)
        return table.assign(clear=np.nan, host=pd.NA)
    hosted = np.zeros(len(points), bool)
    if len(galaxies):
        hosted = hosted_transients(rng, points, options["on_galaxies"])
    free = pd.concat([galaxies, points[~hosted]], ignore_index=True)
    header = fits.getheader(files["frame"])
    shape = (header["NAXIS2"], header["NAXIS1"])
    if free.empty:
        positions, free["clear"] = np.zeros((0, 2)), np.nan
    elif options["place"] == "blank":
        positions, free["clear"] = on_blank_sky(rng, free, **files, band=band, name=name)
    else:
        positions = placement.place_anywhere(rng, len(free), shape)
        free["clear"] = np.nan
    return join_with_hosted(
        rng, free, points[hosted], positions, galaxies, image_wcs(header), shape
    )
