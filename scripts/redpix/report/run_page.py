"""Show a run on one page: pictures of its fields, redshifts, what was dropped, timings."""

from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import yaml
from astropy.io import fits

from redpix.core.atomic_files import write_text
from redpix.core.job import log, progress
from redpix.report import (
    coadd_section,
    difference_section,
    files,
    photometry_section,
    photoz_section,
    pictures,
    plots,
    tables,
    training_section,
)
from redpix.report.figures import band_figure, data_uri, field_figure, house_style

#: most rows of a list that is given in full elsewhere
LONGEST = 50

#: most pixels along a side of a picture of one band
BAND_SIDE = 700

#: what a colour picture is made of, by number of bands
COLOURS = {
    3: "{} as red, {} as green and {} as blue, balanced so that a star like the Sun is white",
    2: "{} as red and {} as blue, balanced so that a star like the Sun is white",
    1: "{} alone, in grey",
}


def coloured(parts, bands):
    """Pieces of several bands, from red to blue, as one piece in colour."""
    return parts[0]._replace(values=pictures.colour_picture([p.values for p in parts], bands))


def colour_figure(name, objects, paths, bands):
    """Figure of a field in colour; its centre (degrees)."""
    images = [files.read_image(paths[f"{name}-{band}.fits"])[:2] for band in bands]
    image, wcs = images[0]
    marks = pictures.Marks(
        *wcs.all_world2pix(objects["ra"], objects["dec"], 0),
        objects["pixels"].to_numpy(),
        objects["class"].to_numpy(str),
        objects["redshift"].to_numpy(),
    )
    corner = pictures.close_up_corner(image, marks)
    whole = coloured([pictures.shrink(*image) for image in images], bands)
    part = coloured([pictures.cut(*image, corner) for image in images], bands)
    centre = wcs.all_pix2world((image.shape[1] - 1) / 2, (image.shape[0] - 1) / 2, 0)
    return field_figure(whole, part, marks), centre


def show_field(name, objects, paths, bands, reference):
    """Figures of a field and what is said about it."""
    colours = pictures.colour_bands(bands)
    colour, (ra, dec) = colour_figure(name, objects, paths["registered"], colours)
    file = f"{name}-{reference}.fits"
    frame, grid, header = files.read_image(paths["frames"][file])
    error = fits.getdata(paths["errors"][file])
    registered, registered_grid, _ = files.read_image(paths["registered"][file])
    trio = (
        pictures.shrink(frame, grid, BAND_SIDE),
        pictures.shrink(error, grid, BAND_SIDE),
        pictures.shrink(registered, registered_grid, BAND_SIDE),
    )
    found = np.count_nonzero(objects["pixels"])
    return {
        "name": name,
        "facts": {
            "centre": f"RA {ra:.4f}°, Dec {dec:+.4f}°".replace("-", "−"),
            "observed": header.get("DATE-OBS", tables.DASH),
            "objects found": f"{found:,} of {len(objects):,}",
            "their pixels": f"{objects['pixels'].sum():,}",
            f"median error, {reference}": f"{np.nanmedian(error):.4f} nanomaggies",
        },
        "colours": COLOURS[len(colours)].format(*colours),
        "colour": data_uri(colour, photograph=True),
        "band": data_uri(band_figure(*trio, reference), photograph=True),
    }


def show_rejected(path):
    """Rejected catalogue rows by reason, and the first of them."""
    rows = files.read_text_table(path)
    reasons = rows.groupby("reason").size().sort_values(ascending=False, kind="stable")
    first = rows.head(LONGEST).to_dict("records")
    return {"n": len(rows), "reasons": list(reasons.items()), "rows": first}


def show_lost(objects, delivered):
    """The brightest objects without a pixel in fields that came."""
    lost = objects[objects["field"].isin(delivered) & (objects["pixels"] == 0)]
    lost = lost.sort_values(["magnitude", "id"]).head(LONGEST)
    magnitude = [f"{m:.2f}" if np.isfinite(m) else tables.DASH for m in lost["magnitude"]]
    return lost.assign(magnitude=magnitude).to_dict("records")


def left_out(paths, exposed_by):
    """Pairs and coadds with a field that did not come, each with the reason."""
    missing = {}
    for path in [paths] if isinstance(paths, str) else paths:
        rows = files.read_text_table(path)
        missing |= rows[rows["delivered"] != "yes"].set_index("field")["reason"].to_dict()
    named = [(what, name) for what, fields in exposed_by for name in fields if name in missing]
    return [(what, f"field {name}: {missing[name]}") for what, name in named]


def show_counts(paths):
    """What became of pixels, in all and by field."""
    counts = files.read_counts(paths)
    return {
        "rows": list(counts.sum().items()),
        "fields": [(name, list(row)) for name, row in counts.head(LONGEST).iterrows()],
    }


def show_timings(folder, results):
    """Cost of each stage as a table with a total, and as a figure; of each field as a table."""
    benchmarks = files.read_benchmarks(folder)
    table = tables.timings(benchmarks, files.stored(results))
    if table.empty:
        return {"rows": []}
    total = table[["jobs", "wall", "cpu", "stored"]].sum().to_dict()
    rows = [*table.to_dict("records"), {"stage": "all", **total, "memory": table["memory"].max()}]
    fields = tables.timings_by_field(benchmarks)
    return {
        "rows": rows,
        "figure": data_uri(plots.timing_figure(table)),
        "stages": list(fields),
        "fields": [(name, list(row)) for name, row in fields.head(LONGEST).iterrows()],
    }


def show_methods(products, metrics):
    """All methods of the sky's redshifts."""
    return [photoz_section.show_method(product, metrics) for product in products]


def drawn(calls, threads):
    """Results of calls by name, so many at a time.

    Each is drawn in a process of its own: matplotlib's figures share much that is global.
    """
    if threads == 1:
        return {name: calls[name]() for name in progress(calls, "report: parts")}
    # a fork, so that what is imported is not imported again
    with ProcessPoolExecutor(threads, get_context("fork")) as pool:
        parts = {name: pool.submit(call) for name, call in calls.items()}
        return {name: parts[name].result() for name in progress(parts, "report: parts")}


def total_numbers(objects, whereabouts):
    """Numbers of the page's head."""
    total = whereabouts.iloc[-1].drop("class")
    return {**total, "known": objects["redshift"].count(), "pixels": objects["pixels"].sum()}


def main(snakemake):
    params, inputs = snakemake.params, snakemake.input
    definitions = yaml.safe_load(Path(inputs.definitions).read_text(encoding="utf-8"))
    fields = files.read_text_table(inputs.delivered)
    came = fields["delivered"] == "yes"
    delivered = list(fields["field"][came])
    bands, reference = params.settings["bands"], params.settings["reference_band"]
    objects = files.read_objects(inputs.objects, reference)
    objects["pixels"] = files.count_pixels(inputs.pixels, objects["id"])
    whereabouts = tables.whereabouts(objects, delivered)
    log.info(
        "%s: %d of %d fields came; %s: %d objects, %d with pixels",
        *(inputs.delivered, len(delivered), len(fields)),
        *(inputs.objects, len(objects), np.count_nonzero(objects["pixels"])),
    )
    paths = {
        "registered": {Path(path).name: path for path in inputs.registered},
        "frames": {Path(path).name: path for path in inputs.frames},
        "errors": {Path(path).name: path for path in inputs.errors},
    }
    products = photoz_section.read_products(inputs, objects)
    shown = delivered[: params.most_fields]
    # what takes long, each drawn by itself
    calls = {
        name: partial(
            *(show_field, name, objects[objects["field"] == name], paths, bands, reference)
        )
        for name in shown
    }
    calls |= {
        "coadds": partial(coadd_section.show_coadds, inputs.coadds, inputs.coadd_firsts),
        "photometry": partial(
            *(photometry_section.show_images, params.raws, inputs.calibrated),
            *(inputs.stars, inputs.residuals),
        ),
        "training": partial(training_section.show_training, inputs.training, inputs.network),
        "pairs": partial(
            difference_section.show_pairs, inputs.differences, inputs.transients, params.truth
        ),
        "methods": partial(show_methods, products, definitions["metrics"]),
    }
    with house_style():
        parts = drawn(calls, snakemake.threads)
        page = files.render(
            inputs.template,
            run={
                "name": params.settings["name"],
                "folder": params.folder,
                "settings": params.settings,
                "configuration": yaml.safe_dump(params.settings, sort_keys=False),
                "delivered": delivered,
                "left_out": list(fields.loc[~came, ["field", "reason"]].itertuples(index=False)),
            },
            totals=total_numbers(objects, whereabouts),
            fields=[parts.pop(name) for name in shown],
            **parts,
            exposures_left_out=left_out(inputs.exposures, params.exposed_by),
            light_curves=photometry_section.show_light_curves(inputs.light_curves),
            comparison=photoz_section.compare_methods(products, definitions["metrics"]),
            binned=photoz_section.compare_in_bins(products),
            tables=photoz_section.show_tables(inputs.tables, definitions["metrics"]),
            rejected=show_rejected(inputs.rejected),
            whereabouts=whereabouts.to_dict("records"),
            lost=show_lost(objects, delivered),
            counts=show_counts(inputs.counts),
            timings=show_timings(params.benchmarks, params.folder),
            **definitions,
        )
    write_text(snakemake.output[0], page)
    log.info(
        "%s: %d of %d fields shown, %.1f MB",
        *(snakemake.output[0], min(len(delivered), params.most_fields), len(delivered)),
        len(page) / 1e6,
    )
