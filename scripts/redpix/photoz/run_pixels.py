"""Photometric redshifts and classes of all objects, learnt from their pixels.

Reads the catalogue and every pixel table, a chunk at a time; writes objects.csv, pixels.dat,
metrics.json, pdfs.parquet and model.npz.
"""

import json
from typing import NamedTuple

import numpy as np
import pandas

from redpix.catalogue.build import field_names
from redpix.core.atomic_files import atomic, write_text
from redpix.core.job import log
from redpix.photoz import files, pdf
from redpix.photoz.attributes import Attributes
from redpix.photoz.evaluate import PixelScores, count_splits, evaluate, most_probable
from redpix.photoz.model import completed, known_kinds, shown_settings
from redpix.photoz.pdf_file import write_pdfs
from redpix.photoz.pixel_stream import Pixels, Totals, columns, sum_by_object
from redpix.photoz.split import TARGET, TEST, TRAIN, split_objects
from redpix.photoz.train import Estimates, Objects, Recipe, finish, train


class Sky(NamedTuple):
    """The objects that have a usable pixel, one row each, and the way to their pixels."""

    table: pandas.DataFrame
    objects: Objects
    totals: Totals
    pixels: Pixels


def read_sky(inputs, attributes):
    """The sky to work on."""
    catalogue = files.read_catalogue(inputs.objects)
    read = files.pixel_reader(inputs.pixels, columns(attributes))
    everything = Pixels(read, catalogue["id"].to_numpy(), attributes)
    totals = sum_by_object(everything, len(catalogue))
    log.info("%d tables of pixels, %d catalogued objects", len(inputs.pixels), len(catalogue))
    seen = totals.pixels > 0
    table = catalogue[seen]
    objects = Objects(table["redshift"].to_numpy(float), files.labels_of(table["class"]))
    pixels = Pixels(read, table["id"].to_numpy(), attributes)
    return Sky(table, objects, totals.take(seen), pixels)


def split_sky(sky, asked):
    """train, test or target for each object; nothing is trained on where a model is given."""
    known = np.isfinite(sky.objects.redshift)
    if asked.model:
        return np.where(known, TEST, TARGET)
    return split_objects(known, groups_of(sky, asked), asked.test_fraction, asked.seed)


def groups_of(sky, asked):
    """What is held out whole: the field of each object, or the object itself."""
    if asked.split_by == "field":
        return np.asarray(field_names(sky.table))
    return sky.table["id"].to_numpy()


def learn(sky, split, attributes, asked, n_threads):
    """The model, and estimates with those of the training objects filled in."""
    if asked.model:
        model = files.read_model(asked.model)
        model.check_fits(asked.method, attributes, asked.model)
        return model, Estimates(sky.totals, attributes, model.grid)
    grid = pdf.make_grid(*asked.grid)
    settings = completed(asked.method, asked.settings, attributes)
    groups = np.unique(groups_of(sky, asked), return_inverse=True)[1] if asked.tune else None
    recipe = Recipe(asked.method, settings, grid, asked.pixels_per_object, asked.seed, groups)
    estimates = Estimates(sky.totals, attributes, grid)
    known = (sky.pixels, sky.totals, sky.objects, split == TRAIN, estimates, recipe)
    return train(*known, n_threads, log.warning), estimates


def predict_others(path, sky, split, model, estimates, n_threads):
    """Fill in the objects not trained on, and write pixels.dat on the way; scores of pixels."""
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


def main(snakemake):
    """Train or load a model, predict every object, measure, write."""
    asked, out, n_threads = snakemake.params, snakemake.output, snakemake.threads
    attributes = Attributes(known_kinds(asked.method, asked.attributes), tuple(asked.bands))
    sky = read_sky(snakemake.input, attributes)
    split = split_sky(sky, asked)
    counts = count_splits(split, sky.totals)
    log.info("%s; %d pixels left out: not finite", counts, sky.totals.dropped)
    model, estimates = learn(sky, split, attributes, asked, n_threads)
    scores = predict_others(out.pixels, sky, split, model, estimates, n_threads)

    results = finish(estimates, model)
    best, combined = results[asked.combiner], estimates.predictions(model.exponent)[asked.combiner]
    predicted = most_probable(combined.probability)
    worth = evaluate(results, sky.objects, split, predicted, asked.combiner, scores, model.grid)
    for part in ("pixels", "objects", "baseline", "classification"):
        log.info("%s: %s", part, worth[part])
    about = {
        "method": model.method,
        **shown_settings(model.settings),
        **model.insight(),
        "learner_of_pixels": model.insight_of_pixels(),
        "combiner": asked.combiner,
        "model": asked.model,
        "attributes": attributes.names,
        "split": counts,
        "dropped_pixels": sky.totals.dropped,
        "exponent": round(model.exponent, 4),
        "tuning": model.tuning,
        "width_scale": {name: found.scale for name, found in model.calibrations.items()},
    }
    write_text(out.metrics, json.dumps(about | worth, indent=1, allow_nan=False) + "\n")
    told = (best, combined, predicted)
    files.write_objects(out.objects, sky.table, split, sky.totals, results, *told)
    write_pdfs(out.pdfs, sky.table["id"], best.pdf, model.grid)
    files.write_model(out.model, model)
    log.info("written: %s", ", ".join(map(str, out)))
