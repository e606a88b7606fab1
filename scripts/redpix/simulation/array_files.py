"""Write arrays: those of training images piece by piece, in parallel processes."""

from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

import numpy as np

from redpix.core.atomic_files import atomic
from redpix.core.exceptions import InputError
from redpix.core.job import progress
from redpix.simulation import image_pairs, stamps
from redpix.simulation.training_images import BRIGHTEST

#: largest number of galaxies in memory per process, and largest size of their images in bytes
PIECE, PIECE_BYTES = 50, 50_000_000


def save_array(path, array):
    """Write an array as npy.

    Parameters
    ----------
    path : str
        File.
    array : ndarray
        Array that is written.
    """
    with atomic(path) as temporary:
        np.save(temporary, array)


def piece_length(shape):
    """Return the number of galaxies per piece.

    Parameters
    ----------
    shape : tuple of int
        (n, size, size, c) of the inputs, and of the targets.

    Returns
    -------
    int
    """
    pair = 2 * 4 * int(np.prod(shape[1:]))
    return min(PIECE, max(1, PIECE_BYTES // pair))


def write_piece(paths, first, galaxies):
    """Make the images of some galaxies and write them into the arrays.

    Parameters
    ----------
    paths : (str, str)
        Files of the inputs and of the targets.
    first : int
        Index of the first of these galaxies.
    galaxies : DataFrame
        Galaxies, one row each.

    Returns
    -------
    float
        Brightest input pixel.
    """
    pair = _recipe(galaxies, first)
    for path, pictures in zip(paths, pair, strict=True):
        array = np.load(path, mmap_mode="r+")
        array[first : first + len(galaxies)] = pictures
        array.flush()
    return float(pair[0].max())


def set_recipe(recipe):
    """Set the recipe of this process: it is sent once, not with each piece.

    Parameters
    ----------
    recipe : PhysicalRecipe or SimpleRecipe
        Callable that makes the images of galaxies.
    """
    global _recipe
    _recipe = recipe


def write_arrays(recipe, paths, galaxies, shape, threads):
    """Write inputs and targets, piece by piece, in parallel processes.

    Parameters
    ----------
    recipe : PhysicalRecipe or SimpleRecipe
        Callable that makes the images of galaxies.
    paths : (str, str)
        Files of the inputs and of the targets.
    galaxies : DataFrame
        Galaxies, one row each.
    shape : tuple of int
        (n, size, size, c).
    threads : int
        Number of processes.

    Returns
    -------
    float
        Brightest input pixel.
    """
    for path in paths:
        np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape).flush()
    step = piece_length(shape)
    starts = range(0, len(galaxies), step)
    pieces = [galaxies.iloc[start : start + step] for start in starts]
    write = partial(write_piece, paths)
    if threads == 1:
        set_recipe(recipe)
        return max(map(write, progress(starts, "training images: pieces"), pieces))
    with ProcessPoolExecutor(threads, get_context("fork"), set_recipe, (recipe,)) as pool:
        return max(pool.map(write, starts, pieces))


def scale_arrays(paths, factor):
    """Multiply arrays by a factor in their files, piece by piece.

    Parameters
    ----------
    paths : sequence of str
        Files of the arrays.
    factor : float
        Factor of all values.
    """
    for path in paths:
        array = np.load(path, mmap_mode="r+")
        step = piece_length(array.shape)
        for start in range(0, len(array), step):
            array[start : start + step] *= np.float32(factor)
        array.flush()


class PhysicalRecipe:
    """Make the images of galaxies by the physical recipe.

    Parameters
    ----------
    camera : redpix.simulation.camera.SimulatedCamera
        Camera of the images.
    kinds : (str, str)
        Kinds of the inputs and of the targets.
    seed : int
        Seed of the random numbers.
    """

    def __init__(self, camera, kinds, seed):
        psfs = stamps.moffat_psfs(camera.seeing)
        scales = (camera.pixel_scale, camera.pixel_scale_out)
        self.plans = [stamps.plan(camera.size, scale, psfs) for scale in scales]
        self.camera, self.kinds, self.seed = camera, kinds, seed

    def __call__(self, galaxies, first):
        """Return the inputs and targets of some galaxies."""
        return image_pairs.physical_piece(
            galaxies, self.camera, self.plans, self.kinds, self.seed, first
        )


class SimpleRecipe:
    """Make the images of galaxies by the simple recipe, before the common scale.

    Parameters
    ----------
    camera : redpix.simulation.camera.SimulatedCamera
        Camera of the images.
    """

    def __init__(self, camera):
        self.camera = camera

    def __call__(self, galaxies, first):
        """Return the inputs and targets of some galaxies."""
        pictures = image_pairs.simple_images(galaxies, self.camera)
        return image_pairs.simple_piece(pictures, galaxies, self.camera.bands)


def write_images(paths, sample, simple, seed, threads):
    """Write inputs and targets by a recipe.

    Parameters
    ----------
    paths : (str, str)
        Files of the inputs and of the targets.
    sample : GalaxySample
        Galaxies and camera.
    simple : bool
        Whether the recipe is the simple one.
    seed : int
        Seed of the random numbers.
    threads : int
        Number of processes.

    Returns
    -------
    float
        Factor by which all pixels were multiplied.

    Raises
    ------
    InputError
        If the spectra have no light in the bands.
    """
    camera = sample.camera
    shape = (len(sample.galaxies), camera.size, camera.size, len(camera.bands))
    if not simple:
        recipe = PhysicalRecipe(camera, sample.kinds, seed)
        write_arrays(recipe, paths, sample.galaxies, shape, threads)
        return 1.0
    peak = write_arrays(SimpleRecipe(camera), paths, sample.galaxies, shape, threads)
    if not 0 < peak < np.inf:
        raise InputError(
            f"training_images.spectra: the brightest input pixel is {peak:g}; allowed: "
            "spectra with light in the bands"
        )
    scale = BRIGHTEST / peak
    scale_arrays(paths, scale)
    return scale
