"""Draw the positions of the demo's transients: on galaxies or on blank sky."""

import numpy as np
import pandas as pd

from redpix.core.exceptions import InputError
from redpix.demo import fields
from redpix.demo.population import BANDS
from redpix.demo.positions import (
    APART_FROM_GALAXIES,
    EDGE_MARGIN,
    LEAST_SEPARATION,
    TRIES,
    edge_depth,
    extent,
    home_fields,
    second_epoch,
    separation,
)
from redpix.sdss.magnitudes import pogson_magnitude

_NO_ROOM_FOR_TRANSIENTS = "demo: the transients do not fit on the sky; lower demo.transients"


def _inside_both_epochs(table):
    """Return the rows that are at least `EDGE_MARGIN` from all edges in both epochs."""
    second = second_epoch()
    visit = fields.FIELDS[second]
    first = int(home_fields([visit.ra], [visit.dec])[0])
    depths = [edge_depth(i, BANDS, table["ra"], table["dec"]) for i in (first, second)]
    return table[np.min(depths, axis=(0, 1)) >= EDGE_MARGIN]


class TransientPositions:
    """Draw positions of transients: half on galaxies, half on blank sky.

    A third of those on galaxies are in the core; the others are about half a half-light radius
    away. Blank sky is clear of all sources brighter than `APART_FROM_GALAXIES`.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers.
    still : pandas.DataFrame
        Galaxies and stars with their positions.
    positions : pandas.DataFrame
        Random positions for blank sky, ra and dec in degrees.
    """

    def __init__(self, rng, still, positions):
        r = pogson_magnitude(still["flux_r"])
        self.rng = rng
        self.hosts = _inside_both_epochs(still[(still["kind"] == "galaxy") & (r < 20.5)])
        self.bright = still[r < APART_FROM_GALAXIES]
        self.room = np.maximum(extent(self.bright), LEAST_SEPARATION / 2)
        self.blank = iter(_inside_both_epochs(positions)[["ra", "dec"]].to_numpy())

    def choose(self):
        """Choose between galaxies and blank sky; return a function that draws ra, dec, host."""
        if len(self.hosts) and self.rng.random() < 0.5:
            return self.on_galaxy
        return self.on_blank_sky

    def on_galaxy(self):
        """Draw ra and dec (degrees) on a galaxy; return them with the id of the galaxy."""
        galaxy = self.hosts.iloc[self.rng.integers(len(self.hosts))]
        radius = max(galaxy["bulge_radius"], galaxy["disk_radius"]) / 3600
        step = 0.0 if self.rng.random() < 1 / 3 else abs(self.rng.normal(0, 0.6)) * radius
        angle = self.rng.uniform(0, 2 * np.pi)
        east = step * np.sin(angle) / np.cos(np.deg2rad(galaxy["dec"]))
        return galaxy["ra"] + east, galaxy["dec"] + step * np.cos(angle), int(galaxy["id"])

    def on_blank_sky(self):
        """Return ra and dec (degrees) of the next position on blank sky, and 0 for the host."""
        for ra, dec in self.blank:
            if np.all(separation(ra, dec, self.bright["ra"], self.bright["dec"]) >= self.room):
                return ra, dec, 0
        raise InputError(_NO_ROOM_FOR_TRANSIENTS)


def place_transients(rng, table, still, positions):
    """Give positions in the second epoch to transients, at least `LEAST_SEPARATION` apart.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers.
    table : pandas.DataFrame
        Transients.
    still : pandas.DataFrame
        Galaxies and stars with their positions.
    positions : pandas.DataFrame
        Random positions for blank sky, ra and dec in degrees.

    Returns
    -------
    pandas.DataFrame
        With ra, dec (degrees) and host, the id of the galaxy or NA.

    Raises
    ------
    InputError
        If the transients do not fit on the sky.
    """
    candidates = TransientPositions(rng, still, positions)
    placed = np.empty((0, 3))
    for _ in range(len(table)):
        draw = candidates.choose()
        for _ in range(TRIES):
            ra, dec, host = draw()
            if np.all(separation(ra, dec, placed[:, 0], placed[:, 1]) >= LEAST_SEPARATION):
                break
        else:
            raise InputError(_NO_ROOM_FOR_TRANSIENTS)
        placed = np.vstack([placed, (ra, dec, host)])
    ra, dec, host = placed.T
    host = pd.array(host.astype(np.int64), dtype="Int64")
    host[host == 0] = pd.NA
    return table.assign(ra=ra.round(8), dec=dec.round(8), host=host)
