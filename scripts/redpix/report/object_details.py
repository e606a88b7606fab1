"""Pictures and PDFs of single objects, which the page shows when an object is chosen."""

import base64

import matplotlib
import numpy as np
import pandas as pd
import pyarrow.parquet

from redpix.report import files, pictures
from redpix.report.figures import lossless_uri

#: pixels around the outermost pixels of an object on its picture
MARGIN = 6

#: maximum number of objects with a picture: those whose redshift is furthest off, then others
MOST_PICTURES = 1000

#: maximum number of objects with a PDF on the page, chosen in the same way
MOST_PDFS = 20_000

#: maximum number of values of a PDF on the page
_NODES = 120


def choose_objects(deviation, most=MOST_PICTURES):
    """Return the rows of the objects that get a picture.

    Parameters
    ----------
    deviation : ndarray, shape (n,)
        (z_phot - z) / (1 + z); NaN if the redshift is unknown.
    most : int
        Maximum number of rows.

    Returns
    -------
    ndarray of int
        In increasing order.
    """
    order = np.argsort(-np.nan_to_num(np.abs(deviation), nan=-1.0), kind="stable")
    return np.sort(order[:most])


def pixel_redshifts(path, ids):
    """Return the predicted redshifts of the pixels of objects.

    Parameters
    ----------
    path : str
        pixels.dat of a method, in the order of the pixel tables.
    ids : ndarray of int64
        Objects.

    Returns
    -------
    dict of int to ndarray
        Objects of the training set have none.
    """
    reader = files.pixel_pieces(path, {"z": float, "id": "int64"})
    pieces = [piece[piece["id"].isin(ids)] for piece in reader]
    rows = pd.concat(pieces) if pieces else pd.DataFrame({"z": [], "id": []})
    return {int(one): group.to_numpy() for one, group in rows.groupby("id", sort=False)["z"]}


def field_details(registered, pixels, bands, ids, redshifts, span):
    """Return the pictures of the objects of one field.

    Parameters
    ----------
    registered : list of str
        Registered images, from red to blue.
    pixels : str
        Pixel table of the field.
    bands : tuple of str
        Bands of the images.
    ids : ndarray of int64
        Objects that get a picture.
    redshifts : dict of int to ndarray
        From `pixel_redshifts`.
    span : (float, float)
        Redshifts at the ends of the colours.

    Returns
    -------
    dict of str to dict
        By object id: `size`, width and height in pixels; `cut`, the colour cut-out, and `map`, the
        redshift of each pixel, as ``data:`` URIs; `inside`, from `packed_segment`. `map` is missing
        without pixel redshifts.
    """
    planes = [files.read_image(path)[0] for path in registered]
    noise = pictures.colour_noise(planes, bands)
    columns = ["object_id", "x", "y"]
    table = pyarrow.parquet.read_table(pixels, columns=columns).to_pandas()
    details = {}
    for one, rows in table[table["object_id"].isin(ids)].groupby("object_id", sort=False):
        x, y = rows["x"].to_numpy(), rows["y"].to_numpy()
        window = cut_window(x, y, planes[0].shape)
        cut = pictures.colour_picture([plane[window] for plane in planes], bands, noise)
        place = y - window[0].start, x - window[1].start
        details[str(one)] = {
            "size": [cut.shape[1], cut.shape[0]],
            "cut": lossless_uri(cut[::-1]),
            "inside": packed_segment(place, cut.shape[:2]),
        }
        z = redshifts.get(int(one))
        if z is not None and len(z) == len(rows):
            details[str(one)]["map"] = redshift_map(cut, place, z, span)
    return details


def cut_window(x, y, shape):
    """Return the rows and columns around the pixels of an object.

    Parameters
    ----------
    x, y : ndarray of int
        Pixels of the object, 0-based.
    shape : (int, int)
        Rows and columns of the image.

    Returns
    -------
    (slice, slice)
        Rows and columns, 0-based.
    """
    half = max(np.ptp(x), np.ptp(y)) // 2 + MARGIN
    middle_x, middle_y = (x.min() + x.max()) // 2, (y.min() + y.max()) // 2
    rows = slice(max(0, middle_y - half), min(shape[0], middle_y + half + 1))
    return rows, slice(max(0, middle_x - half), min(shape[1], middle_x + half + 1))


def packed_segment(place, shape):
    """Return which pixels of a cut-out belong to the object, for the outline that the page draws.

    Parameters
    ----------
    place : (ndarray of int, ndarray of int)
        Rows and columns of the object's pixels in the cut-out, 0-based.
    shape : (int, int)
        Rows and columns of the cut-out.

    Returns
    -------
    str
        One bit per pixel, from the top row, in base 64.
    """
    inside = np.zeros(shape, bool)
    inside[place] = True
    return base64.b64encode(np.packbits(inside[::-1])).decode()


def redshift_map(cut, place, z, span):
    """Return the redshifts of an object's pixels in colour, on its image in grey.

    Parameters
    ----------
    cut : ndarray of uint8, shape (ny, nx, 3)
        Colour cut-out of the object.
    place : (ndarray of int, ndarray of int)
        Rows and columns of the object's pixels in the cut-out, 0-based.
    z : ndarray
        Redshift of each pixel.
    span : (float, float)
        Redshifts at the ends of the colours.

    Returns
    -------
    str
        ``data:`` URI, north up.
    """
    grey = cut.mean(axis=2, keepdims=True).repeat(3, axis=2).astype(np.uint8)
    scaled = np.clip((z - span[0]) / (span[1] - span[0]), 0, 1)
    grey[place] = matplotlib.colormaps["viridis"](scaled, bytes=True)[:, :3]
    return lossless_uri(grey[::-1])


def median_pixels(table):
    """Return the median number of pixels of objects, or None where they are unknown.

    Parameters
    ----------
    table : DataFrame
        Objects.

    Returns
    -------
    float or None
    """
    known = "n_pixels" in table and table["n_pixels"].notna().any()
    return float(table["n_pixels"].median()) if known else None


def packed_pdfs(pdfs, grid):
    """Return PDFs in a short form for the page.

    Parameters
    ----------
    pdfs : ndarray, shape (n, nodes)
        Probability densities; NaN where an object has no PDF.
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes.

    Returns
    -------
    dict
        `grid`, a list of redshifts; `scale`, the maximum of each PDF; `levels`, the PDFs over
        their maximum in steps of 1/255 from the `first` to the last positive one, in base 64;
        `counts`, the number of levels of each PDF, 0 without a PDF.
    """
    step = max(1, -(-len(grid) // _NODES))
    pdfs = np.asarray(pdfs, float)[:, ::step]
    pdfs = np.where(np.isfinite(pdfs), pdfs, 0.0)
    scale = np.maximum(pdfs.max(axis=1), 1e-30)
    levels = np.round(255 * pdfs / scale[:, None]).astype(np.uint8)
    positive = levels > 0
    first = np.argmax(positive, axis=1)
    end = np.where(positive.any(axis=1), levels.shape[1] - positive[:, ::-1].argmax(axis=1), first)
    node = np.arange(levels.shape[1])
    kept = (node >= first[:, None]) & (node < end[:, None])
    return {
        "grid": [round(float(z), 5) for z in grid[::step]],
        "scale": [round(float(value), 4) for value in scale],
        "first": first.tolist(),
        "counts": (end - first).tolist(),
        "levels": base64.b64encode(levels[kept].tobytes()).decode(),
    }
