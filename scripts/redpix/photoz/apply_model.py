"""Predict a table with a model that another table has trained."""

import json
from pathlib import Path

import numpy as np

from redpix.core.atomic_files import write_text
from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.photoz import files
from redpix.photoz.calibration import calibrate
from redpix.photoz.catalogue_files import ResultFiles
from redpix.photoz.catalogue_results import Measured, TableResult
from redpix.photoz.column_names import Names
from redpix.photoz.conditional_calibration import brightness_and_colour
from redpix.photoz.methods import shown_settings
from redpix.photoz.object_predictions import predict_objects
from redpix.photoz.object_samples import (
    blocks,
    count_completed,
    count_limited,
    count_reasons,
    sample_of,
)
from redpix.photoz.split import TARGET, TEST, TRAIN
from redpix.photoz.table_differences import check_alike, check_errors_alike
from redpix.photoz.table_input import Warnings, open_table, understand
from redpix.photoz.vector_columns import expanded


def read_table_model(path, method):
    """Return the model of a table in a file.

    Parameters
    ----------
    path : str
        A file model.npz.
    method : str
        Method of the configuration.

    Returns
    -------
    redpix.photoz.model.Model

    Raises
    ------
    InputError
        If the file is not a model of a table with this method.
    """
    model = files.read_model(path)
    if model.origin is None or "objects" not in model.learners:
        raise InputError(
            f"{path}: a model of pixels; allowed: a model.npz of tables/<table>/<method>/"
        )
    if model.method != method:
        raise InputError(
            f"{path}: trained with method {model.method}, but photoz.methods has {method}; they "
            "must agree"
        )
    return model


def columns_of(origin, names, header, path):
    """Return the columns of another table that the model uses.

    Parameters
    ----------
    origin : redpix.photoz.model_origin.Origin
        Training table of the model.
    names : redpix.photoz.column_names.Names
        Columns that the user names, in the order of the model's; a vector stands for its elements.
    header : sequence of str
        Names of the columns of the other table.
    path : str
        The model, for messages.

    Returns
    -------
    redpix.photoz.magnitude_columns.Columns

    Raises
    ------
    InputError
        If the user names another number of columns.
    """
    columns = origin.columns
    magnitudes, errors = expanded(names.magnitudes, header), expanded(names.errors, header)
    if magnitudes:
        _check_number(columns.magnitudes, magnitudes, "column", path)
        columns = columns._replace(magnitudes=magnitudes)
    if errors and columns.errors:
        _check_number(columns.errors, errors, "error", path)
        renamed = dict(zip(columns.errors, errors, strict=True))
        inverse = tuple(renamed[name] for name in columns.ivar)
        columns = columns._replace(errors=errors, ivar=inverse)
    return columns


def _check_number(trained, named, what, path):
    """Raise InputError if the user names another number of columns than the model has."""
    if len(named) != len(trained):
        raise InputError(
            f"{path}: trained on {', '.join(trained)}, but the list names {', '.join(named)}; "
            f"allowed: one {what} per band of the model, in its order"
        )


def apply_model(path, tables, outputs, choices, n_threads=1):
    """Predict the objects of a table with a trained model, measure and write the result.

    Parameters
    ----------
    path : str
        A file model.npz of a table.
    tables : list of str
        The table to predict; its bands and units are those of the training table.
    outputs : dict of str to str
        Files to write: ``objects``, ``pixels``, ``metrics``, ``pdfs`` and ``model``.
    choices : redpix.photoz.run_catalogue.TableChoices
        Choices of the run.
    n_threads : int
        Number of threads; the results do not depend on it.

    Raises
    ------
    InputError
        If the model or the table cannot be used.
    """
    model = read_table_model(path, choices.method)
    names = Names(tuple(choices.magnitudes), **(choices.names or {}))
    opened, warn = open_table(tables[-1], names), Warnings()
    columns = columns_of(model.origin, names, opened.names, path)
    table, _, _, understood = understand(opened, names, columns, warn)
    compared = compare(model.origin, table, columns, tables[-1], warn)
    origin = model.origin
    sample = sample_of(table, model.attributes, origin.donors(), origin.limits)
    beyond = model.origin.beyond(table.magnitudes)
    if beyond.any():
        warn(
            f"{tables[-1]}: {beyond.sum()} of {len(beyond)} objects have a magnitude outside the "
            f"range of the {model.origin.objects} training objects of {path}; their column outside "
            "is 1"
        )
    measured = Measured(model.grid)
    paths = [outputs[name] for name in ("objects", "pixels", "pdfs")]
    with ResultFiles(*paths, model.grid, table.id.dtype.kind not in "iu") as written:
        for result in predict_with(model, sample, beyond, n_threads):
            measured.add(result)
            written.write(result)
    scores = model.origin.scores | measured.summary(model.calibrations["objects"].point)
    for name, values in scores.items():
        log.info("%s: %s", name, values)
    about = {"table": Path(outputs["metrics"]).parents[1].name}
    about |= describe(model, path, columns, sample) | {"input": [understood]}
    about |= {"warnings": list(warn), "compared": compared}
    write_text(outputs["metrics"], json.dumps(about | scores, indent=1, allow_nan=False) + "\n")
    files.write_model(outputs["model"], model)
    log.info("written: %s", ", ".join(outputs.values()))


def compare(origin, table, columns, path, warn):
    """Warn if a table differs from the training table of a model; return the differences.

    Parameters
    ----------
    origin : redpix.photoz.model_origin.Origin
        Training table of the model.
    table : redpix.photoz.catalogues.GalaxyTable
        Objects to predict.
    columns : redpix.photoz.magnitude_columns.Columns
        Columns of the table.
    path : str
        Name of the table, for messages.
    warn : callable
        Called with one line of text per difference.

    Returns
    -------
    dict
        From `redpix.photoz.table_differences.check_alike`.
    """
    check_errors_alike(origin.errors, table.errors, columns.errors, path, warn)
    return check_alike(origin.magnitudes, table.magnitudes, columns.magnitudes, path, warn)


def predict_with(model, sample, beyond, n_threads):
    """Yield the calibrated predictions of the objects of a table, in blocks.

    Parameters
    ----------
    model : redpix.photoz.model.Model
        Model of a table.
    sample : redpix.photoz.object_samples.Sample
        Objects to predict.
    beyond : ndarray of bool, shape (n,)
        Objects outside the range of the training set.
    n_threads : int
        Number of threads.

    Yields
    ------
    redpix.photoz.catalogue_results.TableResult
    """
    for block in blocks(np.arange(len(sample.reason))):
        part = sample.take(block)
        rows = np.flatnonzero(part.usable)
        few = part.take(rows)
        prediction = predict_objects(model.learners["objects"], few, model.grid, n_threads)
        outside = (prediction.outside > 0) | beyond[block[rows]]
        prediction = prediction._replace(outside=outside)
        conditions = brightness_and_colour(few.vectors, few.attributes)
        calibration = model.calibrations["objects"]
        calibrated = calibrate(prediction, calibration, model.grid, conditions)
        yield TableResult(TEST, part, rows, calibrated, prediction)


def describe(model, path, columns, sample):
    """Return the part of metrics.json that describes the model and the table.

    Parameters
    ----------
    model : redpix.photoz.model.Model
        Model of a table.
    path : str
        Its file.
    columns : redpix.photoz.magnitude_columns.Columns
        Columns of magnitudes and errors.
    sample : redpix.photoz.object_samples.Sample
        Objects to predict.

    Returns
    -------
    dict
    """
    has_redshift = np.isfinite(sample.table.redshift)
    counts = {
        TRAIN: model.origin.objects,
        TEST: int((has_redshift & sample.usable).sum()),
        TARGET: int((~has_redshift & sample.usable).sum()),
    }
    return {
        "method": model.method,
        **shown_settings(model.settings),
        **model.insight(),
        "model": path,
        "columns": columns.magnitudes,
        "attributes": model.attributes.names,
        "split": {name: {"objects": count, "pixels": 0} for name, count in counts.items()},
        "left_out": {"test": sample.left_out},
        "left_out_reasons": count_reasons([sample]),
        "completed": {"test": count_completed(sample)},
        "limits": {"test": count_limited(sample)},
        "tuning": model.tuning,
        "width_scale": model.calibrations["objects"].scale,
        "recalibration": model.calibrations["objects"].cells.about(),
    }
