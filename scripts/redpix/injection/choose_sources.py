"""Choose what is injected into a field: sources, their shapes and their places."""

import numpy as np
import pandas as pd
from astropy.io import fits

from redpix.catalogue.build import COLUMNS
from redpix.core.atomic_files import atomic
from redpix.core.exceptions import InputError
from redpix.core.field_name import parse_field
from redpix.core.job import log
from redpix.demo import population
from redpix.demo.population import BANDS
from redpix.image.wcs import frame_wcs, pixel_area
from redpix.injection import placement, sources
from redpix.io.tables import read_table
from redpix.psf.psf_file import read_psf
from redpix.sdss.mask_table import read_masked
from redpix.simulation import rendering

#: columns of the truth beyond those of objects.csv
TRUTH_COLUMNS = (
    *COLUMNS,
    *("kind", *(f"flux_{band}" for band in BANDS)),
    *(*rendering.SHAPE_COLUMNS, "host", "clear", "line"),
)


def chosen_sources(rng, params, wcs, shape):
    """Galaxies and points of a field, of the tables or the demo's."""
    galaxies = selected(
        *(rng, params.galaxies, params.galaxies_per_field, params.place, wcs, shape),
        *(sources.galaxy_table, sources.demo_galaxies),
    ).assign(kind="galaxy")
    points = selected(
        *(rng, params.points, params.points_per_field, params.place, wcs, shape),
        *(sources.point_table, sources.demo_points),
    )
    for name, table in (("galaxies", galaxies), ("points", points)):
        for band in params.bands if len(table) else ():
            if f"flux_{band}" not in table:
                raise InputError(f"injection.{name}: {getattr(params, name)}: nothing in {band}")
    galaxies = sources.with_shapes(rng, galaxies, params.reference_band)
    return galaxies, points


def selected(rng, origin, number, place, wcs, shape, read, draw):
    """So many rows of a table, or those inside the frame; or so many drawn sources."""
    if origin == "demo":
        return draw(rng, number)
    table = read_table(origin)
    log.info("%s", table.understood)
    selection = read(table)
    rows = selection.rows
    log.info("%s: %d rows, %d with no flux passed over", origin, len(rows), selection.passed_over)
    if rows.empty:
        raise InputError(
            f"{origin}: {selection.passed_over} rows with a flux not above 0; allowed: one or more "
            "rows with all fluxes above 0"
        )
    if place != "table":
        return rows.iloc[rng.choice(len(rows), number, replace=number > len(rows))]
    if not {"ra", "dec"} <= set(rows.columns):
        raise InputError(f"{origin}: no columns ra and dec; allowed with injection.place table")
    x, y = wcs.all_world2pix(rows["ra"], rows["dec"], 0, quiet=True)
    ny, nx = shape
    return rows[(x >= -0.5) & (x < nx - 0.5) & (y >= -0.5) & (y < ny - 0.5)]


def placed(rng, galaxies, points, params, inputs, wcs, name):
    """All sources in one table with their places on the reference band's frame."""
    image, error = fits.getdata(inputs.frame), fits.getdata(inputs.error)
    scale = 3600 * np.sqrt(pixel_area(wcs))
    hosted = np.zeros(len(points), bool)
    if params.place != "table" and len(galaxies):
        transient = (points["kind"] == "transient").to_numpy()
        hosted = transient & (rng.random(len(points)) < params.on_galaxies)
    free = pd.concat([galaxies, points[~hosted]], ignore_index=True)
    if params.place == "table":
        return free.assign(clear=np.nan, host=pd.NA)
    if params.place == "blank":
        bad = np.zeros(image.shape, bool)
        _, y, x = read_masked(inputs.masks, params.reference_band)
        bad[y, x] = True
        fwhm = read_psf(inputs.psf, params.reference_band).fwhm * scale
        radii = placement.needed_radius(free, params.reference_band, fwhm) / scale
        pixels = placement.occupied(image, error, bad)
        places, clear = placement.place_blank(rng, radii, pixels, name)
        free["clear"] = (clear * scale).round(2)
    else:
        places = placement.place_anywhere(rng, len(free), image.shape)
        free["clear"] = np.nan
    free["ra"], free["dec"] = wcs.all_pix2world(*places.T, 0)
    on_galaxies, host = placement.place_on_galaxies(
        rng, places[: len(galaxies)], galaxies, hosted.sum(), scale
    )
    guests = points[hosted].assign(host=host)
    guests["ra"], guests["dec"] = wcs.all_pix2world(*on_galaxies.T, 0)
    return pd.concat([free, guests], ignore_index=True)


def finished(table, field):
    """The truth of a field in the columns of objects.csv and those that injection adds."""
    # as detections are numbered, from where no frame has so many; a float64 holds them exactly
    first = int(f"{field.run:06d}{field.camcol}{field.field:04d}{0:05d}") + 89_000
    table["id"] = first + np.arange(1, len(table) + 1)
    table["host"] = table["host"].astype("Int64") + first + 1
    table["run"], table["camcol"], table["field"] = field
    table["class"] = table["kind"].map({"galaxy": "GALAXY", "star": "STAR", "transient": ""})
    for band in BANDS:
        if f"flux_{band}" in table:
            table[band] = population.magnitudes(table[f"flux_{band}"]).round(6)
    return table.reindex(columns=list(TRUTH_COLUMNS)).round({"ra": 8, "dec": 8})


def main(snakemake):
    params, inputs = snakemake.params, snakemake.input
    field = parse_field(snakemake.wildcards.field)
    header = fits.getheader(inputs.frame)
    wcs, shape = frame_wcs(header), (header["NAXIS2"], header["NAXIS1"])
    rng = np.random.default_rng([params.seed, 6, *field])
    galaxies, points = chosen_sources(rng, params, wcs, shape)
    table = finished(placed(rng, galaxies, points, params, inputs, wcs, str(field)), field)
    for kind, number in table["kind"].value_counts().items():
        log.info("%s: %d", kind, number)
    with atomic(snakemake.output[0]) as temporary:
        table.to_csv(temporary, index=False)
