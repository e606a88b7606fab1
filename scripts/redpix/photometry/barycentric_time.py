"""Barycentric times of exposures: BJD in the scale TDB (Eastman et al. 2010, PASP 122, 935)."""

import numpy as np

from redpix.image.earth_rotation import rotation_tables


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

    found = np.full(len(ra), np.nan)
    known = np.isfinite(ra) & np.isfinite(dec)
    if not known.any():
        return found
    with rotation_tables():
        place = EarthLocation.from_geocentric(*xyz, unit=u.m)
        time = Time(mjd, format="mjd", scale="utc", location=place)
        stars = SkyCoord(ra[known] * u.deg, dec[known] * u.deg)
        found[known] = (time.tdb + time.light_travel_time(stars)).jd
    return found
