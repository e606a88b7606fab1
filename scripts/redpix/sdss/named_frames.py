"""Give a field's fetched frames their names in the results folder."""

import json
import os
from pathlib import Path

from redpix.core.atomic_files import link_or_copy
from redpix.core.exceptions import InputError
from redpix.core.job import log


def name_frames(status, frames, source, release, bands, folder, keep, field, retries, timeout):
    """Link or move the fetched frames of a field to their names.

    Frames that were removed after use are fetched again. The survey masks are kept from the first
    time.

    Parameters
    ----------
    status : str
        JSON file that says whether the field was delivered.
    frames : list of str
        FITS files to write, one per band.
    source : str
        Archive: a URL, or the path of a folder.
    release : str
        Data release, such as ``dr17``.
    bands : list of str
        Bands in the order of the files.
    folder : str
        Folder of the fetched frames.
    keep : bool
        Whether the fetched frames stay in their folder.
    field : str
        Name of the field, ``run-camcol-field``.
    retries : int
        Number of attempts after the first one fails.
    timeout : float
        Seconds without a byte after which an attempt fails.

    Raises
    ------
    InputError
        If the field was not delivered, or a removed frame cannot be fetched again.
    """
    content = json.loads(Path(status).read_text(encoding="utf-8"))
    if not content["delivered"]:
        raise InputError(f"field {content['field']}: {content['reason']}")
    fetched = [Path(folder) / f"{band}.fits" for band in bands]
    missing = [path for path in fetched if not path.exists()]
    if missing:
        log.warning("%s: was removed after use; fetched again", missing[0])
        _fetch_again(source, retries, timeout, field, bands, release, folder)
    for path, output in zip(fetched, map(Path, frames), strict=True):
        output.unlink(missing_ok=True)
        if keep:
            link_or_copy(path, output)
        else:
            os.replace(path, output)
        log.info("%s -> %s", path, output)


def _fetch_again(source, retries, timeout, field, bands, release, folder):
    """Fetch the frames of a field without their masks."""
    # seldom needed, and these modules import astropy, which takes a second
    from redpix.core.field_name import parse_field  # noqa: PLC0415
    from redpix.sdss.archive import archive_of  # noqa: PLC0415
    from redpix.sdss.fetch import fetch_field  # noqa: PLC0415

    archive = archive_of(source, retries, timeout)
    fetch_field(archive, parse_field(field), bands, release, Path(folder), with_masks=False)
