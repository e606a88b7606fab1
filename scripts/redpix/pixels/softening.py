"""Softening of the magnitudes of each band, for all fields of a run."""

import json
from pathlib import Path

import numpy as np

from redpix.core.atomic_files import write_json
from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.sdss.magnitudes import softening_of_noise


def write_softening(statuses, softening):
    """Write the softening parameters of the bands of a run.

    Frames of SDSS have those of the survey. Those of other images follow from the median noise of
    the fields.

    Parameters
    ----------
    statuses : list of str
        JSON files of the fields, as from `redpix.pixels.given_field.prepare_field`.
    softening : str
        JSON file to write: the parameter b by band.

    Raises
    ------
    InputError
        If all fields are left out.
    """
    contents = [json.loads(Path(path).read_text(encoding="utf-8")) for path in statuses]
    delivered = [one for one in contents if one["delivered"]]
    if not delivered:
        reasons = "; ".join(f"{one['field']}: {one['reason']}" for one in contents[:3])
        raise InputError(f"frames: all fields are left out; {reasons}")
    result = {}
    for band in delivered[0]["frames"]:
        frames = [one["frames"][band] for one in delivered]
        stated = {frame["softening"] for frame in frames}
        own = softening_of_noise(np.median([frame["noise"] for frame in frames]))
        result[band] = stated.pop() if len(stated) == 1 and None not in stated else own
        units = {frame["unit"] for frame in frames}
        log.info("%s: softening %.3g, unit %s", band, result[band], ", ".join(sorted(units)))
        if len(units) > 1:
            log.warning("band %s: the AB zero point of some fields is known, of others not", band)
    write_json(softening, result)
