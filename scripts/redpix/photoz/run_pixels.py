"""Estimate redshifts and classes of all objects from their pixels."""

import dataclasses
import json

import numpy as np

from redpix.core.atomic_files import atomic, write_text
from redpix.core.job import log
from redpix.photoz import files
from redpix.photoz.attributes import WAVELENGTH_ORDER, Attributes
from redpix.photoz.combiner_pdfs import write_estimates
from redpix.photoz.estimates import (
    APERTURE,
    WAYS,
    Estimates,
    calibrated_estimates,
)
from redpix.photoz.evaluate import PixelScores, count_splits, evaluate, most_probable
from redpix.photoz.learners.base import STAR
from redpix.photoz.methods import completed, known_kinds, shown_settings, warn_of_old_names
from redpix.photoz.object_fluxes import GAAP, PIXELS
from redpix.photoz.pixel_choices import PixelChoices
from redpix.photoz.pixel_objects import read_sky, split_sky
from redpix.photoz.recipe import Recipe
from redpix.photoz.redshift_grid import chosen_grid
from redpix.photoz.split import TARGET, TEST, TRAIN
from redpix.photoz.train import train
from redpix.sdss.magnitudes import SOFTENING


def predict_others(path, sky, split, model, estimates, n_threads):
    """Predict the objects that were not trained on, and write their pixels.

    Parameters
    ----------
    path : str
        The file pixels.dat to write.
    sky : redpix.photoz.pixel_objects.PixelObjects
        Objects with pixels.
    split : ndarray of str, shape (objects,)
        ``train``, ``test`` or ``target`` for each object.
    model : redpix.photoz.model.Model
        Trained model.
    estimates : redpix.photoz.estimates.Estimates
        The predictions are added to it.
    n_threads : int
        Number of threads.

    Returns
    -------
    redpix.photoz.evaluate.PixelScores
    """
    scores = PixelScores(sky.objects, split, model.grid)
    ids = sky.table["id"].to_numpy()
    with atomic(path) as temporary, open(temporary, "wb") as file:
        file.write(files.PIXELS_HEADER)

        def watch(chunk, prediction):
            scores(chunk, prediction)
            files.write_pixels(file, ids, sky.objects, split, chunk, prediction)

        estimates.add(sky.pixels, split != TRAIN, model.learners, n_threads, watch)
    estimates.summarise(split != TRAIN, model.learners["summaries"])
    return scores


def learn(sky, split, attributes, choices, n_threads):
    """Train a model or load one, and return it with the estimates of the training objects.

    Parameters
    ----------
    sky : redpix.photoz.pixel_objects.PixelObjects
        Objects with pixels.
    split : ndarray of str, shape (objects,)
        ``train``, ``test`` or ``target`` for each object.
    attributes : redpix.photoz.attributes.Attributes
        Attributes of the vectors.
    choices : PixelChoices
        Choices of the run.
    n_threads : int
        Number of threads.

    Returns
    -------
    model : redpix.photoz.model.Model
    estimates : redpix.photoz.estimates.Estimates
        Empty if the model was loaded.
    """
    warn_of_old_names(choices.method, choices.settings, log.warning)
    fluxes = GAAP if choices.apertures else PIXELS
    if choices.trained_model:
        model = files.read_model(choices.trained_model)
        model.check_fits(choices.method, attributes, choices.trained_model, fluxes)
        return model, Estimates(sky.totals, attributes, model.grid)
    groups = None
    if choices.tune:
        groups = np.unique(sky.groups(choices.split_by), return_inverse=True)[1]
    recipe = Recipe(
        method=choices.method,
        settings=completed(choices.method, choices.settings, attributes, choices.attributes),
        grid=_grid(choices.grid, sky, split, attributes),
        limit=choices.pixels_per_object,
        seed=choices.seed,
        groups=groups,
    )
    estimates = Estimates(sky.totals, attributes, recipe.grid)
    training = split == TRAIN
    model = train(
        sky.pixels, sky.totals, sky.objects, training, estimates, recipe, n_threads, log.warning
    )
    return dataclasses.replace(model, fluxes=fluxes), estimates


def _grid(grid, sky, split, attributes):
    """Return the redshift grid of a run, from the summed fluxes of objects if it is ``auto``."""
    rows = (split == TRAIN) & (sky.objects.label != STAR)
    kinds = tuple(kind for kind in attributes.of_aperture().kinds if kind != "errors")
    plain = Attributes(kinds, attributes.bands, attributes.named, attributes.softening)
    vectors = plain.of_fluxes(sky.totals.flux[rows], sky.totals.error[rows])
    return chosen_grid(grid, vectors, sky.objects.redshift[rows])


def estimate_from_pixels(
    catalogue, pixel_tables, objects, pixels, metrics, pdfs, model, n_threads=1, **choices
):
    """Train or load a model, predict every object, measure the result and write it.

    Parameters
    ----------
    catalogue : str
        The file catalogue/objects.csv.
    pixel_tables : list of str
        Parquet files of pixels, one per field.
    objects : str
        CSV file to write, one row per object.
    pixels : str
        Text file to write, one row per pixel of a test or target object.
    metrics : str
        JSON file of metrics to write.
    pdfs : str
        Parquet file of PDFs to write.
    model : str
        NumPy file of the model to write.
    n_threads : int
        Number of threads; the results do not depend on it.
    **choices : object
        The fields of `PixelChoices`.

    Raises
    ------
    InputError
        If the objects, the attributes or the model cannot be used.
    """
    choices = PixelChoices(**choices)
    kinds = known_kinds(choices.method, choices.attributes)
    attributes = attributes_of_tables(kinds, pixel_tables, choices)
    sky = read_sky(catalogue, pixel_tables, attributes, choices.apertures)
    if choices.trained_model:
        split = np.where(np.isfinite(sky.objects.redshift), TEST, TARGET)
    else:
        split = split_sky(sky, choices.split_by, choices.test_fraction, choices.seed)
    counts = count_splits(split, sky.totals)
    log.info("%s; %d pixels left out: not finite", counts, sky.totals.dropped)
    fitted, estimates = learn(sky, split, attributes, choices, n_threads)
    scores = predict_others(pixels, sky, split, fitted, estimates, n_threads)
    results = calibrated_estimates(estimates, fitted)
    combined = estimates.predictions(fitted.exponent)[choices.combiner]
    probability, conditions = combined.probability, estimates.conditions()
    measured = evaluate(
        results, sky.objects, split, probability, choices.combiner, scores, fitted, conditions
    )
    for name in ("pixels", "objects", "baseline", "classification"):
        log.info("%s: %s", name, measured[name])
    about = describe(fitted, choices, attributes, counts, sky.totals.dropped)
    write_text(metrics, json.dumps(about | measured, indent=1, allow_nan=False) + "\n")
    files.write_objects(objects, object_table(sky, split, results, choices.combiner, combined))
    write_estimates(pdfs, sky.table["id"], results, choices, fitted.grid)
    files.write_model(model, fitted)
    log.info("written: %s", ", ".join((objects, pixels, metrics, pdfs, model)))


def attributes_of_tables(kinds, pixel_tables, choices):
    """Return the attributes of the pixels, with the softening of the model or of the tables.

    Parameters
    ----------
    kinds : sequence of str
        Kinds of attributes.
    pixel_tables : list of str
        Parquet files of pixels.
    choices : PixelChoices
        Choices of the run.

    Returns
    -------
    redpix.photoz.attributes.Attributes

    Raises
    ------
    InputError
        If the tables differ in their softening.
    """
    bands = tuple(choices.bands)
    softening = files.read_softening(pixel_tables, bands)
    if choices.trained_model:
        trained = files.read_model(choices.trained_model).attributes.softening
        if softening and not trained:  # magnitudes of SDSS
            softening = tuple((band, b) for band, b in SOFTENING.items() if band in bands)
        softening = trained or softening
    named = not set(bands) <= set(WAVELENGTH_ORDER)
    return Attributes(kinds, bands, named, softening)


def describe(model, choices, attributes, counts, dropped):
    """Return the part of metrics.json that describes the model and its data.

    Parameters
    ----------
    model : redpix.photoz.model.Model
        Trained model.
    choices : PixelChoices
        Choices of the run.
    attributes : redpix.photoz.attributes.Attributes
        Attributes of the vectors.
    counts : dict
        From `redpix.photoz.evaluate.count_splits`.
    dropped : int
        Number of pixels that cannot be used.

    Returns
    -------
    dict
    """
    return {
        "method": model.method,
        **shown_settings(model.settings),
        **model.insight(),
        "learner_of_pixels": model.insight_of_pixels(),
        "combiner": choices.combiner,
        "model": choices.trained_model,
        "attributes": attributes.names,
        "object_fluxes": model.fluxes,
        "split": counts,
        "dropped_pixels": dropped,
        "exponent": round(model.exponent, 4),
        "tuning": model.tuning,
        "width_scale": {name: one.scale for name, one in model.calibrations.items()},
        "recalibration": model.calibrations[choices.combiner].cells.about(),
    }


def object_table(sky, split, results, combiner, combined):
    """Return the table objects.csv.

    Parameters
    ----------
    sky : redpix.photoz.pixel_objects.PixelObjects
        Objects with pixels.
    split : ndarray of str, shape (objects,)
        ``train``, ``test`` or ``target`` for each object.
    results : dict of str to redpix.photoz.calibration.CalibratedRedshifts
        From `redpix.photoz.estimates.calibrated_estimates`.
    combiner : str
        The one whose redshift becomes ``z_phot``.
    combined : redpix.photoz.learners.base.Prediction
        From that combiner, before calibration.

    Returns
    -------
    pandas.DataFrame
    """
    catalogue = sky.table[["id", "ra", "dec", "class", "redshift", "redshiftError"]]
    table = files.object_columns(
        catalogue.rename(columns={"id": "object_id", "redshiftError": "redshift_error"}),
        results[combiner],
        n_pixels=sky.totals.pixels,
        split=split,
        outside=combined.outside.round(4),
        label=most_probable(combined.probability),
        probability=combined.probability,
    )
    return table.assign(
        **{f"combined_{name}": results[name].redshift.round(6) for name in WAYS},
        z_aperture=results[APERTURE].redshift.round(6),
        z_aperture_error=results[APERTURE].error.round(6),
    )
