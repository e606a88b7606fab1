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
CARDS += ("DATA-TYP", "OBS_TYPE", "IMTYPE", "ESO DPR TYPE")

#: words in a card, in this order, and the type that they name
_WORDS = (
    (re.compile("flat-?dark|dark-?flat"), "flatdark"),
    (re.compile("bias|zero|offset"), "bias"),
    (re.compile("dark"), "dark"),
    (re.compile("flat|twilight"), "flat"),
    (re.compile("focus|acqui|guid|pointing|finder|^(arc|comp|wave)|wave,|wavelength"), "other"),
    (re.compile("light|object|expose|science|standard|target|std|lrgb|tricolor|^sci"), "light"),
)

#: words in the name of a file or a folder
_NAMES = (
    (re.compile(r"(?<![a-z])(flat[- ]?darks?|dark[- ]?flats?)(?![a-z])"), "flatdark"),
    (re.compile(r"(?<![a-z])(bias(es)?|zeros?|offsets?)(?![a-z])"), "bias"),
    (re.compile(r"(?<![a-z])darks?(?![a-z])"), "dark"),
    (re.compile(r"(?<![a-z])(sky|dome|twi|twilight|lamp|master)?flats?(?![a-z])"), "flat"),
    (re.compile(r"(?<![a-z])(lights?|science)(?![a-z])"), "light"),
)

#: words beside the type in an OBJECT that names a calibration frame; others name a target
_BESIDE = re.compile(
    r"[a-z]?|\d+|sky|dome|twilight|twi|evening|morning|dusk|dawn|lamp|screen|frames?|fields?|test"
    r"|master|for|in|at|with|filter|bin|binning|sec|secs|exposure|calibration|calib|cal"
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
        One of `TYPES`. Its value is None for a frame of another purpose, such as focus, whose card
        is the source. `redpix.io.header_values.UNKNOWN` if neither card nor name states a type.
    """
    of_object = _calibration_object(header.get("OBJECT"))
    for card in CARDS:
        if filled(header.get(card)):
            named = _named(_words_of(header, card), _WORDS)
            if of_object and named in ("light", None):
                return HeaderValue(of_object, "OBJECT", "derived")
            if named:
                return HeaderValue(None if named == "other" else named, card, "stated")
    if header.get("PICTTYPE") in _PICTURE_TYPES:
        return HeaderValue(_PICTURE_TYPES[header["PICTTYPE"]], "PICTTYPE", "stated")
    for part in reversed(PurePath(path).parts):
        words = re.sub(r"[_\d.]+", " ", part.lower())
        if named := _named(words, _NAMES):
            return HeaderValue(named, f"the name {part}", "guessed")
    return UNKNOWN


def _words_of(header, card):
    """Return the text of a card that states a type, in lower case, with the category of ESO."""
    text = f"{header.get('ESO DPR CATG', '')} {header[card]}" if "ESO" in card else header[card]
    return re.sub(r"frame|field|\s", "", str(text).lower())


def _calibration_object(name):
    """Return the type of a calibration frame that an OBJECT names, or None for a target.

    A target may have such a word in its name: Dark Horse nebula.
    """
    text = str(name or "").lower()
    kind = _named(re.sub(r"[_\d.]+", " ", text), _NAMES)
    rest = re.sub(r"(sky|dome|twi|twilight|lamp)?(flat|dark|bias|zero|offset)(es|s)?", " ", text)
    words = re.findall(r"[a-z]+|\d+", rest)
    return kind if all(_BESIDE.fullmatch(word) for word in words) else None


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
    lacks_flat : bool
        Whether the cards say that a bias or a dark was taken away, and not that a flat divided it.
    """

    state: str = "raw"
    reason: str = ""
    lacks_flat: bool = False


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
        return Reduction("calibrated", f"CALSTAT = {status}", "F" not in status)
    done = [card for card in _REDUCED if _is_done(header.get(card))]
    if done:
        lacks_flat = not {"FLATCOR", "CCDPROC"} & set(done)
        words = f"{done[0]} = {str(header[done[0]]).strip()[:40]}"
        return Reduction("calibrated", words, lacks_flat)
    level = header.get("RLEVEL")
    if isinstance(level, int) and level >= _REDUCED_LEVEL:
        return Reduction("calibrated", f"RLEVEL = {level}")
    return Reduction()


def _is_done(value):
    """Return whether the value of a card of IRAF says that a step was done."""
    return filled(value) and str(value).strip().lower() not in _NOT_DONE
