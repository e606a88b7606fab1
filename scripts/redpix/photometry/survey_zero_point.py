"""Zero point and colour term of an image from the stars of a survey catalogue."""

import re

import numpy as np

from redpix.catalogue.vizier import moved_positions, years_since
from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.image.wcs_inversion import invertible_pixels
from redpix.io.kept_tables import read_kept
from redpix.photometry.light_curves import star_transform
from redpix.photometry.surveys import SURVEYS, band_of_filter
from redpix.photometry.zero_point import (
    LEAST_STARS,
    SurveyZeroPoint,
    ZeroPoint,
    match,
    zero_point,
)
from redpix.sdss.magnitudes import POGSON

#: minimum number of stars, and minimum spread of their colours in mag, for a colour term
LEAST_COLOURED, LEAST_SPREAD = 10, 0.1

# what the header of a kept table states of its origin, and the bytes within which it does
_OF_SURVEY, _HEAD = re.compile(rb"\bsurvey: \w+"), 2**16

#: a colour term is used if it exceeds its error by this factor
SURE = 3.0


def read_survey(path):
    """Return the table of a survey's stars that `redpix.photometry.fetch_stars` wrote.

    Parameters
    ----------
    path : str
        A catalogue.

    Returns
    -------
    astropy.table.Table or None
        None for another table.

    Raises
    ------
    InputError
        If the table was damaged after it was written.
    """
    with open(path, "rb") as file:
        if not file.read(8).startswith(b"# %ECSV"):
            return None
        head = file.read(_HEAD)
    if not _OF_SURVEY.search(head):
        return None
    table = read_kept(path, ("ra", "dec", "pmra", "pmdec", "colour"))
    return table if table.meta.get("survey") in SURVEYS else None


def at_epoch(table, middle):
    """Return the positions of stars at the time of an exposure.

    Parameters
    ----------
    table : astropy.table.Table
        As of `redpix.photometry.fetch_stars.standard_stars`, with the name of the survey.
    middle : float or None
        Modified Julian Date (UTC); None: positions stay at the epoch of the catalogue.

    Returns
    -------
    ra, dec : ndarray
        Degrees.
    """
    ra, dec = np.asarray(table["ra"], float), np.asarray(table["dec"], float)
    epoch = SURVEYS[table.meta["survey"]].epoch
    if epoch is None or middle is None:
        return ra, dec
    years = years_since(epoch, middle)
    return moved_positions(ra, dec, table["pmra"], table["pmdec"], years)


def find_survey_zero_point(table, stars, header, wcs, band, fwhm):
    """Return the zero point of an image, with a colour term if the stars show one.

    Parameters
    ----------
    table : astropy.table.Table
        Stars of a survey.
    stars : mapping of str to ndarray
        ``x``, ``y`` (0-based), ``flux``, ``error`` and ``flags`` of the stars of the image.
    header : mapping
        Header of the calibrated image: MJD-MID, FILTER, NAXIS1 and NAXIS2.
    wcs : astropy.wcs.WCS or None
        WCS of the image.
    band : str or None
        Band that the user names; None: that of the header's filter.
    fwhm : float
        Pixels.

    Returns
    -------
    redpix.photometry.zero_point.SurveyZeroPoint or redpix.photometry.zero_point.ZeroPoint
        NaN, with a warning, if a zero point cannot be had.
    """
    survey = table.meta["survey"]
    bands = [name for name in table.colnames if f"{name}_error" in table.colnames]
    chosen = band or band_of_filter(header.get("FILTER"), bands)
    reason = _obstacle(table, wcs, chosen, bands, header.get("FILTER"))
    if reason:
        log.warning("%s: %s; magnitudes stay instrumental", survey, reason)
        return ZeroPoint(np.nan, np.nan, 0)
    ra, dec = at_epoch(table, header.get("MJD-MID"))
    x, y = invertible_pixels(wcs, ra, dec)
    index = match_stars(stars, x, y, np.asarray(table[chosen], float), header, fwhm)
    zero = zero_point_of_matches(table[index >= 0], index[index >= 0], stars, chosen)
    if zero.stars < LEAST_STARS:
        log.warning(
            "%s: %d stars match and agree; a zero point needs %d, so magnitudes stay instrumental",
            survey,
            zero.stars,
            LEAST_STARS,
        )
    else:
        log.info("%s: %s", survey, zero)
    return zero


def zero_point_of_matches(table, index, stars, band):
    """Return the zero point from matched stars.

    Parameters
    ----------
    table : astropy.table.Table
        Stars of a survey that match.
    index : ndarray of int
        Number of the star of the image that each matches.
    stars : mapping of str to ndarray
        As for `find_survey_zero_point`.
    band : str
        Band of the survey.

    Returns
    -------
    redpix.photometry.zero_point.SurveyZeroPoint
    """
    magnitude, colour = (np.asarray(table[name], float) for name in (band, "colour"))
    own = np.nan_to_num(np.asarray(table[f"{band}_error"], float))
    flux, error, flags = (np.asarray(stars[key])[index] for key in ("flux", "error", "flags"))
    term, term_error, pivot = colour_term(flux, error, flags, magnitude, own, colour)
    shifted = magnitude - np.where(np.isfinite(colour), term * (colour - pivot), 0.0)
    zero = zero_point(flux, error, flags, shifted)
    survey = table.meta["survey"]
    names = " - ".join(SURVEYS[survey].colour)
    return SurveyZeroPoint(*zero, survey, band, names, term, term_error, pivot)


def _obstacle(table, wcs, band, bands, name):
    """Return why a zero point cannot be had, or an empty text."""
    if table.meta.get("failed"):
        return table.meta["failed"]
    if wcs is None:
        return "the image has no WCS"
    if not len(table):
        return "the catalogue has no star here"
    if band not in bands:
        asked = f"band {band}" if band else f"filter {name or 'of no name'}"
        return (
            f"{asked} is not a band of this catalogue; allowed for photometry.catalogue_band or "
            f"the column magnitude: {', '.join(bands)}"
        )
    return ""


def match_stars(stars, x, y, magnitude, header, fwhm):
    """Match catalogue stars to those of an image, also if its WCS is off.

    Parameters
    ----------
    stars : mapping of str to ndarray
        As for `find_survey_zero_point`.
    x, y, magnitude : ndarray, shape (m,)
        0-based positions of the catalogue's stars by the WCS, and their magnitudes.
    header : mapping
        Its NAXIS1 and NAXIS2 are the size of the image.
    fwhm : float
        Pixels.

    Returns
    -------
    ndarray of int, shape (m,)
        Index of the star of the image; -1 without a match.
    """
    nx, ny = header["NAXIS1"], header["NAXIS2"]
    inside = np.flatnonzero((x > -0.5) & (x < nx - 0.5) & (y > -0.5) & (y < ny - 0.5))
    order = inside[np.argsort(np.nan_to_num(magnitude[inside], nan=99.0))]
    radius = max(fwhm, 1.5)
    by_wcs = match(stars["x"], stars["y"], stars["flux"], x, y, radius)
    bright = order[: max(20, len(stars["x"]))]
    if not len(bright) or np.mean(by_wcs[bright] >= 0) > 0.5:
        return by_wcs
    seen = np.column_stack([stars["x"], stars["y"]])[np.argsort(-np.asarray(stars["flux"]))]
    try:
        transform = star_transform(seen, np.column_stack([x, y])[bright], (ny, nx))
    except InputError as error:
        log.info("the WCS matches few of the catalogue's stars, and their pattern none: %s", error)
        return by_wcs
    moved_x, moved_y = transform(x[inside], y[inside])
    index = np.full(len(x), -1)
    index[inside] = match(stars["x"], stars["y"], stars["flux"], moved_x, moved_y, radius)
    if np.sum(index >= 0) <= np.sum(by_wcs >= 0):
        return by_wcs
    log.warning(
        "the WCS is off by %.1f, %.1f pixels; stars are matched by their pattern",
        np.median(moved_x - x[inside]),
        np.median(moved_y - y[inside]),
    )
    return index


def colour_term(flux, error, flags, magnitude, magnitude_error, colour):
    """Return the dependence of the zero point on colour: a clipped, weighted line.

    Parameters
    ----------
    flux, error : ndarray, shape (n,)
        Counts.
    flags : ndarray of int, shape (n,)
        Stars with a flag are left out.
    magnitude, magnitude_error, colour : ndarray, shape (n,)
        Of the catalogue; NaN if unknown.

    Returns
    -------
    term, error : float
        Magnitudes per magnitude of colour. The term is 0 if it is not `SURE` times its error.
    pivot : float
        Median colour, at which the zero point holds; NaN without colours.
    """
    good = (flux > 0) & (error < 0.1 * flux) & (flags == 0)
    good &= np.isfinite(magnitude) & np.isfinite(colour)
    if not good.any():
        return 0.0, np.nan, np.nan
    values = magnitude[good] + 2.5 * np.log10(flux[good])
    sigma = np.hypot(POGSON * error[good] / flux[good], magnitude_error[good])
    pivot = float(np.median(colour[good]))
    x = colour[good] - pivot
    kept = abs(values - np.median(values)) < 1.0
    term, term_error = 0.0, np.nan
    for _ in range(5):
        if kept.sum() < LEAST_COLOURED or np.std(x[kept]) < LEAST_SPREAD:
            return 0.0, np.nan, pivot
        design = np.column_stack([np.ones(kept.sum()), x[kept]])
        rest = values - np.median(values[kept] - term * x[kept]) - term * x
        spread = max(1.4826 * np.median(abs(rest[kept])), 1e-4)
        weight = 1 / (sigma[kept] ** 2 + spread**2)
        normal = (design.T * weight) @ design
        level, term = np.linalg.solve(normal, (design.T * weight) @ values[kept])
        rest = values - level - term * x
        chi2 = np.sum(weight * rest[kept] ** 2) / (kept.sum() - 2)
        term_error = np.sqrt(np.linalg.inv(normal)[1, 1] * max(chi2, 1e-6))
        spread = max(1.4826 * np.median(abs(rest[kept])), 1e-4)
        again = abs(rest) < 3 * np.maximum(spread, sigma)
        if np.array_equal(again, kept):
            break
        kept = again
    if abs(term) < SURE * term_error:
        term = 0.0
    return float(term), float(term_error), pivot
