"""Make pairs of galaxy images, at one redshift and at another, as arrays to learn from."""

import json
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

import numpy as np

from redpix.core.atomic_files import atomic, write_text
from redpix.core.exceptions import InputError
from redpix.core.job import log, progress
from redpix.simulation import redshifting, stamps
from redpix.simulation import training_images as images
from redpix.simulation.files import (
    make_camera,
    read_curves,
    read_distance,
    read_galaxies,
    read_spectra,
    wavelengths,
)

#: galaxies that are drawn and written at a time, fewer where their two images have more bytes
PIECE, PIECE_BYTES = 50, 50_000_000


def chosen_galaxies(params, spectra):
    """Galaxies of the user's table, or drawn; redshifts checked."""
    if params.table:
        galaxies = read_galaxies(params.table, spectra)
        images.check_redshifts(galaxies["z_in"], galaxies["z_out"], params.table)
        return galaxies
    keys = ("z_in", "z_out", "magnitude", "radius", "sersic", "axis_ratio")
    ranges = {key: getattr(params, key) for key in keys}
    # whatever z_in is drawn there must be room above it
    images.check_redshifts(ranges["z_in"][0], ranges["z_out"][1], "training_images")
    images.check_redshifts(ranges["z_in"][1], ranges["z_out"][1], "training_images")
    profile = "sersic" if params.recipe == "simple" else params.profile
    return images.draw_galaxies(params.seed, params.number, ranges, spectra, profile)


def write_piece(paths, first, galaxies):
    """Make images of some galaxies and put them into their place; the brightest input pixel."""
    pair = maker(galaxies, first)
    for path, part in zip(paths, pair, strict=True):
        array = np.load(path, mmap_mode="r+")
        array[first : first + len(galaxies)] = part
        array.flush()
    return float(pair[0].max())


def set_maker(make):
    """What this process makes pieces with: set once, not sent with every piece."""
    global maker
    maker = make


def piece_length(shape):
    """Galaxies of a piece of two arrays of this shape."""
    pair = 2 * 4 * int(np.prod(shape[1:]))
    return min(PIECE, max(1, PIECE_BYTES // pair))


def write_arrays(make, paths, galaxies, shape, threads):
    """Both arrays, made in pieces by so many processes; the brightest input pixel."""
    for path in paths:
        np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape).flush()
    step = piece_length(shape)
    starts = range(0, len(galaxies), step)
    pieces = [galaxies.iloc[start : start + step] for start in starts]
    write = partial(write_piece, paths)
    if threads == 1:
        set_maker(make)
        rounds = map(write, progress(starts, "training images: pieces"), pieces)
        return max(rounds)
    with ProcessPoolExecutor(threads, get_context("fork"), set_maker, (make,)) as pool:
        return max(pool.map(write, starts, pieces))


def scale_arrays(paths, factor):
    """Multiply arrays in their files, piece by piece."""
    for path in paths:
        array = np.load(path, mmap_mode="r+")
        step = piece_length(array.shape)
        for start in range(0, len(array), step):
            array[start : start + step] *= np.float32(factor)
        array.flush()


class Physical:
    """Makes a piece by the physical recipe."""

    def __init__(self, camera, kinds, seed):
        psfs = stamps.moffat_psfs(camera.seeing)
        scales = (camera.pixel_scale, camera.pixel_scale_out)
        self.plans = [stamps.plan(camera.size, scale, psfs) for scale in scales]
        self.camera, self.kinds, self.seed = camera, kinds, seed

    def __call__(self, galaxies, first):
        return images.physical_piece(
            galaxies, self.camera, self.plans, self.kinds, self.seed, first
        )


class Simple:
    """Makes a piece by the simple recipe, before the common scale."""

    def __init__(self, camera):
        self.camera = camera

    def __call__(self, galaxies, first):
        pictures = images.simple_images(galaxies, self.camera)
        return images.simple_piece(pictures, galaxies, self.camera.bands)


def main(snakemake):
    params, output = snakemake.params, snakemake.output
    spectra = read_spectra(params.spectra)
    bands, curves = read_curves(params.bands)
    if params.reference_band not in bands:
        raise InputError(
            f"training_images.reference_band: {params.reference_band!r}; allowed: one of "
            + ", ".join(bands)
        )
    camera = make_camera(params, bands)
    distance = read_distance(params.cosmology)
    galaxies = chosen_galaxies(params, spectra.names)
    span = galaxies["z_in"].min(), galaxies["z_out"].max()
    fluxes = redshifting.band_fluxes(spectra, bands, curves, *span)
    simple = params.recipe == "simple"
    if simple:
        kinds = ("psf_free", "psf_free")
        galaxies = images.with_simple_fluxes(galaxies, fluxes, distance)
    else:
        kinds = (params.inputs, params.targets)
        galaxies = images.with_fluxes(galaxies, fluxes, distance, camera, params.reference_band)
    images.check_sizes(galaxies, camera, kinds, params.table or "training_images")
    log.info("%d galaxies in %s, z %.3f to %.3f", len(galaxies), ", ".join(bands), *span)

    shape = (len(galaxies), camera.size, camera.size, len(bands))
    scale = 1.0
    with atomic(output.inputs) as inputs, atomic(output.targets) as targets:
        if simple:
            make = Simple(camera)
            peak = write_arrays(make, (inputs, targets), galaxies, shape, snakemake.threads)
            if not 0 < peak < np.inf:
                raise InputError(
                    f"training_images.spectra: the brightest input pixel is {peak:g}; allowed: "
                    "spectra with light in the bands"
                )
            scale = images.BRIGHTEST / peak
            scale_arrays((inputs, targets), scale)
        else:
            make = Physical(camera, kinds, params.seed)
            write_arrays(make, (inputs, targets), galaxies, shape, snakemake.threads)
    for key, path in (("z_in", output.z_in), ("z_out", output.z_out)):
        with atomic(path) as temporary:
            np.save(temporary, galaxies[key].to_numpy(np.float32))
    write_truth(output.truth, galaxies, scale, params)
    write_text(output.settings, described(params, camera, curves, kinds, scale))


def write_truth(path, galaxies, scale, params):
    """A row a galaxy: everything it was made from."""
    table = galaxies.assign(scale=scale, seed=params.seed)
    table.insert(0, "id", np.arange(len(table)))
    with atomic(path) as temporary:
        table.to_csv(temporary, index=False, float_format="%.9g")


def described(params, camera, curves, kinds, scale):
    """What the arrays are, as JSON."""
    physical = params.recipe == "physical"
    facts = {
        "recipe": params.recipe,
        "axes": ["galaxy", "row, from south", "column, from east", "band"],
        "bands": camera.bands,
        "wavelengths": wavelengths(curves),
        "unit": "nanomaggies times scale" if physical else "arbitrary flux times scale",
        "scale": scale,
        "inputs": kinds[0],
        "targets": kinds[1],
        "pixel_scale": [camera.pixel_scale, camera.pixel_scale_out],
        "aperture_radius": stamps.aperture(camera.size, camera.pixel_scale),
        "seeing": camera.seeing.tolist(),
        "noise": camera.noise.tolist(),
        "electron": camera.electron.tolist(),
        "cosmology": params.cosmology,
    }
    return json.dumps(facts, indent=1) + "\n"
