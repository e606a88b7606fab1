"""Read, check and write the world coordinate systems (WCS) of images."""

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from astropy.wcs import wcs as wcslib

from redpix.core.exceptions import InputError

#: header cards that are wrong once the pixels have changed
STALE_CARDS = ("BZERO", "BSCALE", "BLANK", "CHECKSUM", "DATASUM", "ZHECKSUM", "ZDATASUM")

# exceptions of astropy for damaged cards
_WCS_ERRORS = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    MemoryError,
    np.linalg.LinAlgError,
    wcslib.WcsError,
    fits.VerifyError,
)

# cards that describe the array of a frame
_STRUCTURE = ("SIMPLE", "BITPIX", "NAXIS", "NAXIS1", "NAXIS2", "EXTEND", *STALE_CARDS)

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
    except _WCS_ERRORS as error:
        raise InputError(f"WCS that cannot be used: {' '.join(str(error).split())}") from None
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
    try:
        wcs = WCS(fits.Header(header), naxis=2)
        sky = wcs.all_pix2world([[0.0, 0.0]], 0) if wcs.has_celestial else np.nan
    except _WCS_ERRORS as error:
        raise InputError(f"WCS that cannot be used: {' '.join(str(error).split())}") from None
    if not np.all(np.isfinite(sky)):
        raise InputError("no WCS that says where on the sky it lies")
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
        False with distortions, a turned pole, or axes in another order.
    """
    if wcs.sip is not None or wcs.has_distortion:
        return False
    cards = wcs.to_header(relax=True)
    kind = cards.get("CTYPE1"), cards.get("CTYPE2"), cards.get("LONPOLE", 180.0)
    # a TAN projection with PV cards is a TPV projection
    return kind == ("RA---TAN", "DEC--TAN", 180.0) and not any(key[:2] == "PV" for key in cards)


def wcs_cards(wcs):
    """Return the header cards of any celestial WCS.

    Parameters
    ----------
    wcs : astropy.wcs.WCS
        Celestial WCS, with or without distortions.

    Returns
    -------
    astropy.io.fits.Header
    """
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
    return fits.Header([card for card in header.cards if card.keyword not in dropped])
