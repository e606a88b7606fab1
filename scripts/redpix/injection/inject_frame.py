"""Put sources into a frame, and frame and mask into an archive laid out like the survey's."""

import bz2
import gzip
from functools import partial

import numpy as np
import pandas as pd
from astropy.io import fits

from redpix.core.field_name import parse_field
from redpix.core.job import log
from redpix.image.masks import BITS
from redpix.image.wcs import STALE_CARDS, frame_wcs
from redpix.injection.inject import expected_light, inject, saturate
from redpix.psf.psf_file import read_psf
from redpix.sdss.error_map import gain, sky_image
from redpix.sdss.frames import PLANES
from redpix.sdss.mask_table import read_masked, survey_mask
from redpix.sdss.packing import packed, save


def marked_planes(path, band, shape, saturated):
    """Pixels of each plane of the frame's survey mask, those newly saturated among them."""
    planes = {name: np.zeros(shape, bool) for name in PLANES}
    bit, y, x = read_masked(path, band)
    for name, meaning in PLANES.items():
        chosen = bit == BITS[meaning]
        planes[name][y[chosen], x[chosen]] = True
    planes["SATUR"] |= saturated
    planes["INTERP"] |= saturated
    return planes


def main(snakemake):
    params, inputs, wildcards = snakemake.params, snakemake.input, snakemake.wildcards
    field, band = parse_field(params.field), wildcards.band
    table = pd.read_csv(inputs.sources)
    with fits.open(inputs.frame, memmap=False) as hdus:
        image, calibration, sky = hdus[0].data, hdus[1].data, hdus[2].data[0]
        light = expected_light(
            table, band, read_psf(inputs.psf, band), frame_wcs(hdus[0].header), image.shape
        )
        # every frame its own photons, whatever is made before it
        rng = np.random.default_rng([params.seed, 7, *field, ord(band)])
        bright = inject(rng, image, light, calibration, gain(field.camcol, band, field.run))
        counts = sky_image(sky["ALLSKY"], sky["XINTERP"], sky["YINTERP"])
        hdus[0].data, saturated = saturate(bright, light, calibration, counts)
        for key in STALE_CARDS:
            hdus[0].header.remove(key, ignore_missing=True)
        hdus[0].header["INJECTED"] = (len(table), "simulated sources among the real ones")
        save(snakemake.output.frame, packed(hdus, bz2.compress))
    log.info("%s: %d sources, %d pixels saturated", inputs.frame, len(table), saturated.sum())
    mask = survey_mask(
        marked_planes(inputs.masks, band, image.shape, saturated), image.shape, field, band
    )
    save(snakemake.output.mask, packed(mask, partial(gzip.compress, mtime=0)))
