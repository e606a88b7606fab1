"""Choose the sources injected into a field: kinds, fluxes, shapes and positions."""

from functools import partial

import numpy as np
from astropy.io import fits

from redpix.core.atomic_files import atomic
from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.image.pixel_map import pixels_of_sky
from redpix.image.wcs import image_wcs
from redpix.injection.drawn_sources import demo_galaxies, demo_points
from redpix.injection.injected_field import injected_field
from redpix.injection.place_sources import place_sources
from redpix.injection.sources import galaxy_table, point_table, with_shapes
from redpix.io.tables import read_table
from redpix.sdss.magnitudes import pogson_magnitude


def select_sources(rng, origin, number, read, draw, footprint=None):
    """Select sources of a table, or draw sources of the demo's population.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers.
    origin : str
        "demo", or the path of a table.
    number : int
        Number of sources; unused with a footprint.
    read : callable
        `galaxy_table` or `point_table`, of a table alone.
    draw : callable
        `demo_galaxies` or `demo_points`, of random numbers and a number.
    footprint : (astropy.wcs.WCS, (int, int)), optional
        WCS and shape (ny, nx) of a frame: all rows of the table inside it are selected.

    Returns
    -------
    DataFrame

    Raises
    ------
    InputError
        If the table does not hold usable sources, or lacks positions.
    """
    if origin == "demo":
        return draw(rng, number)
    table = read_table(origin)
    log.info("%s", table.understood)
    selection = read(table)
    rows = selection.rows
    log.info("%s: %d rows, %d without a flux left out", origin, len(rows), selection.passed_over)
    if rows.empty:
        raise InputError(
            f"{origin}: {selection.passed_over} rows with a flux not above 0; allowed: one or more "
            "rows with all fluxes above 0"
        )
    if footprint is not None:
        return rows_inside(rows, origin, *footprint)
    return rows.iloc[rng.choice(len(rows), number, replace=number > len(rows))]


def rows_inside(rows, origin, wcs, shape):
    """Return the rows whose position lies inside a frame.

    Parameters
    ----------
    rows : DataFrame
        With ra and dec, degrees.
    origin : str
        Path named in error messages.
    wcs : astropy.wcs.WCS
        WCS of the frame.
    shape : (int, int)
        (ny, nx).

    Returns
    -------
    DataFrame

    Raises
    ------
    InputError
        If the table lacks ra or dec.
    """
    if not {"ra", "dec"} <= set(rows.columns):
        raise InputError(f"{origin}: no columns ra and dec; allowed with injection.place table")
    x, y = pixels_of_sky(wcs, rows[["ra", "dec"]].to_numpy(float))
    ny, nx = shape
    return rows[(x >= -0.5) & (x < nx - 0.5) & (y >= -0.5) & (y < ny - 0.5)]


def check_fluxes(table, bands, key, origin):
    """Refuse sources that lack the flux of a band.

    Parameters
    ----------
    table : DataFrame
        Sources, one row each.
    bands : sequence of str
        Names of the bands.
    key : str
        Configuration key below ``injection``.
    origin : str
        Value of the key.

    Raises
    ------
    InputError
        If a non-empty table lacks a band.
    """
    for band in bands if len(table) else ():
        if f"flux_{band}" not in table:
            raise InputError(
                f"injection.{key}: {origin}: no flux in band {band}; allowed: fluxes in "
                + ", ".join(bands)
            )


def galaxies_and_points(rng, options, frame, bands, reference_band, field):
    """Return the galaxies, with shapes, and the points to inject, without positions.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers.
    options : dict
        galaxies, galaxies_per_field, points, points_per_field and place of ``injection``.
    frame : str
        FITS file whose area selects the rows of tables, for ``place: table``.
    bands : sequence of str
        Bands in which all sources need a flux.
    reference_band : str
        Band of the luminosities from which missing sizes follow.
    field : redpix.injection.injected_field.InjectedField
        Its bands and filters.

    Returns
    -------
    galaxies, points : DataFrame

    Raises
    ------
    InputError
        If a table cannot be used.
    """
    footprint = None
    if options["place"] == "table":
        header = fits.getheader(frame)
        footprint = image_wcs(header), (header["NAXIS2"], header["NAXIS1"])
    tables = {}
    for key, read, draw in (
        ("galaxies", galaxy_table, demo_galaxies),
        ("points", point_table, demo_points),
    ):
        number = options[f"{key}_per_field"]
        tables[key] = select_sources(
            rng,
            options[key],
            number,
            partial(read, bands=field.bands),
            partial(draw, curves=field.curves),
            footprint,
        )
    for key, table in tables.items():
        check_fluxes(table, bands, key, options[key])
    galaxies = with_shapes(rng, tables["galaxies"].assign(kind="galaxy"), reference_band)
    return galaxies, tables["points"]


def truth_table(table, field):
    """Return the truth of a field in the columns of the injection's truth table.

    Parameters
    ----------
    table : DataFrame
        Sources with positions.
    field : redpix.injection.injected_field.InjectedField
        The field.

    Returns
    -------
    DataFrame
        Columns as of `redpix.injection.injected_field.InjectedField.columns`.
    """
    numbers = np.arange(1, len(table) + 1)
    host = table["host"].astype("Int64") + field.first_id + 1
    table = table.assign(id=field.first_id + numbers, host=host, **field.place)
    table["class"] = table["kind"].map({"galaxy": "GALAXY", "star": "STAR", "transient": ""})
    for band in field.bands:
        if f"flux_{band}" in table:
            table[band] = pogson_magnitude(table[f"flux_{band}"]).round(6)
    return table.reindex(columns=field.columns()).round({"ra": 8, "dec": 8})


def choose_sources(
    frame,
    error,
    masks,
    psf_file,
    sources,
    options,
    bands,
    reference_band,
    seed,
    field,
    given=None,
):
    """Write the table of the sources to inject into a field.

    Parameters
    ----------
    frame, error : str
        FITS files of the reference band's frame and of its error map.
    masks, psf_file : str
        Masks and PSFs of the field; read for ``place: blank`` only.
    sources : str
        CSV that is written, one row per source; columns as of
        `redpix.injection.injected_field.InjectedField.columns`.
    options : dict
        Section ``injection`` of the configuration: galaxies, galaxies_per_field, points,
        points_per_field, place, on_galaxies.
    bands : sequence of str
        Bands in which all sources need a flux.
    reference_band : str
        Band of `frame`.
    seed : int
        Seed of the random numbers.
    field : str
        Name of the field, such as 94-3-7.
    given : dict, optional
        number and wavelengths of a field of a user's table of images, as for
        `redpix.injection.injected_field.injected_field`.

    Raises
    ------
    InputError
        If a table cannot be used, or a source finds no blank sky.
    """
    if given is not None:
        drawn = any(
            options[key] == "demo" and options[f"{key}_per_field"] for key in ("galaxies", "points")
        )
        given = {**given, "filters": options["filters"], "drawn": drawn}
    field = injected_field(field, bands, given)
    rng = np.random.default_rng([seed, 6, *field.seeds])
    galaxies, points = galaxies_and_points(rng, options, frame, bands, reference_band, field)
    files = {"frame": frame, "error": error, "masks": masks, "psf_file": psf_file}
    table = place_sources(rng, galaxies, points, options, files, reference_band, field.name)
    table = truth_table(table, field)
    for kind, number in table["kind"].value_counts().items():
        log.info("%s: %d", kind, number)
    with atomic(sources) as temporary:
        table.to_csv(temporary, index=False)
