"""Known bodies of the Solar System in the fields of differences, as SkyBoT of IMCCE lists them.

SkyBoT gives astrometric positions for an observer in the centre of the Earth. `seen_from` moves
them by the parallax of the observatory.
"""

import io
from typing import NamedTuple

import numpy as np
from astropy import units as u
from astropy.io import fits
from astropy.table import Table, vstack
from astropy.time import Time

from redpix.catalogue.cones import cones_of
from redpix.catalogue.services import TIMEOUT, answer_of
from redpix.core.atomic_files import atomic
from redpix.core.damaged_files import readable
from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.image.earth_rotation import rotation_tables
from redpix.image.site_cards import CARDS
from redpix.image.sphere import unit_vectors
from redpix.io.table_formats import check_votable

#: cards of the middle of science exposure and reference in a difference
TIMES = {"science": "MJD-AVG", "reference": "REFMJDAV"}

#: exposures within this time of a request share its answer, hours
NEAR = 1.0

#: bodies whose position is less certain are not requested, arcsec
LEAST_CERTAIN = 10.0

#: equatorial horizontal parallax at 1 au, arcsec (IAU 1976)
PARALLAX = 8.794148

#: columns of an answer that are read, and their names and types here
COLUMNS = {
    "num": ("number", str),
    "name": ("name", str),
    "class": ("kind", str),
    "_raj2000": ("ra", float),
    "_decj2000": ("dec", float),
    "dracosdec": ("ra_rate", float),
    "ddec": ("dec_rate", float),
    "errpos": ("position_error", float),
    "dgeo": ("distance", float),
    "magV": ("magnitude", float),
}


class ExposureTime(NamedTuple):
    """Time of an exposure of a difference.

    Attributes
    ----------
    band : str
        Band of the difference.
    image : {"science", "reference"}
    mjd : float
        Middle of the exposure, Modified Julian Date (UTC).
    xyz : tuple of float or None
        Geocentric position of the observatory, metres; None if unknown.
    """

    band: str
    image: str
    mjd: float
    xyz: tuple | None


def fetch_bodies(differences, bodies):
    """Fetch the known bodies in the field of a pair at the times of its exposures.

    Without an answer the table is empty, and its header says why. The next run asks again.

    Parameters
    ----------
    differences : list of str
        FITS files of the differences of a pair, one per band.
    bodies : str
        ECSV to write: one row per body and request. Its header has the times of the exposures.
    """
    headers = [(path, fits.getheader(path, "D")) for path in differences]
    cones, times = cones_of(headers), exposures_of(headers)
    failed = "" if cones else "the image has no WCS"
    failed = failed or ("" if times else "the time of the exposures is unknown")
    tables, state = [], "complete"
    try:
        for mjd in request_times([one.mjd for one in times]) if not failed else ():
            tables += [ask_skybot(centre, radius, mjd) for centre, radius in cones]
    except InputError as error:
        tables, state, failed = [], "unanswered", str(error)
    if failed:
        log.warning("subtraction.identify.bodies: %s; columns of bodies stay empty", failed)
    made = vstack(tables) if tables else empty_bodies()
    made.meta |= {"service": "SkyBoT", "state": state, "failed": failed}
    made.meta["exposures"] = [list(one) for one in times]
    with atomic(bodies) as temporary:
        made.write(temporary, format="ascii.ecsv", overwrite=True)
    log.info("%s: %d rows of bodies of the Solar System", bodies, len(made))


def exposures_of(headers):
    """Return the exposures of differences whose time is known.

    Parameters
    ----------
    headers : list of (str, astropy.io.fits.Header)
        Path and header of each difference.

    Returns
    -------
    list of ExposureTime
    """
    made = []
    for path, header in headers:
        for image, card in TIMES.items():
            if card not in header:
                log.warning("%s: the time of its %s is unknown", path, image)
                continue
            prefix = "OBSGEO" if image == "science" else "REFGEO"
            xyz = tuple(header.get(name.replace("OBSGEO", prefix)) for name in CARDS)
            site = None if None in xyz else tuple(map(float, xyz))
            made.append(ExposureTime(str(path).split("/")[-2], image, float(header[card]), site))
    return made


def request_times(times):
    """Return the times of requests: one for all exposures within `NEAR` of it.

    Parameters
    ----------
    times : sequence of float
        Modified Julian Dates.

    Returns
    -------
    list of float
    """
    groups = []
    for mjd in sorted(times):
        if groups and mjd - groups[-1][0] <= 2 * NEAR / 24:
            groups[-1].append(mjd)
        else:
            groups.append([mjd])
    return [(group[0] + group[-1]) / 2 for group in groups]


def ask_skybot(centre, radius, mjd):
    """Return the bodies that SkyBoT lists in a cone, for an observer in the centre of the Earth.

    Parameters
    ----------
    centre : astropy.coordinates.SkyCoord
        Middle of the cone.
    radius : float
        Degrees.
    mjd : float
        Modified Julian Date (UTC).

    Returns
    -------
    astropy.table.Table
        Columns of `COLUMNS`, and mjd: ra and dec in degrees, rates in arcsec per hour on the sky,
        position_error in arcsec, distance from the centre of the Earth in au.

    Raises
    ------
    InputError
        If SkyBoT does not answer with a table.
    """
    from astroquery.imcce import Skybot, conf  # only here: its import takes most of a second

    def request():
        with conf.set_temp("timeout", TIMEOUT):
            text = Skybot.cone_search(
                centre,
                radius * u.deg,
                Time(mjd, format="mjd", scale="utc"),
                position_error=LEAST_CERTAIN,
                get_raw_response=True,
                cache=False,
            )
        return bodies_of(text, mjd)

    return answer_of("SkyBoT", request)


def bodies_of(text, mjd):
    """Return the bodies in an answer of SkyBoT.

    Parameters
    ----------
    text : str
        VOTable.
    mjd : float
        Time of the request.

    Returns
    -------
    astropy.table.Table
        As of `ask_skybot`.

    Raises
    ------
    ValueError, LookupError
        If the text is not an answer of SkyBoT.
    """
    if "no solar system object" in text.lower():
        return empty_bodies()
    check_votable(text.encode(), "the answer")
    with readable(None, "a VOTable"):
        answer = Table.read(io.BytesIO(text.encode()), format="votable")
    if not len(answer):
        return empty_bodies()
    made = Table()
    for name, (column, kind) in COLUMNS.items():
        if name not in answer.colnames:
            raise ValueError(f"the answer lacks {name}; it has {', '.join(answer.colnames)}")
        with readable(None, f"numbers or texts of {name}"):
            made[column] = _cells(answer[name], kind)
    made["mjd"] = np.full(len(made), mjd)
    return made


def _cells(column, kind):
    """Return a column of an answer as numbers or as texts."""
    values = np.ma.asarray(column)
    if kind is float:
        return np.ma.filled(values.astype(float), np.nan)
    return [str(value).strip() for value in np.ma.filled(values, "")]


def empty_bodies():
    """Return a table of bodies without a row."""
    names = [*COLUMNS.values(), ("mjd", float)]
    return Table({name: np.zeros(0, "U1" if kind is str else kind) for name, kind in names})


def seen_from(bodies, mjd, xyz):
    """Return where bodies stand at a time for an observatory, and how certain that is.

    Parameters
    ----------
    bodies : astropy.table.Table
        Rows of one request, near in time.
    mjd : float
        Modified Julian Date (UTC).
    xyz : sequence of float or None
        Geocentric position of the observatory, metres; None if unknown.

    Returns
    -------
    ra, dec : ndarray, shape (n,)
        Degrees.
    error : ndarray, shape (n,)
        Uncertainty of the ephemeris, and the largest possible parallax if the observatory is
        unknown; arcsec.
    """
    hours = 24 * (mjd - np.asarray(bodies["mjd"], float))
    dec = np.asarray(bodies["dec"], float) + bodies["dec_rate"] * hours / 3600
    ra = np.asarray(bodies["ra"], float)
    ra = ra + bodies["ra_rate"] * hours / 3600 / np.cos(np.deg2rad(dec))
    error = np.nan_to_num(np.asarray(bodies["position_error"], float))
    distance = np.asarray(bodies["distance"], float)
    if xyz is None:
        return np.asarray(ra) % 360, np.asarray(dec), error + PARALLAX / distance
    place = distance * unit_vectors(ra, dec).T
    x, y, z = place - observer_at(mjd, xyz)[:, None]
    return np.rad2deg(np.arctan2(y, x)) % 360, np.rad2deg(np.arctan2(z, np.hypot(x, y))), error


def observer_at(mjd, xyz):
    """Return the position of an observatory relative to the centre of the Earth, GCRS, in au.

    Parameters
    ----------
    mjd : float
        Modified Julian Date (UTC).
    xyz : sequence of float
        Geocentric position, metres.

    Returns
    -------
    ndarray, shape (3,)
    """
    from astropy.coordinates import EarthLocation  # its import takes 0.3 s

    with rotation_tables():
        place = EarthLocation.from_geocentric(*xyz, unit=u.m)
        position, _ = place.get_gcrs_posvel(Time(mjd, format="mjd", scale="utc"))
    return position.xyz.to_value(u.au)
