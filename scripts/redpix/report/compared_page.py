"""Write the page that shows two runs side by side."""

from pathlib import Path

import pandas as pd
import yaml
from bokeh.embed import components
from bokeh.layouts import column, row
from bokeh.models import CDSView, ColumnDataSource, DataTable, NumberFormatter, Span, TableColumn

from redpix.core.atomic_files import write_text
from redpix.core.job import log
from redpix.core.version import redpix_version
from redpix.report import compared_runs, compared_settings, compared_verdicts, files
from redpix.report.object_explorer import library, numbered, scatter
from redpix.report.page_policy import policy
from redpix.report.page_scripts import own_script
from redpix.report.verdict_section import MARKS

#: maximum number of objects in the plot and the table of a method, those that changed most
MOST_OBJECTS = 20_000

#: width and height of a plot, CSS pixels
_PLOT = (460, 320)

#: title and decimals of each column of the table of objects
_COLUMNS = {
    "object": ("object", None),
    "split": ("set", None),
    "redshift": ("true z", 4),
    "first": ("z_phot, first", 4),
    "second": ("z_phot, second", 4),
    "change": ("change / (1 + z)", 4),
    "sigmas": ("change / error", 2),
    "better": ("closer to the truth by", 4),
}


def write_comparison(template, definitions, page, table, runs, folder, seed, state):
    """Write the page that compares two runs, and the table of their objects.

    Parameters
    ----------
    template, definitions, page, table : str
        Jinja template, YAML with the texts of metrics, HTML file and CSV of the objects to write.
    runs : list of str
        Names of the two runs.
    folder : str
        Folder of all results.
    seed : int
        Seed of the random numbers, which resample objects.
    state : list of str
        Digest of the records of each run.
    """
    for run, digest in zip(runs, state, strict=True):
        log.info("%s: digest of the records %s", run, digest)
    folders = [Path(folder) / run for run in runs]
    texts = yaml.safe_load(Path(definitions).read_text(encoding="utf-8"))
    paths = [compared_runs.methods_of(one) for one in folders]
    faults = []
    methods = shared_methods(paths, texts["metrics"], seed, faults)
    write_objects(table, methods)
    scripts = library() if any(len(one["objects"]) for one in methods) else []
    for number, method in enumerate(methods):
        if len(method["objects"]):
            shown = method["objects"].head(MOST_OBJECTS)
            script, method["div"] = show_objects(shown, runs, f"m{number}p")
            scripts.append(script)
    if scripts:
        scripts.append(own_script(template, "fingers.js"))
    content = {
        "runs": runs,
        "methods": methods,
        "only": [(run, sorted(set(paths[k]) - set(paths[1 - k]))) for k, run in enumerate(runs)],
        "verdicts": compared_verdicts.compare_verdicts(*folders, faults),
        "changes": compared_runs.compare_changes(*folders, faults),
        "stars": compared_runs.compare_photometry(*folders, faults),
        "settings": settings_of(folders, faults),
        "faults": list(dict.fromkeys(faults)),
        "most": MOST_OBJECTS,
        "words": MARKS,
    }
    if not (methods or content["changes"] or content["stars"]):
        log.warning("%s, %s: the runs share no method of redshifts, pair or image", *runs)
    text = files.render(
        template, version=redpix_version(), scripts=scripts, policy=policy(scripts), **content
    )
    write_text(page, text)
    log.info("%s: %d methods in both runs, %.1f MB", page, len(methods), len(text) / 1e6)


def shared_methods(paths, definitions, seed, faults):
    """Return the comparison of each method that two runs share.

    Parameters
    ----------
    paths : list of dict of str to Path
        objects.csv of each run by method.
    definitions : list of dict
        The metrics to show.
    seed : int
        Seed of the random numbers.
    faults : list of str
        Receives a line per product that cannot be read.

    Returns
    -------
    list of dict
    """
    methods = []
    for name in paths[0]:
        if name not in paths[1]:
            continue
        objects = [
            compared_runs.attempt(faults, one[name], compared_runs.read_predictions, one[name])
            for one in paths
        ]
        if None not in objects:
            methods.append(compared_runs.compare_redshifts(name, *objects, definitions, seed))
    return methods


def settings_of(folders, faults):
    """Return what differs between two runs; nothing if a record is damaged.

    Parameters
    ----------
    folders : list of Path
        ``results/<name>`` of each run.
    faults : list of str
        Receives a line if a record cannot be read.

    Returns
    -------
    list of dict
    """
    compare = compared_settings.compare_settings
    return compared_runs.attempt(faults, folders[0].parent, compare, *folders) or []


def write_objects(path, methods):
    """Write the objects that both runs have, of all methods.

    Parameters
    ----------
    path : str
        CSV file.
    methods : list of dict
        From `redpix.report.compared_runs.compare_redshifts`.
    """
    parts = [one["objects"].assign(method=one["name"]) for one in methods]
    empty = pd.DataFrame(columns=["method", *_COLUMNS])
    table = pd.concat(parts) if parts else empty
    write_text(path, table[["method", *_COLUMNS]].to_csv(index=False, float_format="%.6g"))


def show_objects(objects, runs, prefix):
    """Return the linked plots and the table of the objects of a method.

    Parameters
    ----------
    objects : DataFrame
        From `redpix.report.compared_objects.object_changes`.
    runs : list of str
        Names of the two runs.
    prefix : str
        Beginning of the names of its parts on the page.

    Returns
    -------
    script, div : str
        Script that draws, and the place in the page where it draws.
    """
    source = ColumnDataSource({name: objects[name].to_numpy() for name in _COLUMNS})
    columns = []
    for name, (title, decimals) in _COLUMNS.items():
        words = title.replace("first", runs[0]).replace("second", runs[1])
        options = (
            {} if decimals is None else {"formatter": NumberFormatter(format=f"0.{decimals * '0'}")}
        )
        columns.append(TableColumn(field=name, title=words, **options))
    look = {"size": _PLOT, "colour": "#1f5583"}
    both = scatter(source, CDSView(), ("first", runs[0]), ("second", runs[1]), **look)
    both.line([0, 10], [0, 10], line_color="#888888", line_dash="dotted")
    across, up = ("redshift", "true redshift"), ("change", "change / (1 + z)")
    moved = scatter(source, CDSView(), across, up, **look)
    moved.add_layout(Span(location=0, dimension="width", line_color="#888888", line_dash="dotted"))
    table = DataTable(
        source=source,
        columns=columns,
        height=320,
        sizing_mode="stretch_width",
        index_position=None,
        reorderable=False,
    )
    layout = column(row(both, moved), table, sizing_mode="stretch_width")
    return numbered(*components(layout, wrap_script=False), prefix)
