"""Masks from regions that a user has drawn: rectangles, polygons and circles of SAOImage DS9."""

import re

import numpy as np

from redpix.core.exceptions import InputError

_LINE = re.compile(r"\s*\+?(\w+)\s*\(([^)]*)\)\s*(?:#.*)?")
_PASSED = re.compile(r"\s*(?:#.*|global\b.*|image|physical|)\s*")


def region_mask(lines, shape, name):
    """Pixels inside any region of a DS9 region file in image coordinates.

    A pixel is inside where its centre is. Coordinates in the file are 1-based, as DS9 shows them.

    Parameters
    ----------
    lines : iterable of str
        ``polygon(x1,y1,x2,y2,...)``, ``box(x,y,width,height[,angle])``, ``circle(x,y,radius)``;
        several may stand in a line, parted by semicolons.
    shape : (int, int)
        ny, nx.
    name : str
        What messages call the file.

    Returns
    -------
    ndarray of bool, shape (ny, nx)

    Raises
    ------
    InputError
        A line that is something else.
    """
    y, x = np.indices(shape, dtype=float) + 1
    inside = np.zeros(shape, bool)
    for number, line in enumerate(lines, start=1):
        for part in line.split("#", 1)[0].rstrip("\r\n").split(";"):
            if _PASSED.fullmatch(part):
                continue
            inside |= _one(part, x, y, f"{name}: line {number}")
    return inside


def _one(text, x, y, where):
    found = _LINE.fullmatch(text)
    kind = found[1] if found else ""
    try:
        numbers = [float(word) for word in found[2].split(",")] if found else []
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
        "box(x,y,width,height,angle) and circle(x,y,radius) in image coordinates, pixels; none "
        "that is taken out (-circle)"
    )


def _in_polygon(x, y, corners_x, corners_y):
    """Even-odd rule: how many sides a ray to the right crosses."""
    inside = np.zeros(x.shape, bool)
    for x1, y1, x2, y2 in zip(
        *(corners_x, corners_y, np.roll(corners_x, -1), np.roll(corners_y, -1)), strict=True
    ):
        if y1 == y2:
            continue
        crosses = (y1 > y) != (y2 > y)
        inside ^= crosses & (x < x1 + (y - y1) * (x2 - x1) / (y2 - y1))
    return inside
