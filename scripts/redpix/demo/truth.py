"""The demo's truth: every source with its place on the sky.

Bright sources keep clear of each other and of the frames' edges, so that whoever measures the
frames can be held to the truth; faint ones lie where they fall.
"""

from functools import lru_cache

import numpy as np
import pandas as pd
from scipy.special import gamma

from redpix.core.exceptions import InputError
from redpix.demo import camera, fields, population
from redpix.demo.population import BANDS, BRIGHT, magnitudes
from redpix.simulation import seds
from redpix.simulation.rendering import Psf, visible_radius

#: magnitudes in r: sources brighter than the first are apart from each other, and catalogued
#: galaxies (brighter than `BRIGHT`) from everything brighter than the second
APART, APART_FROM_GALAXIES = 19.5, 21.0

#: arcsec between two such sources, at least; more where they are large
LEAST_SEPARATION = 8.0

#: pixels between a catalogued galaxy, or a transient, and an edge of any frame
EDGE_MARGIN = 40

#: stars that a spectrograph would take: neither saturated nor faint, magnitudes in r
STAR_TARGETS = (15.0, 19.5)

# 1-sigma noise of a pixel in r, as surface brightness: nanomaggies per square arcsec
_SKY_NOISE = 0.027 / 0.396**2
# places drawn per source
_TRIES = 90

COLUMNS = (
    ["id", "kind", "class", "ra", "dec", "redshift", "run", "camcol", "field"]
    + list(BANDS)
    + [f"flux_{band}" for band in BANDS]
    + [f"bulge_flux_{band}" for band in BANDS]
    + ["bulge_fraction", "bulge_radius", "disk_radius", "sersic", "axis_ratio"]
    + ["position_angle", "bulge_sed", "disk_sed", "bulge_ebv", "disk_ebv", "temperature"]
    + ["host", "epoch", "catalogued"]
)


def draw_truth(seed, galaxies, stars, transients):
    """Draw the demo sky.

    Parameters
    ----------
    seed : int
    galaxies, stars : int
        Mean number a field.
    transients : int
        In all; they shine in the second epoch alone.

    Returns
    -------
    pandas.DataFrame
        The columns of `COLUMNS`. Fluxes are nanomaggies, radii half-light radii in arcsec, angles
        degrees; see `redpix.demo.population` for the parameters of the SEDs. run, camcol, field
        name the home field: the epoch-1 field that holds the source and has the nearest centre,
        the second epoch's where that alone holds it, as for transients. epoch is 2 for sources
        of the second epoch alone, else 0. catalogued marks what a spectroscopic survey would
        hold. host is the id of the galaxy on which a transient lies.

    Raises
    ------
    InputError
        If so many sources find no room.
    """
    rng = np.random.default_rng([seed, 0])
    grid = seds.build_grid(BANDS)
    number = (galaxies + stars + transients) * len(fields.FIELDS)
    pool, area = _draw_places(rng, _TRIES * number)
    # no place serves twice: targets, other sources and transients have their own
    targets, others, blank = (pool.iloc[start::3] for start in range(3))
    still = pd.concat(
        [
            population.draw_galaxies(rng, round(galaxies * area), grid).assign(kind="galaxy"),
            population.draw_stars(rng, round(stars * area)).assign(kind="star"),
        ],
        ignore_index=True,
    )
    still = _place(still, targets[targets["clear"]], others)
    still["id"] = np.arange(1, len(still) + 1)
    changing = population.draw_transients(rng, transients).assign(kind="transient")
    changing = _place_transients(rng, changing, still, blank)
    changing["id"] = len(still) + np.arange(1, len(changing) + 1)
    return _finish(pd.concat([still, changing], ignore_index=True))


def _finish(table):
    """Columns that follow from the others, in their order."""
    table = table.round(
        {column: 6 for column in table.select_dtypes("float") if column not in ("ra", "dec")}
    )
    for band in BANDS:
        table[band] = magnitudes(table[f"flux_{band}"]).round(6)
    names = {"galaxy": "GALAXY", "star": "STAR", "transient": ""}
    table["class"] = table["kind"].map(names)
    transient = table["kind"] == "transient"
    table["epoch"] = np.where(transient, 2, 0)
    home = home_fields(table["ra"], table["dec"])
    home[transient.to_numpy()] = _second_epoch()
    for key in ("run", "camcol", "field"):
        table[key] = np.array([getattr(field, key) for field in fields.FIELDS])[home]
    first_epoch = np.array([field.epoch == 1 for field in fields.FIELDS])[home]
    targets = np.where(
        table["kind"] == "galaxy",
        table["r"] < BRIGHT,
        (table["kind"] == "star") & table["r"].between(*STAR_TARGETS),
    )
    table["catalogued"] = targets & first_epoch
    return table[COLUMNS]


def _second_epoch():
    return next(number for number, field in enumerate(fields.FIELDS) if field.epoch == 2)


@lru_cache(maxsize=32)
def _wcs(number, band):
    return camera.band_wcs(fields.FIELDS[number], band)


def _depth(number, bands, ra, dec):
    """Pixels from each position to the nearest edge of a field's frames, negative outside.

    Shape (number of bands, number of positions).
    """
    ny, nx = fields.SHAPE
    depths = []
    for band in bands:
        x, y = _wcs(number, band).all_world2pix(ra, dec, 0)
        depths.append(np.min([x + 0.5, nx - 0.5 - x, y + 0.5, ny - 0.5 - y], axis=0))
    return np.array(depths)


def home_fields(ra, dec):
    """Index in `demo.FIELDS` of the home of each position, -1 where no field holds it."""
    ra, dec = np.asarray(ra, dtype=float), np.asarray(dec, dtype=float)
    best = np.full(ra.shape, -1)
    nearest = np.full(ra.shape, np.inf)
    for number, field in enumerate(fields.FIELDS):
        east = (ra - field.ra) * np.cos(np.deg2rad(field.dec))
        # any epoch-1 field comes before any second epoch
        distance = np.hypot(east, dec - field.dec) + (1000.0 if field.epoch == 2 else 0.0)
        better = (_depth(number, "r", ra, dec)[0] >= 0) & (distance < nearest)
        best[better], nearest[better] = number, distance[better]
    return best


def _draw_places(rng, number):
    """Places to choose from, even on the sky, in some field; and the sky's area in fields.

    Returns
    -------
    pandas.DataFrame
        ra, dec, clear: in the first epoch, and at least `EDGE_MARGIN` from every edge in every
        band, be it inside or out.
    float
    """
    corners = np.concatenate(
        [_wcs(i, "r").calc_footprint(axes=fields.SHAPE[::-1]) for i in range(len(fields.FIELDS))]
    )
    (ra_low, dec_low), (ra_high, dec_high) = corners.min(axis=0), corners.max(axis=0)
    sin_low, sin_high = np.sin(np.deg2rad([dec_low, dec_high]))
    ra = rng.uniform(ra_low, ra_high, number)
    dec = np.rad2deg(np.arcsin(rng.uniform(sin_low, sin_high, number)))
    home = home_fields(ra, dec)
    inside = home >= 0
    ra, dec = ra[inside], dec[inside]
    clear = np.array([field.epoch == 1 for field in fields.FIELDS])[home[inside]]
    for i in range(len(fields.FIELDS)):
        clear &= (np.abs(_depth(i, BANDS, ra, dec)) >= EDGE_MARGIN).all(axis=0)

    box = np.deg2rad(ra_high - ra_low) * (sin_high - sin_low)  # steradian
    field = np.prod(np.deg2rad(np.array(fields.SHAPE[::-1]) * fields.PIXEL_SCALE / 3600))
    return pd.DataFrame({"ra": ra, "dec": dec, "clear": clear}), inside.mean() * box / field


def extent(table):
    """Radius in arcsec at which sources sink into the noise of a pixel in r."""
    psf = Psf(fwhm=1.3, beta=3.0)
    point = visible_radius(psf, table["flux_r"].to_numpy(), _SKY_NOISE)
    bulge_flux = table["bulge_flux_r"].to_numpy()
    bulge = _isophote(bulge_flux, table["bulge_radius"].to_numpy(), table["sersic"].to_numpy())
    disk = _isophote(table["flux_r"].to_numpy() - bulge_flux, table["disk_radius"].to_numpy(), 1.0)
    ratio = table["axis_ratio"].to_numpy()
    profile = np.fmax(bulge, disk) / np.sqrt(ratio)
    return np.fmax(point, np.hypot(profile, psf.fwhm))


def _isophote(flux, radius, index):
    """Radius where a round Sersic profile falls to `_SKY_NOISE`; 0 where it never reaches it.

    With the half-light exponent b = 2n - 1/3 + 0.009876/n (Prugniel & Simien 1997).
    """
    b = 2 * index - 1 / 3 + 0.009876 / index
    total = 2 * np.pi * index * radius**2 * np.exp(b) * b ** (-2 * index) * gamma(2 * index)
    ratio = np.maximum(flux / total / _SKY_NOISE, 1e-300)
    return radius * np.maximum(1 + np.log(ratio) / b, 0) ** index


def _place(table, target_places, other_places):
    """Give every source a place, the brightest first; catalogued galaxies choose from their own."""
    r, size = magnitudes(table["flux_r"]), extent(table)
    galaxy = (table["kind"] == "galaxy").to_numpy()
    place_ra, place_dec = np.empty(len(table)), np.empty(len(table))
    queues = {True: target_places, False: other_places}
    queues = {key: iter(q[["ra", "dec"]].to_numpy()) for key, q in queues.items()}
    order = np.argsort(r, kind="stable")
    for rank, i in enumerate(order):
        target = galaxy[i] and r[i] < BRIGHT
        placed = order[:rank]
        apart = (r[i] < APART) & (r[placed] < APART)
        apart |= target & (r[placed] < APART_FROM_GALAXIES)
        apart |= galaxy[placed] & (r[placed] < BRIGHT) & (r[i] < APART_FROM_GALAXIES)
        least = np.maximum(size[i] + size[placed], LEAST_SEPARATION) * apart
        for ra, dec in queues[target]:
            if np.all(separation(ra, dec, place_ra[placed], place_dec[placed]) >= least):
                place_ra[i], place_dec[i] = ra, dec
                break
        else:
            raise InputError(
                "demo: so many sources find no room apart from each other; "
                "lower demo.galaxies or demo.stars"
            )
    return table.assign(ra=place_ra.round(8), dec=place_dec.round(8))


def separation(ra, dec, other_ra, other_dec):
    """Arcsec between positions within a degree of each other; all angles in degrees."""
    middle = np.deg2rad((dec + other_dec) / 2)
    return 3600 * np.hypot((ra - other_ra) * np.cos(middle), dec - other_dec)


def _place_transients(rng, table, still, places):
    """Put transients into the second epoch: half on galaxies, a third of those in the core.

    Those off the core lie half a half-light radius away, about; those on blank sky are clear of
    every source brighter than r = 21. All lie well inside both epochs and `LEAST_SEPARATION`
    from each other.
    """
    second = _second_epoch()
    visit = fields.FIELDS[second]
    first = int(home_fields([visit.ra], [visit.dec])[0])

    def inside(table):
        depths = [_depth(i, BANDS, table["ra"], table["dec"]) for i in (first, second)]
        return table[np.min(depths, axis=(0, 1)) >= EDGE_MARGIN]

    r = magnitudes(still["flux_r"])
    hosts = inside(still[(still["kind"] == "galaxy") & (r < 20.5)])
    bright = still[r < APART_FROM_GALAXIES]
    room = np.maximum(extent(bright), LEAST_SEPARATION / 2)
    blank = iter(inside(places)[["ra", "dec"]].to_numpy())

    def on_galaxy():
        galaxy = hosts.iloc[rng.integers(len(hosts))]
        radius = max(galaxy["bulge_radius"], galaxy["disk_radius"]) / 3600
        step = 0.0 if rng.random() < 1 / 3 else abs(rng.normal(0, 0.6)) * radius
        angle = rng.uniform(0, 2 * np.pi)
        east = step * np.sin(angle) / np.cos(np.deg2rad(galaxy["dec"]))
        return galaxy["ra"] + east, galaxy["dec"] + step * np.cos(angle), int(galaxy["id"])

    def on_blank_sky():
        for ra, dec in blank:
            if np.all(separation(ra, dec, bright["ra"], bright["dec"]) >= room):
                return ra, dec, 0
        raise no_room

    no_room = InputError("demo: so many transients find no room; lower demo.transients")
    placed = np.empty((0, 3))
    for _ in range(len(table)):
        draw = on_galaxy if len(hosts) and rng.random() < 0.5 else on_blank_sky
        for _ in range(_TRIES):
            place = np.array(draw())
            if np.all(separation(*place[:2], placed[:, 0], placed[:, 1]) >= LEAST_SEPARATION):
                break
        else:
            raise no_room
        placed = np.vstack([placed, place])
    ra, dec, host = placed.T
    host = pd.array(host.astype(np.int64), dtype="Int64")
    host[host == 0] = pd.NA
    return table.assign(ra=ra.round(8), dec=dec.round(8), host=host)
