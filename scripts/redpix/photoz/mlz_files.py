"""Write the training and test sets of the learners as files of MLZ."""

from typing import NamedTuple

import numpy as np
import pyarrow
import pyarrow.csv

from redpix.core.atomic_files import atomic, write_text
from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.photoz import mlz
from redpix.photoz.attributes import WAVELENGTH_ORDER, Attributes
from redpix.photoz.catalogue_samples import read_tables
from redpix.photoz.column_names import Names
from redpix.photoz.files import read_softening
from redpix.photoz.learners.base import STAR, without_errors
from redpix.photoz.object_samples import vectors_of
from redpix.photoz.pixel_objects import read_sky, split_sky
from redpix.photoz.pixel_stream import sampled_vectors
from redpix.photoz.redshift_grid import chosen_grid
from redpix.photoz.split import TRAIN, sample_pixels


class Rows(NamedTuple):
    """Some rows of a table of MLZ."""

    ids: np.ndarray  #: (n,), identifiers of the objects
    redshift: np.ndarray  #: (n,), NaN where unknown
    vectors: np.ndarray  #: (n, attributes)


class MlzFiles(NamedTuple):
    """Paths of the three files of MLZ to write."""

    train: str
    test: str
    inputs: str


def write_rows(path, attributes, parts):
    """Write a table of MLZ and return its number of rows.

    Parameters
    ----------
    path : str
        Path of the file.
    attributes : redpix.photoz.attributes.Attributes
        Attributes of the vectors.
    parts : iterable of Rows
        Rows with a missing attribute are left out.

    Returns
    -------
    int
    """
    count = 0
    options = pyarrow.csv.WriteOptions(include_header=False, delimiter=" ", quoting_style="none")
    with atomic(path) as temporary, open(temporary, "wb") as file:
        file.write(f"# {' '.join(mlz.columns(attributes))}\n".encode())
        for ids, redshift, vectors in parts:
            complete = np.isfinite(vectors).all(axis=1)
            columns = mlz.table(ids[complete], redshift[complete], vectors[complete], attributes)
            pyarrow.csv.write_csv(pyarrow.table(columns), file, options)
            count += int(complete.sum())
    log.info("%s: %d rows", path, count)
    return count


def write_files(paths, name, attributes, train, test, grid, tpz, som):
    """Write the training set, the test set and the inputs of one run of MLZ.

    Parameters
    ----------
    paths : MlzFiles
        Files to write.
    name : str
        ``objects`` or ``pixels``.
    attributes : redpix.photoz.attributes.Attributes
        Attributes of the vectors.
    train, test : iterable of Rows
        Training set and objects to predict.
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes of the PDFs.
    tpz, som : dict
        The keys ``photoz.tpz`` and ``photoz.som`` of the configuration.

    Raises
    ------
    InputError
        If the training set is empty.
    """
    count = write_rows(paths.train, attributes, train)
    if not count:
        raise InputError("photoz: no galaxy or quasar with a redshift for MLZ to train on")
    write_rows(paths.test, attributes, test)
    write_text(paths.inputs, mlz.inputs(name, attributes, count, grid, tpz, som))


def export_pixels(
    catalogue,
    pixel_tables,
    objects,
    pixels,
    bands,
    attributes,
    split_by,
    test_fraction,
    pixels_per_object,
    seed,
    **settings,
):
    """Write MLZ's files of the summed fluxes of objects, and of their pixels.

    Parameters
    ----------
    catalogue : str
        The file catalogue/objects.csv.
    pixel_tables : list of str
        Parquet files of pixels, one per field.
    objects, pixels : list of str
        Files to write, with the endings train, test and inputs.
    bands : list of str
        Names of the bands.
    attributes : list of str
        Some of `redpix.photoz.attributes.KINDS`; errors are always added.
    split_by, test_fraction, pixels_per_object, seed : object
        See `redpix.photoz.pixel_choices.PixelChoices`.
    **settings : object
        ``grid``, ``tpz`` and ``som`` of `write_files`.
    """
    kinds = [kind for kind in attributes if kind != "errors"] + ["errors"]
    named = not set(bands) <= set(WAVELENGTH_ORDER)
    softening = read_softening(pixel_tables, bands)
    vector = Attributes(tuple(kinds), tuple(bands), named, softening)
    sky = read_sky(catalogue, pixel_tables, vector)
    moving = sky.objects.label != STAR
    training = split_sky(sky, split_by, test_fraction, seed) == TRAIN
    training, others = training & moving, ~training & moving
    ids, redshift = sky.table["id"].to_numpy(), sky.objects.redshift

    aperture = vector.of_aperture()
    vectors = aperture.of_fluxes(sky.totals.flux, sky.totals.error)
    train, test = ([Rows(ids[r], redshift[r], vectors[r])] for r in (training, others))
    settings["grid"] = _nodes(settings["grid"], aperture, train)
    write_files(MlzFiles(*objects), "objects", aperture, train, test, **settings)

    counts = np.where(training, sky.totals.pixels, 0)
    chosen = sample_pixels(counts, pixels_per_object, seed)
    index, drawn = sampled_vectors(sky.pixels, sky.totals, training, chosen)
    train = [Rows(ids[index], redshift[index], drawn)]
    write_files(MlzFiles(*pixels), "pixels", vector, train, pixels_of(sky, ids, others), **settings)


def _nodes(grid, attributes, train):
    """Return the nodes of the redshift grid, from the training objects if it is ``auto``."""
    (rows,) = train
    return chosen_grid(grid, without_errors(rows.vectors, attributes.errors), rows.redshift)


def pixels_of(sky, ids, members):
    """Yield the pixels of some objects, in chunks.

    Parameters
    ----------
    sky : redpix.photoz.pixel_objects.PixelObjects
        Objects with pixels.
    ids : ndarray, shape (objects,)
        Identifiers of the objects.
    members : ndarray of bool, shape (objects,)
        Mask of the objects.

    Yields
    ------
    Rows
    """
    for chunk in sky.pixels:
        rows = members[chunk.index]
        index = chunk.index[rows]
        yield Rows(ids[index], sky.objects.redshift[index], chunk.vectors[rows])


def export_table(
    tables, objects, attributes, magnitudes, test_fraction, seed, names=None, **settings
):
    """Write MLZ's files of the objects of a table of magnitudes.

    Parameters
    ----------
    tables : list of str
        CSV files: the training set and, optionally, the objects to predict.
    objects : list of str
        Files to write, with the endings train, test and inputs.
    attributes : list of str
        Some of `redpix.photoz.attributes.KINDS`; errors are added if the table has them.
    magnitudes : sequence of str
        Columns of magnitudes; empty to choose them by name.
    test_fraction : float
        Fraction of the objects that is held out if there is one table.
    seed : int
        Seed of the random numbers.
    names : dict, optional
        Other columns by `redpix.photoz.column_names.Names`; they are found by name if not given.
    **settings : object
        ``grid``, ``tpz`` and ``som`` of `write_files`.
    """
    named = Names(tuple(magnitudes), **(names or {}))
    training, other, columns, _ = read_tables(tables, named, test_fraction, seed)
    kinds = [kind for kind in attributes if kind != "errors"]
    kinds += ["errors"] if columns.errors else []
    vector = Attributes(tuple(kinds), columns.magnitudes, named=True)

    def rows_of(table, rows):
        return [Rows(table.id[rows], table.redshift[rows], vectors_of(table, vector)[rows])]

    train = rows_of(training, np.isfinite(training.redshift) & (training.label != STAR))
    test = rows_of(other, other.label != STAR)
    settings["grid"] = _nodes(settings["grid"], vector, train)
    write_files(MlzFiles(*objects), "objects", vector, train, test, **settings)
