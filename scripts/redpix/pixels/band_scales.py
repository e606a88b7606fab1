"""Unit of the fluxes and softening of the magnitudes of each band, for all fields of a run."""

import json
from pathlib import Path
from typing import NamedTuple


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


def band_scales(bands, headers, softening):
    """Return the scale of each band.

    Parameters
    ----------
    bands : list of str
        Names of the bands.
    headers : list of Mapping
        Headers of the registered images; BUNIT is the unit.
    softening : str
        JSON file of `redpix.pixels.softening.write_softening`; empty for the parameters of SDSS.

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
