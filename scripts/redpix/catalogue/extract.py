"""Find a field's catalogue objects in each of its registered bands with SExtractor."""

import csv
import os
import tempfile
from pathlib import Path

import numpy as np
from astropy.io import fits

from redpix.catalogue.assoc import NO_OBJECT, assigned_objects, assoc_list
from redpix.core.atomic_files import atomic
from redpix.core.field_name import parse_field
from redpix.core.job import log
from redpix.image.wcs import frame_wcs
from redpix.psf.sextractor import copied_settings, prepare, run_sextractor


def read_objects(path, field, band):
    """Identifier, sky position and magnitude of the catalogue's objects in one field."""
    run, camcol, number = map(str, field)
    with open(path, newline="", encoding="utf-8") as file:
        rows = [
            (int(row["id"]), float(row["ra"]), float(row["dec"]), float(row[band] or "nan"))
            for row in csv.DictReader(file)
            if (row["run"], row["camcol"], row["field"]) == (run, camcol, number)
        ]
    table = np.array(rows, dtype=[("id", "i8"), ("ra", "f8"), ("dec", "f8"), ("mag", "f8")])
    if not len(table):
        log.warning("%s: no object in field %s", path, field)
    return table


def write_assoc_list(path, objects, image):
    """Write the ASSOC list of the objects that lie on an image; returns these objects."""
    with fits.open(image) as hdus:
        wcs, shape = frame_wcs(hdus["SCI"].header), hdus["SCI"].shape
    x, y = wcs.all_world2pix(objects["ra"], objects["dec"], 0)
    on_image = (x > -0.5) & (x < shape[1] - 0.5) & (y > -0.5) & (y < shape[0] - 0.5)
    # an empty list is an error to SExtractor; an entry far outside matches nothing
    lines = assoc_list(x[on_image], y[on_image], objects["mag"][on_image]) or ["0 -1e4 -1e4 99"]
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
    return objects[on_image]


def write_catalogue(path, found, ids):
    """SExtractor's table with the object of each detection as OBJECT_ID."""
    column = fits.ColDefs([fits.Column("OBJECT_ID", "K", array=ids, null=NO_OBJECT)])
    table = fits.BinTableHDU.from_columns(column + found.columns, name="OBJECTS")
    for name in table.columns.names:
        if name.startswith("FLUX"):
            table.columns[name].unit = "nanomaggy"  # SExtractor says count
    table.writeto(path)


def find_objects(objects, images, params, inputs, output):
    """Run SExtractor on every band; catalogues and segmentations go to their places."""
    options = {
        "DETECT_THRESH": params.threshold,
        "ANALYSIS_THRESH": params.threshold,
        "DETECT_MINAREA": params.min_area,
        "ASSOC_RADIUS": params.assoc_radius,
        "ASSOC_TYPE": params.assoc_type,
        "ASSOCSELEC_TYPE": params.assoc_selection,
    }
    reference = params.reference_band
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        settings = copied_settings(inputs, folder)
        assoc = folder / "assoc.list"
        listed = write_assoc_list(assoc, objects, images[reference])
        detection, shared = None, None
        # the reference band comes first: in one mode its segmentation serves the others
        for band in sorted(params.bands, key=lambda band: band != reference):
            measured = prepare(images[band], folder)
            if detection is None or params.detection == "band":
                detection = measured
            position = params.bands.index(band)
            place = output.maps[position]
            with atomic(output.catalogues[position]) as table, atomic(place) as segmentation:
                found = run_sextractor(
                    *(detection, measured, folder / "catalogue.fits"),
                    *(None if shared else segmentation, settings, options, assoc),
                )
                ids = assigned_objects(
                    *(found["VECTOR_ASSOC"], found["X_IMAGE"], found["Y_IMAGE"], listed["id"])
                )
                write_catalogue(table, found, ids)
                if shared:
                    os.link(shared, segmentation)
            if params.detection == "reference":
                shared = shared or place
            log.info(
                "%s: %d detections, %d of %d objects found, -> %s",
                *(images[band], len(found), np.sum(ids != NO_OBJECT), len(listed), place),
            )


def main(snakemake):
    params, inputs = snakemake.params, snakemake.input
    field = parse_field(snakemake.wildcards.field)
    objects = read_objects(inputs.objects, field, params.reference_band)
    images = dict(zip(params.bands, inputs.images, strict=True))
    find_objects(objects, images, params, inputs, snakemake.output)
