"""Read image sections such as ``[17:528,1:520]`` from a header."""

import re
from typing import NamedTuple

from redpix.io.header_values import UNKNOWN, HeaderValue, filled


class Section(NamedTuple):
    """A rectangle of pixels.

    Attributes
    ----------
    x0, y0 : int
        First column and row, 0-based.
    x1, y1 : int
        Last column and row plus 1.
    """

    x0: int
    x1: int
    y0: int
    y1: int

    def __str__(self):
        return f"[{self.x0 + 1}:{self.x1},{self.y0 + 1}:{self.y1}]"

    @property
    def slices(self):
        """Slices (y, x) of an array [y, x]."""
        return slice(self.y0, self.y1), slice(self.x0, self.x1)


def parse_section(text):
    """Return the rectangle of a section in the notation of FITS.

    Parameters
    ----------
    text : str
        ``[x1:x2,y1:y2]``, 1-based and inclusive. Blanks are allowed; ends may be in either order.

    Returns
    -------
    Section or None
        None if the text is invalid.
    """
    numbers = r"\s*(\d+)\s*:\s*(\d+)\s*"
    match = re.fullmatch(rf"\s*\[{numbers},{numbers}\]\s*", str(text))
    if match is None:
        return None
    left, right, bottom, top = map(int, match.groups())
    (left, right), (bottom, top) = sorted((left, right)), sorted((bottom, top))
    return Section(left - 1, right, bottom - 1, top) if left > 0 and bottom > 0 else None


def trim_section(header, shape):
    """Return the section of an image that saw the sky.

    TRIMSEC is used, or else DATASEC. A section that does not fit the image belongs to another
    read-out mode; it is ignored with a remark.

    Parameters
    ----------
    header : Mapping
        FITS header.
    shape : tuple of int or None
        Shape (ny, nx) of the image; None: sections are not compared with it.

    Returns
    -------
    value : HeaderValue
        Its value is a `Section`, or None if all pixels saw the sky.
    remarks : list of str
        Ignored sections, one sentence each.
    """
    remarks = []
    for card in ("TRIMSEC", "DATASEC"):
        text = header.get(card)
        section = parse_section(text) if filled(text) else None
        if section is None:
            continue
        if shape is not None and (section.x1 > shape[1] or section.y1 > shape[0]):
            remarks.append(
                f"{card} = {text} does not fit an image of {shape[1]} x {shape[0]} pixels"
            )
        elif shape is None or section != Section(0, shape[1], 0, shape[0]):
            return HeaderValue(section, card, "stated"), remarks
        else:
            return UNKNOWN, remarks
    return UNKNOWN, remarks
