"""Fields for the page's viewer: image, error, mask, segments and redshifts of pixels."""

import numpy as np

from redpix.report import files, object_details, sky_coverage
from redpix.report.explorer_section import shown_fields
from redpix.report.field_segments import read_segments
from redpix.report.field_tiles import choose_tiles
from redpix.report.pixel_viewer import viewer
from redpix.report.tiled_layers import image_layer, plane_layers

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
        By field: `viewer`; `regions` and `moc`, as ``data:`` URIs.
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
        Maximum number of pixels with data of a layer. A larger field is shrunk, and has tiles at
        full resolution about its objects.

    Returns
    -------
    dict
    """
    image, wcs, header = files.read_image(registered)
    x, y = wcs.all_world2pix(objects["ra"], objects["dec"], 0)
    unit = {"count": "counts"}.get(header.get("BUNIT"), "nanomaggies")
    segments = read_segments(table, redshifts, image.shape)
    tiling = choose_tiles(np.isfinite(image), segments.x, segments.y, segments.label, most)
    layers = [image_layer(image, unit, tiling), *plane_layers(registered, tiling, unit)]
    layers += segments.layers(tiling)
    marks = object_marks(objects, x, y)
    scale = tiling.scale(f"{len(segments.names):,} objects")
    options = {"wcs": wcs, "marks": marks, "tiles": tiling.about(image.shape), "scale": scale}
    return {
        "viewer": viewer(name, image.shape, layers, **options),
        "regions": sky_coverage.regions_uri(marks, wcs),
        "moc": sky_coverage.moc_uri(wcs, np.isfinite(image)),
    }


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
