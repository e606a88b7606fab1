"""Read the camera and the exposure from a header, each value with its source."""

import re
from typing import NamedTuple

from redpix.core.exceptions import InputError
from redpix.io.amplifier_cards import amplifier_cards, combined
from redpix.io.exposure_header import airmass, exposure_time, filter_name
from redpix.io.gain import COUNTS, ELECTRONS, read_gain
from redpix.io.header_values import UNKNOWN, HeaderValue, comment, filled, number
from redpix.io.observation_time import mid_exposure
from redpix.io.sections import Section, trim_section

#: further names of the read noise
MORE_READ_NOISE = ("READNOISE", "RNOISE", "CCDNOISE", "E_READN", "EREADN", "RDOUTNOI")

#: cards of each property; the first with a valid value is used
KEYWORDS = {
    "read_noise": ("RDNOISE", "READNOIS", "RON", "ENOISE", "READNSE", "RDNOIS", *MORE_READ_NOISE),
    "saturation": ("SATURATE", "SATLEVEL", "SATURLEV"),
    "zero_point": ("MAGZERO", "MAGZP", "MAGZPT", "MAGZEROP", "PHOTZP", "ZEROPT", "ZP"),
}

#: how the values of several amplifiers are combined
_OF_AMPLIFIERS = {"read_noise": "mean", "saturation": "lowest"}

#: standard name of each spelling of a unit
_UNITS = {
    **dict.fromkeys(("adu", "dn", "du", "count", "counts", "ct", "cts"), "adu"),
    **dict.fromkeys(("electron", "electrons", "e-", "e"), "electron"),
    **dict.fromkeys(("nanomaggy", "nanomaggies", "nmgy", "nanomaggys"), "nanomaggy"),
}

#: units of detected light
DETECTED = {"adu", "electron", "adu/s", "electron/s"}

#: magnitude of a source of one nanomaggy
NANOMAGGY_ZERO_POINT = 22.5


class CameraRecord(NamedTuple):
    """Properties of the camera and the exposure of an image; None if unknown.

    Attributes
    ----------
    gain : float or None
        Electrons per unit of the image.
    read_noise : float or None
        Electrons.
    saturation : float or None
        Units of the image, background included.
    zero_point : float or None
        Magnitude of a source of one unit.
    unit : str or None
        Unit of the image, as `unit_name` returns it.
    sources : dict of str to str
        Origin of each known property: a header card or a configuration key.
    exposure_time : float or None
        Seconds.
    mid_exposure : float or None
        Modified Julian Date (UTC) of the middle of the exposure.
    filter : str or None
        Spelling of the header.
    airmass : float or None
    trim : redpix.io.sections.Section or None
        Pixels that saw the sky; None if all did.
    sure : dict of str to str
        Certainty of each known property, one of `redpix.io.header_values.SURE`.
    remarks : tuple of str
        Assumptions, one sentence each.
    """

    gain: float | None
    read_noise: float | None
    saturation: float | None
    zero_point: float | None
    unit: str | None
    sources: dict
    exposure_time: float | None = None
    mid_exposure: float | None = None
    filter: str | None = None
    airmass: float | None = None
    trim: Section | None = None
    sure: dict = {}
    remarks: tuple = ()

    def measured(self, name, value, how, remark):
        """Return the record with a property that was measured from the pixels.

        Parameters
        ----------
        name : str
            Name of the property.
        value : float or None
            None: the value of the header is wrong, and the true one is unknown.
        how : str
            The new source, e.g. ``photon transfer``.
        remark : str
            Reason, for the log and the report.

        Returns
        -------
        CameraRecord
        """
        return self._replace(
            **{name: value},
            sources=self.sources | {name: how},
            sure=self.sure | {name: "derived" if value is not None else "unknown"},
            remarks=(*self.remarks, remark),
        )


def read_camera(header, given, shape=None):
    """Return the camera record of a header.

    An invalid value, such as 0 or text, counts as unknown and leads to a remark.

    Parameters
    ----------
    header : Mapping
        FITS header that includes the cards of the primary header.
    given : Mapping
        Values that replace those of the header: gain, read_noise, saturation, zero_point,
        exposure_time. None or a missing key: the header's value is used.
    shape : tuple of int, optional
        Shape (ny, nx) of the image, with which sections are compared.

    Returns
    -------
    CameraRecord
    """
    unit, remarks = unit_name(header.get("BUNIT")), []
    values = {name: _property(header, name, remarks) for name in KEYWORDS}
    values["exposure_time"], assumed = exposure_time(header)
    remarks += assumed
    gain, assumed = read_gain(header)
    if given.get("gain") is None:
        remarks += assumed
    values["read_noise"] = _in_electrons(values["read_noise"], header, gain.value, remarks)
    values["gain"] = _gain_of_unit(gain, unit, values["exposure_time"].value)
    if values["zero_point"].value is None and unit == "nanomaggy":
        values["zero_point"] = HeaderValue(NANOMAGGY_ZERO_POINT, "BUNIT nanomaggy", "derived")
    for name in values:
        if given.get(name) is not None:
            values[name] = HeaderValue(given[name], f"exposures.{name}", "given")
    if "DATAMAX" in header and values["saturation"].value is None:
        remarks.append("DATAMAX is not used: it may be the brightest pixel, not the saturation")
    values["mid_exposure"], assumed = mid_exposure(header, values["exposure_time"].value)
    remarks += assumed
    values["filter"], values["airmass"] = filter_name(header), airmass(header)
    values["trim"], assumed = trim_section(header, shape)
    remarks += assumed
    known = {name: one for name, one in values.items() if one.value is not None}
    return CameraRecord(
        **{name: one.value for name, one in values.items()},
        unit=unit,
        sources={name: one.source for name, one in known.items()},
        sure={name: one.sure for name, one in known.items()},
        remarks=tuple(remarks),
    )


def described(camera):
    """Return a description of the known properties of a camera.

    Parameters
    ----------
    camera : CameraRecord
        Result of `read_camera`.

    Returns
    -------
    dict of str to str
        Value and source by the name of the property.
    """
    words = {}
    for name, source in camera.sources.items():
        value = getattr(camera, name)
        if name == "mid_exposure":
            value = f"{value:.6f}"
        elif isinstance(value, float | int):
            value = f"{value:g}"
        if value is not None:
            words[name] = f"{value} ({source})"
    return words


def _property(header, name, remarks):
    """Return a property from its cards; invalid values are ignored with a remark."""
    for card in KEYWORDS[name]:
        if not filled(header.get(card)):
            continue
        value, _ = number(header[card])
        if value is not None and (value > 0 or name == "zero_point"):
            return HeaderValue(value, card, "stated")
        remarks.append(f"{card} = {header[card]} counts as unknown: {name.replace('_', ' ')}")
    for cards in amplifier_cards(header, name) if name in _OF_AMPLIFIERS else ():
        values = {card: number(header[card])[0] for card in cards}
        values = {card: one for card, one in values.items() if one is not None and one > 0}
        if values:
            value, words = combined(values, name.replace("_", " "), _OF_AMPLIFIERS[name])
            remarks += [words] if words else []
            sure = "stated" if len(values) == 1 else "derived"
            return HeaderValue(value, "+".join(values), sure)
    return UNKNOWN


def _in_electrons(noise, header, gain, remarks):
    """Return the read noise in electrons, converted if its card says that it is in counts."""
    _, unit = number(header.get(noise.source))
    words = f"{unit} {comment(header, noise.source)}"
    if noise.value is None or not COUNTS.search(words) or ELECTRONS.search(words):
        return noise
    remarks.append(f"{noise.source} = {noise.value:g} is in counts, as its unit says")
    return UNKNOWN if gain is None else noise._replace(value=noise.value * gain, sure="derived")


def _gain_of_unit(gain, unit, exposure):
    """Return the gain in electrons per unit of the image from that in electrons per count."""
    if unit is None or gain.value is None and not unit.startswith("electron"):
        return gain
    base, _, per = unit.partition("/")
    if base not in ("adu", "electron") or per not in ("", "s"):
        return UNKNOWN  # a calibrated flux: the counts are unknown
    if gain.value is None or base == "electron":
        gain = HeaderValue(1.0, "BUNIT electron", "derived") if gain.value is None else gain
        gain = gain._replace(value=1.0)
    if not per:
        return gain
    return UNKNOWN if exposure is None else gain._replace(value=gain.value * exposure)


def unit_name(text):
    """Return the standard name of a unit (``DN / s`` is ``adu/s``).

    Parameters
    ----------
    text : str or None
        Value of BUNIT.

    Returns
    -------
    str or None
        None for an empty value.
    """
    if not filled(text):
        return None
    words = re.sub(r"\s+", "", str(text).lower())
    words = re.sub(r"/(pix|pixel)$", "", words)
    words = {"cps": "adu/s", "eps": "electron/s"}.get(words, words)
    words = re.sub(r"(\*\*-1|\^-1|(?<=s)-1)$", "^-1", words)
    words = re.sub(r"[.*]?(sec|s)\^-1$", "/s", words)
    words = re.sub(r"/(sec|second|seconds)$", "/s", words)
    base, slash, rest = words.partition("/")
    return _UNITS.get(base, base) + slash + rest


def check_units(images):
    """Refuse images whose units are not of one quantity.

    Counts, electrons and both per second are one quantity: the flux ratio of the images includes
    the factor between them.

    Parameters
    ----------
    images : iterable of (str, str or None)
        Name and unit of each image. An unknown unit (None) agrees with every other.

    Returns
    -------
    list of str
        A remark per image of another unit than the first.

    Raises
    ------
    InputError
        If two units are of different quantities.
    """
    with_unit = [(name, unit) for name, unit in images if unit is not None]
    remarks = []
    for name, unit in with_unit[1:]:
        first_name, first_unit = with_unit[0]
        if {unit, first_unit} <= DETECTED:
            if unit != first_unit:
                remarks.append(
                    f"is in {first_unit} and {name} in {unit} (BUNIT): the flux ratio includes the "
                    "factor between them"
                )
        elif unit != first_unit:
            raise InputError(
                f"{name}: in units of {unit} (BUNIT), {first_name} of {first_unit}; allowed: "
                "images in one unit, or all in counts or electrons"
            )
    return remarks
