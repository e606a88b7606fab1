"""Find the zero point of a user's image: given, or stated by its header, its unit or its file."""

import re
from typing import NamedTuple

import numpy as np

from redpix.io.camera import DETECTED, KEYWORDS
from redpix.io.header_values import comment, filled, number
from redpix.pixels.flux_units import unit_zero_point
from redpix.pixels.survey_zero_points import (
    VegaSystem,
    casu_zero_point,
    galex_zero_point,
    of_casu,
    vega_system,
)

#: difference of two stated zero points that is remarked on, mag
APART = 0.02

#: difference of the zero point of the table from that of the header that is remarked on, mag
APART_OF_TABLE = 0.5

#: possible magnitudes of the noise of a pixel
_DEPTHS = (5.0, 45.0)

#: standard cards of a zero point whose meaning is that of the pixels: ESO defines PHOTZP
_PLAIN = ("PHOTZP",)

#: constant of the AB magnitude of a flux density per wavelength, erg/s/cm2/Angstrom
_PER_WAVELENGTH = -2.408

#: zero point of a stack of Pan-STARRS for one second
_PAN_STARRS = 25.0

_PER_SECOND = re.compile(r"\b(1|one|per) ?s(ec(ond)?)?\b|/ ?s(ec)?\b|count ?rate|adu/s|e-?/s")

_PER_COUNT = re.compile(r"\b(1|one|per) (count|adu|dn|electron|e-)\b(?! *(/|per) *s)")

# cards that look like a zero point
_SIMILAR = re.compile(r"(?!BZERO|T?ZERO\d|POLZERO).*(ZP|MAGZ|ZERO|MAG0|PHOTCAL|PHOT_C)")


class StatedZeroPoint(NamedTuple):
    """Zero point of an image.

    Attributes
    ----------
    value : float or None
        Magnitude of one unit; None if it is unknown.
    origin : str
        Empty if it is unknown.
    is_ab : bool
        False if the file says that the magnitude is not AB.
    remarks : tuple of str
        Doubts and assumptions, one sentence each.
    """

    value: float | None
    origin: str
    is_ab: bool
    remarks: tuple


def stated_zero_point(camera, header, scale, noise, wavelength=None, calibration=None):
    """Return the zero point of an image and its origin.

    Parameters
    ----------
    camera : redpix.io.camera.CameraRecord
        Its zero point is that of the table or of a header card.
    header : Mapping
        FITS header. Read are the cards of zero points, FLUXMAG0 (flux of magnitude 0), the unit
        BUNIT, PHOTFLAM with PHOTPLAM of the Hubble Space Telescope, and FPA.ZP of Pan-STARRS.
    scale : float
        Side of a pixel, degrees.
    noise : float
        Typical noise of a pixel in the unit of the image. Zero points with which it would have an
        impossible magnitude are not used.
    wavelength : float, optional
        Effective wavelength of the band, Angstrom. A unit per wavelength needs it.
    calibration : float, optional
        Flux of one unit in nJy, by the table PhotoCalib of the LSST pipelines.

    Returns
    -------
    StatedZeroPoint

    Raises
    ------
    InputError
        If the unit is a magnitude.
    """
    remarks = []
    stated = list(_statements(camera, header, scale, wavelength, remarks))
    if calibration is not None:
        stated.insert(0, (float(31.4 - 2.5 * np.log10(calibration)), "PhotoCalib"))
    stated = [one for one in stated if _is_possible(*one, noise, remarks)]
    if camera.sources.get("zero_point") == "exposures.zero_point":
        return _of_table(camera.zero_point, stated, noise)
    if not stated:
        return StatedZeroPoint(None, "", True, (*remarks, *_unknown(header)))
    value, origin = stated[0]
    remarks += [
        f"{origin} states the zero point {value:.4g}, and {other} states {there:.4g}: {origin} is "
        "used; the column zero_point of the table decides"
        for there, other in stated[1:]
        if abs(there - value) > APART
    ]
    vega = _vega(header, origin)
    is_ab = vega is None
    if vega:
        ab = "" if vega.offset is None else f", here {value + vega.offset:.4g}"
        remarks.append(
            f"{origin} = {value:g} is a Vega magnitude{vega.reason}: the fluxes are not on the AB "
            f"scale; the column zero_point of the table takes the AB magnitude of one unit{ab}"
        )
    return StatedZeroPoint(value, origin if is_ab else f"{origin}, Vega", is_ab, tuple(remarks))


def _of_table(value, stated, noise):
    """Return the zero point of the table, with remarks if the file or the noise contradicts it."""
    remarks, depth = [], value - 2.5 * np.log10(noise)
    if stated and abs(stated[0][0] - value) > APART_OF_TABLE:
        there, origin = stated[0]
        remarks.append(
            f"the zero point {value:g} of the table is used; the file states {there:.4g} ({origin})"
        )
    if not _DEPTHS[0] < depth < _DEPTHS[1]:
        remarks.append(
            f"the zero point {value:g} of the table makes the noise of a pixel {depth:.1f} mag; "
            "check the column zero_point"
        )
    return StatedZeroPoint(value, "the table", True, tuple(remarks))


def _statements(camera, header, scale, wavelength, remarks):
    """Yield each zero point of a header with its origin, the most direct first."""
    for card in KEYWORDS["zero_point"]:
        value, _ = number(header.get(card))
        if value is not None and card == "MAGZPT" and of_casu(header):
            yield casu_zero_point(header, camera.exposure_time), "MAGZPT and EXPTIME"
        elif value is not None:
            yield _of_card(card, value, camera, header, remarks), card
    flux, _ = number(header.get("FLUXMAG0"))
    if flux is not None and flux > 0:
        yield float(2.5 * np.log10(flux)), "FLUXMAG0"
    value, _ = number(header.get("FPA.ZP"))
    if value is None and str(header.get("TELESCOP", "")).startswith("PS1"):
        value = _PAN_STARRS
    if value is not None and camera.exposure_time:
        yield value + 2.5 * np.log10(camera.exposure_time), "FPA.ZP and EXPTIME"
    unit = str(header.get("BUNIT", "") or "").strip()
    if unit:
        found = unit_zero_point(unit, scale, wavelength, number(header.get("PIXAR_SR"))[0])
        remarks += found.remarks
        if found.value is not None:
            yield found.value, f"BUNIT {unit}"
            return
    galex = galex_zero_point(header)
    if galex:
        yield galex[0], f"{galex[1]} of GALEX"
    flam, pivot = (number(header.get(card))[0] for card in ("PHOTFLAM", "PHOTPLAM"))
    if flam is not None and pivot is not None and min(flam, pivot) > 0:
        value = -2.5 * np.log10(flam) - 5 * np.log10(pivot) + _PER_WAVELENGTH
        yield float(value + _whole_exposure(camera, remarks)), "PHOTFLAM and PHOTPLAM"


def _is_possible(value, origin, noise, remarks):
    """Return whether a zero point gives the noise of a pixel a magnitude that can be."""
    depth = value - 2.5 * np.log10(noise)
    if _DEPTHS[0] < depth < _DEPTHS[1]:
        return True
    remarks.append(
        f"the zero point {value:g} ({origin}) is not used: the noise of a pixel would be "
        f"{depth:.1f} mag"
    )
    return False


def _of_card(card, value, camera, header, remarks):
    """Return the zero point of a card for one unit of the image, with a remark if it is unsure."""
    time = camera.exposure_time
    if _PER_COUNT.search(comment(header, card)):
        return value
    if card in _PLAIN or camera.unit not in (None, "adu", "electron") or not time:
        return value
    if abs(2.5 * np.log10(time)) < APART:
        return value
    if _PER_SECOND.search(comment(header, card)):
        remarks.append(
            f"{card} = {value:g} is for one second by its comment; the exposure time {time:g} s is "
            "added"
        )
        return float(value + 2.5 * np.log10(time))
    # a coadd without a unit has a round one, for its pixels
    if camera.unit or abs(10 * value - round(10 * value)) > 1e-6:
        remarks.append(
            f"{card} = {value:g} is taken for one unit of the image; if it is for one unit per "
            f"second, zero_point is {value + 2.5 * np.log10(time):.4g} (EXPTIME {time:g} s)"
        )
    return value


def _whole_exposure(camera, remarks):
    """Return the magnitudes by which an image of counts differs from one of counts per second."""
    if camera.unit in ("electron/s", "adu/s"):
        return 0.0
    if camera.unit in ("electron", "adu") and camera.exposure_time:
        remarks.append(
            f"PHOTFLAM is for one unit per second; the exposure time {camera.exposure_time:g} s is "
            "added"
        )
        return 2.5 * np.log10(camera.exposure_time)
    remarks.append("PHOTFLAM is for one unit per second, which the image is taken to be in")
    return 0.0


def _vega(header, origin):
    """Return the Vega system of a zero point: by its comment, MAGSYS, the unit or the survey."""
    unit = origin.startswith("BUNIT") and "vega" in origin.lower()
    card = origin.split(" ")[0]
    if card not in KEYWORDS["zero_point"] and not unit:
        return None
    survey = vega_system(header)
    if survey:
        return survey._replace(reason=f" ({survey.reason})")
    systems = " ".join(str(header.get(card, "")) for card in ("MAGSYS", "PHOTSYS", "ZPSYS"))
    stated = unit or "vega" in comment(header, card) or "vega" in systems.lower()
    return VegaSystem("", None) if stated else None


def _unknown(header):
    """Yield remarks on what a header without a zero point has instead."""
    unit = header.get("BUNIT")
    if filled(unit) and str(unit).lower() not in DETECTED:
        yield f"the unit {str(unit).strip()!r} (BUNIT) does not state a zero point"
    similar = [
        f"{key} = {header[key]:g}"
        for key in dict.fromkeys(header)
        if key not in KEYWORDS["zero_point"]
        and _SIMILAR.match(key)
        and number(header[key])[0] is not None
        and not isinstance(header[key], str)
    ]
    if similar:
        yield (
            f"{', '.join(similar[:4])} of the header may state the zero point, and is not used; "
            "the column zero_point of the table sets it"
        )
