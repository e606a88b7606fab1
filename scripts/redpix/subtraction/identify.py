"""Say what transients may be: bodies of the Solar System, sources of Gaia, objects of a list."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from astropy.table import Table
from scipy.spatial import cKDTree

from redpix.catalogue.vizier import moved_positions, years_since
from redpix.image.sphere import chord, unit_vectors
from redpix.subtraction.gaia_sources import EPOCH
from redpix.subtraction.kept_objects import read_bodies, read_gaia
from redpix.subtraction.known_bodies import LEAST_CERTAIN, NEAR, ExposureTime, seen_from
from redpix.subtraction.object_list import read_object_list

#: columns of an identified transient
COLUMNS = ("known_as", "known_kind", "known_separation")

#: separations below it do not tell one candidate from another, arcsec
ALIKE = 0.3

#: kinds of bodies that are not asteroids, as SkyBoT begins their class
_NOT_ASTEROIDS = ("comet", "planet", "dwarf planet", "satellite", "spacecraft")


class Candidates(NamedTuple):
    """Objects of one list that transients may be.

    Attributes
    ----------
    name, kind : sequence of str
    ra, dec : ndarray, shape (n,)
        Degrees, at the time of the transients.
    reach : ndarray, shape (n,)
        Maximum separation of a transient, arcsec.
    """

    name: list
    kind: list
    ra: np.ndarray
    dec: np.ndarray
    reach: np.ndarray


class Catalogues(NamedTuple):
    """Catalogues that transients are looked up in; None or empty if not chosen.

    Attributes
    ----------
    bodies : astropy.table.Table or None
        From `redpix.subtraction.known_bodies.fetch_bodies`.
    gaia : astropy.table.Table or None
        From `redpix.subtraction.gaia_sources.fetch_gaia`.
    lists : list of (str, redpix.subtraction.object_list.ObjectList)
        Path and content of each list of the user.
    """

    bodies: Table | None = None
    gaia: Table | None = None
    lists: list = ()


def read_catalogues(bodies, gaia, lists):
    """Return the catalogues that transients are looked up in.

    Parameters
    ----------
    bodies, gaia, lists : list of str
        Paths of the tables; empty for those that are not chosen.

    Returns
    -------
    Catalogues
    """
    return Catalogues(
        read_bodies(bodies[0]) if bodies else None,
        read_gaia(gaia[0]) if gaia else None,
        [(path, read_object_list(path)) for path in lists],
    )


def add_identities(rows, catalogues, radius):
    """Add the columns of the object that each transient may be; empty cells without one.

    Of several candidates, that one is taken which lies there least likely by chance: the square of
    its separation times the number of objects of its catalogue in the field is smallest.

    Parameters
    ----------
    rows : list of dict of str to str
        Transients of a pair, which get the columns `COLUMNS`.
    catalogues : Catalogues
        Where to look.
    radius : float
        Maximum separation, arcsec. The uncertainty of an ephemeris is added.
    """
    for row in rows:
        row.update(dict.fromkeys(COLUMNS, ""))
    groups = {}
    for row in rows:
        if row["ra"]:
            image = "science" if float(row["flux"]) > 0 else "reference"
            groups.setdefault((row["band"], image, row["mjd"]), []).append(row)
    for (band, image, mjd), members in groups.items():
        time = float(mjd) if mjd else None
        candidates = [
            *candidates_of_lists(catalogues.lists, radius),
            *candidates_of_gaia(catalogues.gaia, time, radius),
            *candidates_of_bodies(catalogues.bodies, band, image, radius),
        ]
        _match(members, candidates)


def candidates_of_lists(lists, radius):
    """Yield the objects of a user's lists; see `Candidates`."""
    for path, one in lists:
        kinds = [kind or Path(path).stem for kind in one.kind]
        places = np.isfinite(one.ra) & np.isfinite(one.dec)
        names = [[column[n] for n in np.flatnonzero(places)] for column in (one.name, kinds)]
        ra, dec = one.ra[places], one.dec[places]
        yield Candidates(*names, ra, dec, np.full(len(ra), radius))


def candidates_of_gaia(table, mjd, radius):
    """Yield the sources of Gaia at a time; without a time at the epoch of the catalogue."""
    if table is None or not len(table):
        return
    years = 0.0 if mjd is None else years_since(EPOCH, mjd)
    ra, dec = moved_positions(table["ra"], table["dec"], table["pmra"], table["pmdec"], years)
    names = [f"Gaia DR3 {source}" for source in table["source"].tolist()]
    yield Candidates(names, table["kind"].tolist(), ra, dec, np.full(len(ra), radius))


def candidates_of_bodies(table, band, image, radius):
    """Yield the bodies of the Solar System at the time of one image of a band."""
    if table is None or not len(table):
        return
    exposures = [ExposureTime(*one) for one in table.meta["exposures"]]
    mine = next((one for one in exposures if (one.band, one.image) == (band, image)), None)
    if mine is None:
        return
    gap = abs(np.asarray(table["mjd"], float) - mine.mjd)
    bodies = table[(gap == gap.min()) & (gap < 1.1 * NEAR / 24)]
    if not len(bodies):
        return
    ra, dec, error = seen_from(bodies, mine.mjd, mine.xyz)
    sure = error < LEAST_CERTAIN
    names = [_name_of(row) for row in bodies[sure]]
    kinds = [_kind_of(str(kind)) for kind in bodies["kind"][sure]]
    yield Candidates(names, kinds, ra[sure], dec[sure], radius + error[sure])


def _name_of(body):
    """Return number and name of a body."""
    number, name = str(body["number"]), str(body["name"])
    return f"({number}) {name}" if number.isdigit() else name


def _kind_of(kind):
    """Return what a class of SkyBoT is in plain words."""
    word = kind.split(">")[0].strip().lower()
    return word if word in _NOT_ASTEROIDS else f"asteroid ({kind})"


def _match(rows, candidates):
    """Fill the columns of rows from the candidate that lies there least likely by chance."""
    ra, dec = ([float(row[axis]) for row in rows] for axis in ("ra", "dec"))
    places = unit_vectors(ra, dec)
    middle = places.mean(axis=0)
    wide = np.linalg.norm(places - middle, axis=1).max() + chord(60.0)
    lowest = np.full(len(rows), np.inf)
    for some in candidates:
        if not len(some.ra):
            continue
        objects = unit_vectors(some.ra, some.dec)
        count = max(1, np.sum(np.linalg.norm(objects - middle, axis=1) < wide))
        near = cKDTree(objects).query_ball_point(places, chord(some.reach.max()))
        for number, indices in enumerate(near):
            for index in indices:
                distance = np.linalg.norm(objects[index] - places[number])
                separation = 3600 * np.rad2deg(2 * np.arcsin(distance / 2))
                rank = count * max(separation, ALIKE) ** 2
                if separation <= some.reach[index] and rank < lowest[number]:
                    lowest[number] = rank
                    values = some.name[index], some.kind[index], f"{separation:.2f}"
                    rows[number].update(zip(COLUMNS, values, strict=True))
