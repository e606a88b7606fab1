"""Simulate a night at a small telescope: a dark, a flat, exposures, the stars that are in them."""

from pathlib import Path

import numpy as np
from astropy.io import fits
from files import atomic, write_text
from job import job, log
from measurements import write_table
from redpix import demo_ccd


def write_image(path, values, **cards):
    """A FITS image with header cards."""
    image = fits.PrimaryHDU(values)
    image.header.update(cards)
    with atomic(path) as temporary:
        image.writeto(temporary)


def main(snakemake):
    seed, output = snakemake.params.seed, snakemake.output
    dark, flat = demo_ccd.calibration_frames(seed)
    write_image(output.dark, dark.astype(np.float32), EXPTIME=demo_ccd.EXPOSURE)
    write_image(output.flat, flat.astype(np.float32))
    x, y = demo_ccd.GALAXY
    write_text(output.mask, f"image\ncircle({x + 1},{y + 1},{demo_ccd.HIDDEN})\n")
    sky = demo_ccd.draw_sky(seed)
    for index, (image, stars) in enumerate(zip(output.images, output.stars, strict=True)):
        exposure = demo_ccd.EXPOSURES[index]
        raw, x, y, magnitude = demo_ccd.expose(index, sky, seed)
        cards = {"GAIN": demo_ccd.GAIN, "RDNOISE": demo_ccd.READ_NOISE}
        cards |= {"SATURATE": demo_ccd.SATURATION, "EXPTIME": demo_ccd.EXPOSURE}
        write_image(image, raw, **cards, **{"DATE-OBS": exposure.start})
        write_table(stars, {"x": x, "y": y, "magnitude": magnitude})
        log.info("%s: %d stars", Path(image).name, len(x))


if "snakemake" in globals():
    with job(snakemake):
        main(snakemake)
