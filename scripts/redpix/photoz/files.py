"""Read and write the files of photometric redshifts, column by column."""

import itertools

import numpy as np
import pandas
import pyarrow
import pyarrow.csv
import pyarrow.parquet

from redpix.core.atomic_files import atomic
from redpix.core.damaged_files import readable
from redpix.core.exceptions import InputError
from redpix.core.job import progress
from redpix.io.array_archive import read_arrays
from redpix.io.described_table import OBJECTS, write_described
from redpix.photoz.learners.base import CLASSES, STAR
from redpix.photoz.model import Model
from redpix.photoz.split import TRAIN

#: number of pixels that are read and predicted at a time; bounds the memory
CHUNK = 20_000

#: name of the class of each label; the last, of label -1, is that of an unknown class
LABELS = np.array([*CLASSES, ""])

PIXELS_HEADER = b"""\
# Redshifts of the pixels of test and target objects, stars left out; NaN: not known
# predicted true object_id distance signal_to_noise class
"""


def read_catalogue(path):
    """Return the table of catalogued objects, sorted by id.

    Parameters
    ----------
    path : str
        The file catalogue/objects.csv.

    Returns
    -------
    pandas.DataFrame
    """
    types = {"id": "int64", "class": str}
    return pandas.read_csv(path, dtype=types).sort_values("id")


def labels_of(classes):
    """Return the label of each class name.

    Parameters
    ----------
    classes : pandas.Series of str
        Names of `CLASSES`; missing where the class is unknown.

    Returns
    -------
    ndarray of int
        Indices into `CLASSES`, -1 where the class is unknown.
    """
    indices = {name: index for index, name in enumerate(CLASSES)}
    return classes.map(indices).fillna(-1).to_numpy(int)


def pixel_reader(paths, names):
    """Return a function that reads the pixel tables from their beginning, in chunks.

    Parameters
    ----------
    paths : list of str
        Parquet files, one per field.
    names : list of str
        Columns to read.

    Returns
    -------
    callable
        Takes no arguments. Returns an iterator over mappings from column name to array.

    Raises
    ------
    InputError
        If a table lacks a column.
    """
    for path in paths:
        present = pyarrow.parquet.read_schema(path).names
        for name in names:
            if name not in present:
                raise InputError(f"{path}: no column {name}")

    passes = itertools.count(1)

    def read():
        for path in progress(paths, f"photoz: pass {next(passes)}, pixel tables"):
            with pyarrow.parquet.ParquetFile(path) as file:
                for batch in file.iter_batches(batch_size=CHUNK, columns=names):
                    yield {name: batch[name].to_numpy(zero_copy_only=False) for name in names}

    return read


def read_softening(paths, bands):
    """Return the softening parameters of the asinh magnitudes of pixel tables.

    Parameters
    ----------
    paths : list of str
        Parquet files, one per field.
    bands : sequence of str
        Names of the bands.

    Returns
    -------
    tuple of (str, float)
        Band and parameter; empty for those of SDSS.

    Raises
    ------
    InputError
        If two tables differ.
    """
    stated = {}
    for path in paths:
        schema = pyarrow.parquet.read_schema(path)
        facts = {
            band: schema.field(f"mag_{band}").metadata or {}
            for band in bands
            if f"mag_{band}" in schema.names
        }
        key = b"softening"
        values = tuple((band, float(one[key])) for band, one in facts.items() if key in one)
        stated.setdefault(values, path)
    if len(stated) > 1:
        first, second = list(stated.values())[:2]
        raise InputError(
            f"{second}: another softening of the asinh magnitudes than in {first}; remove both "
            "tables, and the same command makes them again"
        )
    return next(iter(stated), ())


def read_model(path):
    """Return the model in a file model.npz, without executing anything from the file.

    Parameters
    ----------
    path : str
        Path of the file.

    Returns
    -------
    redpix.photoz.model.Model

    Raises
    ------
    InputError
        If the file is not a model.
    """
    with readable(path, "a model"):
        model = Model.from_arrays(read_arrays(path, "a model"), path)
        with np.errstate(all="ignore"):  # a PDF that is not finite is found
            model.try_out()
        return model


def write_pixels(file, ids, objects, split, chunk, prediction):
    """Append the pixels of test and target objects to pixels.dat, except those of stars.

    Parameters
    ----------
    file : binary file
        File to append to.
    ids : ndarray of int64, shape (objects,)
        Identifiers of the objects.
    objects : redpix.photoz.estimates.Objects
        Redshifts and labels of the objects.
    split : ndarray of str, shape (objects,)
        ``train``, ``test`` or ``target`` for each object.
    chunk : redpix.photoz.pixel_stream.Chunk
        Pixels with their objects.
    prediction : redpix.photoz.learners.base.Prediction
        One row per pixel of the chunk.
    """
    rows = ((split != TRAIN) & (objects.label != STAR))[chunk.index]
    index = chunk.index[rows]
    columns = {
        "predicted": prediction.redshift[rows].round(5),
        "true": objects.redshift[index].round(6),
        "object_id": ids[index],
        "distance": chunk.distance[rows].astype(float).round(4),
        "signal_to_noise": chunk.snr[rows].astype(float).round(3),
        "class": np.where(objects.label < 0, "UNKNOWN", LABELS[objects.label])[index],
    }
    options = pyarrow.csv.WriteOptions(include_header=False, delimiter=" ", quoting_style="none")
    pyarrow.csv.write_csv(pyarrow.table(columns), file, options)


def object_columns(catalogue, calibrated, n_pixels, split, outside, label, probability):
    """Return the columns of objects.csv that pixels and tables of magnitudes share.

    Parameters
    ----------
    catalogue : pandas.DataFrame
        Columns ``object_id``, ``ra``, ``dec``, ``class``, ``redshift``, ``redshift_error``.
    calibrated : redpix.photoz.calibration.CalibratedRedshifts
        Redshifts and calibrated PDFs of the objects.
    n_pixels : int or ndarray of int, shape (objects,)
        Number of usable pixels.
    split : ndarray of str, shape (objects,)
        ``train``, ``test`` or ``target``.
    outside : ndarray, shape (objects,)
        Fraction of an object's vectors that lie outside the training set.
    label : ndarray of int, shape (objects,)
        Predicted class, -1 if unknown.
    probability : ndarray, shape (objects, classes)
        Probability of each class.

    Returns
    -------
    pandas.DataFrame
    """
    return catalogue.assign(
        z_phot=calibrated.redshift.round(6),
        z_error=calibrated.error.round(6),
        z_lo68=calibrated.low68.round(6),
        z_hi68=calibrated.high68.round(6),
        n_pixels=n_pixels,
        split=split,
        outside=outside,
        class_phot=LABELS[label],
        **{
            f"p_{name.lower()}": probability[:, number].round(4)
            for number, name in enumerate(CLASSES)
        },
        z_mean=calibrated.mean.round(6),
        z_median=calibrated.median.round(6),
        z_mode=calibrated.mode.round(6),
        z_best=calibrated.best.round(6),
        z_lo95=calibrated.low95.round(6),
        z_hi95=calibrated.high95.round(6),
    )


def write_objects(path, table):
    """Write objects.csv, and objects.ecsv with units and UCDs beside it.

    Parameters
    ----------
    path : str
        Path of the file.
    table : pandas.DataFrame
        From `object_columns`; may have more columns.
    """
    with atomic(path) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")
    write_described(path, OBJECTS)


def write_model(path, model):
    """Write model.npz, which holds only named arrays.

    Parameters
    ----------
    path : str
        Path of the file.
    model : redpix.photoz.model.Model
        Trained model.
    """
    with atomic(path) as temporary:
        np.savez(temporary, **model.arrays())
