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


def coverage(wcs, shape, order=ORDER):
    """Return the cells of the sky that an image covers.

    Parameters
    ----------
    wcs : WCS
        WCS of the image.
    shape : (int, int)
        Rows and columns.
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
    edges = [np.linspace(-0.5, side - 0.5, int(side / step) + 2) for side in shape]
    y, x = np.meshgrid(*edges, indexing="ij")
    ra, dec = wcs.all_pix2world(x.ravel(), y.ravel(), 0)
    seen = np.isfinite(ra)
    cells = np.unique(grid.lonlat_to_healpix(ra[seen] * units.deg, dec[seen] * units.deg))
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


def moc_uri(wcs, shape):
    """Return the MOC of an image as a ``data:`` URI.

    Parameters
    ----------
    wcs : WCS
        WCS of the image.
    shape : (int, int)
        Rows and columns.

    Returns
    -------
    str
    """
    text = base64.b64encode(moc_file(coverage(wcs, shape))).decode()
    return f"data:application/fits;base64,{text}"


def regions_uri(marks):
    """Return circles as DS9 regions, in a ``data:`` URI.

    Parameters
    ----------
    marks : list of dict
        `x` and `y`, 0-based pixels; `r`, radius in pixels; `label`.

    Returns
    -------
    str
        Regions in the coordinates of the image, which DS9 counts from 1.
    """
    lines = ["# Region file format: DS9", "image"]
    for mark in marks:
        label = str(mark["label"]).replace("}", "")
        place = f"{mark['x'] + 1:.3f},{mark['y'] + 1:.3f},{mark['r']:.2f}"
        lines.append(f"circle({place}) # text={{{label}}}")
    return "data:text/plain;charset=utf-8," + quote("\n".join(lines) + "\n")
