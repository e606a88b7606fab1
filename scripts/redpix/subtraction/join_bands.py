"""Join the transients of the bands of a pair in one table, each with its host."""

import csv

from redpix.core.atomic_files import atomic
from redpix.core.job import log
from redpix.subtraction.hosts import nearest
from redpix.subtraction.identify import COLUMNS, add_identities, read_catalogues
from redpix.subtraction.transient_formats import write_formats
from redpix.subtraction.transient_rows import read_rows

HOST_COLUMNS = ("host_id", "host_z_phot", "host_z_error")


def join_bands(
    tables, objects, bodies, gaia, lists, transients, votable, regions, host_radius, radius
):
    """Join the tables of transients of all bands and add the host of each transient.

    Parameters
    ----------
    tables : list of str
        CSV files of transients, one per band.
    objects : list of str
        CSV files of objects with redshifts; empty if the run has no objects.
    bodies, gaia : list of str
        ECSV files of known bodies and of sources of Gaia; empty if they are not chosen.
    lists : list of str
        Tables of the user with objects that transients may be.
    transients : str
        CSV file to write.
    votable, regions : str
        The same as a VOTable and as DS9 regions.
    host_radius : float
        Maximum distance of a transient from its host, arcsec.
    radius : float
        Maximum separation of a transient from the object that it may be, arcsec.
    """
    bands = [read_rows(path) for path in tables]
    rows = [row for band, _ in bands for row in band]
    add_hosts(rows, objects, host_radius)
    names = bands[0][1]
    place = names.index("flags") + 1
    columns = [*names[:place], *HOST_COLUMNS, *names[place:]]
    if bodies or gaia or lists:
        add_identities(rows, read_catalogues(bodies, gaia, lists), radius)
        columns += COLUMNS
        known = sum(row["known_as"] != "" for row in rows)
        log.info("%s: %d rows of known objects", transients, known)
    with atomic(transients) as path, open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(row | {"id": number} for number, row in enumerate(rows, start=1))
    write_formats(transients, votable, regions)
    hosts = sum(row["host_id"] != "" for row in rows)
    log.info("%s: %d rows, %d with a host", transients, len(rows), hosts)


def add_hosts(rows, paths, radius):
    """Add the columns of the host to each transient; empty cells without a host.

    Parameters
    ----------
    rows : list of dict
        Transients, which get the columns `HOST_COLUMNS`.
    paths : list of str
        CSV files of objects. Stars are not hosts.
    radius : float
        Maximum distance, arcsec.
    """
    objects = [row for path in paths for row in read_rows(path)[0]]
    objects = [row for row in objects if (row["class"] or row["class_phot"]) != "STAR"]
    indices = nearest(*_positions(rows), *_positions(objects), radius)
    for row, index in zip(rows, indices, strict=True):
        host = objects[index] if index >= 0 else {}
        values = (host.get(name, "") for name in ("object_id", "z_phot", "z_error"))
        row.update(zip(HOST_COLUMNS, values, strict=True))


def _positions(rows):
    """Return right ascension and declination of rows, degrees; NaN for an empty cell."""
    return [[float(row[name] or "nan") for row in rows] for name in ("ra", "dec")]
