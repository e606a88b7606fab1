"""Put the amplifiers of a detector together."""

import re
from typing import NamedTuple

import numpy as np
from astropy.io import fits

from redpix.core.exceptions import InputError
from redpix.io.amplifier_cards import LETTERS, NUMBERS, QUADRANTS, amplifier_value
from redpix.io.sections import Section, parse_section
from redpix.photometry.overscan import without_overscan

#: cards of one amplifier that do not hold for the whole image
OF_AMPLIFIER = ("DATASEC", "DETSEC", "BIASSEC", "TRIMSEC", "CCDSEC", "EXTNAME", "EXTVER")

#: short names of sections, which numbers of two digits follow
_SHORT = ("ASEC", "BSEC", "DSEC", "TSEC")

#: ends of the cards of amplifiers that share an HDU
_AMPLIFIERS = tuple(dict.fromkeys((*LETTERS, *NUMBERS, *QUADRANTS)))

#: names of the sections of an amplifier: its overscan, and the pixels that saw the sky
_SECTIONS = (("BIASSEC", ("TRIMSEC", "DATASEC")), ("BSEC", ("TSEC", "DSEC")))


class Placement(NamedTuple):
    """The part of the detector that an amplifier reads.

    Attributes
    ----------
    x, y : (int, int)
        First and last pixel of the detector, 1-based, not binned; a first pixel above the last
        one means that the amplifier reads backwards.
    """

    x: tuple
    y: tuple


def amplifiers_in_hdu(header, shape):
    """Return the amplifiers of one HDU, each with an overscan of its own.

    Parameters
    ----------
    header : Mapping
        With BIASSECA, TRIMSECA (or DATASECA), BIASSECB and so on, as DECam writes them, with
        numbers, as KCWI does, or with BSEC11 and TSEC11, as the cameras of CTIO do.
    shape : (int, int)
        Rows and columns of the image.

    Returns
    -------
    dict of str to (Section, Section)
        The overscan and the pixels that saw the sky, by letter or number; empty if a section does
        not fit the image, which was trimmed before.
    """
    found = {}
    for strip_card, sky_cards in _SECTIONS:
        for one in _AMPLIFIERS:
            texts = [header.get(f"{card}{one}") for card in sky_cards]
            sky = next((text for text in texts if text is not None), None)
            sections = [parse_section(text) for text in (header.get(f"{strip_card}{one}"), sky)]
            if all(_fits(section, shape) for section in sections):
                found[one] = tuple(sections)
        if len(found) > 1:
            return found
    return {}


def _fits(section, shape):
    return section is not None and section.x1 <= shape[1] and section.y1 <= shape[0]


def image_of_hdu(pixels, header, amplifiers):
    """Return the image of the amplifiers of one HDU, without the gaps that overscans leave.

    Parameters
    ----------
    pixels : ndarray, shape (ny, nx)
        Counts.
    header : astropy.io.fits.Header
        Its header.
    amplifiers : dict of str to (Section, Section)
        Result of `amplifiers_in_hdu`.

    Returns
    -------
    pixels : ndarray, float32
        Counts; electrons if the gains are known.
    header : astropy.io.fits.Header
        A copy; CRPIX counts from the trimmed image.
    remarks : list of str
        What was done.
    """
    header, parts, gains, remarks = header.copy(), [], [], []
    skies = [sky for _, sky in amplifiers.values()]
    columns = np.unique(np.concatenate([np.arange(sky.x0, sky.x1) for sky in skies]))
    rows = np.unique(np.concatenate([np.arange(sky.y0, sky.y1) for sky in skies]))
    for one, (strip, sky) in amplifiers.items():
        x0, y0 = (int(np.searchsorted(*pair)) for pair in ((columns, sky.x0), (rows, sky.y0)))
        light, said = _light_of(pixels, strip, sky)
        ny, nx = light.shape
        parts.append((light, Placement((x0 + 1, x0 + nx), (y0 + 1, y0 + ny))))
        gains.append(amplifier_value(header, "gain", one) or 0)
        remarks += [f"amplifier {one}: {words}" for words in said]
    for card, used in (("CRPIX1", columns), ("CRPIX2", rows)):
        if card in header:
            before = max(int(header[card]) - 1, used[0])
            header[card] -= before - np.searchsorted(used, before)
    scales, known, words = common_scales(gains)
    sections = [f"{card}{one}" for card in (*OF_AMPLIFIER[:5], *_SHORT) for one in amplifiers]
    for card in [*OF_AMPLIFIER, *sections]:
        header.remove(card, ignore_missing=True, remove_all=True)
    header["OVERSCAN"] = ("taken away", "by redpix")
    header = in_electrons(header, scales) if known else header
    return assemble(parts, scales), header, [*remarks, words]


def _light_of(pixels, strip, sky):
    """Return the pixels of one amplifier that saw the sky, less their overscan, and remarks."""
    # the overscan of another amplifier may lie above or below that of this one
    left, bottom = min(strip.x0, sky.x0), min(strip.y0, sky.y0)
    right, top = max(strip.x1, sky.x1), max(strip.y1, sky.y1)
    if strip.x1 <= sky.x0 or strip.x0 >= sky.x1:
        bottom, top = sky.y0, sky.y1
    else:
        left, right = sky.x0, sky.x1
    inner = [
        Section(
            max(one.x0, left) - left,
            min(one.x1, right) - left,
            max(one.y0, bottom) - bottom,
            min(one.y1, top) - bottom,
        )
        for one in (strip, sky)
    ]
    cards = fits.Header({"BIASSEC": str(inner[0]), "TRIMSEC": str(inner[1])})
    light, _, said = without_overscan(pixels[bottom:top, left:right], cards)
    return light, [f"pixels {Section(left, right, bottom, top)}: {words}" for words in said]


def common_scales(gains):
    """Return the factors of amplifiers to one unit.

    Parameters
    ----------
    gains : list of float or None
        Electrons per count; 0 or None if unknown.

    Returns
    -------
    scales : list of float
        1 if a gain is unknown.
    known : bool
        Whether the unit is electrons.
    remark : str
    """
    if all(gains):
        words = ", ".join(f"{gain:g}" for gain in gains)
        return gains, True, f"the amplifiers' gains, {words} e/count, make counts electrons"
    words = "an amplifier's gain is unknown: counts of amplifiers are taken as equal"
    return [1.0] * len(gains), False, words


def parse_placement(text):
    """Return the placement that a card DETSEC states, or None.

    Parameters
    ----------
    text : str or None
        Such as ``[3072:2049,1:1024]``.

    Returns
    -------
    Placement or None
    """
    digits = re.fullmatch(r"\s*\[\s*(\d+)\s*:\s*(\d+)\s*,\s*(\d+)\s*:\s*(\d+)\s*\]\s*", str(text))
    if digits is None:
        return None
    x0, x1, y0, y1 = map(int, digits.groups())
    return Placement((x0, x1), (y0, y1))


def assemble(parts, scales):
    """Return one image of the pixels of several amplifiers.

    Parameters
    ----------
    parts : list of (ndarray, Placement)
        Trimmed pixels of each amplifier, as they were read out.
    scales : list of float
        Factor of the pixels of each.

    Returns
    -------
    ndarray, float32
        NaN where no amplifier reads.

    Raises
    ------
    InputError
        If a placement does not fit the pixels of its amplifier.
    """
    left = min(min(place.x) for _, place in parts)
    bottom = min(min(place.y) for _, place in parts)
    pixels, place = parts[0]
    step_x, step_y = _binning(pixels.shape[1], place.x), _binning(pixels.shape[0], place.y)
    columns = (max(max(place.x) for _, place in parts) - left + 1) // step_x
    rows = (max(max(place.y) for _, place in parts) - bottom + 1) // step_y
    whole = np.full((rows, columns), np.nan, np.float32)
    for (pixels, place), scale in zip(parts, scales, strict=True):
        if (_binning(pixels.shape[1], place.x), _binning(pixels.shape[0], place.y)) != (
            step_x,
            step_y,
        ):
            raise InputError("amplifiers of different binning")
        turned = pixels[:: _direction(place.y), :: _direction(place.x)]
        x, y = (min(place.x) - left) // step_x, (min(place.y) - bottom) // step_y
        whole[y : y + turned.shape[0], x : x + turned.shape[1]] = turned * np.float32(scale)
    return whole


def _binning(pixels, ends):
    """Return the pixels of the detector per pixel of the image."""
    length = abs(ends[1] - ends[0]) + 1
    if length % pixels:
        raise InputError(f"DETSEC of {length} pixels does not fit an amplifier of {pixels}")
    return length // pixels


def _direction(ends):
    return 1 if ends[1] >= ends[0] else -1


def in_electrons(header, scales):
    """Return a header of an image in electrons, changed in place.

    Parameters
    ----------
    header : astropy.io.fits.Header
        Header of the amplifiers.
    scales : list of float
        Factors by which counts of the amplifiers became electrons.

    Returns
    -------
    astropy.io.fits.Header
    """
    header["BUNIT"], header["GAIN"] = "electron", 1.0
    if isinstance(header.get("SATURATE"), int | float):
        header["SATURATE"] = header["SATURATE"] * min(scales)
    return header
