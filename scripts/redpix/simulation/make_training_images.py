"""Make training images: pairs of images of simulated galaxies, at one redshift and at another."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from redpix.core.atomic_files import atomic, write_json
from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.simulation import redshifting, stamps
from redpix.simulation import training_images as images
from redpix.simulation.array_files import save_array, write_images
from redpix.simulation.camera import SimulatedCamera, make_camera
from redpix.simulation.files import (
    read_curves,
    read_distance,
    read_galaxies,
    read_spectra,
    wavelengths,
)


class GalaxySample(NamedTuple):
    """Galaxies and the camera that images them.

    Attributes
    ----------
    galaxies : DataFrame
        As from `redpix.simulation.training_images.with_fluxes` or `with_simple_fluxes`.
    camera : redpix.simulation.camera.SimulatedCamera
    curves : list of speclite.filters.FilterResponse
        Filter curves, one per band.
    kinds : (str, str)
        Kinds of the inputs and of the targets, see `redpix.simulation.training_images`.
    """

    galaxies: pd.DataFrame
    camera: SimulatedCamera
    curves: list
    kinds: tuple


def chosen_galaxies(options, seed, spectra):
    """Return the galaxies of the user's table, or draw galaxies.

    Parameters
    ----------
    options : dict
        Section ``training_images`` of the configuration.
    seed : int
        Seed of the random numbers.
    spectra : sequence of str
        Names of the spectra.

    Returns
    -------
    DataFrame
        The columns of `redpix.simulation.training_images.draw_galaxies`.

    Raises
    ------
    InputError
        If a galaxy is invalid, or z_out is not above z_in.
    """
    if options["table"]:
        galaxies = read_galaxies(options["table"], spectra)
        images.check_redshifts(galaxies["z_in"], galaxies["z_out"], options["table"])
        return galaxies
    keys = ("z_in", "z_out", "magnitude", "radius", "sersic", "axis_ratio")
    ranges = {key: options[key] for key in keys}
    # the range of z_out must reach above each possible z_in
    images.check_redshifts(ranges["z_in"][0], ranges["z_out"][1], "training_images")
    images.check_redshifts(ranges["z_in"][1], ranges["z_out"][1], "training_images")
    profile = "sersic" if options["recipe"] == "simple" else options["profile"]
    return images.draw_galaxies(seed, options["number"], ranges, spectra, profile)


def prepare(options, seed):
    """Return galaxies with their fluxes at both redshifts, and their camera.

    Parameters
    ----------
    options : dict
        Section ``training_images`` of the configuration.
    seed : int
        Seed of the random numbers.

    Returns
    -------
    GalaxySample

    Raises
    ------
    InputError
        If an option is invalid or its file cannot be used.
    """
    spectra = read_spectra(options["spectra"])
    bands, curves = read_curves(options["bands"])
    reference = options["reference_band"]
    if reference not in bands:
        raise InputError(
            f"training_images.reference_band: {reference!r}; allowed: one of " + ", ".join(bands)
        )
    camera = make_camera(options, bands)
    distance = read_distance(options["cosmology"])
    galaxies = chosen_galaxies(options, seed, spectra.names)
    z_low, z_high = galaxies["z_in"].min(), galaxies["z_out"].max()
    fluxes = redshifting.band_fluxes(spectra, bands, curves, z_low, z_high)
    if options["recipe"] == "simple":
        kinds = ("psf_free", "psf_free")
        galaxies = images.with_simple_fluxes(galaxies, fluxes, distance)
    else:
        kinds = (options["inputs"], options["targets"])
        galaxies = images.with_fluxes(galaxies, fluxes, distance, camera, reference)
    images.check_sizes(galaxies, camera, kinds, options["table"] or "training_images")
    log.info("%d galaxies in %s, z %.3f to %.3f", len(galaxies), ", ".join(bands), z_low, z_high)
    return GalaxySample(galaxies, camera, curves, kinds)


def write_truth(path, galaxies, scale, seed):
    """Write the truth as CSV: one row per galaxy, with all parameters of its images.

    Parameters
    ----------
    path : str
        File that is written.
    galaxies : DataFrame
        Galaxies, one row each.
    scale : float
        Factor by which all pixels were multiplied.
    seed : int
        Seed of the random numbers.
    """
    table = galaxies.assign(scale=scale, seed=seed)
    table.insert(0, "id", np.arange(len(table)))
    with atomic(path) as temporary:
        table.to_csv(temporary, index=False, float_format="%.9g")


def describe_arrays(options, sample, scale):
    """Return the description of the arrays: axes, bands, unit, camera.

    Parameters
    ----------
    options : dict
        Section ``training_images`` of the configuration.
    sample : GalaxySample
        Galaxies and camera.
    scale : float
        Factor by which all pixels were multiplied.

    Returns
    -------
    dict
    """
    camera = sample.camera
    physical = options["recipe"] == "physical"
    return {
        "recipe": options["recipe"],
        "axes": ["galaxy", "row, from south", "column, from east", "band"],
        "bands": camera.bands,
        "wavelengths": wavelengths(sample.curves),
        "unit": "nanomaggies times scale" if physical else "arbitrary flux times scale",
        "scale": scale,
        "inputs": sample.kinds[0],
        "targets": sample.kinds[1],
        "pixel_scale": [camera.pixel_scale, camera.pixel_scale_out],
        "aperture_radius": stamps.aperture(camera.size, camera.pixel_scale),
        "seeing": camera.seeing.tolist(),
        "noise": camera.noise.tolist(),
        "electron": camera.electron.tolist(),
        "cosmology": options["cosmology"],
    }


def make_training_images(inputs, targets, z_in, z_out, truth, settings, options, seed=0, threads=1):
    """Make pairs of images of simulated galaxies and write them as NumPy arrays.

    Parameters
    ----------
    inputs, targets : str
        Arrays that are written: images at z_in and at z_out, shape (n, size, size, c), float32.
    z_in, z_out : str
        Arrays that are written: redshifts, shape (n,), float32.
    truth : str
        CSV that is written, one row per galaxy.
    settings : str
        JSON that is written: axes, bands, unit, camera.
    options : dict
        Section ``training_images`` of the configuration, with its defaults.
    seed : int, optional
        Seed of the random numbers.
    threads : int, optional
        Number of processes; the images do not depend on it.

    Raises
    ------
    InputError
        If an option is invalid or its file cannot be used.
    """
    sample = prepare(options, seed)
    simple = options["recipe"] == "simple"
    with atomic(inputs) as new_inputs, atomic(targets) as new_targets:
        scale = write_images((new_inputs, new_targets), sample, simple, seed, threads)
    for key, path in (("z_in", z_in), ("z_out", z_out)):
        save_array(path, sample.galaxies[key].to_numpy(np.float32))
    write_truth(truth, sample.galaxies, scale, seed)
    write_json(settings, describe_arrays(options, sample, scale))
