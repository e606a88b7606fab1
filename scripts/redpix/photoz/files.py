"""The files that the photoz stage reads and writes, column by column."""

import itertools
import zipfile

import numpy as np
import pandas
import pyarrow
import pyarrow.csv
import pyarrow.parquet

from redpix.core.atomic_files import atomic
from redpix.core.exceptions import InputError
from redpix.core.job import progress
from redpix.photoz.learners.base import CLASSES, STAR
from redpix.photoz.model import Model
from redpix.photoz.split import TRAIN
from redpix.photoz.train import APERTURE, WAYS

#: pixels read and predicted at a time
CHUNK = 20_000

#: class of each label; label -1, the last, is unknown
LABELS = np.array([*CLASSES, ""])

PIXELS_HEADER = b"""\
# Redshifts of the pixels of test and target objects, stars left out; NaN: not known
# predicted true object_id distance signal_to_noise class
"""


def read_catalogue(path):
    """objects.csv by increasing id."""
    types = {"id": "int64", "class": str}
    return pandas.read_csv(path, dtype=types).sort_values("id")


def labels_of(classes):
    """Index into CLASSES of each class name, -1 for an empty one."""
    indices = {name: index for index, name in enumerate(CLASSES)}
    return classes.map(indices).fillna(-1).to_numpy(int)


def pixel_reader(paths, names):
    """A function that reads the pixel tables anew, a mapping of column to array a chunk."""
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


def read_model(path):
    """The model of a model.npz; nothing in it is executed."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (ValueError, OSError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: cannot be read as a model: {error}") from None
    return Model.from_arrays(arrays, path)


def write_pixels(file, ids, objects, split, chunk, prediction):
    """Append the pixels of test and target objects that are no stars to pixels.dat."""
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


def write_objects(path, table, split, totals, results, best, combined, predicted):
    """Write objects.csv: what the catalogue knows, then what is predicted."""
    known = table[["id", "ra", "dec", "class", "redshift", "redshiftError"]]
    known = known.rename(columns={"id": "object_id", "redshiftError": "redshift_error"})
    frame = known.assign(
        z_phot=best.redshift.round(6),
        z_error=best.error.round(6),
        z_lo68=best.low68.round(6),
        z_hi68=best.high68.round(6),
        n_pixels=totals.pixels,
        split=split,
        outside=combined.outside.round(4),
        class_phot=LABELS[predicted],
        **{
            f"p_{name.lower()}": combined.probability[:, i].round(4)
            for i, name in enumerate(CLASSES)
        },
        **point_estimates(best),
        **{f"combined_{name}": results[name].redshift.round(6) for name in WAYS},
        z_aperture=results[APERTURE].redshift.round(6),
        z_aperture_error=results[APERTURE].error.round(6),
    )
    with atomic(path) as temporary:
        frame.to_csv(temporary, index=False, lineterminator="\n")


def point_estimates(right):
    """Columns of what the density of a `Calibrated` says beside its 68 % interval."""
    columns = {
        "z_mean": right.mean,
        "z_median": right.median,
        "z_mode": right.mode,
        "z_lo95": right.low95,
        "z_hi95": right.high95,
    }
    return {name: values.round(6) for name, values in columns.items()}


def write_model(path, model):
    """Write model.npz, plain arrays by name."""
    with atomic(path) as temporary:
        np.savez(temporary, **model.arrays())
