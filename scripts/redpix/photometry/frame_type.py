"""Tell bias, dark, flat and light frames apart by their headers, or else by their names.

The cards and spellings are those of some twenty acquisition programs and observatories.
"""

import re
from pathlib import PurePath
from typing import NamedTuple

from redpix.io.header_values import UNKNOWN, HeaderValue, filled

#: types of raw frames; a flat-dark is a dark of the exposure time of a flat
TYPES = ("bias", "dark", "flatdark", "flat", "light")

#: cards that state the type of a frame, the first that names one counts
CARDS = ("IMAGETYP", "IMAGTYP", "FRAME", "IMGTYPE", "FRAMETYP", "OBSTYPE", "EXPTYPE")

#: words in a card, in this order, and the type that they name
_WORDS = (
    (re.compile("flat-?dark|dark-?flat"), "flatdark"),
    (re.compile("bias|zero|offset"), "bias"),
    (re.compile("dark"), "dark"),
    (re.compile("flat"), "flat"),
    (re.compile("light|object|expose|science|standard"), "light"),
)

#: words in the name of a file or a folder
_NAMES = (
    (re.compile(r"(?<![a-z])(flat-?darks?|dark-?flats?)(?![a-z])"), "flatdark"),
    (re.compile(r"(?<![a-z])(bias(es)?|zeros?|offsets?)(?![a-z])"), "bias"),
    (re.compile(r"(?<![a-z])darks?(?![a-z])"), "dark"),
    (re.compile(r"(?<![a-z])(sky)?flats?(?![a-z])"), "flat"),
    (re.compile(r"(?<![a-z])(lights?|science)(?![a-z])"), "light"),
)

#: PICTTYPE of TheSkyX
_PICTURE_TYPES = {1: "light", 2: "bias", 3: "dark", 4: "flat"}

#: cards that IRAF adds when it takes away a bias or a dark, divides by a flat, or trims
_REDUCED = ("ZEROCOR", "DARKCOR", "FLATCOR", "CCDPROC")

#: values of these cards before that, in lower case
_NOT_DONE = ("0", "no", "f", "false")

#: RLEVEL of LCO from which on a frame is reduced
_REDUCED_LEVEL = 90


def frame_type(header, path):
    """Return the type of a frame.

    Parameters
    ----------
    header : Mapping
        Header of the image, the primary's cards merged in.
    path : path-like
        File of the image. Its name, then the names of its folders, decide where no card does.

    Returns
    -------
    HeaderValue
        One of `TYPES`, or `redpix.io.header_values.UNKNOWN`.
    """
    for card in CARDS:
        if filled(header.get(card)):
            named = _named(re.sub(r"frame|field|\s", "", str(header[card]).lower()), _WORDS)
            if named == "light" and _named(str(header.get("OBJECT", "")).lower(), _NAMES):
                return HeaderValue(
                    _named(str(header["OBJECT"]).lower(), _NAMES), "OBJECT", "derived"
                )
            if named:
                return HeaderValue(named, card, "stated")
    if header.get("PICTTYPE") in _PICTURE_TYPES:
        return HeaderValue(_PICTURE_TYPES[header["PICTTYPE"]], "PICTTYPE", "stated")
    for part in reversed(PurePath(path).parts):
        words = re.sub(r"[_\d.]+", " ", part.lower())
        if named := _named(words, _NAMES):
            return HeaderValue(named, f"the name {part}", "guessed")
    return UNKNOWN


def _named(text, words):
    """Return the first type that a text names, or None."""
    return next((kind for pattern, kind in words if pattern.search(text)), None)


class Reduction(NamedTuple):
    """The state of a frame before redpix reads it.

    Attributes
    ----------
    state : {"raw", "calibrated", "combined"}
    reason : str
        Card and value, or an empty text for a raw frame.
    """

    state: str = "raw"
    reason: str = ""


def reduction(header):
    """Return what the cards of a frame say was done to it before.

    Parameters
    ----------
    header : Mapping
        Header of the frame.

    Returns
    -------
    Reduction
    """
    for card in (*CARDS, "CALFRAME", "INTEGRAT"):
        if re.search("master|integration|stack", str(header.get(card, "")).lower()):
            return Reduction("combined", f"{card} = {str(header[card]).strip()}")
    status = str(header.get("CALSTAT", "")).strip()
    if re.search("[BDF]", status):
        return Reduction("calibrated", f"CALSTAT = {status}")
    for card in _REDUCED:
        if filled(header.get(card)) and str(header[card]).strip().lower() not in _NOT_DONE:
            return Reduction("calibrated", f"{card} = {str(header[card]).strip()[:40]}")
    level = header.get("RLEVEL")
    if isinstance(level, int) and level >= _REDUCED_LEVEL:
        return Reduction("calibrated", f"RLEVEL = {level}")
    return Reduction()
