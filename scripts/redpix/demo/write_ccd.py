"""Simulate a night at a small telescope: a dark, a flat, exposures, the stars that are in them."""

from pathlib import Path

import numpy as np
from astropy.io import fits

from redpix.core.atomic_files import atomic, write_text
from redpix.core.job import log
from redpix.demo import ccd
from redpix.photometry.table_file import write_table


def write_image(path, values, **cards):
    """A FITS image with header cards."""
    image = fits.PrimaryHDU(values)
    image.header.update(cards)
    with atomic(path) as temporary:
        image.writeto(temporary)


def main(snakemake):
    seed, output = snakemake.params.seed, snakemake.output
    dark, flat = ccd.calibration_frames(seed)
    write_image(output.dark, dark.astype(np.float32), EXPTIME=ccd.EXPOSURE)
    write_image(output.flat, flat.astype(np.float32))
    x, y = ccd.GALAXY
    write_text(output.mask, f"image\ncircle({x + 1},{y + 1},{ccd.HIDDEN})\n")
    sky = ccd.draw_sky(seed)
    for index, (image, stars) in enumerate(zip(output.images, output.stars, strict=True)):
        exposure = ccd.EXPOSURES[index]
        raw, x, y, magnitude = ccd.expose(index, sky, seed)
        cards = {"GAIN": ccd.GAIN, "RDNOISE": ccd.READ_NOISE}
        cards |= {"SATURATE": ccd.SATURATION, "EXPTIME": ccd.EXPOSURE}
        write_image(image, raw, **cards, **{"DATE-OBS": exposure.start})
        write_table(stars, {"x": x, "y": y, "magnitude": magnitude})
        log.info("%s: %d stars", Path(image).name, len(x))
