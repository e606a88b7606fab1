"""Show a run on one page: pictures of its fields, redshifts, what was dropped, timings."""

import json
from pathlib import Path

import numpy as np
import report_changes
import report_coadds
import report_files
import report_photometry
import yaml
from astropy.io import fits
from files import write_text
from job import job, log, progress
from redpix import pictures, plots, summaries
from redpix.figures import band_figure, data_uri, field_figure, house_style

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
    images = [report_files.read_image(paths[f"{name}-{band}.fits"])[:2] for band in bands]
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
    frame, grid, header = report_files.read_image(paths["frames"][file])
    error = fits.getdata(paths["errors"][file])
    registered, registered_grid, _ = report_files.read_image(paths["registered"][file])
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
            "observed": header.get("DATE-OBS", summaries.DASH),
            "objects found": f"{found:,} of {len(objects):,}",
            "their pixels": f"{objects['pixels'].sum():,}",
            f"median error, {reference}": f"{np.nanmedian(error):.4f} nanomaggies",
        },
        "colours": COLOURS[len(colours)].format(*colours),
        "colour": data_uri(colour, photograph=True),
        "band": data_uri(band_figure(*trio, reference), photograph=True),
    }


def show_method(name, objects, pixels, metrics, definitions):
    """Figures and tables of one way to predict redshifts."""
    test = objects[(objects["split"] == "test") & (objects["class"] != "STAR")]
    classes = metrics["classification"]
    shown = {
        "name": name,
        "combiner": metrics["combiner"],
        "facts": method_facts(metrics),
        "nmad": [
            summaries.format_metric(metrics[part]["nmad"], "plain")
            for part in ("objects", "baseline")
        ],
        "table": summaries.metric_table(metrics, definitions),
        "classes": classes,
        "accuracy": summaries.format_metric(classes["accuracy"], "percent"),
        "figure": None,
        "targets": show_targets(objects[objects["split"] == "target"]),
    }
    if len(test):
        panels = {
            f"Objects, {metrics['combiner']}": ["redshift", "z_phot", "z_error"],
            "Objects, summed aperture": ["redshift", "z_aperture", "z_aperture_error"],
        }
        panels = {
            title: plots.Predictions(*test[columns].to_numpy().T)
            for title, columns in panels.items()
        }
        highest = plots.highest_redshift(test["redshift"].to_numpy(), test["z_phot"].to_numpy())
        histograms = report_files.read_histograms(pixels, highest)
        shown["figure"] = data_uri(plots.redshift_figure(histograms, panels))
        shown["beyond"] = histograms.n - int(histograms.redshift.sum())
    return shown


def method_facts(metrics):
    """How a method was set, and the objects that it learnt from, was tested on and predicted."""
    settings = {key: value for key, value in metrics.items() if not isinstance(value, dict)}
    facts = {key.replace("_", " "): text_of(value) for key, value in settings.items() if value}
    for part, count in metrics["split"].items():
        facts[part] = f"{count['objects']:,} objects, {count['pixels']:,} pixels"
    return facts


def text_of(value):
    """A setting as a person reads it."""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def show_targets(objects):
    """What is predicted where nothing is known; None if there is no such object."""
    shown = objects[(objects["class_phot"] != "STAR") & objects["z_phot"].notna()]
    if shown.empty:
        return None
    classes = objects["class_phot"].value_counts().sort_index()
    return {
        "n": len(shown),
        "figure": data_uri(plots.distribution_figure(shown["z_phot"], shown["z_error"])),
        "facts": {
            "median z_phot": f"{shown['z_phot'].median():.3f}",
            "median z_error": f"{shown['z_error'].median():.3f}",
            **{f"taken for {name or 'no class'}": f"{n:,} objects" for name, n in classes.items()},
        },
    }


def show_methods(inputs, definitions):
    """All methods, each named by its folder."""
    shown = []
    for objects, pixels, metrics in zip(
        inputs.predictions, inputs.predicted_pixels, inputs.metrics, strict=True
    ):
        name = Path(metrics).parent.name
        worth = json.loads(Path(metrics).read_text(encoding="utf-8"))
        table = report_files.read_predictions(objects)
        shown.append(show_method(name, table, pixels, worth, definitions))
    return shown


def compare_methods(inputs, definitions):
    """The metrics of all methods side by side, the baseline of each; None for one method alone."""
    if len(inputs.metrics) < 2:
        return None
    columns = {}
    for path in map(Path, inputs.metrics):
        worth = json.loads(path.read_text(encoding="utf-8"))
        columns[f"{path.parent.name}, {worth['combiner']}"] = worth["objects"]
        columns[f"{path.parent.name}, summed aperture"] = worth["baseline"]
    return summaries.side_by_side(columns, definitions)


def show_tables(paths, definitions):
    """The metrics of each table of objects, methods side by side."""
    tables = {}
    for path in map(Path, paths):
        worth = json.loads(path.read_text(encoding="utf-8"))
        columns = tables.setdefault(worth["table"], {})
        columns[f"{worth['method']}, cross-validated"] = worth["cross_validation"]
        columns[f"{worth['method']}, test objects"] = worth["objects"]
    return [
        {"name": name, "table": summaries.side_by_side(columns, definitions)}
        for name, columns in tables.items()
    ]


def show_rejected(path):
    """Rejected catalogue rows by reason, and the first of them."""
    rows = report_files.read_text_table(path)
    reasons = rows.groupby("reason").size().sort_values(ascending=False, kind="stable")
    first = rows.head(LONGEST).to_dict("records")
    return {"n": len(rows), "reasons": list(reasons.items()), "rows": first}


def show_lost(objects, delivered):
    """The brightest objects without a pixel in fields that came."""
    lost = objects[objects["field"].isin(delivered) & (objects["pixels"] == 0)]
    lost = lost.sort_values(["magnitude", "id"]).head(LONGEST)
    magnitude = [f"{m:.2f}" if np.isfinite(m) else summaries.DASH for m in lost["magnitude"]]
    return lost.assign(magnitude=magnitude).to_dict("records")


def left_out(paths, exposed_by):
    """Pairs and coadds with a field that did not come, each with the reason."""
    missing = {}
    for path in [paths] if isinstance(paths, str) else paths:
        rows = report_files.read_text_table(path)
        missing |= rows[rows["delivered"] != "yes"].set_index("field")["reason"].to_dict()
    named = [(what, name) for what, fields in exposed_by for name in fields if name in missing]
    return [(what, f"field {name}: {missing[name]}") for what, name in named]


def show_counts(paths):
    """What became of pixels, in all and by field."""
    counts = report_files.read_counts(paths)
    return {
        "rows": list(counts.sum().items()),
        "fields": [(name, list(row)) for name, row in counts.head(LONGEST).iterrows()],
    }


def show_timings(folder):
    """Cost of each stage as a table with a total, and as a figure."""
    table = summaries.timings(report_files.read_benchmarks(folder))
    if table.empty:
        return {"rows": []}
    total = table[["jobs", "wall", "cpu"]].sum().to_dict() | {"memory": table["memory"].max()}
    rows = [*table.to_dict("records"), {"stage": "all", **total}]
    return {"rows": rows, "figure": data_uri(plots.timing_figure(table))}


def total_numbers(objects, whereabouts):
    """Numbers of the page's head."""
    total = whereabouts.iloc[-1].drop("class")
    return {**total, "known": objects["redshift"].count(), "pixels": objects["pixels"].sum()}


def main(snakemake):
    params, inputs = snakemake.params, snakemake.input
    definitions = yaml.safe_load(Path(inputs.definitions).read_text(encoding="utf-8"))
    fields = report_files.read_text_table(inputs.delivered)
    came = fields["delivered"] == "yes"
    delivered = list(fields["field"][came])
    bands, reference = params.settings["bands"], params.settings["reference_band"]
    objects = report_files.read_objects(inputs.objects, reference)
    objects["pixels"] = report_files.count_pixels(inputs.pixels, objects["id"])
    whereabouts = summaries.whereabouts(objects, delivered)
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
    with house_style():
        page = report_files.render(
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
            fields=[
                show_field(name, objects[objects["field"] == name], paths, bands, reference)
                for name in progress(delivered[: params.most_fields], "report: fields")
            ],
            coadds=report_coadds.show_coadds(inputs.coadds, inputs.coadd_firsts),
            exposures_left_out=left_out(inputs.exposures, params.exposed_by),
            photometry=report_photometry.show_images(
                inputs.raws, inputs.calibrated, inputs.stars, inputs.residuals
            ),
            light_curves=report_photometry.show_light_curves(inputs.light_curves),
            pairs=report_changes.show_pairs(inputs.differences, inputs.transients, params.truth),
            methods=show_methods(inputs, definitions["metrics"]),
            comparison=compare_methods(inputs, definitions["metrics"]),
            tables=show_tables(inputs.tables, definitions["metrics"]),
            rejected=show_rejected(inputs.rejected),
            whereabouts=whereabouts.to_dict("records"),
            lost=show_lost(objects, delivered),
            counts=show_counts(inputs.counts),
            timings=show_timings(params.benchmarks),
            **definitions,
        )
    write_text(snakemake.output[0], page)
    log.info(
        "%s: %d of %d fields shown, %.1f MB",
        *(snakemake.output[0], min(len(delivered), params.most_fields), len(delivered)),
        len(page) / 1e6,
    )


if "snakemake" in globals():
    with job(snakemake):
        main(snakemake)
