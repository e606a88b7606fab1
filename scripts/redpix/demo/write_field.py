"""Take the demo's pictures of one field: a frame and a mask a band, packed as in the archive."""

import bz2
import gzip
from functools import partial

import numpy as np
import pandas as pd

from redpix.core.job import log, progress
from redpix.demo import camera, fields, scene, sdss_files
from redpix.sdss.packing import packed, save


def main(snakemake):
    field = fields.find(snakemake.params.field)
    table = pd.read_csv(snakemake.input.truth)
    log.info("read %s, %d sources", snakemake.input.truth, len(table))
    outputs = zip(
        snakemake.params.bands, snakemake.output.frames, snakemake.output.masks, strict=True
    )
    for band, frame, mask in outputs:
        flux = scene.render(
            table, field, band, partial(progress, label=f"{field.name} {band}: sources")
        )
        # every frame its own random numbers, whatever is made before it
        rng = np.random.default_rng(
            [snakemake.params.seed, 1, field.run, field.camcol, field.field, ord(band)]
        )
        exposure = camera.expose(rng, flux, field, band)
        log.info(
            "%s: %d saturated pixels, %d hit by cosmic rays",
            band,
            exposure.saturated.sum(),
            exposure.cosmic_rays.sum(),
        )
        save(frame, packed(sdss_files.frame_hdus(exposure, field, band), bz2.compress))
        hdus = sdss_files.mask_hdus(exposure, field, band)
        save(mask, packed(hdus, lambda content: gzip.compress(content, mtime=0)))
