"""Fetch the survey's own PSFs of one field (its psField file).

A frame is of use without it: where it cannot be had, a file without tables stands for it.
"""

from pathlib import Path

from astropy.io import fits

from redpix.core.atomic_files import atomic
from redpix.core.exceptions import InputError
from redpix.core.field_name import parse_field
from redpix.core.job import log
from redpix.sdss import archive
from redpix.sdss.frames import SHAPE
from redpix.sdss.psfield import FILTERS, psfield_model, psfield_path


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
