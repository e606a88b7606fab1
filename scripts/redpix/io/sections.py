"""Read image sections such as ``[17:528,1:520]`` from the cards of a header."""

import re
from typing import NamedTuple

from redpix.io.header_values import UNKNOWN, HeaderValue, filled


class Section(NamedTuple):
    """A rectangle of pixels, 0-based, upper ends exclusive."""

    x0: int
    x1: int
    y0: int
    y1: int

    def __str__(self):
        return f"[{self.x0 + 1}:{self.x1},{self.y0 + 1}:{self.y1}]"

    @property
    def slices(self):
        """Slices (y, x) of an array."""
        return slice(self.y0, self.y1), slice(self.x0, self.x1)


def parse_section(text):
    """Return the rectangle of a section as FITS writes it, 1-based and inclusive, None if invalid.

    Parameters
    ----------
    text : str
        ``[x1:x2,y1:y2]``, blanks allowed; ends in either order.

    Returns
    -------
    Section or None
    """
    numbers = r"\s*(\d+)\s*:\s*(\d+)\s*"
    found = re.fullmatch(rf"\s*\[{numbers},{numbers}\]\s*", str(text))
    if found is None:
        return None
    left, right, bottom, top = map(int, found.groups())
    (left, right), (bottom, top) = sorted((left, right)), sorted((bottom, top))
    return Section(left - 1, right, bottom - 1, top) if left > 0 and bottom > 0 else None


def trim_section(header, shape):
    """Return the part of an image that saw the sky, where it is not the whole.

    TRIMSEC counts, then DATASEC. A section that does not fit the image belongs to another
    read-out and is left out with a remark.

    Parameters
    ----------
    header : Mapping
    shape : tuple of int or None
        Shape (ny, nx) of the image; None: sections are not compared with it.

    Returns
    -------
    found : HeaderValue
        Its value is a `Section`.
    remarks : list of str
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
