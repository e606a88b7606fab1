"""Find a field's catalogue objects in each of its registered bands with SExtractor."""

import csv
import os

import numpy as np
from astropy.io import fits
from files import atomic
from job import job, log
from redpix.frames import parse_field
from redpix.registration import frame_wcs
from redpix.sources import NO_OBJECT, assigned_objects, assoc_list
from sextractor import run_sextractor


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


def find_band(objects, detection, image, catalogue, segmentation, params, settings):
    """Run SExtractor with the ASSOC list of the objects that lie on the image."""
    with fits.open(image) as hdus:
        wcs, shape = frame_wcs(hdus["SCI"].header), hdus["SCI"].shape
    x, y = wcs.all_world2pix(objects["ra"], objects["dec"], 0)
    on_image = (x > -0.5) & (x < shape[1] - 0.5) & (y > -0.5) & (y < shape[0] - 0.5)
    objects, x, y = objects[on_image], x[on_image], y[on_image]
    options = {
        "DETECT_THRESH": params.threshold,
        "ANALYSIS_THRESH": params.threshold,
        "DETECT_MINAREA": params.min_area,
        "ASSOC_RADIUS": params.assoc_radius,
        "ASSOC_TYPE": params.assoc_type,
        "ASSOCSELEC_TYPE": params.assoc_selection,
    }
    # an empty list is an error to SExtractor; an entry far outside matches nothing
    lines = assoc_list(x, y, objects["mag"]) or ["0 -1000 -1000 99"]
    found = run_sextractor(detection, image, catalogue, segmentation, settings, options, lines)
    ids = assigned_objects(found["VECTOR_ASSOC"], found["X_IMAGE"], found["Y_IMAGE"], objects["id"])
    return found, ids, len(objects)


def write_catalogue(path, found, ids):
    """SExtractor's table with the object of each detection as OBJECT_ID."""
    column = fits.ColDefs([fits.Column("OBJECT_ID", "K", array=ids, null=NO_OBJECT)])
    fits.BinTableHDU.from_columns(column + found.columns, name="OBJECTS").writeto(path)


def main(snakemake):
    params, inputs, output = snakemake.params, snakemake.input, snakemake.output
    field = parse_field(snakemake.wildcards.field)
    objects = read_objects(inputs.objects, field, params.reference_band)
    settings = {key: inputs[key] for key in ("config", "parameters", "filter")}
    images = dict(zip(params.bands, inputs.images, strict=True))
    reference = params.reference_band
    segmented = None
    # the reference band comes first: its segmentation serves the others
    for band in sorted(params.bands, key=lambda band: band != reference):
        detection = images[reference if params.detection == "reference" else band]
        position = params.bands.index(band)
        with atomic(output.catalogues[position]) as table, atomic(output.maps[position]) as seg:
            raw = table.with_suffix(".sex")
            shared = segmented if params.detection == "reference" else None
            try:
                found, ids, listed = find_band(
                    *(objects, detection, images[band], raw, None if shared else seg),
                    *(params, settings),
                )
                write_catalogue(table, found, ids)
            finally:
                raw.unlink(missing_ok=True)
            if shared:
                os.link(shared, seg)
        segmented = output.maps[position] if band == reference else segmented
        log.info(
            "%s: %d detections, %d of %d objects found",
            band,
            len(found),
            *(np.sum(ids != NO_OBJECT), listed),
        )


if "snakemake" in globals():
    with job(snakemake):
        main(snakemake)
