"""Fetch the stars of a survey catalogue around images, and keep them as a table."""

from itertools import chain

import numpy as np
from astropy.io import fits
from astropy.table import Table, unique, vstack

from redpix.catalogue.cones import cones_of
from redpix.catalogue.vizier import ask_vizier, named_columns, numbers_of
from redpix.core.atomic_files import atomic
from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.photometry.surveys import GAIA_RELATIONS, SURVEYS


def fetch_stars(images, stars, survey):
    """Fetch the stars of a survey in the footprints of images and write their table.

    Without an answer the table is empty, and its header says why. The next run asks again.

    Parameters
    ----------
    images : list of str
        FITS files of calibrated images. Those without a WCS are left out.
    stars : str
        ECSV to write: ra, dec (degrees), pmra, pmdec (mas per year), magnitude and error in each
        band, and colour.
    survey : str
        One of `redpix.photometry.surveys.SURVEYS`.
    """
    cones = cones_of((path, fits.getheader(path)) for path in images)
    tables, state, failed = [], "complete", "" if cones else "no image has a WCS"
    for centre, radius in cones:
        try:
            tables.append(ask(survey, centre, radius))
        except InputError as error:
            state, failed = "unanswered", str(error)
            break
    if failed:
        log.warning("catalogue: %s: %s; magnitudes stay instrumental", survey, failed)
        tables = []
    made = joined(tables, survey)
    made.meta |= {"survey": survey, "table": SURVEYS[survey].table}
    made.meta |= {"state": state, "failed": failed}
    with atomic(stars) as temporary:
        made.write(temporary, format="ascii.ecsv", overwrite=True)
    log.info("%s: %d stars of %s in %d cones", stars, len(made), survey, len(cones))


def ask(survey, centre, radius):
    """Return the answer of VizieR for the stars of a survey in a cone.

    Parameters
    ----------
    survey : str
        One of `redpix.photometry.surveys.SURVEYS`.
    centre : astropy.coordinates.SkyCoord
        Middle of the cone.
    radius : float
        Degrees.

    Returns
    -------
    astropy.table.Table
        As of `standard_stars`.

    Raises
    ------
    InputError
        If VizieR does not answer with a table.
    """
    entry = SURVEYS[survey]
    columns = [*entry.position, *chain.from_iterable(entry.bands.values()), "pmRA", "pmDE"]
    limited = entry.bands[entry.limited][0]
    filters = {limited: f"{entry.limits[0]}..{entry.limits[1]}", **entry.filters}
    answer = ask_vizier(entry.table, columns, centre, radius, filters)
    if not answer:
        return standard_stars(Table(names=columns, dtype=[float] * len(columns)), survey)
    return standard_stars(answer[0], survey)


def standard_stars(answer, survey):
    """Return an answer of VizieR with the names and units of redpix.

    Parameters
    ----------
    answer : astropy.table.Table
        Columns as VizieR names them; an apostrophe may be an underscore.
    survey : str
        One of `redpix.photometry.surveys.SURVEYS`.

    Returns
    -------
    astropy.table.Table
        Columns ra, dec, pmra, pmdec, each band and its error, colour; NaN where unknown, but 0 for
        an unknown proper motion. For Gaia also V, R, I and g, r, i by its published relations.

    Raises
    ------
    InputError
        If a column of positions is missing.
    """
    entry = SURVEYS[survey]

    def values(name):
        return numbers_of(answer, name)

    if entry.position[0].lower() not in named_columns(answer):
        raise InputError(
            f"the answer lacks {entry.position[0]}; it has {', '.join(answer.colnames)}"
        )
    made = Table({"ra": values(entry.position[0]), "dec": values(entry.position[1])})
    for name in ("pmRA", "pmDE"):
        moves = values(name) if entry.epoch else np.zeros(len(answer))
        made[{"pmRA": "pmra", "pmDE": "pmdec"}[name]] = np.nan_to_num(moves)
    for band, (magnitude, error) in entry.bands.items():
        made[band], made[f"{band}_error"] = values(magnitude), values(error)
    made["colour"] = made[entry.colour[0]] - made[entry.colour[1]]
    if survey == "gaia":
        colour = np.asarray(made["colour"])
        for band, relation in GAIA_RELATIONS.items():
            low, high = relation.colours
            inside = np.where((colour > low) & (colour < high), colour, np.nan)
            made[band] = made["G"] - np.polynomial.polynomial.polyval(inside, relation.terms)
            made[f"{band}_error"] = np.full(len(made), relation.scatter)
    return made


def joined(tables, survey):
    """Return the stars of several cones, each once.

    Parameters
    ----------
    tables : list of astropy.table.Table
        As of `standard_stars`.
    survey : str
        One of `redpix.photometry.surveys.SURVEYS`.

    Returns
    -------
    astropy.table.Table
    """
    if not tables:
        empty = Table(names=SURVEYS[survey].position, dtype=[float, float])
        return standard_stars(empty, survey)
    whole = vstack(tables, metadata_conflicts="silent")
    return unique(whole, keys=["ra", "dec"]) if len(whole) else whole
