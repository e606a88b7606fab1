"""Read a raw image: amplifiers put together, overscan taken away, trimmed."""

import contextlib
from typing import NamedTuple

import numpy as np
from astropy.io import fits

from redpix.core.damaged_files import readable
from redpix.core.exceptions import InputError
from redpix.io.amplifier_cards import amplifier_value
from redpix.io.compression import unpacked
from redpix.io.fits_files import read_header, read_image
from redpix.io.fits_structure import flat_shape, walk
from redpix.io.gain import read_gain
from redpix.io.header_values import number
from redpix.io.image_path import is_packet, named_hdu
from redpix.photometry.amplifiers import (
    OF_AMPLIFIER,
    amplifiers_in_hdu,
    assemble,
    common_scales,
    image_of_hdu,
    in_electrons,
    parse_placement,
)
from redpix.photometry.overscan import without_overscan


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
        several = amplifiers_in_hdu(image.header, image.pixels.shape)
        if several:
            pixels, header, remarks = image_of_hdu(image.pixels, image.header, several)
            return RawImage(pixels, header, (*image.remarks, *remarks))
        pixels, header, remarks = without_overscan(image.pixels, image.header)
        pedestal, _ = number(header.get("PEDESTAL"))
        if pedestal:
            pixels = pixels + pedestal
            remarks.append(f"PEDESTAL = {pedestal:g} is added to the counts")
        return RawImage(pixels, header, (*image.remarks, *remarks))
    return _assembled(path, amplifiers)


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


def _assembled(path, amplifiers):
    """Return the image of several amplifiers, in electrons if all gains are known."""
    parts, gains, remarks = [], [], [f"{len(amplifiers)} amplifiers are put together by DETSEC"]
    for number_of_hdu, (name, placement) in enumerate(amplifiers, 1):
        image = read_image(name)
        pixels, header, said = without_overscan(image.pixels, image.header)
        parts.append((pixels, placement))
        gain = read_gain(header)[0]
        # the primary header may have a card for each amplifier
        one = amplifier_value(header, "gain", str(number_of_hdu)) if "+" in gain.source else None
        gains.append(one or gain.value)
        remarks += [f"{name.removeprefix(path)}: {words}" for words in said]
    scales, known, words = common_scales(gains)
    remarks.append(words)
    try:
        whole = assemble(parts, scales)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return RawImage(whole, _header_of_whole(amplifiers[0][0], scales, known), tuple(remarks))


def _header_of_whole(first, scales, known):
    """Return the header of an image that was put together from amplifiers."""
    header = read_header(first).header.copy()
    for card in OF_AMPLIFIER:
        header.remove(card, ignore_missing=True, remove_all=True)
    return in_electrons(header, scales) if known else header
