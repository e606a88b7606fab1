"""Simulate the exposures of one demo field: one packed frame and one packed mask per band."""

import bz2
import gzip
from functools import partial

import numpy as np
import pandas as pd

from redpix.core.job import log, progress
from redpix.demo import camera, fields, scene, sdss_files
from redpix.sdss.packing import packed, save


def write_field(truth, frames, masks, field, bands, seed):
    """Write the frames and masks of a demo field.

    Parameters
    ----------
    truth : str
        CSV of the sources, from `redpix.demo.write_sky.write_sky`.
    frames, masks : list of str
        Files that are written, one per band: ``frame-*.fits.bz2`` and ``fpM-*.fit.gz``.
    field : str
        Name of the field, such as 9001-3-100.
    bands : sequence of str
        Bands in the order of `frames`.
    seed : int
        Seed of the random numbers.
    """
    field = fields.find(field)
    table = pd.read_csv(truth)
    log.info("read %s, %d sources", truth, len(table))
    for band, frame, mask in zip(bands, frames, masks, strict=True):
        flux = scene.render(
            table, field, band, partial(progress, label=f"{field.name} {band}: sources")
        )
        # a seed per frame: a frame does not depend on those made before it
        rng = np.random.default_rng([seed, 1, field.run, field.camcol, field.field, ord(band)])
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
