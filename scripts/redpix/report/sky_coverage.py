"""Sky coverage of an image as a MOC, and its objects as DS9 regions, for download from the page.

A MOC (multi-order coverage map) is the IVOA standard for regions of the sky (Fernique et al. 2022,
IVOA Recommendation MOC 2.0).
"""

import base64
import io
from urllib.parse import quote

import numpy as np
from astropy import units
from astropy.io import fits
from astropy_healpix import HEALPix

#: order of the smallest cells; their sides are 0.43 arcmin
ORDER = 13

#: distance of the places that are tried, in units of the side of a cell
_STEP = 0.4


def coverage(wcs, data, order=ORDER):
    """Return the cells of the sky that the pixels of an image with data cover.

    Parameters
    ----------
    wcs : WCS
        WCS of the image.
    data : ndarray of bool, shape (ny, nx)
        Which pixels have data.
    order : int
        Order of the smallest cells.

    Returns
    -------
    dict of int to ndarray of int
        Numbers of cells (nested) by order. Four cells that make a larger one are joined.
    """
    grid = HEALPix(nside=2**order, order="nested")
    pixel = np.sqrt(abs(np.linalg.det(wcs.pixel_scale_matrix)))
    step = max(1.0, _STEP * grid.pixel_resolution.to_value(units.deg) / pixel)
    edges = [np.linspace(-0.5, side - 0.5, int(side / step) + 2) for side in data.shape]
    y, x = (plane.ravel() for plane in np.meshgrid(*edges, indexing="ij"))
    nearest = [
        np.clip(np.rint(place), 0, side - 1).astype(int)
        for place, side in zip((y, x), data.shape, strict=True)
    ]
    covered = data[tuple(nearest)]
    sky = wcs.pixel_to_world(x[covered], y[covered]).icrs
    seen = np.isfinite(sky.ra.deg)
    cells = np.unique(grid.lonlat_to_healpix(sky.ra[seen], sky.dec[seen]))
    found = {}
    while order > 0 and len(cells):
        parents, number = np.unique(cells >> 2, return_counts=True)
        full = parents[number == 4]
        found[order] = cells[~np.isin(cells >> 2, full)]
        cells, order = full, order - 1
    if len(cells):
        found[order] = cells
    return {key: value for key, value in sorted(found.items()) if len(value)}


def moc_file(cells):
    """Return a MOC as the bytes of a FITS file.

    Parameters
    ----------
    cells : dict of int to ndarray
        From `coverage`.

    Returns
    -------
    bytes
    """
    unique = np.concatenate([4 ** (order + 1) + np.asarray(one) for order, one in cells.items()])
    column = fits.Column("UNIQ", "K", array=np.sort(unique).astype(np.int64))
    table = fits.BinTableHDU.from_columns([column])
    cards = {"PIXTYPE": "HEALPIX", "ORDERING": "NUNIQ", "COORDSYS": "C", "MOCORDER": max(cells)}
    table.header.update({**cards, "MOCVERS": "2.0", "MOCDIM": "SPACE"})
    data = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(data)
    return data.getvalue()


def moc_uri(wcs, data):
    """Return the MOC of an image as a ``data:`` URI.

    Parameters
    ----------
    wcs : WCS
        WCS of the image.
    data : ndarray of bool, shape (ny, nx)
        Which pixels have data.

    Returns
    -------
    str
        Empty if the image has no data.
    """
    cells = coverage(wcs, data)
    if not cells:
        return ""
    text = base64.b64encode(moc_file(cells)).decode()
    return f"data:application/fits;base64,{text}"


def regions_uri(marks, wcs):
    """Return circles as DS9 regions, in a ``data:`` URI.

    Parameters
    ----------
    marks : list of dict
        `x` and `y`, 0-based pixels; `r`, radius in pixels; `label`.
    wcs : WCS
        WCS of the image.

    Returns
    -------
    str
        Regions in ICRS, which fit every image of the sky.
    """
    lines = ["# Region file format: DS9", "icrs"]
    x, y = (np.array([mark[name] for mark in marks], float) for name in "xy")
    sky = wcs.pixel_to_world(x, y).icrs
    scale = 3600 * np.sqrt(abs(np.linalg.det(wcs.pixel_scale_matrix)))
    for mark, ra, dec in zip(marks, sky.ra.deg, sky.dec.deg, strict=True):
        # a region is one line, and its text ends with a brace
        label = " ".join(str(mark["label"]).replace("}", "").split())
        lines.append(f'circle({ra:.7f},{dec:.7f},{scale * mark["r"]:.3f}") # text={{{label}}}')
    return "data:text/plain;charset=utf-8," + quote("\n".join(lines) + "\n")
