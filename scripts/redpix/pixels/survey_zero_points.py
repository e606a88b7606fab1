"""Zero points whose meaning a survey's papers define, and not its headers."""

import re
from typing import NamedTuple

import numpy as np

from redpix.io.header_values import number

#: cards that name who made an image
_MAKERS = ("TELESCOP", "INSTRUME", "ORIGIN", "SURVEY", "PROJECT")

#: cards beside MAGZPT of the pipeline of CASU (WFCAM, VIRCAM, VST ATLAS, IPHAS)
_OF_CASU = ("MAGZRR", "NIGHTZPT", "CASUVERS")

#: AB minus Vega magnitude by survey and filter: Hewett et al. (2006, MNRAS 367, 454, table 7),
#: Gonzalez-Fernandez et al. (2018, MNRAS 474, 5459), Cohen et al. (2003, AJ 126, 1090) and
#: Jarrett et al. (2011, ApJ 735, 112)
AB_MINUS_VEGA = {
    "WFCAM": {"Z": 0.528, "Y": 0.634, "J": 0.938, "H": 1.379, "K": 1.900},
    "VIRCAM": {"Z": 0.502, "Y": 0.600, "J": 0.916, "H": 1.366, "KS": 1.827},
    "2MASS": {"J": 0.91, "H": 1.39, "K": 1.85, "KS": 1.85},
    "WISE": {"W1": 2.699, "W2": 3.339, "W3": 5.174, "W4": 6.620},
}

#: AB magnitude of one photon per second by band: Morrissey et al. (2007, ApJS 173, 682)
GALEX = {"FUV": 18.82, "NUV": 20.08}


class VegaSystem(NamedTuple):
    """Zero point in Vega magnitudes.

    Attributes
    ----------
    reason : str
        How it is known.
    offset : float or None
        AB minus Vega magnitude; None if the filter is unknown.
    """

    reason: str
    offset: float | None


def of_casu(header):
    """Return whether MAGZPT of a header is that of the pipeline of CASU.

    Parameters
    ----------
    header : Mapping
        FITS header.

    Returns
    -------
    bool
    """
    return "MAGZPT" in header and any(card in header for card in _OF_CASU)


def casu_zero_point(header, exposure_time):
    """Return the Vega magnitude of one count of an image of CASU.

    m = MAGZPT - 2.5 log10(flux / EXPTIME) - EXTINCT (AIRMASS - 1), without the aperture's
    correction (https://casu.ast.cam.ac.uk/surveys-projects/wfcam/technical/catalogue-generation).

    Parameters
    ----------
    header : Mapping
        FITS header with MAGZPT.
    exposure_time : float or None
        Seconds; None counts as 1 s.

    Returns
    -------
    float or None
        None if MAGZPT is not a number.
    """
    value, extinction, mass = (number(header.get(c))[0] for c in ("MAGZPT", "EXTINCT", "AIRMASS"))
    if value is None:
        return None
    if extinction is not None and mass is not None and mass >= 1:
        value -= extinction * (mass - 1)
    return float(value + 2.5 * np.log10(exposure_time or 1.0))


def galex_zero_point(header):
    """Return the AB magnitude of one count per second of GALEX, and its band.

    Parameters
    ----------
    header : Mapping
        FITS header of an intensity map; BAND is 1 for NUV and 2 for FUV.

    Returns
    -------
    (float, str) or None
        None if the image is not one of GALEX, or its band is unknown.
    """
    if not re.search(r"\bGALEX\b", _makers(header)):
        return None
    names = {"1": "NUV", "2": "FUV"}
    words = " ".join(str(header.get(card, "")) for card in ("BAND", "FILTER")).upper()
    band = next((one for one in GALEX if one in words), names.get(words.strip()))
    return (GALEX[band], band) if band else None


def vega_system(header):
    """Return the Vega system of a survey's zero points, although no card may state it.

    Parameters
    ----------
    header : Mapping
        FITS header.

    Returns
    -------
    VegaSystem or None
        None if the survey is not one of them.
    """
    makers = _makers(header)
    survey = next((one for one in AB_MINUS_VEGA if re.search(rf"\b{one}\b", makers)), None)
    if survey in ("2MASS", "WISE") or "UNW_VER" in header:
        survey = survey or "WISE"
        reason = f"the zero points of {survey} are Vega magnitudes"
    elif of_casu(header):
        reason = "the zero points of CASU (MAGZPT) are Vega magnitudes"
    else:
        return None
    return VegaSystem(reason, AB_MINUS_VEGA.get(survey, {}).get(_filter(header, survey)))


def _makers(header):
    """Return the cards that name who made an image, in capitals."""
    return " ".join(str(header.get(card, "")) for card in _MAKERS).upper().replace("_", " ")


def _filter(header, survey):
    """Return the name of the filter of a header in capitals."""
    for card in ("FILTER", "BAND", "HIERARCH ESO INS FILT1 NAME", "ESO INS FILT1 NAME"):
        name = str(header.get(card, "")).strip().upper()
        if name:
            return f"W{name}" if survey == "WISE" and name.isdigit() else name
    return ""
