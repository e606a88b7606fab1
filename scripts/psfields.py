"""Fetch the survey's own PSFs of one field (its psField file).

A frame is of use without it: where it cannot be had, a file without tables stands for it.
"""

from pathlib import Path

import archive
from astropy.io import fits
from files import atomic
from job import job, log
from redpix.exceptions import InputError
from redpix.frames import SHAPE, parse_field
from redpix.psfield import FILTERS, psfield_model, psfield_path


def check(path):
    """Refuse a file that is no psField."""
    try:
        with fits.open(path, memmap=False) as hdus:
            for number in range(1, len(FILTERS) + 1):
                psfield_model(hdus[number].data, SHAPE)
    except InputError:
        raise
    except (OSError, IndexError, ValueError, TypeError) as error:
        raise InputError(f"is no psField file: {error}") from None


def main(snakemake):
    field, target = parse_field(snakemake.wildcards.field), Path(snakemake.output[0])
    door = archive.door_of(snakemake)
    try:
        door.fetch(door.locate(psfield_path(snakemake.params.release, field)), target, check)
    except InputError as error:
        log.warning("%s: no PSF of the survey, PSFEx's is taken: %s", field, error)
        with atomic(target) as temporary:
            fits.PrimaryHDU().writeto(temporary)


if "snakemake" in globals():
    with job(snakemake):
        main(snakemake)
