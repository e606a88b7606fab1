"""Show a run on one page: fields, redshifts, differences, photometry, losses and timings."""

from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import yaml

from redpix.core.atomic_files import write_text
from redpix.core.job import log, progress
from redpix.report import (
    coadd_section,
    difference_section,
    files,
    losses_section,
    photometry_section,
    photoz_section,
    timing_section,
    training_section,
)
from redpix.report.field_section import show_field
from redpix.report.figures import house_style
from redpix.report.known_objects import unanswered
from redpix.report.light_curves_section import show_light_curves, show_targets
from redpix.report.method_results import read_results
from redpix.report.run_files import RunFiles, read_tables
from redpix.report.run_head import first_sections
from redpix.report.series_section import show_series
from redpix.report.viewer_section import page_calls


def write_report(
    template,
    definitions,
    page,
    settings,
    folder,
    benchmarks,
    most_fields,
    raws=(),
    exposed_by=(),
    truth=None,
    threads=1,
    **products,
):
    """Write the page of a run.

    Parameters
    ----------
    template, definitions, page : str
        Jinja template, YAML with the texts of metrics and products, and HTML file to write.
    settings : dict
        Configuration of the run.
    folder, benchmarks : str
        Folders of the results and of Snakemake's benchmark files.
    most_fields : int
        Maximum number of fields with pictures.
    raws : list of str
        Raw images of photometry, in the order of ``stars``.
    exposed_by : list of (str, list of str)
        Description of each pair and coadd of fields, and the names of its fields.
    truth : str, optional
        CSV with the simulated transients of the demo.
    threads : int
        Number of processes that draw.
    **products : str or list of str
        Files of the run, by the names of `redpix.report.run_files.RunFiles`.
    """
    products = RunFiles(**products)
    texts = yaml.safe_load(Path(definitions).read_text(encoding="utf-8"))
    run = read_tables(products, settings["reference_band"])
    methods = read_results(products, run.objects) if run else []
    shown = run.delivered[:most_fields] if run else []
    calls = field_calls(shown, run.objects, products, settings) if run else {}
    calls |= section_calls(products, methods, texts["metrics"], raws, truth)
    calls |= page_calls(products, run, methods, settings)
    with house_style():
        sections = draw(calls, threads)
        timings = timing_section.show_timings(benchmarks, folder, fields_of(run, products))
    text = files.render(
        template,
        fields=[sections.pop(("field", name)) for name in shown],
        timings=timings,
        **sections,
        **first_sections(template, products, run, methods, settings, folder, sections, exposed_by),
        **redshift_tables(products, methods, texts["metrics"]),
        **(losses(products, run, exposed_by) if run else {}),
        **texts,
    )
    write_text(page, text)
    log.info("%s: %d fields shown, %.1f MB", page, len(shown), len(text) / 1e6)


def fields_of(run, products):
    """Return the names of all fields of a run, also of those that only pairs and coadds need.

    Parameters
    ----------
    run : redpix.report.run_files.RunTables or None
        Fields and objects of the run, if it has fields.
    products : redpix.report.run_files.RunFiles
        Files of the run.

    Returns
    -------
    list of str
    """
    if not run:
        return []
    names = run.delivered + [name for name, _ in run.left_out]
    exposures = [products.exposures] if isinstance(products.exposures, str) else products.exposures
    for path in exposures:
        names += files.read_text_table(path)["field"].tolist()
    return names


def field_calls(names, objects, products, settings):
    """Return a call per field that draws it, by ``"field"`` and the name of the field.

    Parameters
    ----------
    names : list of str
        Names of the fields to show.
    objects : DataFrame
        Objects of all fields.
    products : redpix.report.run_files.RunFiles
        Files of the run.
    settings : dict
        Configuration of the run.

    Returns
    -------
    dict of str to callable
    """
    paths = {
        "registered": {Path(path).name: path for path in products.registered},
        "matched": {Path(path).name: path for path in products.matched},
        "frames": {Path(path).name: path for path in products.frames},
        "errors": {Path(path).name: path for path in products.errors},
    }
    bands, reference = settings["bands"], settings["reference_band"]
    return {
        # a field may have the name of a section
        ("field", name): partial(
            show_field, name, objects[objects["field"] == name], paths, bands, reference
        )
        for name in names
    }


def section_calls(products, methods, definitions, raws, truth):
    """Return the calls that draw the other sections, by the names that the template has for them.

    Parameters
    ----------
    products : redpix.report.run_files.RunFiles
        Files of the run.
    methods : list of redpix.report.method_results.MethodResult
        Products of each method.
    definitions : list of dict
        The metrics to show.
    raws : list of str
        Raw images of photometry.
    truth : str or None
        CSV with the simulated transients.

    Returns
    -------
    dict of str to callable
    """
    return {
        "coadds": partial(coadd_section.show_coadds, products.coadds, products.coadd_firsts),
        "photometry": partial(
            photometry_section.show_images,
            raws,
            products.calibrated,
            products.stars,
            products.residuals,
        ),
        "training": partial(training_section.show_training, products.training, products.network),
        "pairs": partial(
            difference_section.show_pairs, products.differences, products.transients, truth
        ),
        "unanswered": partial(unanswered, products.catalogues),
        "series": partial(show_series, products.series),
        "light_curves": partial(show_light_curves, products.light_curves),
        "targets": partial(show_targets, products.targets),
        "methods": partial(photoz_section.show_methods, methods, definitions),
    }


def draw(calls, threads):
    """Return the results of calls by name.

    Each call runs in a separate process, because figures of matplotlib share global state.

    Parameters
    ----------
    calls : dict of str to callable
        Functions without arguments.
    threads : int
        Number of processes at a time; 1 calls in this process.

    Returns
    -------
    dict
    """
    if threads == 1:
        return {name: calls[name]() for name in progress(calls, "report: parts")}
    # a forked process does not import the libraries again
    with ProcessPoolExecutor(threads, get_context("fork")) as pool:
        futures = {name: pool.submit(call) for name, call in calls.items()}
        return {name: futures[name].result() for name in progress(futures, "report: parts")}


def redshift_tables(products, methods, definitions):
    """Return the tables that compare methods, and those of catalogues, by name in the template.

    Parameters
    ----------
    products : redpix.report.run_files.RunFiles
        Files of the run.
    methods : list of redpix.report.method_results.MethodResult
        Products of each method.
    definitions : list of dict
        The metrics to show.

    Returns
    -------
    dict
    """
    return {
        "comparison": photoz_section.compare_methods(methods, definitions),
        "binned": photoz_section.compare_in_bins(methods),
        "tables": photoz_section.show_tables(products.tables, definitions),
    }


def losses(products, run, exposed_by):
    """Return the tables of dropped fields, rows, objects and pixels, by name in the template.

    Parameters
    ----------
    products : redpix.report.run_files.RunFiles
        Files of the run.
    run : redpix.report.run_files.RunTables
        Fields and objects of the run.
    exposed_by : list of (str, list of str)
        Description of each pair and coadd, and the names of its fields.

    Returns
    -------
    dict
    """
    return {
        "exposures_left_out": losses_section.left_out(products.exposures, exposed_by),
        "rejected": losses_section.show_rejected(products.rejected),
        "whereabouts": run.whereabouts.to_dict("records"),
        "lost": losses_section.show_lost(run.objects, run.delivered),
        "counts": losses_section.show_counts(products.counts),
    }
