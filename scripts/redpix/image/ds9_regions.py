"""Make masks from SAOImage DS9 regions: boxes, polygons and circles."""

import re

import numpy as np

from redpix.core.exceptions import InputError

# one region: its kind and its numbers
_LINE = re.compile(r"\s*\+?(\w+)\s*\(([^)]*)\)\s*(?:#.*)?")
# lines that hold no region
_PASSED = re.compile(r"\s*(?:#.*|global\b.*|image|physical|)\s*")


def region_mask(lines, shape, name):
    """Return the pixels inside the regions of a DS9 region file in image coordinates.

    A pixel is inside a region if its centre is. Coordinates in the file are 1-based, as in DS9.

    Parameters
    ----------
    lines : iterable of str
        ``polygon(x1,y1,x2,y2,...)``, ``box(x,y,width,height[,angle])``, ``circle(x,y,radius)``;
        semicolons separate several regions of one line.
    shape : (int, int)
        Rows and columns of the image.
    name : str
        Name of the file in messages.

    Returns
    -------
    ndarray of bool, shape (ny, nx)

    Raises
    ------
    InputError
        If a line is not such a region.
    """
    y, x = np.indices(shape, dtype=float) + 1
    inside = np.zeros(shape, bool)
    for number, line in enumerate(lines, start=1):
        for text in line.split("#", 1)[0].rstrip("\r\n").split(";"):
            if _PASSED.fullmatch(text):
                continue
            inside |= _inside_region(text, x, y, f"{name}: line {number}")
    return inside


def _inside_region(text, x, y, where):
    """Return the pixels inside one region; `where` begins the message of an InputError."""
    match = _LINE.fullmatch(text)
    kind = match[1] if match else ""
    try:
        numbers = [float(word) for word in match[2].split(",")] if match else []
    except ValueError:
        numbers = []
    count = len(numbers)
    if kind == "polygon" and count >= 6 and count % 2 == 0:
        return _in_polygon(x, y, numbers[::2], numbers[1::2])
    if kind == "box" and count in (4, 5):
        column, row, width, height, angle = (*numbers, 0.0)[:5]
        turn = np.deg2rad(angle)
        along = np.cos(turn) * (x - column) + np.sin(turn) * (y - row)
        across = np.cos(turn) * (y - row) - np.sin(turn) * (x - column)
        return (abs(along) <= width / 2) & (abs(across) <= height / 2)
    if kind == "circle" and count == 3:
        return np.hypot(x - numbers[0], y - numbers[1]) <= numbers[2]
    raise InputError(
        f"{where}: {text.strip()!r}; allowed: polygon(x1,y1,x2,y2,x3,y3,...), "
        "box(x,y,width,height,angle) and circle(x,y,radius) in image coordinates, pixels; "
        "excluded regions (-circle) are not"
    )


def _in_polygon(x, y, corners_x, corners_y):
    """Return the pixels from which a ray to the right crosses an odd number of sides."""
    inside = np.zeros(x.shape, bool)
    next_x, next_y = np.roll(corners_x, -1), np.roll(corners_y, -1)
    for x1, y1, x2, y2 in zip(corners_x, corners_y, next_x, next_y, strict=True):
        if y1 == y2:
            continue
        crosses = (y1 > y) != (y2 > y)
        inside ^= crosses & (x < x1 + (y - y1) * (x2 - x1) / (y2 - y1))
    return inside
