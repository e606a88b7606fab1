"""Describe an image for the page's viewer: layers, coordinates, marks."""

import json
import math

import numpy as np
from astropy.nddata import block_reduce

from redpix.report.pixel_layers import significant

#: number of places along a side of the table of sky coordinates
_PLACES = 17


def viewer(name, shape, layers, wcs=None, marks=(), corner=(0, 0), factor=1):
    """Return the description of an image for the page's viewer.

    Parameters
    ----------
    name : str
        Name of the image.
    shape : (int, int)
        Rows and columns of the layers.
    layers : list of dict
        From `redpix.report.pixel_layers`, the first is shown first.
    wcs : WCS, optional
        WCS of the whole image.
    marks : list of dict
        `x` and `y`, 0-based pixels of the whole image; `r`, radius in pixels; `text`; `colour`;
        and `key`, the name of further data of the mark.
    corner : (int, int)
        First column and row of the layers in the whole image, 0-based.
    factor : int
        Number of image pixels along a side of a pixel of the layers.

    Returns
    -------
    dict
    """
    return {
        "name": name,
        "size": [int(shape[1]), int(shape[0])],
        "corner": [int(corner[0]), int(corner[1])],
        "factor": int(factor),
        "layers": layers,
        "sky": sky_table(wcs, shape, corner, factor),
        "marks": list(marks),
    }


def sky_table(wcs, shape, corner, factor):
    """Return a table of sky coordinates, between whose places the page interpolates.

    Parameters
    ----------
    wcs : WCS or None
        WCS of the whole image.
    shape, corner, factor
        As of `viewer`.

    Returns
    -------
    dict or None
        `n`, number of places along each side; `ra` and `dec`, degrees, row by row. Right ascension
        has no step at 360. None without a WCS, or near a pole.
    """
    if wcs is None:
        return None
    edges = [np.linspace(-0.5, side * factor - 0.5, _PLACES) for side in shape]
    y, x = np.meshgrid(edges[0] + corner[1], edges[1] + corner[0], indexing="ij")
    ra, dec = wcs.all_pix2world(x, y, 0)
    if not np.isfinite(ra).all() or np.abs(dec).max() > 89:
        return None
    middle = ra[_PLACES // 2, _PLACES // 2]
    ra = middle + (ra - middle + 180) % 360 - 180
    rounded = [np.round(plane, 7).ravel().tolist() for plane in (ra, dec)]
    return {"n": _PLACES, "ra": rounded[0], "dec": rounded[1]}


def reduction(shape, most):
    """Return by which factor an image is shrunk so that it has at most some number of pixels.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns.
    most : int
        Maximum number of pixels.

    Returns
    -------
    int
    """
    return max(1, math.ceil(math.sqrt(shape[0] * shape[1] / most)))


def shrunk(plane, factor):
    """Return an image with blocks of pixels averaged.

    Parameters
    ----------
    plane : ndarray, shape (ny, nx)
        The image. Incomplete blocks at the end are cut off.
    factor : int
        Pixels along a side of a block.

    Returns
    -------
    ndarray
    """
    return plane if factor == 1 else block_reduce(plane, factor, np.mean)


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
