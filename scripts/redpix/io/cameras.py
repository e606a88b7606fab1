"""Images of any telescope: what their headers say of the camera, the unit and the sky."""

import re
from typing import NamedTuple

import numpy as np

from redpix.core.exceptions import InputError
from redpix.io.exposure_times import seconds

#: cards that hold a property, the first that is there counts
KEYWORDS = {
    "gain": ("GAIN", "EGAIN", "CCDGAIN", "ATODGAIN", "GAINEFF"),
    "read_noise": ("RDNOISE", "READNOIS", "RON", "ENOISE", "READNSE"),
    "saturation": ("SATURATE", "SATLEVEL", "SATURLEV", "DATAMAX"),
    "zero_point": ("MAGZERO", "MAGZP", "MAGZPT", "PHOTZP", "ZEROPT", "ZP"),
}

#: what a property must be
_ALLOWED = {
    "gain": (lambda value: value > 0, "above 0, electrons a count"),
    "read_noise": (lambda value: value >= 0, "0 or above, electrons"),
    "saturation": (lambda value: value > 0, "above 0, counts"),
    "zero_point": (lambda value: True, "a number, magnitudes"),
}

#: units under one name
_UNITS = {
    **dict.fromkeys(("adu", "dn", "count", "counts", "ct", "cts"), "adu"),
    **dict.fromkeys(("electron", "electrons", "e-", "e"), "electron"),
    **dict.fromkeys(("nanomaggy", "nanomaggies", "nmgy", "nanomaggys"), "nanomaggy"),
}

#: magnitude of a source of one nanomaggy
NANOMAGGY_ZERO_POINT = 22.5


class Camera(NamedTuple):
    """What is known of the camera that took an image; None: not known.

    Attributes
    ----------
    gain : float or None
        Electrons a unit of the image.
    read_noise : float or None
        Electrons.
    saturation : float or None
        Units of the image, background included.
    zero_point : float or None
        Magnitude of a source of one unit.
    unit : str or None
    sources : dict of str to str
        Where each property comes from: a header card, or the configuration.
    """

    gain: float | None
    read_noise: float | None
    saturation: float | None
    zero_point: float | None
    unit: str | None
    sources: dict


def read_camera(header, given):
    """What a header says of the camera, and what was given instead.

    Parameters
    ----------
    header : Mapping
        FITS header.
    given : Mapping
        gain, read_noise, saturation, zero_point; None or absent: the header's.

    Returns
    -------
    Camera

    Raises
    ------
    InputError
        If a value is impossible; the caller names the file.
    """
    values, sources = {}, {}
    for name, cards in KEYWORDS.items():
        card = next((card for card in cards if _filled(header.get(card))), None)
        if given.get(name) is not None:
            values[name], sources[name] = given[name], f"exposures.{name}"
        elif card is not None:
            values[name], sources[name] = _number(header[card], card, *_ALLOWED[name]), card
        else:
            values[name] = None
    unit = unit_name(header.get("BUNIT"))
    if values["zero_point"] is None and unit == "nanomaggy":
        values["zero_point"], sources["zero_point"] = NANOMAGGY_ZERO_POINT, "BUNIT nanomaggy"
    if values["gain"] is not None and sources["gain"] != "exposures.gain":
        values["gain"] = _gain_of_unit(values["gain"], unit, header)
    return Camera(**values, unit=unit, sources=sources)


def _filled(value):
    return value is not None and str(value).strip() not in ("", "None", "NA", "N/A", "nan", "NaN")


def _number(value, card, allowed, words):
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = np.nan
    if not np.isfinite(number) or not allowed(number):
        raise InputError(f"header card {card} = {value!r}; allowed: {words}")
    return number


def _gain_of_unit(gain, unit, header):
    """Electrons a unit of the image, from electrons a count."""
    if unit is None:
        return gain
    base, _, per_second = unit.partition("/")
    if base not in ("adu", "electron"):
        return None  # a calibrated flux: counts are not known
    electrons = 1.0 if base == "electron" else gain
    if not per_second:
        return electrons
    exposure = seconds(header)
    return None if exposure is None else electrons * exposure


def unit_name(text):
    """A unit under one name (``DN / s`` is ``adu/s``); None where there is none."""
    if not _filled(text):
        return None
    words = re.sub(r"\s+", "", str(text).lower())
    words = re.sub(r"(\*\*-1|\^-1|(?<=s)-1)$", "^-1", words)
    words = re.sub(r"[.*]?(sec|s)\^-1$", "/s", words)
    words = re.sub(r"/(sec|second|seconds)$", "/s", words)
    base, slash, rest = words.partition("/")
    return _UNITS.get(base, base) + slash + rest


def check_units(images):
    """Refuse images of different units.

    Parameters
    ----------
    images : iterable of (str, str or None)
        Name and unit; without a unit it may be any.

    Raises
    ------
    InputError
    """
    known = [(name, unit) for name, unit in images if unit is not None]
    for name, unit in known[1:]:
        if unit != known[0][1]:
            raise InputError(
                f"{name}: in units of {unit} (BUNIT), {known[0][0]} of {known[0][1]}; allowed: "
                "images in one unit"
            )
