"""The zero point of an image, from a catalogue of stars of known magnitude."""

import warnings

import numpy as np
from astropy.wcs import WCS, FITSFixedWarning

from redpix.core.job import log
from redpix.image.wcs_damage import WCS_ERRORS, check_orders
from redpix.photometry.star_catalogue import read_star_catalogue
from redpix.photometry.survey_zero_point import find_survey_zero_point, read_survey
from redpix.photometry.zero_point import LEAST_STARS, ZeroPoint, match, zero_point

#: magnitudes beyond these are codes of missing values, such as 99 or -99.9
_POSSIBLE = -5, 40


def band_of(row):
    """Return the catalogue's column of magnitudes for an image.

    Parameters
    ----------
    row : mapping
        The image's row of the table of images, with `magnitude` and, for a frame of the survey,
        `frame`: field and band.

    Returns
    -------
    str or None
    """
    return row["magnitude"] or (row["frame"][1] if row.get("frame") else None)


def sky_wcs(header, name):
    """Return the WCS of a header if its axes are RA and Dec.

    Parameters
    ----------
    header : astropy.io.fits.Header
        Header of the image.
    name : str
        Name of the image in messages.

    Returns
    -------
    astropy.wcs.WCS or None
        None if the header has no WCS, if the WCS is invalid (which is logged), or if its axes are
        others, such as lengths.
    """
    if "CTYPE1" not in header:
        return None
    try:
        with warnings.catch_warnings():
            # such as that the geodetic position of the observatory was derived
            warnings.simplefilter("ignore", FITSFixedWarning)
            check_orders(header)
            wcs = WCS(header)
    except WCS_ERRORS as error:  # InputError is a ValueError
        log.warning("%s: its WCS is left out: %s", name, " ".join(str(error).split())[-200:])
        return None
    return wcs if (wcs.wcs.lng, wcs.wcs.lat, wcs.wcs.lngtyp) == (0, 1, "RA") else None


def find_zero_point(result, quality, correction, header, wcs, catalogue, band):
    """Return the zero point of an image, from a catalogue if there is one.

    Parameters
    ----------
    result : redpix.photometry.crowded.Result
        Fitted stars of the image.
    quality : redpix.photometry.quality.Quality
        Quality of the stars.
    correction : float
        Aperture correction.
    header : astropy.io.fits.Header
        Its card MAGZERO, if present, is the zero point of an image without a catalogue.
    wcs : astropy.wcs.WCS or None
        WCS of the image.
    catalogue : str or None
        Table of stars of known magnitude, or of a survey's stars.
    band : str or None
        The catalogue's column of magnitudes, or the survey's band.

    Returns
    -------
    redpix.photometry.zero_point.ZeroPoint

    Raises
    ------
    InputError
        If the catalogue cannot be used.
    """
    if not catalogue:
        return ZeroPoint(header.get("MAGZERO", np.nan), np.nan, 0)
    stars = result.stars
    flux, error = stars.flux * correction, result.errors.flux * correction
    survey = read_survey(catalogue)
    if survey is not None:
        measured = {"x": stars.x, "y": stars.y, "flux": flux, "error": error}
        measured["flags"] = quality.flags
        size = {"NAXIS2": result.model.shape[0], "NAXIS1": result.model.shape[1]}
        cards = {**size, "FILTER": header.get("FILTER"), "MJD-MID": header.get("MJD-MID")}
        return find_survey_zero_point(survey, measured, cards, wcs, band, result.psf.fwhm)
    x, y, magnitude = read_star_catalogue(catalogue, band, wcs)
    index = match(stars.x, stars.y, flux, x, y, result.psf.fwhm)
    matched = index >= 0
    magnitude = magnitude[matched]
    magnitude[(magnitude < _POSSIBLE[0]) | (magnitude > _POSSIBLE[1])] = np.nan
    index = index[matched]
    zero = zero_point(flux[index], error[index], quality.flags[index], magnitude)
    if zero.stars < LEAST_STARS:
        log.warning(
            "%s: %d of its stars are measured well in the image and agree; a zero point needs %d, "
            "so there are no magnitudes",
            catalogue,
            zero.stars,
            LEAST_STARS,
        )
    return zero
