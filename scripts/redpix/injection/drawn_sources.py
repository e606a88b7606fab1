"""Draw sources of the demo sky's population, with fluxes in the filters of a run."""

import numpy as np
import pandas as pd

from redpix.demo import population
from redpix.demo.population import BANDS
from redpix.demo.spectral_scatter import SCATTER, scattered
from redpix.sdss import magnitudes
from redpix.simulation import seds
from redpix.simulation.files import read_curves, wavelengths


def demo_galaxies(rng, number, curves=None):
    """Draw galaxies of the demo sky's population.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers.
    number : int
        Number of sources.
    curves : dict of str to speclite.filters.FilterResponse, optional
        Filters by band; None for the bands of SDSS alone.

    Returns
    -------
    DataFrame
        As from `redpix.demo.population.draw_galaxies`, and ``flux_<band>`` of further filters.
        `bulge_fraction` holds in r of SDSS.
    """
    table = population.draw_galaxies(rng, number, seds.build_grid(BANDS))
    return table if curves is None else with_fluxes(table, curves)


def with_fluxes(galaxies, curves):
    """Return galaxies of the population with their fluxes in further filters.

    Parameters
    ----------
    galaxies : DataFrame
        Result of `redpix.demo.population.draw_galaxies`.
    curves : dict of str to speclite.filters.FilterResponse
        Filters by band.

    Returns
    -------
    DataFrame
        With ``flux_<band>``, nanomaggies, instead of the fluxes in the bands of SDSS.
    """
    filters = [*curves.values(), *read_curves(["r"])[1]]
    grid = seds.build_grid([*curves, "r of SDSS"], curves=filters)
    redshift = galaxies["redshift"].to_numpy()
    scatter = {name: galaxies[name].to_numpy() for name in SCATTER}
    factors = scattered(scatter, redshift, wavelengths(filters))
    total = 0.0
    bulge = galaxies["bulge_flux_r"]
    for part, flux in (("bulge", bulge), ("disk", galaxies["flux_r"] - bulge)):
        kind, dust = (galaxies[f"{part}_{name}"].to_numpy() for name in ("sed", "ebv"))
        light = seds.fluxes(grid, kind, dust, redshift) * factors
        total = total + flux.to_numpy()[:, None] * light / light[:, -1:]
    return _replaced(galaxies, dict(zip(curves, total.T, strict=False)))


def demo_points(rng, number, curves=None):
    """Draw points of the demo sky's population: three quarters stars, one quarter transients.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers.
    number : int
        Number of sources.
    curves : dict of str to speclite.filters.FilterResponse, optional
        Filters by band; None for the bands of SDSS.

    Returns
    -------
    DataFrame
        kind and flux_<band>; redshift of stars, temperature of transients.
    """
    transients = number // 4
    stars = population.draw_stars(rng, number - transients).assign(kind="star")
    changing = population.draw_transients(rng, transients).assign(kind="transient")
    if curves is not None:
        stars, changing = stars_in(stars, curves), transients_in(changing, curves)
    return pd.concat([stars, changing], ignore_index=True)


def stars_in(stars, curves):
    """Return stars with their fluxes in further filters.

    AB magnitudes are linear in wavelength between the bands of SDSS, and beyond the outer two.

    Parameters
    ----------
    stars : DataFrame
        ``flux_u`` ... ``flux_z``, nanomaggies.
    curves : dict of str to speclite.filters.FilterResponse
        Filters by band.

    Returns
    -------
    DataFrame
        With ``flux_<band>`` instead.
    """
    nodes = np.array(wavelengths(read_curves(BANDS)[1]))
    values = magnitudes.pogson_magnitude(stars[[f"flux_{band}" for band in BANDS]]).reshape(-1, 5)
    places = np.array(wavelengths(list(curves.values())))
    left = np.clip(np.searchsorted(nodes, places) - 1, 0, len(nodes) - 2)
    share = (places - nodes[left]) / (nodes[left + 1] - nodes[left])
    mags = values[:, left] * (1 - share) + values[:, left + 1] * share
    return _replaced(stars, dict(zip(curves, magnitudes.pogson_flux(mags).T, strict=True)))


def transients_in(transients, curves):
    """Return transients with the fluxes of their blackbodies in further filters.

    Parameters
    ----------
    transients : DataFrame
        ``flux_r`` (nanomaggies) and temperature (K).
    curves : dict of str to speclite.filters.FilterResponse
        Filters by band.

    Returns
    -------
    DataFrame
        With ``flux_<band>`` instead of the fluxes in the bands of SDSS.
    """
    colours = seds.blackbody_colours(transients["temperature"], list(curves), curves.values())
    flux = transients["flux_r"].to_numpy()[:, None] * 10 ** (-0.4 * colours)
    return _replaced(transients, dict(zip(curves, flux.T, strict=True)))


def _replaced(table, fluxes):
    """Return a table with fluxes by band in place of those in the bands of SDSS."""
    old = [f"{kind}flux_{band}" for kind in ("", "bulge_") for band in BANDS]
    new = {f"flux_{band}": flux for band, flux in fluxes.items()}
    return table.drop(columns=[name for name in old if name in table]).assign(**new)
