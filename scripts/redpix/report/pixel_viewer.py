"""Describe an image for the page's viewer: layers, coordinates, marks."""

import json
import math

import numpy as np

from redpix.report.pixel_layers import significant

#: number of places along a side of the table of sky coordinates
_PLACES = 17


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
    """Return a table of sky coordinates, between whose places the page interpolates.

    Parameters
    ----------
    wcs : WCS or None
        WCS of the image.
    shape : (int, int)
        Rows and columns of the image.

    Returns
    -------
    dict or None
        `n`, number of places along each side; `ra` and `dec`, degrees, row by row. Right ascension
        has no step at 360. None without a WCS, or near a pole.
    """
    if wcs is None:
        return None
    edges = [np.linspace(-0.5, side - 0.5, _PLACES) for side in shape]
    y, x = np.meshgrid(edges[0], edges[1], indexing="ij")
    ra, dec = wcs.all_pix2world(x, y, 0)
    if not np.isfinite(ra).all() or np.abs(dec).max() > 89:
        return None
    middle = ra[_PLACES // 2, _PLACES // 2]
    ra = middle + (ra - middle + 180) % 360 - 180
    rounded = [np.round(plane, 7).ravel().tolist() for plane in (ra, dec)]
    return {"n": _PLACES, "ra": rounded[0], "dec": rounded[1]}


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
        Lists, dictionaries, texts and numbers.

    Returns
    -------
    str
    """
    return json.dumps(content, separators=(",", ":")).replace("<", "\\u003c")
