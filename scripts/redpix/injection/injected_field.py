"""The field that sources are injected into: its bands, filters, ids and columns of the truth."""

from typing import NamedTuple

from redpix.catalogue.build import COLUMNS
from redpix.catalogue.merge import first_id
from redpix.core.field_name import parse_field
from redpix.demo.population import BANDS
from redpix.simulation.rendering import SHAPE_COLUMNS
from redpix.simulation.run_filters import run_filters

#: offset of the ids of injected sources from those of detections of the same field
FIRST_ID = 89_000

#: largest redshift of the demo's galaxies
_MOST_DISTANT = 1.0


class InjectedField(NamedTuple):
    """A field of SDSS, or of a user's table of images.

    Attributes
    ----------
    name : str
    bands : tuple of str
        Bands in which the truth states fluxes.
    place : dict
        Columns of the truth that name the field.
    seeds : tuple of int
        Numbers that distinguish the field from others in a seed.
    first_id : int
        Number from which the ids of its sources count.
    curves : dict of str to speclite.filters.FilterResponse, or None
        Filters by band; None for SDSS.
    """

    name: str
    bands: tuple
    place: dict
    seeds: tuple
    first_id: int
    curves: dict | None

    def columns(self):
        """Return the columns of the truth: those of objects.csv, then those of the injection."""
        catalogued = [name for name in COLUMNS if name not in BANDS]
        if self.curves is not None:
            catalogued = [name for name in catalogued if name not in ("run", "camcol")]
        fluxes = [f"flux_{band}" for band in self.bands]
        own = ["kind", *fluxes, *SHAPE_COLUMNS, "host", "clear", "line"]
        return [*catalogued, *self.bands, *own]


def field_seeds(name, given):
    """Return the numbers that distinguish a field from others in a seed.

    Parameters
    ----------
    name : str
        Name of the field.
    given : bool
        Whether it is a field of a user's table of images.

    Returns
    -------
    tuple of int
    """
    return tuple(name.encode()) if given else tuple(parse_field(name))


def injected_field(name, bands, given=None):
    """Return the field that sources are injected into.

    Parameters
    ----------
    name : str
        Name of the field.
    bands : sequence of str
        Bands of the run.
    given : dict, optional
        For a user's table of images: number, the place of the field in it, from 1; filters and
        wavelengths as for `redpix.simulation.run_filters.run_filters`; drawn, whether sources are
        drawn from the demo's population, which needs the filters.

    Returns
    -------
    InjectedField

    Raises
    ------
    InputError
        If the name is not that of a field of SDSS, or the filters are unknown.
    """
    if given is None:
        place = parse_field(name)
        # ids as those of detections; a float64 holds them exactly
        first = first_id(place) + FIRST_ID
        return InjectedField(name, BANDS, place._asdict(), tuple(place), first, None)
    curves = {}
    if given["drawn"]:
        filters, wavelengths = given["filters"], given["wavelengths"]
        _, found = run_filters(bands, filters, wavelengths, _MOST_DISTANT, "injection.filters")
        curves = dict(zip(bands, found, strict=True))
    first = first_id((given["number"], name)) + FIRST_ID
    seeds = field_seeds(name, given=True)
    return InjectedField(name, tuple(bands), {"field": name}, seeds, first, curves)
