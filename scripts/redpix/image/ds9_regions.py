"""Make masks from SAOImage DS9 regions: boxes, polygons, circles, ellipses and annuli."""

import re

import numpy as np

from redpix.core.exceptions import InputError
from redpix.image.region_frames import PIXELS, SKY, frame_of
from redpix.image.region_shapes import in_polygon, in_shape

# one region: its kind and its numbers
_LINE = re.compile(r"\+?(\w+)\s*\(([^()]*)\)")
# the word that names a coordinate system, alone or before a region
_SYSTEM = re.compile(rf"({'|'.join((*PIXELS, *SKY))})\b\s*", re.IGNORECASE)
# lines that hold no region
_PASSED = re.compile(r"(?:global\b.*)?")

#: numbers of sizes of a shape, and whether an angle may follow
_SIZES = {"circle": (1, False), "ellipse": (2, True), "box": (2, True), "annulus": (2, False)}

#: largest sum of the areas of all regions, in units of the area of the image
_COVERED = 100

#: largest number of characters of a line in a message
_LONGEST = 80

#: the system of a file that names none is physical, as in DS9
_DEFAULT = "physical"


def region_mask(lines, shape, name, header=None):
    """Return the pixels inside the regions of a DS9 region file.

    A pixel is inside a region if its centre is. Pixel coordinates in the file are 1-based, as in
    DS9.

    Parameters
    ----------
    lines : iterable of str
        ``polygon(x1,y1,x2,y2,...)``, ``box(x,y,width,height[,angle])``, ``circle(x,y,radius)``,
        ``ellipse(x,y,a,b[,angle])``, ``annulus(x,y,inner,outer)``; semicolons separate several
        regions of one line. A word before them names their coordinates: image, physical, fk5,
        icrs or galactic.
    shape : (int, int)
        Rows and columns of the image.
    name : str
        Name of the file in messages.
    header : Mapping, optional
        FITS header of the image, for physical coordinates (LTV, LTM) and the sky (WCS).

    Returns
    -------
    ndarray of bool, shape (ny, nx)

    Raises
    ------
    InputError
        If a line is not such a region.
    """
    inside, looked_at = np.zeros(shape, bool), 0
    header = {} if header is None else header
    frame = frame_of(_DEFAULT, header, name)
    for number, line in enumerate(lines, start=1):
        where = f"{name}: line {number}"
        for text in line.split("#", 1)[0].rstrip("\r\n").split(";"):
            text = text.strip()  # a pattern of blanks at both ends takes time by their square
            system = _SYSTEM.match(text)
            if system:
                frame = frame_of(system[1], header, where)
                text = text[system.end() :]
            if not _PASSED.fullmatch(text):
                window, there = _inside_region(text, frame, shape, where)
                inside[window] |= there
                looked_at += there.size
                if looked_at > _COVERED * inside.size:
                    raise InputError(
                        f"{where}: the regions cover the image more than {_COVERED} times; "
                        "allowed: fewer or smaller ones"
                    )
    return inside


def _inside_region(text, frame, shape, where):
    """Return a window of the image and its pixels inside one region.

    `where` begins the message of an InputError.
    """
    match = _LINE.fullmatch(text)
    kind = match[1].lower() if match else ""
    words = match[2].split(",") if match else []
    try:
        if kind == "polygon" and len(words) >= 6 and len(words) % 2 == 0:
            pairs = zip(words[::2], words[1::2], strict=True)
            return in_polygon(np.array([frame.point(*pair) for pair in pairs]), shape)
        if kind in _SIZES:
            count, turns = _SIZES[kind]
            if len(words) - 2 - count in ((0, 1) if turns else (0,)):
                place = frame.point(*words[:2])
                sizes = [
                    frame.length(word, axis % 2) for axis, word in enumerate(words[2 : 2 + count])
                ]
                turn = words[-1] if len(words) > 2 + count else "0"
                angle = frame.angle(turn, *words[:2]) if turns else 0.0
                return in_shape(kind, place, sizes, angle, shape)
        why = ""
    except ValueError as error:
        why = f" ({error})"
    raise InputError(
        f"{where}: {_short(text)!r}{why}; allowed: polygon(x1,y1,x2,y2,x3,y3,...), "
        "box(x,y,width,height,angle), circle(x,y,radius), ellipse(x,y,a,b,angle) and "
        "annulus(x,y,inner,outer) in image, physical, fk5, icrs or galactic coordinates; excluded "
        "regions (-circle) are not"
    )


def _short(text):
    """Return the beginning of a text for a message."""
    text = text.strip()
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
