"""Draw the positions of the demo's sources: bright ones are separate, faint ones lie anywhere."""

from functools import lru_cache

import numpy as np
import pandas as pd
from scipy.special import gamma

from redpix.core.exceptions import InputError
from redpix.demo import camera, fields
from redpix.demo.population import BANDS, BRIGHT
from redpix.sdss.magnitudes import pogson_magnitude
from redpix.simulation.extents import visible_radius
from redpix.simulation.rendering import Psf

#: magnitude in r to which all sources are separate from each other
APART = 19.5

#: magnitude in r to which all sources are separate from catalogued galaxies
APART_FROM_GALAXIES = 21.0

#: smallest separation of separate sources, arcsec; extended sources have larger ones
LEAST_SEPARATION = 8.0

#: smallest distance of a catalogued galaxy or a transient from the edges of frames, pixels
EDGE_MARGIN = 40

# 1-sigma noise of a pixel in r, nanomaggies per square arcsec
_SKY_NOISE = 0.027 / 0.396**2

#: number of random positions per source
TRIES = 90


def second_epoch():
    """Return the index of the field of epoch 2."""
    return next(number for number, field in enumerate(fields.FIELDS) if field.epoch == 2)


@lru_cache(maxsize=32)
def _wcs(number, band):
    """Return the WCS of a field by its index."""
    return camera.band_wcs(fields.FIELDS[number], band)


def edge_depth(number, bands, ra, dec):
    """Return the distance of positions from the nearest edge of a field's frames in pixels.

    Parameters
    ----------
    number : int
        Index of the field.
    bands : sequence of str
        Names of the bands.
    ra, dec : array_like
        Degrees.

    Returns
    -------
    ndarray, shape (number of bands, number of positions)
        Negative outside.
    """
    ny, nx = fields.SHAPE
    depths = []
    for band in bands:
        x, y = _wcs(number, band).all_world2pix(ra, dec, 0)
        depths.append(np.min([x + 0.5, nx - 0.5 - x, y + 0.5, ny - 0.5 - y], axis=0))
    return np.array(depths)


def home_fields(ra, dec):
    """Return the index in `redpix.demo.fields.FIELDS` of the home field of each position.

    Parameters
    ----------
    ra, dec : array_like
        Degrees.

    Returns
    -------
    ndarray of int
        -1 outside all fields.
    """
    ra, dec = np.asarray(ra, dtype=float), np.asarray(dec, dtype=float)
    best = np.full(ra.shape, -1)
    nearest = np.full(ra.shape, np.inf)
    for number, field in enumerate(fields.FIELDS):
        east = (ra - field.ra) * np.cos(np.deg2rad(field.dec))
        # fields of epoch 1 take precedence over those of epoch 2
        distance = np.hypot(east, dec - field.dec) + (1000.0 if field.epoch == 2 else 0.0)
        better = (edge_depth(number, "r", ra, dec)[0] >= 0) & (distance < nearest)
        best[better], nearest[better] = number, distance[better]
    return best


def draw_positions(rng, number):
    """Draw positions uniformly on the sky inside the fields; return also the area in fields.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers.
    number : int
        Number of positions before those outside the fields are removed.

    Returns
    -------
    pandas.DataFrame
        ra, dec (degrees), and clear: whether a position belongs to epoch 1 and is at least
        `EDGE_MARGIN` from all edges in all bands.
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
        clear &= (np.abs(edge_depth(i, BANDS, ra, dec)) >= EDGE_MARGIN).all(axis=0)

    box = np.deg2rad(ra_high - ra_low) * (sin_high - sin_low)  # steradian
    field = np.prod(np.deg2rad(np.array(fields.SHAPE[::-1]) * fields.PIXEL_SCALE / 3600))
    return pd.DataFrame({"ra": ra, "dec": dec, "clear": clear}), inside.mean() * box / field


def extent(table):
    """Return the radius at which sources fall below the noise of a pixel in r, in arcsec.

    Parameters
    ----------
    table : pandas.DataFrame
        flux_r and bulge_flux_r (nanomaggies), and for galaxies their shape.

    Returns
    -------
    ndarray, shape (n,)
    """
    psf = Psf(fwhm=1.3, beta=3.0)
    point = visible_radius(psf, table["flux_r"].to_numpy(), _SKY_NOISE)
    bulge_flux = table["bulge_flux_r"].to_numpy()
    bulge = _isophote(bulge_flux, table["bulge_radius"].to_numpy(), table["sersic"].to_numpy())
    disk = _isophote(table["flux_r"].to_numpy() - bulge_flux, table["disk_radius"].to_numpy(), 1.0)
    ratio = table["axis_ratio"].to_numpy()
    profile = np.fmax(bulge, disk) / np.sqrt(ratio)
    return np.fmax(point, np.hypot(profile, psf.fwhm))


def _isophote(flux, radius, index):
    """Return the radius at which a round Sersic profile equals `_SKY_NOISE`; 0 if fainter.

    The half-light exponent is b = 2n - 1/3 + 0.009876/n (Prugniel & Simien 1997).
    """
    b = 2 * index - 1 / 3 + 0.009876 / index
    total = 2 * np.pi * index * radius**2 * np.exp(b) * b ** (-2 * index) * gamma(2 * index)
    ratio = np.maximum(flux / total / _SKY_NOISE, 1e-300)
    return radius * np.maximum(1 + np.log(ratio) / b, 0) ** index


def place_sources(table, target_positions, other_positions):
    """Give each source a position, the brightest first.

    Parameters
    ----------
    table : pandas.DataFrame
        Galaxies and stars.
    target_positions, other_positions : pandas.DataFrame
        Random positions for catalogued galaxies and for other sources: ra and dec in degrees.

    Returns
    -------
    pandas.DataFrame
        With ra and dec.

    Raises
    ------
    InputError
        If the sources do not fit on the sky.
    """
    r, size = pogson_magnitude(table["flux_r"]), extent(table)
    galaxy = (table["kind"] == "galaxy").to_numpy()
    ra_of, dec_of = np.empty(len(table)), np.empty(len(table))
    queues = {True: target_positions, False: other_positions}
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
            if np.all(separation(ra, dec, ra_of[placed], dec_of[placed]) >= least):
                ra_of[i], dec_of[i] = ra, dec
                break
        else:
            raise InputError(
                "demo: the sources do not fit on the sky with their separations; "
                "lower demo.galaxies or demo.stars"
            )
    return table.assign(ra=ra_of.round(8), dec=dec_of.round(8))


def separation(ra, dec, other_ra, other_dec):
    """Return the separation of positions within a degree of each other, in arcsec.

    Parameters
    ----------
    ra, dec, other_ra, other_dec : float or ndarray
        Degrees.

    Returns
    -------
    float or ndarray
    """
    middle = np.deg2rad((dec + other_dec) / 2)
    return 3600 * np.hypot((ra - other_ra) * np.cos(middle), dec - other_dec)
