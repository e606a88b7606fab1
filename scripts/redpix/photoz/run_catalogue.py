"""Photometric redshifts of catalogued objects, learnt from their magnitudes.

Reads a table to learn from and, if there is one, a table to predict; writes the same files as
photoz.py, an object in the place of its pixels.
"""

import json
from pathlib import Path

import numpy as np
import pandas

from redpix.core.atomic_files import write_text
from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.io.number_tables import read_table
from redpix.photoz import catalogues, files, metrics, pdf
from redpix.photoz.attributes import Attributes
from redpix.photoz.calibration import calibrate
from redpix.photoz.checks import check_samples
from redpix.photoz.evaluate import most_probable
from redpix.photoz.learners.base import CLASSES, STAR, Training
from redpix.photoz.model import METHODS, completed, known_kinds, shown_settings
from redpix.photoz.pdf_file import write_pdfs
from redpix.photoz.split import TARGET, TEST, TRAIN, split_objects
from redpix.photoz.train import Recipe


def read(path, asked, columns=None):
    """The objects of a CSV, the columns used, and whether it has ids."""
    with open(path, newline="", encoding="utf-8") as file:
        cells = read_table(file, path)
    if cells.ragged:
        line, count = cells.ragged[0]
        raise InputError(f"{path}: line {line} has {count} cells; the header has another number")
    columns = columns or catalogues.choose_columns(list(cells.rows), asked, path, log.warning)
    return catalogues.read_objects(cells.rows, columns, path), columns, "id" in cells.rows


def read_tables(paths, asked):
    """Objects to learn from, objects to predict, and the columns used."""
    known, columns, with_ids = read(paths[0], asked.magnitudes)
    if len(paths) > 1:
        other, _, other_ids = read(paths[1], asked.magnitudes, columns)
        catalogues.check_apart(known, other, with_ids and other_ids, paths)
        return known, other, columns
    told, group = np.isfinite(known.redshift), catalogues.alike(known.magnitudes, known.errors)
    count = len(np.unique(group[told]))
    if count < 2:
        raise InputError(
            f"{paths[0]}: {count} objects have a redshift; allowed: at least two, one to learn "
            "from and one to test"
        )
    parts = split_objects(told, group, asked.test_fraction, asked.seed)
    return known.take(parts == TRAIN), known.take(parts != TRAIN), columns


def usable(table, attributes, method):
    """Vectors, and the objects that have all of what the method needs."""
    errors = table.errors if attributes.errors else None
    vectors = attributes.vectors(table.magnitudes, errors=errors)
    if METHODS[method].MISSING:
        return vectors, np.isfinite(table.magnitudes).sum(axis=1) >= 2
    return vectors, np.isfinite(vectors).all(axis=1)


def write_all(out, model, parts):
    """Write what is predicted; `parts` are (name, table, Calibrated, Prediction)."""
    frames, pixels = [], []
    for split, table, right, raw in parts:
        frame = pandas.DataFrame({"object_id": table.id})
        frame["ra"], frame["dec"], redshift_error = table.about.T
        frame["class"] = files.LABELS[table.label]
        frame["redshift"], frame["redshift_error"] = table.redshift, redshift_error
        frame["z_phot"] = right.redshift.round(6)
        frame["z_error"] = right.error.round(6)
        frame["z_lo68"], frame["z_hi68"] = right.low68.round(6), right.high68.round(6)
        frame["n_pixels"] = 0
        frame["split"] = np.where(np.isfinite(table.redshift), split, TARGET)
        frame["outside"] = raw.outside.astype(int)
        frame["class_phot"] = files.LABELS[most_probable(raw.probability)]
        for number, name in enumerate(CLASSES):
            frame[f"p_{name.lower()}"] = raw.probability[:, number].round(4)
        frame = frame.assign(**files.point_estimates(right))
        frames.append(frame)
        if split == TEST:
            shown = frame[table.label != STAR][["z_phot", "redshift", "object_id"]]
            pixels.append(shown.to_csv(sep=" ", header=False, index=False, na_rep="nan"))
    write_text(out.objects, pandas.concat(frames).to_csv(index=False, lineterminator="\n"))
    write_text(out.pixels, "# predicted true object_id, of the objects tested\n" + "".join(pixels))
    ids = np.concatenate([table.id for _, table, _, _ in parts])
    pdfs = np.concatenate([right.pdf for _, _, right, _ in parts])
    write_pdfs(out.pdfs, ids, pdfs, model.grid)
    files.write_model(out.model, model)


def main(snakemake):
    """Learn, predict, measure, write."""
    asked, out, n_threads = snakemake.params, snakemake.output, snakemake.threads
    paths = list(snakemake.input.tables)
    train, test, columns = read_tables(paths, asked)
    kinds = known_kinds(asked.method, asked.attributes)
    kinds = tuple(kind for kind in kinds if kind != "errors" or columns.errors)
    attributes = Attributes(kinds, columns.magnitudes, named=True)
    catalogues.check_measured(train, columns, bool(attributes.errors), paths[0])
    vectors, whole = usable(train, attributes, asked.method)
    learnable = whole & np.isfinite(train.redshift)
    train, vectors = train.take(learnable), vectors[learnable]
    left_out = {"train": int(np.sum(~learnable))}
    others, whole = usable(test, attributes, asked.method)
    test, others = test.take(whole), others[whole]
    left_out["test"] = int(np.sum(~whole))
    if any(left_out.values()):
        log.warning("%s: left out, not all measured: %s objects", paths[0], left_out)
    if not len(train.id):
        raise InputError(f"{paths[0]}: no object has a redshift and all of {attributes.names}")
    moving = train.label != STAR
    for values, names in (
        (vectors, attributes.names),
        (np.hstack([train.magnitudes, train.errors]), (*columns.magnitudes, *columns.errors)),
    ):
        catalogues.check_honest(values[moving], train.redshift[moving], names, paths[0])
    samples = Training(vectors, train.redshift, train.label, train.id)
    check_samples(samples, attributes.names, paths[0], log.warning)
    if len(test.id) == 0 and left_out["test"]:
        log.warning("%s: no object is predicted: each misses something", paths[-1])

    settings = completed(asked.method, asked.settings, attributes)
    groups = catalogues.alike(train.magnitudes, train.errors) if asked.tune else None
    recipe = Recipe(asked.method, settings, pdf.make_grid(*asked.grid), None, asked.seed, groups)
    learnt = catalogues.learn(vectors, train, attributes, recipe, n_threads)
    model = learnt.model
    said = model.learners["objects"].predict(others, n_threads) if len(others) else None
    calibration = model.calibrations["objects"]
    parts = [(TRAIN, train, calibrate(learnt.held_out, calibration, model.grid), learnt.held_out)]
    if said is not None:
        parts.append((TEST, test, calibrate(said, calibration, model.grid), said))
    worth = {"cross_validation": catalogues.cross_validated(learnt, train)}
    worth |= measure(parts[1:], model.grid)
    for name, values in worth.items():
        log.info("%s: %s", name, values)
    known = np.isfinite(test.redshift)
    about = {
        "table": Path(out.metrics).parents[1].name,
        "method": model.method,
        **shown_settings(model.settings),
        **model.insight(),
        "columns": columns.magnitudes,
        "attributes": attributes.names,
        "split": {
            "train": {"objects": len(train.id), "pixels": 0},
            "test": {"objects": int(known.sum()), "pixels": 0},
            "target": {"objects": int(np.sum(~known)), "pixels": 0},
        },
        "left_out": left_out,
        "tuning": model.tuning,
        "width_scale": calibration.scale,
    }
    write_text(out.metrics, json.dumps(about | worth, indent=1, allow_nan=False) + "\n")
    write_all(out, model, parts)
    log.info("written: %s", ", ".join(map(str, out)))


def measure(parts, grid):
    """Metrics of the objects that are predicted, those of no known redshift and stars left out."""
    scores, labels = [], [np.empty((2, 0), int)]
    for _, table, right, raw in parts:
        rows = np.isfinite(table.redshift) & (table.label != STAR)
        truth = table.redshift[rows]
        scores.append(metrics.score(right.redshift[rows], right.pdf[rows], truth, grid))
        labels.append(np.stack([table.label, most_probable(raw.probability)]))
    true, predicted = np.concatenate(labels, axis=1)
    return {
        "objects": metrics.summarise(metrics.Scores.concatenate(scores)),
        "classification": metrics.classification(true, predicted, CLASSES),
    }
