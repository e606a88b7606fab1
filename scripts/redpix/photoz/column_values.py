"""Values of the columns of a table of magnitudes: codes of missing values, fluxes, classes."""

import re
from collections import Counter

import numpy as np

from redpix.catalogue.redshifts import missing_redshifts, zero_is_a_code
from redpix.core.exceptions import InputError
from redpix.photoz.extreme_values import faint_code, negative_code
from redpix.photoz.learners.base import CLASSES, STAR
from redpix.sdss.magnitudes import POGSON

#: range of valid magnitudes; others mark a missing measurement
FAINTEST, BRIGHTEST = 50.0, -30.0

#: further codes of a missing value, exactly these numbers
MAGNITUDE_CODES = (-9.0, -9.9, -9.99, -9.999)
ERROR_CODES = (99.0, 99.9, 99.99, 999.0, 9999.0)
FLUX_CODES = (-99.0, -99.9, -99.99, -999.0, -9999.0, -99999.0)

#: spellings of a class besides its name, in capitals
_SPELLINGS = {
    "GALAXY": ("GAL", "G", "GALAXIES", "3"),
    "QSO": ("QUASAR", "Q", "QSOS", "QUASARS"),
    "STAR": ("STARS", "S", "6"),
}

#: cells of a class that is not known, in capitals
_UNKNOWN = ("UNKNOWN", "UNCLASSIFIED", "?", "-", "--", "NONE", "UNDEFINED")

#: a class with a subclass behind it, such as GALAXY STARFORMING or STAR_LATE; not STAR FORMING
_WITH_SUBCLASS = re.compile(r"(GALAXY|QSO|STAR)[ _:/(-]+(?!FORMING|BURST|GALAX|/).*")

#: median magnitude above which whole numbers up to 0 are codes of missing magnitudes
_GALAXIES = 10.0

#: fluxes beyond this one are codes in every unit
_LARGEST_FLUX = 1e19


def blank(values, missing):
    """Set some values to NaN, and return how often each finite one of them occurred.

    Parameters
    ----------
    values : ndarray of float
        Changed in place.
    missing : ndarray of bool
        Values that mark a missing measurement.

    Returns
    -------
    dict of str to int
        Number of rows by value: at most five values, the most frequent first.
    """
    codes = values[missing & np.isfinite(values)]
    values[missing] = np.nan
    counts = Counter(codes.tolist())
    return {f"{code:g}": count for code, count in counts.most_common(5)}


def clean_magnitudes(values):
    """Set codes of missing magnitudes to NaN, in place, and return their numbers.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Magnitudes.

    Returns
    -------
    dict of str to int
    """
    missing = (values > FAINTEST) | (values < BRIGHTEST) | np.isin(values, MAGNITUDE_CODES)
    known = values[~missing & np.isfinite(values)]
    if len(known) and np.median(known) > _GALAXIES:
        missing |= (values <= 0) & (values == np.round(values))
        known = known[known > 0]
    missing |= values == faint_code(known)
    return blank(values, missing)


def clean_errors(values):
    """Set errors that are not positive, not finite or a code to NaN, and return their numbers.

    Parameters
    ----------
    values : ndarray, shape (n,)
        1-sigma errors.

    Returns
    -------
    dict of str to int
    """
    return blank(values, ~(values > 0) | np.isinf(values) | np.isin(values, ERROR_CODES))


def clean_variances(values):
    """Turn inverse variances into 1-sigma errors, in place, and return the numbers of codes.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Inverse variances; 0 and below are missing.

    Returns
    -------
    dict of str to int
    """
    codes = blank(values, ~(values > 0) | np.isinf(values))
    values[:] = 1 / np.sqrt(values)
    return codes


def clean_fluxes(values):
    """Set codes of missing fluxes to NaN, in place, and return their numbers.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Fluxes, which may be negative.

    Returns
    -------
    dict of str to int
    """
    missing = np.isin(values, FLUX_CODES) | (np.abs(values) > _LARGEST_FLUX)
    missing |= values == negative_code(values[~missing & np.isfinite(values)])
    return blank(values, missing)


def clean_redshifts(values, label):
    """Set codes of missing redshifts to NaN and slightly negative ones of galaxies to 0, in place.

    The codes are those of `redpix.catalogue.redshifts`, and 0 of galaxies and quasars where it is
    too frequent to be measured.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Redshifts.
    label : ndarray of int, shape (n,)
        Class of each object. Stars keep negative redshifts.

    Returns
    -------
    codes : dict of str to int
        Number of missing redshifts by code.
    negative : int
        Number of redshifts of galaxies and quasars that were set to 0.
    """
    missing = missing_redshifts(values)
    moving = np.where(missing | (label == STAR), np.nan, values)
    if zero_is_a_code(moving):
        missing |= moving == 0
    codes = blank(values, missing)
    negative = (values < 0) & (label != STAR)
    values[negative] = 0.0
    return codes, int(negative.sum())


def fill_errors(errors, magnitudes):
    """Take the median error of an object's other bands where an error is missing, in place.

    Parameters
    ----------
    errors : ndarray, shape (n, bands)
        NaN where missing.
    magnitudes : ndarray, shape (n, bands)
        NaN where not measured.

    Returns
    -------
    ndarray of int, shape (bands,)
        Number of errors that were filled.
    """
    missing = np.isfinite(magnitudes) & ~np.isfinite(errors)
    rows = missing.any(axis=1) & np.isfinite(errors).any(axis=1)
    typical = np.full(len(errors), np.nan)
    typical[rows] = np.nanmedian(errors[rows], axis=1)
    errors[missing] = np.broadcast_to(typical[:, None], errors.shape)[missing]
    return (missing & np.isfinite(errors)).sum(axis=0)


def softening_of(flux, error):
    """Return the softening of the asinh magnitudes of a band.

    It is the median error of the fainter half of the objects.

    Parameters
    ----------
    flux, error : ndarray, shape (n,)
        Fluxes and their 1-sigma errors, NaN where missing.

    Returns
    -------
    float
        In the unit of the flux; 0 without any measured flux.
    """
    measured = np.isfinite(flux) & np.isfinite(error)
    if not measured.any():
        return 0.0
    faint = measured & (flux <= np.median(flux[measured]))
    return float(np.median(error[faint]))


def magnitudes_of_fluxes(flux, error, zero_point, softening):
    """Return magnitudes of fluxes, and their errors.

    With a softening s they are asinh magnitudes, zero_point - 2.5/ln(10) [asinh(f/2s) + ln(s)]
    (Lupton, Gunn & Szalay 1999, AJ 118, 1406). Without, they are Pogson magnitudes, and those of
    negative fluxes are missing.

    Parameters
    ----------
    flux, error : ndarray, shape (n,)
        Fluxes and their 1-sigma errors.
    zero_point : float
        Magnitude of a flux of 1.
    softening : float
        In the unit of the flux; 0 for Pogson magnitudes.

    Returns
    -------
    magnitude, magnitude_error : ndarray, shape (n,)
    """
    if not softening:
        positive = np.where(flux > 0, flux, np.nan)
        return zero_point - 2.5 * np.log10(positive), POGSON * error / positive
    magnitude = zero_point - POGSON * (np.arcsinh(flux / (2 * softening)) + np.log(softening))
    return magnitude, POGSON * error / np.hypot(flux, 2 * softening)


def labels_of(text, place):
    """Return the labels of classes in any usual spelling.

    Parameters
    ----------
    text : ndarray of str, shape (n,)
        Classes; empty where unknown.
    place : callable
        Called with the 0-based row of an unknown class; returns its place for the message.

    Returns
    -------
    label : ndarray of int, shape (n,)
        Index into `redpix.photoz.learners.base.CLASSES`, -1 where unknown.
    spellings : dict of str to str
        Class by spelling, for spellings that differ from the class; ``unknown`` of unknown ones.

    Raises
    ------
    InputError
        If a class is unknown.
    """
    labels, spellings = {"": -1}, {}
    for cell in dict.fromkeys(text):
        plain = re.sub(r"^b'(.*)'$|^(\d)\.0$", r"\1\2", cell.strip()).strip().upper()
        plain = "" if plain in _UNKNOWN else _WITH_SUBCLASS.sub(r"\1", plain)
        known = [name for name in CLASSES if plain in (name, *_SPELLINGS[name])]
        if plain and not known:
            row = int(np.argmax(np.asarray(text) == cell))
            numbers = (
                ", or 3 (galaxy) and 6 (star) as in SDSS; other numbers differ between surveys: "
                "write GALAXY, QSO or STAR in their place"
            )
            raise InputError(
                f"{place(row)}: class {cell!r} is unknown; allowed: {', '.join(CLASSES)}"
                + (numbers if re.fullmatch(r"-?[0-9.]+|TRUE|FALSE", plain) else "")
            )
        labels[cell] = CLASSES.index(known[0]) if plain else -1
        if cell and [cell] != known:
            spellings[cell] = known[0] if plain else "unknown"
    return np.array([labels[cell] for cell in text], dtype=int), spellings
