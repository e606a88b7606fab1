"""Draw the truth of the demo: all sources with their positions.

Bright sources are separate from each other and from the edges of frames, so that measurements can
be compared with the truth. Faint sources lie anywhere.
"""

import numpy as np
import pandas as pd

from redpix.demo import fields, population
from redpix.demo.dust import behind_dust
from redpix.demo.population import BANDS, BRIGHT
from redpix.demo.positions import (
    TRIES,
    draw_positions,
    home_fields,
    place_sources,
    second_epoch,
)
from redpix.demo.spectral_scatter import SCATTER
from redpix.demo.transient_positions import place_transients
from redpix.sdss.magnitudes import pogson_magnitude
from redpix.simulation import seds

#: magnitudes in r of the stars that have a spectrum
STAR_TARGETS = (15.0, 19.5)

COLUMNS = (
    ["id", "kind", "class", "ra", "dec", "redshift", "run", "camcol", "field"]
    + list(BANDS)
    + [f"flux_{band}" for band in BANDS]
    + [f"bulge_flux_{band}" for band in BANDS]
    + ["bulge_fraction", "bulge_radius", "disk_radius", "sersic", "axis_ratio"]
    + ["position_angle", "bulge_sed", "disk_sed", "bulge_ebv", "disk_ebv", *SCATTER]
    + ["temperature"]
    + ["host", "epoch", "catalogued"]
    + ["ebv", *[f"extinction_{band}" for band in BANDS]]
)


def draw_truth(seed, galaxies, stars, transients):
    """Draw the demo sky.

    Parameters
    ----------
    seed : int
        Seed of the random numbers.
    galaxies, stars : int
        Mean number per field.
    transients : int
        Number in all fields together; transients shine in the second epoch only.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`. Fluxes are in nanomaggies, as observed through Galactic dust
        (`redpix.demo.dust`); half-light radii in arcsec, angles in degrees.
        `redpix.demo.population` describes the parameters of the SEDs. run, camcol and field are
        the home field: the field of epoch 1 that holds the source and has the nearest centre, or
        that of epoch 2 if no other holds it. epoch is 2 for sources of the second epoch only, else
        0. catalogued marks sources with a spectrum, chosen by magnitudes without the extinction.
        host is the id of the galaxy on which a transient lies.

    Raises
    ------
    InputError
        If the sources do not fit on the sky.
    """
    rng = np.random.default_rng([seed, 0])
    grid = seds.build_grid(BANDS)
    number = (galaxies + stars + transients) * len(fields.FIELDS)
    pool, area = draw_positions(rng, TRIES * number)
    # catalogued galaxies, other sources and transients use different positions
    targets, others, blank = (pool.iloc[start::3] for start in range(3))
    still = pd.concat(
        [
            population.draw_galaxies(rng, round(galaxies * area), grid).assign(kind="galaxy"),
            population.draw_stars(rng, round(stars * area)).assign(kind="star"),
        ],
        ignore_index=True,
    )
    still = place_sources(still, targets[targets["clear"]], others)
    still["id"] = np.arange(1, len(still) + 1)
    changing = population.draw_transients(rng, transients).assign(kind="transient")
    changing = place_transients(rng, changing, still, blank)
    changing["id"] = len(still) + np.arange(1, len(changing) + 1)
    return _finish(pd.concat([still, changing], ignore_index=True))


def _finish(table):
    """Put the sources behind dust and add the columns that follow; return `COLUMNS`."""
    table = behind_dust(table, BANDS).round(
        {column: 6 for column in table.select_dtypes("float") if column not in ("ra", "dec")}
    )
    for band in BANDS:
        table[band] = pogson_magnitude(table[f"flux_{band}"]).round(6)
    names = {"galaxy": "GALAXY", "star": "STAR", "transient": ""}
    table["class"] = table["kind"].map(names)
    transient = table["kind"] == "transient"
    table["epoch"] = np.where(transient, 2, 0)
    home = home_fields(table["ra"], table["dec"])
    home[transient.to_numpy()] = second_epoch()
    for key in ("run", "camcol", "field"):
        table[key] = np.array([getattr(field, key) for field in fields.FIELDS])[home]
    first_epoch = np.array([field.epoch == 1 for field in fields.FIELDS])[home]
    magnitude = table["r"] - table["extinction_r"]
    targets = np.where(
        table["kind"] == "galaxy",
        magnitude < BRIGHT,
        (table["kind"] == "star") & magnitude.between(*STAR_TARGETS),
    )
    table["catalogued"] = targets & first_epoch
    return table[COLUMNS]
