"""Estimate redshifts of catalogued objects from their magnitudes.

The files written are those of `redpix.photoz.run_pixels`, with objects in place of pixels.
"""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas

from redpix.core.atomic_files import write_text
from redpix.core.job import log
from redpix.photoz import catalogues, files
from redpix.photoz.catalogue_results import describe, measure, object_table, predict, write_tested
from redpix.photoz.catalogue_samples import read_samples
from redpix.photoz.catalogue_training import cross_validated, learn
from redpix.photoz.methods import completed, warn_of_old_names
from redpix.photoz.pdf import make_grid
from redpix.photoz.pdf_file import write_pdfs
from redpix.photoz.recipe import Recipe


class TableChoices(NamedTuple):
    """Choices of a run on a table: the keys of ``photoz`` in the configuration, and the seed."""

    method: str  #: one of `redpix.photoz.methods.METHODS`
    attributes: list  #: some of `redpix.photoz.attributes.KINDS`
    magnitudes: tuple  #: columns of magnitudes; empty to choose them by name
    settings: dict  #: settings of the learner
    test_fraction: float  #: fraction of the objects that is held out if there is one table
    tune: bool  #: choose the hyperparameters by cross-validation
    grid: list  #: smallest redshift, largest redshift and step of the PDFs
    seed: int
    names: dict = None  #: other columns by `redpix.photoz.column_names.Names`; None to find them


def estimate_from_table(tables, objects, pixels, metrics, pdfs, model, n_threads=1, **choices):
    """Train a model on a table of magnitudes, predict its objects, measure and write the result.

    Parameters
    ----------
    tables : list of str
        CSV files: the training set and, optionally, the objects to predict.
    objects : str
        CSV file to write, one row per object.
    pixels : str
        Text file to write, one row per test object.
    metrics : str
        JSON file of metrics to write; the folder above its own names the table.
    pdfs : str
        Parquet file of PDFs to write.
    model : str
        NumPy file of the model to write.
    n_threads : int
        Number of threads; the results do not depend on it.
    **choices : object
        The fields of `TableChoices`.

    Raises
    ------
    InputError
        If the tables cannot be used.
    """
    choices = TableChoices(**choices)
    warn_of_old_names(choices.method, choices.settings, log.warning)
    train, test, columns, attributes, understood = read_samples(tables, choices)
    table = train.table
    recipe = Recipe(
        method=choices.method,
        settings=completed(choices.method, choices.settings, attributes, choices.attributes),
        grid=make_grid(*choices.grid),
        limit=None,
        seed=choices.seed,
        groups=catalogues.alike(table.magnitudes, table.errors) if choices.tune else None,
    )
    learnt = learn(train.vectors, table, attributes, recipe, n_threads)
    results = predict(learnt, train, test, n_threads)
    measured = {"cross_validation": cross_validated(learnt, table)}
    measured |= measure(results[1:], recipe.grid)
    for name, values in measured.items():
        log.info("%s: %s", name, values)
    about = {"table": Path(metrics).parents[1].name, **describe(learnt.model, columns, train, test)}
    about["input"] = understood
    write_text(metrics, json.dumps(about | measured, indent=1, allow_nan=False) + "\n")
    shown = [object_table(result) for result in results]
    files.write_objects(objects, pandas.concat(shown))
    write_tested(pixels, shown, results)
    ids = np.concatenate([result.table.id for result in results])
    write_pdfs(pdfs, ids, np.concatenate([one.calibrated.pdf for one in results]), recipe.grid)
    files.write_model(model, learnt.model)
    log.info("written: %s", ", ".join((objects, pixels, metrics, pdfs, model)))
