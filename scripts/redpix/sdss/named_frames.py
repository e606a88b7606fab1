"""Give a field's fetched frames their names; fetch again what was removed after use."""

import json
import os
from pathlib import Path

from redpix.core.exceptions import InputError
from redpix.core.job import log


def fetched_again(snakemake):
    """Fetch a field's frames once more; the survey masks came before, and were kept."""
    from redpix.core.field_name import parse_field  # noqa: PLC0415
    from redpix.sdss import archive  # noqa: PLC0415 (with all that frames need, seldom used)
    from redpix.sdss.fetch import fetch_field  # noqa: PLC0415

    params, door = snakemake.params, archive.door_of(snakemake)
    field = parse_field(snakemake.wildcards.field)
    fetch_field(door, field, params.bands, params.release, Path(params.folder), masks=False)


def main(snakemake):
    params = snakemake.params
    status = json.loads(Path(snakemake.input.status).read_text(encoding="utf-8"))
    if not status["delivered"]:
        raise InputError(f"field {status['field']}: {status['reason']}")
    fetched = [Path(params.folder) / f"{band}.fits" for band in params.bands]
    missing = [path for path in fetched if not path.exists()]
    if missing:
        log.warning("%s: was removed after use; fetched again", missing[0])
        fetched_again(snakemake)
    for path, output in zip(fetched, map(Path, snakemake.output), strict=True):
        output.unlink(missing_ok=True)
        if params.keep:
            os.link(path, output)
        else:
            os.replace(path, output)
        log.info("%s -> %s", path, output)
