"""Make the sources to inject: from tables of fluxes, or drawn from the demo's population."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from redpix.core.exceptions import InputError
from redpix.demo import population
from redpix.demo.population import BANDS, COSMOLOGY
from redpix.sdss import magnitudes
from redpix.simulation.rendering import SHAPE_COLUMNS

#: kinds of points
POINT_KINDS = ("star", "transient")

# u - r above which a galaxy is an early type, magnitudes (Strateva et al. 2001, AJ 122, 1861)
_RED = 2.22


class Selection(NamedTuple):
    """Usable sources of a table.

    Attributes
    ----------
    rows : DataFrame
    passed_over : int
        Number of rows left out, because a flux is not positive.
    """

    rows: pd.DataFrame
    passed_over: int


def galaxy_table(table, bands=BANDS):
    """Return the galaxies of a user's table.

    Parameters
    ----------
    table : redpix.io.table.Table
        Columns redshift; for one or more bands ``flux_<band>`` or ``modelflux_<band>``, total
        flux in nanomaggies; any of `SHAPE_COLUMNS` (radii in arcsec, angles in degrees); ra and
        dec (degrees) if positions are given.
    bands : sequence of str, optional
        Bands whose fluxes are read.

    Returns
    -------
    Selection
        redshift, flux_<band>, the given shapes and positions, and line.

    Raises
    ------
    InputError
        If a column is missing, or if a cell is not a number or is an impossible one (NaN, z = 0,
        a negative radius).
    """
    columns = {"redshift": "redshift"}
    for band in bands:
        for column in (f"flux_{band}", f"modelflux_{band}"):
            if column in table and f"flux_{band}" not in columns:
                columns[f"flux_{band}"] = column
    if "redshift" not in table or len(columns) == 1:
        raise InputError(
            f"{table.name}: columns {', '.join(table.names[:12])}; allowed: redshift and one or "
            f"more of {', '.join(f'flux_{band}' for band in bands)} (or modelflux_{bands[0]} ...), "
            "nanomaggies"
        )
    columns |= {c: c for c in (*SHAPE_COLUMNS, "ra", "dec") if c in table}
    rows = pd.DataFrame(
        {column: table.numbers(given, complete=True) for column, given in columns.items()},
        index=table.lines,
    )
    limits = {
        "redshift": (1e-4, 10),
        **dict.fromkeys(("bulge_radius", "disk_radius"), (1e-6, np.inf)),
        "bulge_fraction": (0, 1),
        "sersic": (0.5, 6.0),
        "axis_ratio": (0.05, 1),
        "dec": (-90, 90),
    }
    for column, (low, high) in limits.items():
        if column in rows:
            _refuse(rows[column].between(low, high), table, columns[column], low, high)
    fluxes = [column for column in rows if column.startswith("flux_")]
    bright = (rows[fluxes] > 0).all(axis=1)
    rows["line"] = rows.index
    return Selection(rows[bright].reset_index(drop=True), int((~bright).sum()))


def point_table(table, bands=BANDS):
    """Return the stars and transients of a user's table.

    Parameters
    ----------
    table : redpix.io.table.Table
        Columns kind (star, transient); AB magnitudes in columns named as one or more of the bands;
        ra and dec (degrees) if positions are given.
    bands : sequence of str, optional
        Bands whose magnitudes are read.

    Returns
    -------
    Selection
        kind, redshift (0 of a star, else NaN), flux_<band> (nanomaggies), line.

    Raises
    ------
    InputError
        As `galaxy_table`.
    """
    allowed, bands = bands, [band for band in bands if band in table]
    if "kind" not in table or not bands:
        raise InputError(
            f"{table.name}: columns {', '.join(table.names[:12])}; allowed: kind (star, "
            f"transient) and magnitudes, some of {', '.join(allowed)}"
        )
    rows = pd.DataFrame({"kind": table.text("kind")}, index=table.lines)
    unknown = np.flatnonzero(~rows["kind"].isin(POINT_KINDS))
    if len(unknown):
        raise InputError(
            f"{table.where(unknown[0])}: kind {rows['kind'].iloc[unknown[0]]!r}; allowed: "
            + ", ".join(POINT_KINDS)
        )
    rows["redshift"] = np.where(rows["kind"] == "star", 0.0, np.nan)
    for band in bands:
        magnitude = table.numbers(band, complete=True)
        _refuse(pd.Series(magnitude).between(5, 35), table, band, 5, 35)
        rows[f"flux_{band}"] = magnitudes.pogson_flux(magnitude)
    for column in ("ra", "dec"):
        if column in table:
            rows[column] = table.numbers(column, complete=True)
    rows["line"] = rows.index
    return Selection(rows.reset_index(drop=True), 0)


def _refuse(good, table, column, low, high):
    """Raise InputError for the first row whose number is not allowed."""
    bad = np.flatnonzero(~good.to_numpy())
    if len(bad):
        raise InputError(
            f"{table.where(bad[0])}: {column} is {table.text(column)[bad[0]][:40]}; allowed: "
            f"{low:g} to {high:g}"
        )


def with_shapes(rng, galaxies, band):
    """Draw the missing shapes of galaxies; given shapes stay.

    A galaxy redder than u - r = 2.22 is an early type; without u and r all are late types. Sizes
    follow Shen et al. (2003) from the luminosity in `band`, without K-correction. Bulge fractions
    are those of the demo sky.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers.
    galaxies : DataFrame
        redshift and ``flux_<band>``, and any of the columns of shapes.
    band : str
        Name of the band.

    Returns
    -------
    DataFrame
        With the columns `redpix.simulation.rendering.SHAPE_COLUMNS`.
    """
    n = len(galaxies)
    flux = galaxies.get(f"flux_{band}", np.full(n, np.nan))
    if {"flux_u", "flux_r"} <= set(galaxies.columns):
        early = galaxies["flux_r"] / galaxies["flux_u"] > 10 ** (0.4 * _RED)
    else:
        early = np.zeros(n, bool)
    modulus = COSMOLOGY.distmod(galaxies["redshift"].to_numpy()).value
    luminosity = magnitudes.pogson_magnitude(flux) - modulus
    kpc = population.half_light_radius(rng, luminosity, early)
    arcsec = kpc / COSMOLOGY.kpc_proper_per_arcmin(galaxies["redshift"].to_numpy()).value * 60
    share = np.where(early, rng.normal(0.75, 0.15, n), np.abs(rng.normal(0.0, 0.2, n)))
    drawn = {
        "bulge_fraction": np.clip(share, np.where(early, 0.4, 0.0), np.where(early, 0.98, 0.6)),
        "bulge_radius": arcsec * np.where(early, 0.8, 0.35),
        "disk_radius": arcsec * np.where(early, 1.5, 1.1),
        "sersic": np.where(early, 4.0, rng.choice([2.0, 2.5, 3.0], n)),
        "axis_ratio": np.where(early, rng.uniform(0.5, 1.0, n), rng.uniform(0.25, 1.0, n)),
        "position_angle": rng.uniform(0, 180, n),
    }
    given = {column: galaxies[column] for column in drawn if column in galaxies}
    return galaxies.assign(**drawn | given)
