"""Read the tables of known objects that a run keeps, which a person may have edited."""

from redpix.core.damaged_files import REMEDY, readable
from redpix.core.exceptions import InputError
from redpix.io.kept_tables import read_kept
from redpix.subtraction.known_bodies import COLUMNS, TIMES, ExposureTime


def read_gaia(path):
    """Return the table that `redpix.subtraction.gaia_sources.fetch_gaia` wrote.

    Parameters
    ----------
    path : str
        ECSV.

    Returns
    -------
    astropy.table.Table

    Raises
    ------
    InputError
        If the table was damaged after it was written.
    """
    return read_kept(path, ("ra", "dec", "pmra", "pmdec"), ("kind",))


def read_bodies(path):
    """Return the table that `redpix.subtraction.known_bodies.fetch_bodies` wrote.

    Parameters
    ----------
    path : str
        ECSV.

    Returns
    -------
    astropy.table.Table
        One row per body and request. Its header has the times of the exposures.

    Raises
    ------
    InputError
        If the table was damaged after it was written.
    """
    kinds = dict(COLUMNS.values())
    numbers = [name for name, kind in kinds.items() if kind is float]
    table = read_kept(path, [*numbers, "mjd"], [name for name in kinds if name not in numbers])
    try:
        with readable(path, "a table of bodies"):
            times = [_exposure(*one) for one in table.meta["exposures"]]
    except InputError as error:
        raise InputError(f"{error}; {REMEDY}") from None
    table.meta["exposures"] = times
    return table


def _exposure(band, image, mjd, xyz):
    """Return the time of an exposure from its entry in the header of the table."""
    if not isinstance(band, str) or image not in TIMES:
        raise ValueError(f"exposure {band} {image}")
    site = None if xyz is None else tuple(map(float, xyz))
    if site is not None and len(site) != 3:
        raise ValueError(f"exposure {band} {image}: a site of {len(site)} numbers")
    return ExposureTime(band, image, float(mjd), site)
