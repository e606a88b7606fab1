"""Cut galaxies out of registered frames and make their images at another redshift."""

from contextlib import ExitStack

import numpy as np
import pandas as pd

from redpix.catalogue.build import field_names
from redpix.core.atomic_files import atomic, write_json
from redpix.core.exceptions import InputError
from redpix.core.job import log, progress
from redpix.simulation.array_files import save_array
from redpix.simulation.files import read_distance, wavelengths
from redpix.simulation.redshifter import HIGHEST, Redshifter, template_grid
from redpix.simulation.registered_field import RegisteredField, field_files
from redpix.simulation.run_filters import run_filters


def candidates(path, z_in, reference_band):
    """Return the galaxies of a catalogue in a range of redshifts, the brightest first.

    Parameters
    ----------
    path : str
        objects.csv.
    z_in : (float, float)
        Range of the redshifts.
    reference_band : str
        Band of the order.

    Returns
    -------
    DataFrame
        With the name of the field.

    Raises
    ------
    InputError
        If the range does not hold a galaxy.
    """
    objects = pd.read_csv(path, dtype={"id": "int64"})
    objects["name"] = field_names(objects)
    low, high = z_in
    galaxies = objects[(objects["class"] == "GALAXY") & objects["redshift"].between(low, high)]
    if galaxies.empty:
        raise InputError(
            f"{path}: no galaxy with a redshift from {low:g} to {high:g}; allowed: "
            "a training_images.z_in that holds galaxies of the catalogue"
        )
    if galaxies[reference_band].isna().all():
        log.warning("%s: no magnitude in %s: galaxies in the order of id", path, reference_band)
    return galaxies.sort_values([reference_band, "id"])


def stamps_of(table, files, bands, size):
    """Yield row, stamp and field of each galaxy whose stamp lies inside its image.

    The images of a field are read once, and one stamp is in memory at a time.

    Parameters
    ----------
    table : DataFrame
        Galaxies with name, ra, dec.
    files : dict of str to redpix.simulation.registered_field.FieldFiles
        Files of each field.
    bands : sequence of str
        Names of the bands.
    size : int
        Side of the stamps, pixels.

    Yields
    ------
    (namedtuple, Stamp, RegisteredField)
    """
    for name, rows in progress(list(table.groupby("name")), "redshifting: fields"):
        field = RegisteredField(files[name], bands)
        for row in rows.itertuples():
            stamp = field.cut(row.ra, row.dec, size)
            if stamp is not None:
                yield row, stamp, field


def chosen_galaxies(objects, files, bands, reference_band, options):
    """Return the brightest galaxies whose stamp lies inside their image.

    Parameters
    ----------
    objects : str
        objects.csv.
    files : dict of str to redpix.simulation.registered_field.FieldFiles
        Files of each field.
    bands : sequence of str
        Names of the bands.
    reference_band : str
        Band of the magnitudes that order the galaxies.
    options : dict
        number, z_in and size of the section ``training_images``.

    Returns
    -------
    DataFrame

    Raises
    ------
    InputError
        If no galaxy can be used.
    """
    table = candidates(objects, options["z_in"], reference_band)
    table = table[table["name"].isin(list(files))].head(4 * options["number"])
    ids = [row.id for row, _, _ in stamps_of(table, files, bands, options["size"])]
    if not ids:
        raise InputError(
            f"{objects}: no galaxy found in the images has {options['size']} pixels around it; "
            "allowed: a training_images.size up to the distance of galaxies from the edges, doubled"
        )
    chosen = table[table["id"].isin(ids)].head(options["number"])
    log.info("%d galaxies of %d", len(chosen), len(table))
    return chosen.reset_index(drop=True)


def write_pairs(paths, galaxies, files, redshifter, size):
    """Write inputs, targets and their errors, one galaxy at a time.

    Parameters
    ----------
    paths : sequence of str
        Arrays that are written: inputs, their errors, targets, their errors.
    galaxies : DataFrame
        Galaxies, one row each.
    files : dict of str to redpix.simulation.registered_field.FieldFiles
        Files of each field.
    redshifter : Redshifter
        Maker of the targets.
    size : int
        Side of the stamps, pixels.

    Returns
    -------
    DataFrame
        The truth, one row per galaxy.
    """
    bands = redshifter.bands
    shape = (len(galaxies), size, size, len(bands))
    arrays = [np.lib.format.open_memmap(path, "w+", np.float32, shape) for path in paths]
    truth = {}
    for row, stamp, field in stamps_of(galaxies, files, bands, size):
        pair, truth[row.Index] = redshifter.pair(stamp, row, field.scale, field.fwhm)
        for array, image in zip(arrays, pair, strict=True):
            array[row.Index] = image
    for array in arrays:
        array.flush()
    return pd.DataFrame([truth[number] for number in sorted(truth)])


def describe_arrays(truth, bands, filters, curves, options):
    """Return the description of the arrays: axes, bands, unit.

    Parameters
    ----------
    truth : DataFrame
        Truth, one row per galaxy.
    bands : sequence of str
        Names of the bands.
    filters : sequence of str
        Names of their filters.
    curves : sequence of speclite.filters.FilterResponse
        Filters of the bands.
    options : dict
        targets and cosmology of the section ``training_images``.

    Returns
    -------
    dict
    """
    return {
        "recipe": "frames",
        "axes": ["galaxy", "row", "column", "band"],
        "bands": bands,
        "filters": filters,
        "wavelengths": wavelengths(curves),
        "unit": "nanomaggies",
        "scale": 1.0,
        "inputs": "observed",
        "targets": options["targets"],
        # those of the brightest galaxy; the truth holds those of each galaxy
        "pixel_scale": [float(truth[f"pixel_scale_{end}"][0]) for end in ("in", "out")],
        "cosmology": options["cosmology"],
    }


def write_arrays(paths, catalogue, files, bands, curves, reference_band, options, seed):
    """Choose galaxies and write their inputs, targets and errors.

    Parameters
    ----------
    paths : dict of str to str
        Arrays that are written: inputs, input_errors, targets, target_errors.
    catalogue : str
        objects.csv.
    files : dict of str to redpix.simulation.registered_field.FieldFiles
        Files of each field.
    bands : sequence of str
        Names of the bands.
    curves : sequence of speclite.filters.FilterResponse
        Their filters.
    reference_band : str
        Band of the magnitudes that order the galaxies.
    options : dict
        Section ``training_images`` of the configuration.
    seed : int
        Seed of the random numbers.

    Returns
    -------
    DataFrame
        The truth, one row per galaxy.

    Raises
    ------
    InputError
        If an option is invalid or no galaxy can be used.
    """
    if options["targets"] == "psf_free":
        raise InputError(
            "training_images.targets: psf_free with origin frames; allowed: observed, noiseless"
        )
    distance = read_distance(options["cosmology"])
    grid = template_grid(bands, options["z_out"], curves)
    redshifter = Redshifter(options, bands, seed, distance, grid)
    galaxies = chosen_galaxies(catalogue, files, bands, reference_band, options)
    with ExitStack() as stack:
        temporary = [stack.enter_context(atomic(path)) for path in paths.values()]
        return write_pairs(temporary, galaxies, files, redshifter, options["size"])


def redshift_galaxies(
    objects,
    registered,
    segments,
    psfs,
    truth,
    settings,
    bands,
    reference_band,
    fields,
    options,
    seed,
    given_wavelengths=None,
    **arrays,
):
    """Make pairs of images of the brightest galaxies in registered frames.

    Parameters
    ----------
    objects : str
        objects.csv, with redshifts.
    registered : list of str
        Registered images of all fields and bands.
    segments, psfs : list of str
        Segmentation images of the reference band and PSFs, one file per field.
    truth : str
        CSV that is written, one row per galaxy.
    settings : str
        JSON that is written: axes, bands, unit.
    bands, fields : sequence of str
        Bands, and names of the fields in the order of `segments`.
    reference_band : str
        Band by which the brightest galaxies are chosen.
    options : dict
        Section ``training_images``: number, z_in, z_out, size, pixel_scale_out, seeing, targets,
        cosmology, filters.
    seed : int
        Seed of the random numbers.
    given_wavelengths : dict of str to float, optional
        Effective wavelengths of the bands by a table of images, Angstrom. By default, frames are
        those of SDSS.
    **arrays : str
        Arrays that are written: inputs, input_errors, targets, target_errors, z_in, z_out.

    Raises
    ------
    InputError
        If an option is invalid or no galaxy can be used.
    """
    files = field_files(fields, registered, segments, psfs)
    highest = min(options["z_out"][1], HIGHEST)
    filters, curves = run_filters(bands, options.get("filters"), given_wavelengths, highest)
    paths = {key: arrays[key] for key in ("inputs", "input_errors", "targets", "target_errors")}
    table = write_arrays(paths, objects, files, bands, curves, reference_band, options, seed)
    for key in ("z_in", "z_out"):
        save_array(arrays[key], table[key].to_numpy(np.float32))
    with atomic(truth) as temporary:
        table.to_csv(temporary, index=False, float_format="%.9g")
    write_json(settings, describe_arrays(table, bands, filters, curves, options))
