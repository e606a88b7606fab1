"""Describe an image for the page's viewer: layers, coordinates, marks."""

import json
import math

import numpy as np

from redpix.report.pixel_layers import significant

#: numbers of places along a side of the table of sky coordinates, the first that is exact
_PLACES = (9, 17, 33, 65, 129)

#: largest error of the table in the middle between its places, radians (0.02 arcsec)
_EXACT = 1e-7


def viewer(name, shape, layers, wcs=None, marks=(), tiles=None, scale="at full resolution"):
    """Return the description of an image for the page's viewer.

    Parameters
    ----------
    name : str
        Name of the image.
    shape : (int, int)
        Rows and columns of the image.
    layers : list of dict
        From `redpix.report.pixel_layers`, the first is shown first.
    wcs : WCS, optional
        WCS of the image.
    marks : list of dict
        `x` and `y`, 0-based pixels; `r`, radius in pixels; `text`; `colour`; and `key`, the name
        of further data of the mark.
    tiles : dict, optional
        From `redpix.report.field_tiles.Tiling.about`; then each layer has its tiles, and `coarse`,
        the same of the shrunk image.
    scale : str
        At which scale the image is shown.

    Returns
    -------
    dict
    """
    return {
        "name": name,
        "size": [int(shape[1]), int(shape[0])],
        "layers": layers,
        "tiles": tiles,
        "scale": scale,
        "sky": sky_table(wcs, shape),
        "marks": list(marks),
    }


def sky_table(wcs, shape):
    """Return a table of directions on the sky, between whose places the page interpolates.

    The table has as many places as its middles need to be right to `_EXACT`.

    Parameters
    ----------
    wcs : WCS or None
        WCS of the image.
    shape : (int, int)
        Rows and columns of the image.

    Returns
    -------
    dict or None
        `n`, number of places along each side; `x`, `y` and `z`, unit vectors, row by row. None
        without a WCS, or where it is not defined.
    """
    if wcs is None:
        return None
    for places in _PLACES:
        table, middles = (directions(wcs, shape, number) for number in (places, 2 * places - 1))
        if not np.isfinite(middles).all():
            return None
        between = (table[:-1, :-1] + table[1:, :-1] + table[:-1, 1:] + table[1:, 1:]) / 4
        between /= np.linalg.norm(between, axis=-1, keepdims=True)
        if np.abs(between - middles[1::2, 1::2]).max() < _EXACT:
            break
    rounded = np.round(table, 9)
    return {"n": places} | {name: rounded[..., k].ravel().tolist() for k, name in enumerate("xyz")}


def directions(wcs, shape, places):
    """Return the directions of a grid of places over an image, from edge to edge.

    Parameters
    ----------
    wcs : WCS
        WCS of the image.
    shape : (int, int)
        Rows and columns of the image.
    places : int
        Number of places along each side.

    Returns
    -------
    ndarray, shape (places, places, 3)
        Unit vectors; NaN where the WCS is not defined.
    """
    edges = [np.linspace(-0.5, side - 0.5, places) for side in shape]
    y, x = np.meshgrid(*edges, indexing="ij")
    return np.moveaxis(wcs.pixel_to_world(x, y).icrs.cartesian.xyz.value, 0, -1)


def rounded_list(values, digits=6):
    """Return numbers as a list for JSON, None for those that are not finite.

    Parameters
    ----------
    values : iterable of float
        The numbers.
    digits : int
        Number of significant digits.

    Returns
    -------
    list
    """
    if digits == 6:
        return [significant(one) if math.isfinite(one) else None for one in map(float, values)]
    return [
        float(f"{one:.{digits}g}") if math.isfinite(one) else None for one in map(float, values)
    ]


def page_json(content):
    """Return content as JSON that is safe inside an element of a page.

    Parameters
    ----------
    content : object
        Lists, dictionaries, texts and numbers. A number that is not finite becomes null.

    Returns
    -------
    str
    """
    options = {"separators": (",", ":"), "allow_nan": False}
    try:
        text = json.dumps(content, **options)
    except ValueError:  # JSON has neither NaN nor infinity
        text = json.dumps(finite(content), **options)
    return text.replace("<", "\\u003c")


def finite(content):
    """Return content with None in place of numbers that are not finite.

    Parameters
    ----------
    content : object
        Lists, dictionaries, texts and numbers.

    Returns
    -------
    object
    """
    if isinstance(content, dict):
        return {name: finite(value) for name, value in content.items()}
    if isinstance(content, list | tuple):
        return [finite(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content
