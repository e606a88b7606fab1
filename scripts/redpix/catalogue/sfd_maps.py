"""Galactic reddening E(B-V) by position, from the maps of Schlegel, Finkbeiner & Davis (1998, SFD).

ApJ 500, 525. The maps are two Lambert projections, north and south of the Galactic equator. Values
are on SFD's own scale, to which the coefficients of `redpix.pixels.extinction` belong.
"""

import numpy as np
from astropy import units
from astropy.coordinates import SkyCoord

from redpix.config.sfd_files import COLUMN, POLES, hemisphere_of
from redpix.core.damaged_files import readable
from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.io.whole_fits import open_whole

#: card LAM_NSGP of a map, by hemisphere
_SIGNS = {"north": 1, "south": -1}

#: cards of a map's header
_CARDS = ("LAM_NSGP", "LAM_SCAL", "CRPIX1", "CRPIX2")

#: Galactic latitude below which SFD did not remove sources from the maps, degrees
_PLANE = 5.0


def reddening(files, ra, dec):
    """Return E(B-V) at positions, interpolated between the four nearest pixels of a map.

    Parameters
    ----------
    files : list of str
        Result of `redpix.config.sfd_files.sfd_files`.
    ra, dec : array_like, shape (n,)
        Degrees, ICRS.

    Returns
    -------
    ndarray, shape (n,)
        Mag, on the scale of SFD.

    Raises
    ------
    InputError
        If the map of a hemisphere with positions is missing, cannot be read, or has an impossible
        value at a position.
    """
    from sfdmap2.sfdmap import SFDMap  # only runs with maps need it

    places = SkyCoord(ra, dec, unit=units.deg).galactic
    latitude = places.b.deg
    maps = {hemisphere_of(path): path for path in files}
    for hemisphere, inside in (("north", latitude >= 0), ("south", latitude < 0)):
        if inside.any():
            _check_map(maps, hemisphere)
    # the package's own scale would be 0.86, which the coefficients of the bands have, too
    dust = SFDMap("", maps.get("north", ""), maps.get("south", ""), scaling=1.0)
    with readable(" and ".join(files), "maps of dust"):
        values = dust.ebv(places)
    wrong = ~(values >= 0)
    if wrong.any():
        first = int(np.argmax(wrong))
        raise InputError(
            f"catalogue.sfd_maps: E(B-V) is {values[first]:g} at ra {np.ravel(ra)[first]:.5f}, dec "
            f"{np.ravel(dec)[first]:.5f}; allowed: maps without negative or missing values"
        )
    near = np.abs(latitude) < _PLANE
    if near.any():
        log.warning(
            "%d objects are within %g degrees of the Galactic plane, where the maps of SFD are "
            "uncertain",
            near.sum(),
            _PLANE,
        )
    return values


def with_reddening(objects, files):
    """Return a table of objects with E(B-V) of the maps.

    Parameters
    ----------
    objects : pandas.DataFrame
        Columns ra and dec, degrees, ICRS.
    files : list of str
        Result of `redpix.config.sfd_files.sfd_files`; empty: the table stays as it is.

    Returns
    -------
    pandas.DataFrame
        With the column ebv_sfd.
    """
    if not files:
        return objects
    values = reddening(files, objects["ra"].to_numpy(float), objects["dec"].to_numpy(float))
    log.info(
        "E(B-V) from the maps of SFD (%s): %.4f to %.4f, median %.4f mag",
        ", ".join(files),
        values.min(),
        values.max(),
        np.median(values),
    )
    if COLUMN in objects:
        log.warning("the catalogue's own column %s is replaced by the maps", COLUMN)
    return objects.assign(**{COLUMN: np.round(values, 6)})


def _check_map(maps, hemisphere):
    """Refuse a hemisphere without a map, or a file that is not its map."""
    if hemisphere not in maps:
        raise InputError(
            f"catalogue.sfd_maps: objects are in the {hemisphere}ern Galactic hemisphere, whose "
            f"map is missing; allowed: a folder with SFD_dust_4096_{POLES[hemisphere]}.fits, too"
        )
    path = maps[hemisphere]
    with open_whole(path, "a map of dust") as hdus:
        header, data = hdus[0].header, hdus[0].data
        bad = [key for key in _CARDS if not isinstance(header.get(key), int | float)]
        plane = data is not None and data.ndim == 2
    if bad or not plane or header["LAM_NSGP"] != _SIGNS[hemisphere]:
        what = f"its card {bad[0]} is missing" if bad else "it is a map of something else"
        raise InputError(
            f"{path}: {what}; allowed: the {hemisphere}ern map of SFD, an image with the cards "
            f"{', '.join(_CARDS)}"
        )
