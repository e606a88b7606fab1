"""Unit of the fluxes and softening of the magnitudes of each band, for all fields of a run."""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np

from redpix.core.atomic_files import write_text
from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.sdss.magnitudes import softening_of_noise


class BandScale(NamedTuple):
    """Scale of a band of a pixel table.

    Attributes
    ----------
    unit : str
        ``nanomaggy``, or ``count`` where the AB zero point is unknown.
    softening : float or None
        Parameter b of the asinh magnitudes; None for that of SDSS.
    origin : str
        Origin of the zero point; empty if it is unknown.
    """

    unit: str
    softening: float | None
    origin: str = ""


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
    write_text(softening, json.dumps(result, indent=1) + "\n")


def band_scales(bands, headers, softening):
    """Return the scale of each band.

    Parameters
    ----------
    bands : list of str
        Names of the bands.
    headers : list of Mapping
        Headers of the registered images; BUNIT is the unit.
    softening : str
        JSON file of `write_softening`; empty for the parameters of SDSS.

    Returns
    -------
    dict of str to BandScale
    """
    values = json.loads(Path(softening).read_text(encoding="utf-8")) if softening else {}
    return {
        band: BandScale(
            str(header.get("BUNIT", "nanomaggy")), values.get(band), str(header.get("ZPFROM", ""))
        )
        for band, header in zip(bands, headers, strict=True)
    }


def facts_of(name, scales):
    """Return the metadata of a column that differ from those of an SDSS table.

    Parameters
    ----------
    name : str
        Name of the column.
    scales : dict of str to BandScale or None
        Scale of each band.

    Returns
    -------
    dict of str to str
    """
    kind, _, band = name.partition("_")
    if not scales or band not in scales:
        return {}
    if kind in ("flux", "error") and scales[band].unit == "count":
        origin = scales[band].origin
        stated = f"22.5, not AB: {origin}" if origin not in ("", "assumed") else "assumed: 22.5"
        return {"unit": "count", "zero_point": stated}
    if kind == "mag" and scales[band].softening is not None:
        return {"softening": repr(scales[band].softening)}
    return {}
