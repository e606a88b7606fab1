"""Read a raw image: amplifiers put together, overscan taken away, trimmed."""

import contextlib
import re
from typing import NamedTuple

import numpy as np
from astropy.io import fits

from redpix.core.damaged_files import readable
from redpix.core.exceptions import InputError
from redpix.io.compressed_files import unpacked
from redpix.io.fits_files import read_header, read_image
from redpix.io.fits_structure import flat_shape, walk
from redpix.io.gain import read_gain
from redpix.io.header_values import number
from redpix.io.image_path import is_packet, named_hdu
from redpix.io.sections import parse_section
from redpix.photometry.overscan import without_overscan

#: cards of one amplifier that do not hold for the whole image
_OF_AMPLIFIER = ("DATASEC", "DETSEC", "BIASSEC", "TRIMSEC", "CCDSEC", "EXTNAME", "EXTVER")


#: ends of the cards of amplifiers that share an HDU
_LETTERS = "ABCD"


class RawImage(NamedTuple):
    """A raw image of the pixels that saw the sky.

    Attributes
    ----------
    pixels : ndarray, shape (ny, nx)
        Counts; electrons if several amplifiers of known gains were put together.
    header : astropy.io.fits.Header
    remarks : tuple of str
        What was done and assumed.
    """

    pixels: np.ndarray
    header: fits.Header
    remarks: tuple


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


def read_raw(path):
    """Read a raw image.

    A file with one HDU per amplifier, each with DETSEC, is one image, unless the path names an
    HDU.

    Parameters
    ----------
    path : str
        Path of the file.

    Returns
    -------
    RawImage

    Raises
    ------
    InputError
        One line that begins with the path.
    """
    amplifiers = [] if named_hdu(path) else amplifier_paths(path)
    if len(amplifiers) < 2:
        image = read_image(path)
        letters = lettered_amplifiers(image.header, image.pixels.shape)
        if letters:
            return _of_letters(image, letters)
        pixels, header, remarks = without_overscan(image.pixels, image.header)
        pedestal, _ = number(header.get("PEDESTAL"))
        if pedestal:
            pixels = pixels + pedestal
            remarks.append(f"PEDESTAL = {pedestal:g} is added to the counts")
        return RawImage(pixels, header, (*image.remarks, *remarks))
    return _assembled(path, amplifiers)


def lettered_amplifiers(header, shape):
    """Return the amplifiers of one HDU, each with an overscan of its own.

    Parameters
    ----------
    header : Mapping
        With BIASSECA, TRIMSECA (or DATASECA), BIASSECB and so on, as DECam writes them.
    shape : (int, int)
        Rows and columns of the image.

    Returns
    -------
    dict of str to redpix.io.sections.Section
        The pixels that saw the sky, by letter; empty if a section does not fit the image, which was
        trimmed before.
    """
    known = {}
    for letter in _LETTERS:
        sky = header.get(f"TRIMSEC{letter}", header.get(f"DATASEC{letter}"))
        sections = [parse_section(one) for one in (header.get(f"BIASSEC{letter}"), sky)]
        if any(one is None or one.x1 > shape[1] or one.y1 > shape[0] for one in sections):
            continue
        known[letter] = sections[1]
    return known if len(known) > 1 else {}


def _of_letters(image, letters):
    """Return the image of the amplifiers of one HDU."""
    header, parts, gains, remarks = image.header.copy(), [], [], list(image.remarks)
    for letter, sky in letters.items():
        cards = fits.Header({"BIASSEC": header[f"BIASSEC{letter}"], "TRIMSEC": str(sky)})
        pixels, _, said = without_overscan(image.pixels, cards)
        parts.append((pixels, Placement((sky.x0 + 1, sky.x1), (sky.y0 + 1, sky.y1))))
        gains.append(number(header.get(f"GAIN{letter}"))[0] or 0)
        remarks += [f"amplifier {letter}: {words}" for words in said]
    for axis, first in ((1, min(s.x0 for s in letters.values())), (2, _bottom(letters))):
        if f"CRPIX{axis}" in header:
            header[f"CRPIX{axis}"] -= first
    scales, known, words = _scales(gains)
    sections = [card + letter for card in _OF_AMPLIFIER[:5] for letter in letters]
    for card in [*_OF_AMPLIFIER, *sections]:
        header.remove(card, ignore_missing=True, remove_all=True)
    header["OVERSCAN"] = ("taken away", "by redpix")
    header = _in_electrons(header, scales) if known else header
    return RawImage(assemble(parts, scales), header, (*remarks, words))


def _bottom(letters):
    """Return the first row of the amplifiers, 0-based."""
    return min(section.y0 for section in letters.values())


def _scales(gains):
    """Return the factors of amplifiers to one unit, whether it is electrons, and a remark."""
    if all(gains):
        words = ", ".join(f"{gain:g}" for gain in gains)
        return gains, True, f"the amplifiers' gains, {words} e/count, make counts electrons"
    words = "an amplifier's gain is unknown: counts of amplifiers are taken as equal"
    return [1.0] * len(gains), False, words


def amplifier_paths(path):
    """Return path and placement of each HDU that holds the pixels of one amplifier.

    Parameters
    ----------
    path : str
        Path of the file.

    Returns
    -------
    list of (str, Placement)
    """
    if is_packet(path):
        return []
    with readable(path, "a raw image"):
        stream, compressed = unpacked(path)
        with contextlib.closing(stream):
            hdus, _ = walk(stream, path, compressed)
    found = []
    for hdu in hdus:
        if hdu.is_image and len(flat_shape(hdu.shape)) == 2:
            placement = parse_placement(_stated(hdu.text, "DETSEC"))
            if placement is not None:
                found.append((f"{path}[{hdu.number}]", placement))
    return found


def _stated(cards, key):
    """Return the text of a card, None without it; a damaged card of another key does no harm."""
    for start in range(0, len(cards), 80):
        if cards[start : start + 9] == f"{key:8}=":
            return cards[start + 10 : start + 80].partition("/")[0].strip(" '")
    return None


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


def _assembled(path, amplifiers):
    """Return the image of several amplifiers, in electrons if all gains are known."""
    parts, gains, remarks = [], [], [f"{len(amplifiers)} amplifiers are put together by DETSEC"]
    for name, placement in amplifiers:
        image = read_image(name)
        pixels, header, said = without_overscan(image.pixels, image.header)
        parts.append((pixels, placement))
        gains.append(read_gain(header)[0].value)
        remarks += [f"{name.removeprefix(path)}: {words}" for words in said]
    scales, known, words = _scales(gains)
    remarks.append(words)
    try:
        whole = assemble(parts, scales)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return RawImage(whole, _header_of_whole(path, amplifiers[0][0], scales, known), tuple(remarks))


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


def _header_of_whole(path, first, scales, in_electrons):
    """Return the header of an image that was put together from amplifiers."""
    header = read_header(first).header.copy()
    for card in _OF_AMPLIFIER:
        header.remove(card, ignore_missing=True, remove_all=True)
    return _in_electrons(header, scales) if in_electrons else header


def _in_electrons(header, scales):
    """Return a header of an image in electrons, changed in place."""
    header["BUNIT"], header["GAIN"] = "electron", 1.0
    if isinstance(header.get("SATURATE"), int | float):
        header["SATURATE"] = header["SATURATE"] * min(scales)
    return header
