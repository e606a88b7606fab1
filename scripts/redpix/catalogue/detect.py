"""List every source of a field's reference band, for a catalogue made of detections."""

import csv
import tempfile
from pathlib import Path

import numpy as np
from astropy.io import fits

from redpix.core.atomic_files import atomic
from redpix.core.job import log
from redpix.image.masks import edge_distance
from redpix.psf.sextractor import copied_settings, prepare, run_sextractor

COLUMNS = ("number", "x", "y", "ra", "dec", "flux", "flux_error", "mag", "edge_distance")


def main(snakemake):
    params, inputs = snakemake.params, snakemake.input
    options = {
        "DETECT_THRESH": params.threshold,
        "ANALYSIS_THRESH": params.threshold,
        "DETECT_MINAREA": params.min_area,
    }
    with tempfile.TemporaryDirectory() as folder:
        settings = copied_settings(inputs, Path(folder))
        image = prepare(inputs.image, Path(folder))
        table = Path(folder) / "detections.fits"
        found = run_sextractor(image, image, table, None, settings, options)
    x, y = found["X_IMAGE"] - 1.0, found["Y_IMAGE"] - 1.0
    distance = edge_distance(fits.getdata(inputs.image, "MASK"), x, y)
    columns = (
        *(found["NUMBER"], x, y, found["ALPHA_J2000"], found["DELTA_J2000"]),
        *(found["FLUX_AUTO"], found["FLUXERR_AUTO"], found["MAG_AUTO"], distance),
    )
    with atomic(snakemake.output[0]) as temporary, open(temporary, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in zip(*columns, strict=True):
            number, *values = row
            writer.writerow([int(number), *(repr(float(value)) for value in values)])
    log.info("%s: %d detections, -> %s", inputs.image, len(found), snakemake.output[0])
    if not len(found):
        log.warning("%s: not one source above %s sigma", inputs.image, params.threshold)
    log.info("median magnitude %.2f", np.median(found["MAG_AUTO"]) if len(found) else np.nan)
