"""Images of one colour: the pixels of one filter of a mosaic camera, or a plane of a cube.

A path names the colour: ``night.fits[R]``, ``night.fits[G]``, ``night.fits[B]``. The image of a
mosaic camera then has half as many rows and columns; green is the mean of its two pixels.
"""

import re

import numpy as np

from redpix.core.exceptions import InputError
from redpix.io.band_planes import name_plane
from redpix.io.fits_structure import flat_shape
from redpix.io.header_values import number

#: colours in the order of the planes of a cube
COLOURS = ("R", "G", "B")

#: cards of the mosaic, which one colour does not have
_MOSAIC = ("BAYERPAT", "XBAYROFF", "YBAYROFF", "COLORTYP")

#: card of an image of one colour whose rows of the mosaic were taken in the opposite order
TURNED = "ROWSTURN"

#: difference of the medians of two sets of pixels that tells of different filters, standard errors
_DIFFERENT = 5.0

#: standard deviation over median absolute deviation, and standard error of a median over that of a
#: mean, of a normal distribution
_SIGMA_PER_MAD, _OF_MEDIAN = 1.4826, 1.25


def colour_of(choice, hdus):
    """Return the colour that a path names, or None.

    Parameters
    ----------
    choice : int, (str, int or None) or None
        HDU of `redpix.io.image_path.split_path`.
    hdus : list of redpix.io.fits_structure.FileHdu
        HDUs of the file. One of the name of a colour goes before the colour.

    Returns
    -------
    str or None
    """
    if not isinstance(choice, tuple) or choice[1] is not None or choice[0] not in COLOURS:
        return None
    return None if any(hdu.name == choice[0] for hdu in hdus) else choice[0]


def is_cube(hdu):
    """Return whether an HDU is a cube of three planes, which can be colours."""
    shape = flat_shape(hdu.shape)
    return hdu.is_image and len(shape) == 3 and shape[0] == len(COLOURS)


def mosaic_cards(header):
    """Return the cards of the mosaic of a colour camera.

    Parameters
    ----------
    header : Mapping
        Header of the image.

    Returns
    -------
    dict of str to (str or int)
        BAYERPAT and its offsets; empty if the image is not a mosaic of R, G and B.
    """
    pattern = str(header.get("BAYERPAT", "")).strip().upper()
    if sorted(pattern) != ["B", "G", "G", "R"]:
        return {}
    offsets = {card: int(number(header.get(card))[0] or 0) for card in ("XBAYROFF", "YBAYROFF")}
    return {"BAYERPAT": pattern, **offsets}


def turn_rows(header):
    """Change the mosaic of a header to one whose rows are in the opposite order, in place.

    Parameters
    ----------
    header : astropy.io.fits.Header
        Header with the cards of a mosaic.
    """
    header["YBAYROFF"] = mosaic_cards(header)["YBAYROFF"] + 1


def one_colour(pixels, shape, header, colour):
    """Return the pixels and the header of one colour of an image.

    Parameters
    ----------
    pixels : ndarray or None
        Pixels of a mosaic, shape (ny, nx), or of a cube, shape (3, ny, nx).
    shape : tuple of int
        Their shape.
    header : astropy.io.fits.Header
        Header of the image, which is changed.
    colour : str
        One of `COLOURS`.

    Returns
    -------
    pixels : ndarray, shape (ny, nx), or None
    shape : (int, int)
    remarks : list of str

    Raises
    ------
    InputError
        If the image has one colour only, or BAYERPAT is not a mosaic of R, G and B.
    """
    if len(shape) == 3:
        plane = COLOURS.index(colour)
        name_plane(header, colour)
        taken = None if pixels is None else pixels[plane]
        return taken, shape[1:], [f"plane {plane + 1} of 3 is read as {colour}"]
    places, remarks = _places(pixels, header, colour)
    turned = bool(remarks)
    ny, nx = shape[0] // 2, shape[1] // 2
    taken = None
    if pixels is not None:
        taken = np.mean([pixels[r::2, c::2][:ny, :nx] for r, c in places], axis=0)
    offset = np.mean(places, axis=0)
    _bin_header(header, offset, len(places), remarks)
    header["FILTER"] = colour
    if turned:
        header[TURNED] = (True, "rows of BAYERPAT in the opposite order")
    remarks.append(f"every second pixel is read, of the filter {colour}")
    return taken, (ny, nx), remarks


def _places(pixels, header, colour):
    """Return the rows and columns, 0 or 1, of a colour's pixels, and remarks."""
    mosaic = mosaic_cards(header)
    if not mosaic:
        raise InputError(
            f"BAYERPAT = {header.get('BAYERPAT', 'missing')}: not a mosaic of colours; allowed: "
            "RGGB, BGGR, GRBG, GBRG, or a path without a colour"
        )
    pattern, row0, column0 = mosaic["BAYERPAT"], mosaic["YBAYROFF"], mosaic["XBAYROFF"]
    at = {((k // 2 + row0) % 2, (k % 2 + column0) % 2): letter for k, letter in enumerate(pattern)}
    remarks = []
    if pixels is not None and _is_turned(pixels, at):
        at = {(1 - row, column): letter for (row, column), letter in at.items()}
        remarks.append(
            f"the green pixels of BAYERPAT = {pattern} differ and the others agree: the rows of "
            "the pattern are taken in the opposite order"
        )
    return sorted(place for place, letter in at.items() if letter == colour), remarks


def _is_turned(pixels, at):
    """Return whether the two pixels that should be green differ, and the two others agree."""
    level, error = {}, {}
    for row, column in at:
        some = np.asarray(pixels[row::2, column::2], float)
        some = some[np.isfinite(some)]
        level[row, column] = np.median(some) if len(some) else np.nan
        steps = abs(np.diff(some))
        noise = _SIGMA_PER_MAD * np.median(steps) / np.sqrt(2) if len(steps) else np.nan
        error[row, column] = _OF_MEDIAN * noise / np.sqrt(max(len(some), 1))
    green = [place for place, letter in at.items() if letter == "G"]
    other = [place for place, letter in at.items() if letter != "G"]
    apart = [
        abs(level[one] - level[two]) / np.hypot(error[one], error[two])
        for one, two in (green, other)
    ]
    return bool(apart[0] > _DIFFERENT and apart[1] < apart[0] / _DIFFERENT)


def _bin_header(header, offset, count, remarks):
    """Change a header to that of every second pixel: WCS, sections, gain and read noise."""
    for axis, first in ((1, offset[1]), (2, offset[0])):
        for card in (f"CRPIX{axis}", f"CRPIX{axis}A"):
            value = number(header.get(card))[0]
            if value is not None:
                header[card] = (value - 1 - first) / 2 + 1
    for card in list(header):
        value = number(header.get(card))[0]
        powers = re.fullmatch(r"(?:A|B|AP|BP)_(\d)_(\d)", card)
        if value is not None and re.fullmatch(r"CD\d_\d[A-Z]?|CDELT[12][A-Z]?", card):
            header[card] = value * 2
        elif value is not None and powers:
            header[card] = value * 2.0 ** (int(powers[1]) + int(powers[2]) - 1)
    for card in ("BIASSEC", "TRIMSEC", "DATASEC", "CCDSEC", "DETSEC"):
        if card in header:
            header[card] = _half(str(header[card]))
    _camera_of_mean(header, count, remarks)
    for card in _MOSAIC:
        header.remove(card, ignore_missing=True, remove_all=True)


def _half(section):
    """Return a section such as ``[1:40,1:100]`` on every second pixel."""
    ends = re.fullmatch(r"\s*\[(\d+):(\d+),(\d+):(\d+)\]\s*", section.replace(" ", ""))
    if ends is None:
        return section
    first_x, last_x, first_y, last_y = (int(end) for end in ends.groups())
    return f"[{first_x // 2 + 1}:{last_x // 2},{first_y // 2 + 1}:{last_y // 2}]"


def _camera_of_mean(header, count, remarks):
    """Change gain and read noise to those of the mean of some pixels."""
    if "GAIN" in header:
        remarks.append(f"GAIN = {header['GAIN']} of a colour camera is a setting and is not used")
        del header["GAIN"]
    for card, factor in (
        ("EGAIN", count),
        ("RDNOISE", np.sqrt(count)),
        ("READNOIS", np.sqrt(count)),
    ):
        value = number(header.get(card))[0]
        if value is not None:
            header[card] = float(value * factor)
