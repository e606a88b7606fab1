"""A raw frame of a night: its type, its read-out, its exposure, its target."""

import re
from pathlib import PurePath
from typing import NamedTuple

from redpix.io.colour_planes import mosaic_cards
from redpix.io.exposure_header import exposure_time, filter_name
from redpix.io.header_values import filled, number
from redpix.io.observation_time import mid_exposure
from redpix.io.observatory import pointing
from redpix.io.sections import parse_section
from redpix.photometry.frame_type import Reduction, frame_type, reduction

#: cards of the temperature of the chip; a setting of the cooler is not the temperature
_TEMPERATURES = ("CCD-TEMP", "CCDTEMP", "CCDATEMP", "TEMPCCD", "CHIPTEMP", "DET-TEMP", "DET-TMP")
_TEMPERATURES += ("CCD_TEMP", "DETTEMP", "CAMTEMP", "CHIP-TMP", "SENSTEMP")

#: pairs of cards of the binning along columns and rows, then cards of both in one text
_BINNINGS = (
    ("XBINNING", "YBINNING"),
    ("CCDXBIN", "CCDYBIN"),
    ("BIN-FCT1", "BIN-FCT2"),
    ("XBIN", "YBIN"),
    ("BINX", "BINY"),
    ("HBIN", "VBIN"),
    ("ESO DET WIN1 BINX", "ESO DET WIN1 BINY"),
)
_BINNING_TEXTS = ("CCDSUM", "BINNING", "XBINNING")

#: temperatures above this are in kelvin, degrees
_KELVIN = 100

#: names of objects that name none
_NO_TARGET = re.compile(r"(unknown|none|test|object|light|no ?name|fits.*|\W*)", re.IGNORECASE)


class RawFrame(NamedTuple):
    """The statements of the header of a raw frame.

    Attributes
    ----------
    path : str
    type : str or None
        One of `redpix.photometry.frame_type.TYPES`.
    type_source : str
        Card or name that states the type.
    filter : str
        Empty if the header names none.
    exposure : float or None
        Exposure time, seconds.
    readout : tuple
        Shape, binning, camera, read-out mode, settings of gain and offset. A frame is reduced by
        frames of the same read-out only.
    temperature : float or None
        Of the chip, degrees Celsius.
    middle : float or None
        Modified Julian Date (UTC) of the middle of the exposure.
    target : str
        Name of the object, in letters, digits and ``_ . -``.
    done : Reduction
        What was done to the frame before.
    mosaic : tuple of (str, str or int)
        Cards of the mosaic of a colour camera and their values; empty for any other camera.
    telescope : str
        Empty if the header does not name it. A flat holds for its telescope.
    window : (int, int) or None
        First column and row of the frame on the detector, 0-based, in binned pixels.
    pointing : (float, float) or None
        Right ascension and declination of a light, degrees.
    problem : str
        Why the frame cannot be used, or an empty text.
    remarks : tuple of str
        What was assumed.
    """

    path: str
    type: str | None = None
    type_source: str = ""
    filter: str = ""
    exposure: float | None = None
    readout: tuple = ()
    temperature: float | None = None
    middle: float | None = None
    target: str = ""
    done: Reduction = Reduction()
    mosaic: tuple = ()
    telescope: str = ""
    window: tuple | None = None
    pointing: tuple | None = None
    problem: str = ""
    remarks: tuple = ()


def raw_frame(path, header, shape):
    """Return what a header states of a raw frame.

    Parameters
    ----------
    path : str
        Path of the file.
    header : Mapping
        The primary's cards merged in.
    shape : (int, int)
        Rows and columns of the image.

    Returns
    -------
    RawFrame
    """
    kind = frame_type(header, path)
    exposure, remarks = exposure_time(header)
    if kind.value == "dark" and exposure.value is None and _states_zero(header):
        kind = kind._replace(value="bias")
        remarks = [*remarks, "a dark of 0 s is taken as a bias"]
    middle, said = mid_exposure(header, exposure.value)
    problem = _without_type(header, kind) if kind.value is None else ""
    mosaic = mosaic_cards(header)
    if filled(header.get("BAYERPAT")) and not mosaic:
        problem = (
            f"BAYERPAT = {header['BAYERPAT']}: not a mosaic of colours; allowed: RGGB, BGGR, GRBG, "
            "GBRG"
        )
    return RawFrame(
        path=str(path),
        type=kind.value,
        type_source=kind.source,
        filter=filter_name(header).value or "",
        exposure=exposure.value,
        readout=(tuple(shape), binning(header), *_settings(header)),
        temperature=temperature(header),
        middle=middle.value,
        target=target(header, path) if kind.value == "light" else "",
        done=reduction(header),
        mosaic=tuple(mosaic.items()),
        telescope=str(header.get("TELESCOP") or "").strip(),
        window=window(header),
        pointing=pointing(header) if kind.value == "light" else None,
        problem=problem,
        remarks=tuple(remarks + said if kind.value == "light" else remarks),
    )


def _states_zero(header):
    """Return whether a header states an exposure time of 0."""
    return any(number(header.get(card))[0] == 0 for card in ("EXPTIME", "EXPOSURE"))


def _without_type(header, kind):
    """Return why a frame has no type, and what to do."""
    if kind.source:
        words = str(header[kind.source]).strip()
        return f"{kind.source} = {words}: neither a bias, a dark, a flat nor a light"
    return (
        "neither a card nor a name states its type; allowed: a name of the file or of its folder "
        "with bias, dark, flat or light"
    )


def window(header):
    """Return the first column and row of a frame on the detector, 0-based, in binned pixels.

    Parameters
    ----------
    header : Mapping
        With XORGSUBF and YORGSUBF, which count binned pixels from 0, or with a section CCDSEC or
        DETSEC of the detector's pixels.

    Returns
    -------
    (int, int) or None
        None if the header does not state it.
    """
    starts = [number(header.get(card))[0] for card in ("XORGSUBF", "YORGSUBF")]
    if None not in starts:
        return int(starts[0]), int(starts[1])
    for card in ("CCDSEC", "DETSEC"):
        section = parse_section(header[card]) if filled(header.get(card)) else None
        if section is not None:
            x, y = binning(header)
            return section.x0 // x, section.y0 // y
    return None


def binning(header):
    """Return the binning (columns, rows) of a frame; (1, 1) if the header states none.

    Parameters
    ----------
    header : Mapping
        Header of the frame.

    Returns
    -------
    (int, int)
    """
    for cards in _BINNINGS:
        x, y = (number(header.get(card)) for card in cards)
        if x[0] and not x[1]:
            return int(x[0]), int(y[0] or x[0])
    for card in _BINNING_TEXTS:
        digits = re.findall(r"\d+", str(header.get(card, "")))
        if digits and int(digits[0]):
            return int(digits[0]), int(digits[-1])
    return 1, 1


def _settings(header):
    """Return camera, read-out mode and the settings of gain and offset, as texts."""
    camera = str(header.get("INSTRUME", "")).strip()
    mode = str(header.get("READOUTM", header.get("CONFMODE", ""))).strip()
    values = [number(header.get(card))[0] for card in ("GAIN", "OFFSET")]
    return [camera, mode, *["" if value is None else f"{value:g}" for value in values]]


def temperature(header):
    """Return the temperature of the chip in degrees Celsius, or None.

    Parameters
    ----------
    header : Mapping
        Header of the frame.

    Returns
    -------
    float or None
    """
    for card in _TEMPERATURES:
        value, _ = number(header.get(card))
        if value is not None:
            return value - 273.15 if value > _KELVIN else value
    return None


def target(header, path):
    """Return the name of the target of a light frame, safe as part of a file's name.

    Without a useful OBJECT the name of the file counts, less the numbers at its end.

    Parameters
    ----------
    header : Mapping
        Header of the frame.
    path : path-like
        Path of the file.

    Returns
    -------
    str
    """
    name = str(header.get("OBJECT", "")).strip()
    if not filled(name) or _NO_TARGET.fullmatch(name):
        stem = re.split(r"\.fi?ts?\b", PurePath(path).name, flags=re.IGNORECASE)[0]
        stem = re.sub(r"[LlSs]\d+$", "", stem)  # the exposure time of Orion Camera Studio
        numbered = re.fullmatch(r"(.+?)[-_ ]+\d+", stem)
        name = numbered[1] if numbered else re.sub(r"\d+$", "", stem)
    return re.sub(r"[^A-Za-z0-9.-]+", "_", name).strip("_.-") or "target"
