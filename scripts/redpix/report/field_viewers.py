"""Fields for the page's viewer: image, error, mask, segments and redshifts of pixels."""

import numpy as np
import pyarrow.parquet
from astropy.io import fits

from redpix.image.masks import BITS
from redpix.report import files, object_details, pictures, pixel_layers, sky_coverage
from redpix.report.explorer_section import shown_fields
from redpix.report.pixel_viewer import viewer

#: colours of circles: objects with and without pixels
FOUND, LOST = "#38d26b", "#ff9d3b"

#: radius of a circle, pixels
_RADIUS = 8.0


def show_field_viewers(products, run, methods, settings):
    """Return fields for the viewer.

    Parameters
    ----------
    products : redpix.report.run_files.RunFiles
        Files of the run.
    run : redpix.report.run_files.RunTables or None
        Fields and objects of the run, if it has fields.
    methods : list of redpix.report.method_results.MethodResult
        Products of each method; redshifts of pixels are those of the first.
    settings : dict
        Configuration of the run.

    Returns
    -------
    dict of str to dict
        By field: `viewer`, `regions` and `moc`, the latter two as ``data:`` URIs, and `whole`,
        whether the layers cover the whole field.
    """
    if not run:
        return {}
    bounds, band = settings["report"], settings["reference_band"]
    fields = shown_fields(products, settings)
    names = [name for name in run.delivered if name in fields][: bounds["viewer_images"]]
    ids = run.objects["id"][run.objects["field"].isin(names)].to_numpy()
    redshifts = object_details.pixel_redshifts(methods[0].pixels_path, ids) if methods else {}
    found = {}
    for name in names:
        registered, table = fields[name]
        if band in registered:
            objects = run.objects[run.objects["field"] == name]
            found[name] = show_field_viewer(
                name, registered[band], table, objects, redshifts, bounds["viewer_pixels"]
            )
    return found


def show_field_viewer(name, registered, table, objects, redshifts, most):
    """Return a field for the viewer.

    Parameters
    ----------
    name : str
        Name of the field.
    registered : str
        Registered image of the reference band, with the HDUs ERR and MASK.
    table : str
        Pixel table of the field.
    objects : DataFrame
        Objects of the field.
    redshifts : dict of int to ndarray
        Redshifts of the pixels of each object.
    most : int
        Maximum number of pixels of a layer; of a larger field the square with most objects.

    Returns
    -------
    dict
    """
    image, wcs, header = files.read_image(registered)
    x, y = wcs.all_world2pix(objects["ra"], objects["dec"], 0)
    marks = pictures.Marks(
        x, y, objects["pixels"].to_numpy(), objects["class"], objects["redshift"].to_numpy()
    )
    side, corner = int(np.sqrt(most)), (0, 0)
    whole = image.size <= most
    if not whole:
        corner = pictures.close_up_corner(image, marks, side)
    rows = slice(corner[1], corner[1] + side) if not whole else slice(None)
    columns = slice(corner[0], corner[0] + side) if not whole else slice(None)
    unit = {"count": "counts"}.get(header.get("BUNIT"), "nanomaggies")
    layers = [pixel_layers.asinh_layer("image", image[rows, columns], unit)]
    layers += plane_layers(registered, (rows, columns), unit)
    layers += object_layers(table, redshifts, image.shape, (rows, columns))
    circles = object_marks(objects, x, y)
    shown = [
        one
        for one in circles
        if corner[0] <= one["x"] < corner[0] + image[rows, columns].shape[1]
        and corner[1] <= one["y"] < corner[1] + image[rows, columns].shape[0]
    ]
    return {
        "viewer": viewer(
            name, image[rows, columns].shape, layers, wcs=wcs, marks=shown, corner=corner
        ),
        "regions": sky_coverage.regions_uri(circles),
        "moc": sky_coverage.moc_uri(wcs, image.shape),
        "whole": whole,
        "side": side,
    }


def plane_layers(path, window, unit):
    """Return the layers of the error and of the mask of a registered image.

    Parameters
    ----------
    path : str
        FITS file.
    window : (slice, slice)
        Rows and columns.
    unit : str
        Unit of the image.

    Returns
    -------
    list of dict
        Those whose HDU the file has.
    """
    layers = []
    with fits.open(path, memmap=False) as hdus:
        if "ERR" in hdus:
            error = hdus["ERR"].data[window].astype(float)
            layers.append(pixel_layers.linear_layer("error", error, unit, steps=60))
        if "MASK" in hdus:
            mask = hdus["MASK"].data[window]
            layers.append(pixel_layers.mask_layer("mask", mask, BITS))
    return layers


def object_layers(path, redshifts, shape, window):
    """Return the layers of the segments, and of the redshifts of pixels.

    Parameters
    ----------
    path : str
        Pixel table.
    redshifts : dict of int to ndarray
        Redshifts of the pixels of each object.
    shape : (int, int)
        Rows and columns of the image.
    window : (slice, slice)
        Rows and columns of the layers.

    Returns
    -------
    list of dict
    """
    table = pyarrow.parquet.read_table(path, columns=["object_id", "x", "y"]).to_pandas()
    labels, z = np.zeros(shape, int), np.full(shape, np.nan)
    names = []
    for one, rows in table.groupby("object_id", sort=False):
        names.append(str(one))
        labels[rows["y"], rows["x"]] = len(names)
        values = redshifts.get(int(one))
        if values is not None and len(values) == len(rows):
            z[rows["y"], rows["x"]] = values
    labels, z = labels[window], z[window]
    inside = np.unique(labels[labels > 0])
    order = np.searchsorted(inside, labels)
    few = [names[label - 1] for label in inside]
    layers = [pixel_layers.label_layer("segments", np.where(labels > 0, order + 1, 0), few)]
    if np.isfinite(z).any():
        layers.append(
            pixel_layers.linear_layer("redshifts of pixels", z, "redshift", colours="viridis")
        )
    return layers


def object_marks(objects, x, y):
    """Return the marks of the objects of a field.

    Parameters
    ----------
    objects : DataFrame
        Columns id, class, redshift, magnitude and pixels.
    x, y : ndarray
        Places of the objects, 0-based pixels.

    Returns
    -------
    list of dict
    """
    marks = []
    for row, across, up in zip(objects.to_dict("records"), x, y, strict=True):
        words = [f"object {row['id']}", row["class"] or "class unknown"]
        if np.isfinite(row["redshift"]):
            words.append(f"redshift {row['redshift']:.4f}")
        if np.isfinite(row["magnitude"]):
            words.append(f"magnitude {row['magnitude']:.2f}")
        words.append(f"{row['pixels']} pixels" if row["pixels"] else "not found in the image")
        marks.append(
            {
                "x": round(float(across), 2),
                "y": round(float(up), 2),
                "r": _RADIUS,
                "colour": FOUND if row["pixels"] else LOST,
                "text": "; ".join(words),
                "label": str(row["id"]),
                "object": str(row["id"]),
            }
        )
    return marks
