"""Read a field's table of masked spans, and write survey masks (fpM)."""

import numpy as np
from astropy.io import fits

from redpix.image.masks import DTYPE
from redpix.sdss.error_map import BANDS
from redpix.sdss.frames import masked_pixels

# planes of a survey mask, in the order of its HDUs
_PLANES = (
    "INTERP",
    "SATUR",
    "NOTCHECKED",
    "OBJECT",
    "BRIGHTOBJECT",
    "BINOBJECT",
    "CATOBJECT",
    "SUBTRACTED",
    "GHOST",
    "CR",
)


def read_masked(path, band):
    """Return the masked pixels of one band.

    Parameters
    ----------
    path : str
        FITS file with the field's table of spans, as `redpix.sdss.fetch.write_masks` writes it.
    band : str
        One of u, g, r, i, z.

    Returns
    -------
    bit, y, x : ndarray of int, shape (n,)
        Bit, 0-based row and 0-based column of each masked pixel.
    """
    spans = fits.getdata(path, "SPANS")
    spans = spans[spans["BAND"] == band]
    columns = [np.asarray(spans[name], np.int32) for name in ("BIT", "ROW", "FIRST", "LAST")]
    return masked_pixels(np.stack(columns, axis=1))


def span_mask(path, band, shape):
    """Return the mask of one band as an image.

    Parameters
    ----------
    path : str
        FITS file with the field's table of spans.
    band : str
        One of u, g, r, i, z.
    shape : (int, int)
        Rows and columns of the frame.

    Returns
    -------
    ndarray, shape `shape`, int16
        Bits of `redpix.image.masks`.
    """
    bit, y, x = read_masked(path, band)
    mask = np.zeros(shape, DTYPE)
    np.bitwise_or.at(mask, (y, x), np.left_shift(1, bit).astype(DTYPE))
    return mask


def survey_mask(marked, shape, field, band):
    """Return a mask in the survey's format (fpM).

    HDU k+1 holds plane k with one row per object of `nspan` spans. Column `s` holds row, first
    column and last column of each span as big-endian uint16.

    Parameters
    ----------
    marked : dict of str to ndarray of bool
        Masked pixels of each plane by its name without ``S_MASK_``. Other planes are empty.
    shape : (int, int)
        Rows and columns of the frame.
    field : redpix.demo.fields.DemoField or redpix.core.field_name.Field
        Its run, camcol and field go into the header.
    band : str
        One of u, g, r, i, z.

    Returns
    -------
    astropy.io.fits.HDUList
    """
    ny, nx = shape
    primary = fits.PrimaryHDU()
    primary.header.extend(
        [
            ("RUN", field.run, "Imaging run number"),
            ("CAMCOL", field.camcol, "Column in the imaging camera"),
            ("FIELD", field.field, "Field sequence number"),
            ("FILTER", band, "filter used"),
            ("NFILTER", len(BANDS), "number of colours processed"),
            ("MASKROWS", ny, "Number of rows in the mask"),
            ("MASKCOLS", nx, "Number of columns in the mask"),
            ("NPLANE", len(_PLANES), "number of types of mask"),
        ]
    )
    empty = np.zeros((ny, nx), dtype=bool)
    planes = [_plane(marked.get(name, empty)) for name in _PLANES]
    names = [f"S_MASK_{name}" for name in _PLANES] + ["S_NMASK_TYPES"]
    legend = fits.BinTableHDU.from_columns(
        [
            fits.Column("defName", "31A", array=["S_MASKTYPE"] * len(names)),
            fits.Column("attributeName", "31A", array=names),
            fits.Column("Value", "J", array=np.arange(len(names))),
        ]
    )
    return fits.HDUList([primary, *planes, legend])


def _plane(mask):
    """Return the HDU of one plane of a mask file; connected pixels are one object."""
    from scipy import ndimage  # slow to import; readers do not need it

    labels, _ = ndimage.label(mask, structure=np.ones((3, 3)))
    boxes = ndimage.find_objects(labels)
    objects = [_spans(labels[box] == k, box) for k, box in enumerate(boxes, start=1)]
    numbers = {
        name: [] for name in ["nspan", "row0", "col0", "rmin", "rmax", "cmin", "cmax", "npix"]
    }
    for spans in objects:
        row, first, last = spans.T
        numbers["nspan"].append(len(spans))
        numbers["row0"].append(0)
        numbers["col0"].append(0)
        numbers["rmin"].append(row.min())
        numbers["rmax"].append(row.max())
        numbers["cmin"].append(first.min())
        numbers["cmax"].append(last.max())
        numbers["npix"].append(int(np.sum(last - first + 1)))
    packed = np.empty(len(objects), dtype=object)
    packed[:] = [spans.astype(">u2").view(np.uint8).ravel() for spans in objects]
    columns = [fits.Column("refcntr", "J", array=np.ones(len(objects), np.int32))]
    columns += [fits.Column(name, "J", array=values) for name, values in numbers.items()]
    columns += [fits.Column("s", "PB()", array=packed)]
    return fits.BinTableHDU.from_columns(columns)


def _spans(pixels, box):
    """Return the runs of marked pixels in the frame: row, first and last column (inclusive)."""
    edges = np.diff(np.pad(pixels, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    rows, starts = np.nonzero(edges == 1)
    _, ends = np.nonzero(edges == -1)
    left, bottom = box[1].start, box[0].start
    return np.stack([rows + bottom, starts + left, ends + left - 1], axis=1)
