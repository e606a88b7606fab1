"""Estimate redshifts of catalogued objects from their magnitudes.

The files written are those of `redpix.photoz.run_pixels`, with objects in place of pixels.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from redpix.core.atomic_files import write_text
from redpix.core.job import log
from redpix.photoz import catalogues, files
from redpix.photoz.apply_model import apply_model
from redpix.photoz.catalogue_files import ResultFiles
from redpix.photoz.catalogue_results import Measured, describe, predict
from redpix.photoz.catalogue_samples import read_samples
from redpix.photoz.catalogue_training import cross_validated, learn
from redpix.photoz.learners.base import STAR, without_errors
from redpix.photoz.methods import completed, warn_of_old_names
from redpix.photoz.model_origin import Origin
from redpix.photoz.recipe import Recipe
from redpix.photoz.redshift_grid import chosen_grid


class TableChoices(NamedTuple):
    """Choices of a run on a table: the keys of ``photoz`` in the configuration, and the seed."""

    method: str  #: one of `redpix.photoz.methods.METHODS`
    attributes: list  #: some of `redpix.photoz.attributes.KINDS`
    magnitudes: tuple  #: columns of magnitudes; empty to choose them by name
    settings: dict  #: settings of the learner
    test_fraction: float  #: fraction of the objects that is held out if there is one table
    tune: bool  #: choose the hyperparameters by cross-validation
    grid: list  #: smallest redshift, largest redshift and step of the PDFs, or ``auto``
    seed: int
    trained_model: str = None  #: file of the model to use; None to train one
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
    if choices.trained_model:
        outputs = dict(objects=objects, pixels=pixels, metrics=metrics, pdfs=pdfs, model=model)
        apply_model(choices.trained_model, tables, outputs, choices, n_threads)
        return
    samples = read_samples(tables, choices)
    train, test = samples.train, samples.test
    used = train.take(train.usable)
    recipe = Recipe(
        method=choices.method,
        settings=completed(choices.method, choices.settings, train.attributes, choices.attributes),
        grid=_grid(choices, used),
        limit=None,
        seed=choices.seed,
        groups=catalogues.alike(used.table.magnitudes, used.table.errors) if choices.tune else None,
    )
    learnt = learn(used, recipe, n_threads)
    measured = Measured(recipe.grid)
    text_ids = any(sample.table.id.dtype.kind not in "iu" for sample in (train, test))
    with ResultFiles(objects, pixels, pdfs, recipe.grid, text_ids) as written:
        for result in predict(learnt, train, test, n_threads):
            measured.add(result)
            written.write(result)
    scores = cross_validated(learnt, used)
    tested = measured.summary(learnt.model.calibrations["objects"].point)
    for name, values in (scores | tested).items():
        log.info("%s: %s", name, values)
    about = {"table": Path(metrics).parents[1].name, **describe(learnt.model, samples)}
    write_text(metrics, json.dumps(about | scores | tested, indent=1, allow_nan=False) + "\n")
    origin = Origin.of_training(samples.columns, used, scores, samples.limits)
    files.write_model(model, replace(learnt.model, origin=origin))
    log.info("written: %s", ", ".join((objects, pixels, metrics, pdfs, model)))


def _grid(choices, sample):
    """Return the redshift grid of a run, from training objects if it is ``auto``."""
    moving = sample.table.label != STAR
    vectors = without_errors(sample.vectors, sample.attributes.errors)
    return chosen_grid(choices.grid, vectors[moving], sample.table.redshift[moving])
