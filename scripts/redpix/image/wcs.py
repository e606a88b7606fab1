"""Read, check and write the world coordinate systems (WCS) of images."""

import re
import string
import warnings

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

from redpix.core.exceptions import InputError
from redpix.image.stale_cards import STALE_CARDS
from redpix.image.wcs_damage import WCS_ERRORS, check_orders, unusable

# cards that describe the array of a frame
_STRUCTURE = ("SIMPLE", "BITPIX", "NAXIS", "NAXIS1", "NAXIS2", "EXTEND", *STALE_CARDS)

# cards of distortions: on a plain grid they would distort it
_DISTORTION = re.compile(
    r"(A|B|AP|BP)_(ORDER|DMAX|\d+_\d+)|P[VS]\d+_\d+|(CPDIS|CQDIS|CPERR|CQERR|D2IMDIS|D2IMERR)\d"
    r"|D2IM.*|D[PQ]\d.*|TR\d_\d+|DV[AE]RR\d*"
)

# types of the axes of a celestial WCS
_CELESTIAL = re.compile(r"(RA-|DEC|[GEHS]LON|[GEHS]LAT|[A-Z]{2}L[NT])")

#: cards that a frame's WCS is read from
WCS_KEYS = tuple(
    ["WCSAXES", "LONPOLE", "LATPOLE", "EQUINOX", "RADESYS", "RADECSYS"]
    + [f"{key}{axis}" for key in ("CTYPE", "CRVAL", "CRPIX", "CUNIT", "CDELT") for axis in (1, 2)]
    + [f"{key}{i}_{j}" for key in ("CD", "PC") for i in (1, 2) for j in (1, 2)]
    + ["CROTA1", "CROTA2"]
)


def frame_wcs(header):
    """Return the celestial WCS of a frame from its WCS cards.

    Parameters
    ----------
    header : Mapping
        FITS header of the frame.

    Returns
    -------
    astropy.wcs.WCS

    Raises
    ------
    InputError
        If the WCS is not a tangent-plane projection of right ascension and declination, or its
        cards are invalid.
    """
    cards = fits.Header([(key, header[key]) for key in WCS_KEYS if key in header])
    if "RADECSYS" in cards:  # the old name of the card
        cards.setdefault("RADESYS", cards["RADECSYS"])
        del cards["RADECSYS"]
    types = (str(cards.get("CTYPE1")).strip(), str(cards.get("CTYPE2")).strip())
    if types != ("RA---TAN", "DEC--TAN"):
        raise InputError(f"WCS of type {types} where RA---TAN, DEC--TAN is needed")
    if cards.get("LONPOLE", 180.0) != 180.0:  # the engines ignore this card
        raise InputError(f"WCS turned about its pole: LONPOLE {cards['LONPOLE']}; allowed: 180")
    for key in ("CRVAL1", "CRVAL2", "CRPIX1", "CRPIX2"):
        if not isinstance(cards.get(key), float | int):  # astropy would use 0
            raise InputError(f"WCS without a usable {key}: {cards.get(key)!r}")
    try:
        wcs = WCS(cards)
        sky = wcs.all_pix2world([[0.0, 0.0]], 0)
    except WCS_ERRORS as error:
        raise unusable(error) from None
    if not np.all(np.isfinite(sky)) or not pixel_area(wcs) > 0:
        raise InputError("WCS that puts the image nowhere: CRVAL or the CD matrix is impossible")
    return wcs


def wcs_header(wcs):
    """Return the cards of a tangent-plane WCS, in a form that all programs read.

    Parameters
    ----------
    wcs : astropy.wcs.WCS
        Tangent-plane projection.

    Returns
    -------
    astropy.io.fits.Header
        With a CD matrix, EQUINOX and RADESYS.
    """
    header = fits.Header()
    matrix = wcs.pixel_scale_matrix
    for axis in (1, 2):
        header[f"CTYPE{axis}"] = wcs.wcs.ctype[axis - 1]
        header[f"CUNIT{axis}"] = "deg"
        header[f"CRVAL{axis}"] = float(wcs.wcs.crval[axis - 1])
        header[f"CRPIX{axis}"] = float(wcs.wcs.crpix[axis - 1])
        for other in (1, 2):
            header[f"CD{axis}_{other}"] = float(matrix[axis - 1, other - 1])
    header["RADESYS"] = wcs.wcs.radesys or "ICRS"
    header["EQUINOX"] = 2000.0
    return header


def pixel_area(wcs):
    """Return the area of a pixel at the tangent point in square degrees.

    Parameters
    ----------
    wcs : astropy.wcs.WCS
        Celestial WCS.

    Returns
    -------
    float
    """
    return abs(np.linalg.det(wcs.pixel_scale_matrix))


def celestial_wcs(header):
    """Return the celestial WCS of an image in any projection, with its distortions.

    If the primary WCS is missing or not celestial, the first celestial alternate WCS is returned.

    Parameters
    ----------
    header : Mapping
        FITS header of the image.

    Returns
    -------
    astropy.wcs.WCS

    Raises
    ------
    InputError
        If the header has no usable celestial WCS; the caller names the file.
    """
    header = fits.Header(header)
    letter = _letter_of_wcs(header)
    _check_origin(header, letter)
    check_orders(header)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # astropy repairs dates and units of the header
            wcs = WCS(header, naxis=2, key=letter or " ")
            sky = wcs.all_pix2world([[0.0, 0.0]], 0)
            area = pixel_area(wcs)
    except WCS_ERRORS as error:
        raise unusable(error) from None
    if not np.all(np.isfinite(sky)) or not (np.isfinite(area) and area > 0):
        raise InputError(
            "WCS that cannot be used: it puts all pixels on one point or line, or off the sky"
        )
    return wcs


def is_tangent(wcs):
    """Return whether a WCS is a plain tangent plane of right ascension and declination.

    Parameters
    ----------
    wcs : astropy.wcs.WCS
        Celestial WCS.

    Returns
    -------
    bool
        False with distortions, a turned pole, axes in another order, or an equinox other than 2000,
        such as that of FK4 (B1950) or of the date.
    """
    if wcs.sip is not None or wcs.has_distortion:
        return False
    cards = wcs.to_header(relax=True)
    kind = cards.get("CTYPE1"), cards.get("CTYPE2"), cards.get("LONPOLE", 180.0)
    # a TAN projection with PV cards is a TPV projection
    plain = kind == ("RA---TAN", "DEC--TAN", 180.0) and not any(key[:2] == "PV" for key in cards)
    return plain and cards.get("EQUINOX", 2000.0) == 2000.0


def image_wcs(header):
    """Return the WCS of an image: a tangent plane as `frame_wcs` reads it, or any other.

    Parameters
    ----------
    header : Mapping
        FITS header of the image.

    Returns
    -------
    astropy.wcs.WCS

    Raises
    ------
    InputError
        If the header has no usable celestial WCS; the caller names the file.
    """
    wcs = celestial_wcs(header)
    return frame_wcs(header) if is_tangent(wcs) else wcs


def has_wcs(header):
    """Return whether a header states a celestial WCS, usable or not.

    Parameters
    ----------
    header : Mapping
        FITS header of the image.

    Returns
    -------
    bool
    """
    return any(_CELESTIAL.match(str(value)) for key, value in header.items() if key[:5] == "CTYPE")


def _check_origin(header, letter):
    """Raise InputError if the reference point of a WCS is missing or not a number."""
    for key in ("CRVAL", "CRPIX"):
        for axis in (1, 2):
            card = f"{key}{axis}{letter}"
            value = header.get(card, 0.0 if key == "CRPIX" else None)  # astropy omits CRPIX 0
            if value is None:
                raise InputError(f"WCS that cannot be used: {card} is missing")
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise InputError(f"WCS that cannot be used: {card}: {value!r} is not a number")


def _letter_of_wcs(header):
    """Return the letter of the celestial WCS of a header; empty for the primary WCS."""
    for letter in ("", *string.ascii_uppercase):
        types = [str(header.get(f"CTYPE{axis}{letter}", "")) for axis in (1, 2)]
        if all(_CELESTIAL.match(one) for one in types):
            return letter
    if has_wcs(header):
        types = f"CTYPE1 {header.get('CTYPE1')!r} with CTYPE2 {header.get('CTYPE2')!r}"
        raise InputError(f"WCS that cannot be used: {types}")
    raise InputError("no WCS that says where on the sky it lies")


def wcs_cards(wcs):
    """Return the header cards of any celestial WCS.

    Parameters
    ----------
    wcs : astropy.wcs.WCS or None
        Celestial WCS, with or without distortions.

    Returns
    -------
    astropy.io.fits.Header
        Empty without a WCS.
    """
    if wcs is None:
        return fits.Header()
    return wcs_header(wcs) if is_tangent(wcs) else wcs.to_header(relax=True)


def kept_cards(header):
    """Return the cards of a frame's header that do not describe its array or its WCS.

    Parameters
    ----------
    header : astropy.io.fits.Header
        Header of the frame.

    Returns
    -------
    astropy.io.fits.Header
        Cards in their order.
    """
    dropped = set(_STRUCTURE) | set(WCS_KEYS)
    return fits.Header(
        [
            card
            for card in header.cards
            if card.keyword not in dropped and not _DISTORTION.fullmatch(card.keyword)
        ]
    )
