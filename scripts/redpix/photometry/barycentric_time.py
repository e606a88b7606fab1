"""Barycentric times of exposures: BJD in the scale TDB (Eastman et al. 2010, PASP 122, 935)."""

import warnings

import numpy as np


def bjd_tdb(mjd, ra, dec, xyz):
    """Return the Barycentric Julian Dates (TDB) of an exposure for stars.

    The Earth's rotation is taken from the tables that astropy brings; nothing is downloaded.

    Parameters
    ----------
    mjd : float
        Modified Julian Date (UTC) at the observatory.
    ra, dec : ndarray, shape (n,)
        ICRS, degrees; NaN if unknown.
    xyz : (float, float, float)
        Geocentric position of the observatory, metres.

    Returns
    -------
    ndarray, shape (n,)
        NaN where the position of a star is unknown.
    """
    from astropy import units as u
    from astropy.coordinates import EarthLocation, SkyCoord
    from astropy.time import Time
    from astropy.utils import iers

    found = np.full(len(ra), np.nan)
    known = np.isfinite(ra) & np.isfinite(dec)
    if not known.any():
        return found
    # later than the tables, the Earth's rotation changes the time by less than a microsecond
    with (
        iers.conf.set_temp("auto_download", False),
        iers.conf.set_temp("iers_degraded_accuracy", "warn"),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        place = EarthLocation.from_geocentric(*xyz, unit=u.m)
        time = Time(mjd, format="mjd", scale="utc", location=place)
        stars = SkyCoord(ra[known] * u.deg, dec[known] * u.deg)
        found[known] = (time.tdb + time.light_travel_time(stars)).jd
    return found
