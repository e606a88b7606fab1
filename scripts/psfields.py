"""Fetch the survey's own PSFs of one field (its psField file).

A frame is of use without it: where it cannot be had, a file without tables stands for it.
"""

from pathlib import Path

import archive
from astropy.io import fits
from files import atomic
from job import job, log
from redpix.exceptions import InputError
from redpix.frames import SHAPE, parse_field, psfield_path
from redpix.psfield import field_psf


def check(path):
    """Refuse a file that is no psField."""
    try:
        with fits.open(path, memmap=False) as hdus:
            field_psf(hdus, "r", SHAPE)
    except OSError as error:
        raise InputError(f"does not open as FITS: {error}") from None


def main(snakemake):
    params, patience = snakemake.params, snakemake.resources
    field, target = parse_field(snakemake.wildcards.field), Path(snakemake.output[0])
    door = archive.Door(params.source, patience.download_retries, patience.download_timeout)
    try:
        door.fetch(door.locate(psfield_path(params.release, field)), target, check)
    except InputError as error:
        log.warning("%s: no PSF of the survey, PSFEx's is taken: %s", field, error)
        with atomic(target) as temporary:
            fits.PrimaryHDU().writeto(temporary)


if "snakemake" in globals():
    with job(snakemake):
        main(snakemake)
