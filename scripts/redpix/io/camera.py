"""Read what a header says of the camera and the exposure, each value with its source."""

import re
from typing import NamedTuple

from redpix.core.exceptions import InputError
from redpix.io.exposure_header import air_mass, exposure_time, filter_name
from redpix.io.gain import COUNTS, ELECTRONS, read_gain
from redpix.io.header_values import UNKNOWN, HeaderValue, comment, filled, number
from redpix.io.observation_time import mid_exposure
from redpix.io.sections import Section, trim_section

#: cards that hold a property, the first that states a possible value counts
KEYWORDS = {
    "read_noise": ("RDNOISE", "READNOIS", "RON", "ENOISE", "READNSE", "ESO DET OUT1 RON"),
    "saturation": ("SATURATE", "SATLEVEL", "SATURLEV"),
    "zero_point": ("MAGZERO", "MAGZP", "MAGZPT", "PHOTZP", "ZEROPT", "ZP"),
}

#: the same of two amplifiers that read half of the image each, and what is taken of the two
_AMPLIFIERS = {
    "read_noise": (("RDNOISEA", "RDNOISEB"), "mean"),
    "saturation": (("SATURATA", "SATURATB"), "lower"),
}

#: units under one name
_UNITS = {
    **dict.fromkeys(("adu", "dn", "du", "count", "counts", "ct", "cts"), "adu"),
    **dict.fromkeys(("electron", "electrons", "e-", "e"), "electron"),
    **dict.fromkeys(("nanomaggy", "nanomaggies", "nmgy", "nanomaggys"), "nanomaggy"),
}

#: magnitude of a source of one nanomaggy
NANOMAGGY_ZERO_POINT = 22.5


class Camera(NamedTuple):
    """What is known of the camera and the exposure of an image; None: not known.

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
        As of `unit_name`.
    sources : dict of str to str
        Where each known property comes from: a header card or a configuration key.
    exposure_time : float or None
        Seconds.
    mid_exposure : float or None
        Modified Julian Date (UTC) of the middle of the exposure.
    filter : str or None
        As the header spells it.
    airmass : float or None
    trim : redpix.io.sections.Section or None
        The pixels that saw the sky, if these are not all.
    sure : dict of str to str
        How sure each known property is, one of `redpix.io.header_values.SURE`. Tests against the
        pixels lower or replace it (`Camera.measured`).
    remarks : tuple of str
        What was assumed, one sentence each.
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
        """Return the record with a property that the pixels gave instead of the header.

        Parameters
        ----------
        name : str
            Property.
        value : float or None
            None: the stated value is contradicted, and the true one is not known.
        how : str
            The new source, e.g. ``photon transfer``.
        remark : str
            Why, for the log and the report.

        Returns
        -------
        Camera
        """
        return self._replace(
            **{name: value},
            sources=self.sources | {name: how},
            sure=self.sure | {name: "derived" if value is not None else "unknown"},
            remarks=(*self.remarks, remark),
        )


def read_camera(header, given, shape=None):
    """Return what a header says of the camera, and what was given instead.

    A value that cannot be, such as 0 or text, counts as unknown, with a remark.

    Parameters
    ----------
    header : Mapping
        FITS header, the primary's cards merged in.
    given : Mapping
        gain, read_noise, saturation, zero_point, exposure_time; None or absent: the header's.
    shape : tuple of int, optional
        Shape (ny, nx) of the image, with which sections are compared.

    Returns
    -------
    Camera
    """
    unit, remarks = unit_name(header.get("BUNIT")), []
    found = {name: _property(header, name, remarks) for name in KEYWORDS}
    found["exposure_time"], said = exposure_time(header)
    remarks += said
    gain, said = read_gain(header)
    if given.get("gain") is None:
        remarks += said
    found["read_noise"] = _in_electrons(found["read_noise"], header, gain.value, remarks)
    found["gain"] = _gain_of_unit(gain, unit, found["exposure_time"].value)
    if found["zero_point"].value is None and unit == "nanomaggy":
        found["zero_point"] = HeaderValue(NANOMAGGY_ZERO_POINT, "BUNIT nanomaggy", "derived")
    for name in found:
        if given.get(name) is not None:
            found[name] = HeaderValue(given[name], f"exposures.{name}", "given")
    if "DATAMAX" in header and found["saturation"].value is None:
        remarks.append("DATAMAX is not used: it may be the brightest pixel, not the saturation")
    found["mid_exposure"], said = mid_exposure(header, found["exposure_time"].value)
    remarks += said
    found["filter"], found["airmass"] = filter_name(header), air_mass(header)
    found["trim"], said = trim_section(header, shape)
    remarks += said
    known = {name: one for name, one in found.items() if one.value is not None}
    return Camera(
        **{name: one.value for name, one in found.items()},
        unit=unit,
        sources={name: one.source for name, one in known.items()},
        sure={name: one.sure for name, one in known.items()},
        remarks=tuple(remarks),
    )


def described(camera):
    """Return the known properties of a camera in words: a dict of name to value and source.

    Parameters
    ----------
    camera : Camera

    Returns
    -------
    dict of str to str
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
    """Return a property by its cards; impossible values are passed over with a remark."""
    for card in KEYWORDS[name]:
        if not filled(header.get(card)):
            continue
        value, _ = number(header[card])
        if value is not None and (value > 0 or name == "zero_point"):
            return HeaderValue(value, card, "stated")
        remarks.append(f"{card} = {header[card]} counts as unknown: {name.replace('_', ' ')}")
    if name in _AMPLIFIERS:
        cards, how = _AMPLIFIERS[name]
        values = [number(header.get(card))[0] for card in cards]
        if all(value is not None and value > 0 for value in values):
            remarks.append(
                f"the {name.replace('_', ' ')} is the {how} one of {' and '.join(cards)}"
            )
            value = sum(values) / 2 if how == "mean" else min(values)
            return HeaderValue(value, "+".join(cards), "derived")
    return UNKNOWN


def _in_electrons(noise, header, gain, remarks):
    """Return the read noise in electrons, also where its card says that it is in counts."""
    _, unit = number(header.get(noise.source))
    words = f"{unit} {comment(header, noise.source)}"
    if noise.value is None or not COUNTS.search(words) or ELECTRONS.search(words):
        return noise
    remarks.append(f"{noise.source} = {noise.value:g} is in counts, as its unit says")
    return UNKNOWN if gain is None else noise._replace(value=noise.value * gain, sure="derived")


def _gain_of_unit(gain, unit, exposure):
    """Return the electrons per unit of the image, from electrons per count."""
    if unit is None or gain.value is None and not unit.startswith("electron"):
        return gain
    base, _, per = unit.partition("/")
    if base not in ("adu", "electron") or per not in ("", "s"):
        return UNKNOWN  # a calibrated flux: counts are not known
    if gain.value is None or base == "electron":
        gain = HeaderValue(1.0, "BUNIT electron", "derived") if gain.value is None else gain
        gain = gain._replace(value=1.0)
    if not per:
        return gain
    return UNKNOWN if exposure is None else gain._replace(value=gain.value * exposure)


def unit_name(text):
    """Return a unit under one name (``DN / s`` is ``adu/s``); None where there is none.

    Parameters
    ----------
    text : str or None
        As BUNIT holds it.
    """
    if not filled(text):
        return None
    words = re.sub(r"\s+", "", str(text).lower())
    words = re.sub(r"/(pix|pixel)$", "", words)
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
        If two units differ.
    """
    known = [(name, unit) for name, unit in images if unit is not None]
    for name, unit in known[1:]:
        if unit != known[0][1]:
            raise InputError(
                f"{name}: in units of {unit} (BUNIT), {known[0][0]} of {known[0][1]}; allowed: "
                "images in one unit"
            )
