"""Ask VizieR for the sources of catalogues in a cone, and read its answers."""

from collections.abc import Iterable

import numpy as np
from astropy.table import Table

from redpix.catalogue.services import TIMEOUT, answer_of
from redpix.core.damaged_files import readable
from redpix.core.exceptions import InputError

#: largest number of sources of one catalogue in an answer
ROWS = 100_000

#: milliarcseconds per degree
_MAS = 3.6e6


def ask_vizier(catalogues, columns, centre, radius, filters=None):
    """Return the answer of VizieR for the sources of catalogues in a cone, by one request.

    Parameters
    ----------
    catalogues : str or list of str
        Names of the tables in VizieR.
    columns : sequence of str
        Columns to return, where a table has them.
    centre : astropy.coordinates.SkyCoord
        Middle of the cone.
    radius : float
        Degrees.
    filters : dict of str to str, optional
        Conditions on columns.

    Returns
    -------
    list of astropy.table.Table
        One per table that has a source in the cone, at most `ROWS` rows each.

    Raises
    ------
    redpix.core.exceptions.InputError
        If VizieR does not answer with tables.
    """
    from astropy import units as u
    from astroquery.vizier import Vizier  # only here: its import takes most of a second

    service = Vizier(
        columns=list(columns), column_filters=filters or {}, row_limit=ROWS, timeout=TIMEOUT
    )

    def request():
        answer = service.query_region(
            centre, radius=radius * u.deg, catalog=catalogues, cache=False
        )
        return tables_of(answer)

    return answer_of("VizieR", request)


def tables_of(answer):
    """Return the tables of an answer of VizieR.

    Parameters
    ----------
    answer : object
        What astroquery makes of the answer.

    Returns
    -------
    list of astropy.table.Table

    Raises
    ------
    InputError
        If it is something else, such as an image.
    """
    if not isinstance(answer, Iterable) or not all(isinstance(one, Table) for one in answer):
        raise InputError("the answer does not hold tables")
    return list(answer)


def named_columns(answer):
    """Return the columns of an answer by their names in lower case.

    Parameters
    ----------
    answer : astropy.table.Table
        Columns as VizieR names them; an apostrophe may be an underscore.

    Returns
    -------
    dict of str to str
        The column by its name in lower case, with underscores for apostrophes.
    """
    return {name.lower().replace("'", "_"): name for name in answer.colnames}


def numbers_of(answer, name):
    """Return a column of an answer as numbers.

    Parameters
    ----------
    answer : astropy.table.Table
        Answer of VizieR.
    name : str
        Name of the column, upper or lower case.

    Returns
    -------
    ndarray of float64, shape (n,)
        NaN where a value is missing, or if the answer lacks the column.

    Raises
    ------
    InputError
        If the column does not hold numbers.
    """
    column = named_columns(answer).get(name.lower().replace("'", "_"))
    if column is None:
        return np.full(len(answer), np.nan)
    with readable(None, f"numbers of VizieR's column {column}"):
        return np.ma.filled(np.ma.asarray(answer[column], float), np.nan)


def moved_positions(ra, dec, pmra, pmdec, years):
    """Return positions after some years of proper motion.

    Parameters
    ----------
    ra, dec : array_like, shape (n,)
        Degrees.
    pmra, pmdec : array_like, shape (n,)
        Proper motions in milliarcseconds per year; pmra is a motion on the sky, with the cosine of
        the declination.
    years : float
        Julian years since the epoch of the positions.

    Returns
    -------
    ra, dec : ndarray, shape (n,)
        Degrees.
    """
    ra, dec, pmra, pmdec = (np.asarray(each, float) for each in (ra, dec, pmra, pmdec))
    return ra + pmra * years / _MAS / np.cos(np.deg2rad(dec)), dec + pmdec * years / _MAS


def years_since(epoch, mjd):
    """Return the Julian years from an epoch to a date.

    Parameters
    ----------
    epoch : float
        Julian epoch, such as 2016.0.
    mjd : float
        Modified Julian Date.

    Returns
    -------
    float
    """
    return 2000 + (mjd - 51544.5) / 365.25 - epoch
