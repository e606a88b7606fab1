"""Simulate a night at a small telescope: a dark, a flat, exposures and their stars."""

from pathlib import Path

import numpy as np
from astropy.io import fits

from redpix.core.atomic_files import atomic, write_text
from redpix.core.job import log
from redpix.demo import ccd
from redpix.io.fits_writing import write_fits
from redpix.photometry.table_file import write_table


def write_image(path, values, **cards):
    """Write a FITS image with header cards.

    Parameters
    ----------
    path : str
        File that is written.
    values : ndarray, shape (ny, nx)
        Image.
    **cards
        Keywords and values of the header.
    """
    image = fits.PrimaryHDU(values)
    image.header.update(cards)
    with atomic(path) as temporary:
        write_fits(temporary, image)


def write_ccd(dark, flat, mask, images, stars, seed):
    """Write the calibration frames, the exposures and the stars of the simulated night.

    Parameters
    ----------
    dark, flat : str
        FITS images that are written, in counts.
    mask : str
        DS9 region file that is written: a circle around the galaxy.
    images : list of str
        FITS images that are written, one per exposure, in counts.
    stars : list of str
        CSVs that are written, one per exposure: x, y (pixels, 0-based) and magnitude.
    seed : int
        Seed of the random numbers.
    """
    dark_counts, flat_counts = ccd.calibration_frames(seed)
    write_image(dark, dark_counts.astype(np.float32), EXPTIME=ccd.EXPOSURE_TIME)
    write_image(flat, flat_counts.astype(np.float32))
    x, y = ccd.GALAXY
    write_text(mask, f"image\ncircle({x + 1},{y + 1},{ccd.MASK_RADIUS})\n")
    sky = ccd.draw_sky(seed)
    for index, (image, star_table) in enumerate(zip(images, stars, strict=True)):
        raw, x, y, magnitude = ccd.expose(index, sky, seed)
        cards = {
            "GAIN": ccd.GAIN,
            "RDNOISE": ccd.READ_NOISE,
            "SATURATE": ccd.SATURATION,
            "EXPTIME": ccd.EXPOSURE_TIME,
            "DATE-OBS": ccd.EXPOSURES[index].start,
        }
        write_image(image, raw, **cards)
        write_table(star_table, {"x": x, "y": y, "magnitude": magnitude})
        log.info("%s: %d stars", Path(image).name, len(x))
