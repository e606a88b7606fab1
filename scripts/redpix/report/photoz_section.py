"""Section of the report on photometric redshifts: figures and tables of methods and catalogues."""

import json
from pathlib import Path

from redpix.report import redshift_plots, tables
from redpix.report.catalogue_input import show_input
from redpix.report.figures import data_uri
from redpix.report.method_facts import method_facts, tried_settings
from redpix.report.photoz_checks import checks_of

#: number of bins of magnitude and of redshift, with equal numbers of objects
BINS = 4


def show_methods(methods, definitions):
    """Return figures and tables of all methods.

    Parameters
    ----------
    methods : list of redpix.report.method_results.MethodResult
        Products of each method.
    definitions : list of dict
        The metrics to show, as in `redpix.report.tables.metric_table`.

    Returns
    -------
    list of dict
    """
    return [show_method(method, definitions) for method in methods]


def show_method(method, definitions):
    """Return figures and tables of one method.

    Parameters
    ----------
    method : redpix.report.method_results.MethodResult
        Products of the method.
    definitions : list of dict
        The metrics to show.

    Returns
    -------
    dict
    """
    metrics, objects = method.metrics, method.table
    classes = metrics["classification"]
    content = {
        "name": method.name,
        "combiner": metrics["combiner"],
        "facts": {**method_facts(metrics), **unpredicted(objects)},
        "tried": tried_settings(metrics),
        "nmad": [
            tables.format_metric(metrics[scores]["nmad"], "plain")
            for scores in ("objects", "baseline")
        ],
        "table": tables.metric_table(metrics, definitions),
        "classes": classes,
        "checks": checks_of(metrics),
        "accuracy": tables.format_metric(classes["accuracy"], "percent"),
        "figure": None,
        "importance": method.importance(),
        "maps": method.maps(),
        "targets": show_targets(objects[objects["split"] == "target"]),
    }
    if method.scored.any():
        title = f"Objects, {metrics['combiner']}"
        content["figure"], content["beyond"] = method.predictions(title)
        content["calibration"], content["pdfs"] = method.pdfs()
    return content


def unpredicted(objects):
    """Return the number of objects without a predicted redshift as a fact, if there are any.

    Parameters
    ----------
    objects : DataFrame
        Rows of objects.csv.

    Returns
    -------
    dict of str to str
    """
    lost = int(objects["z_phot"].isna().sum())
    return {"without a prediction": f"{lost:,} of {len(objects):,} objects"} if lost else {}


def show_targets(objects):
    """Return the distribution of redshifts of objects without a known redshift.

    Parameters
    ----------
    objects : DataFrame
        Rows of objects.csv. Objects with the predicted class STAR are left out.

    Returns
    -------
    dict or None
        None without such objects.
    """
    targets = objects[(objects["class_phot"] != "STAR") & objects["z_phot"].notna()]
    if targets.empty:
        return None
    classes = objects["class_phot"].value_counts().sort_index()
    figure = redshift_plots.distribution_figure(targets["z_phot"], targets["z_error"])
    return {
        "n": len(targets),
        "figure": data_uri(figure),
        "facts": {
            "median z_phot": f"{targets['z_phot'].median():.3f}",
            "median z_error": f"{targets['z_error'].median():.3f}",
            **{
                f"predicted {name}" if name else "without a predicted class": f"{n:,} objects"
                for name, n in classes.items()
            },
        },
    }


def compare_methods(methods, definitions):
    """Return the metrics of each method with each combiner and with the baseline.

    Parameters
    ----------
    methods : list of redpix.report.method_results.MethodResult
        Products of each method.
    definitions : list of dict
        The metrics to show.

    Returns
    -------
    dict or None
        None with fewer than two methods.
    """
    if len(methods) < 2:
        return None
    rows = {}
    for method in methods:
        for combiner, values in method.metrics["combiners"].items():
            rows[f"{method.name}, {combiner}"] = values
        rows[f"{method.name}, summed aperture"] = method.metrics["baseline"]
    return tables.one_below_other(rows, definitions)


def compare_in_bins(methods):
    """Return scatter and outliers of each method in bins of magnitude and of redshift.

    Parameters
    ----------
    methods : list of redpix.report.method_results.MethodResult
        Products of each method.

    Returns
    -------
    list of dict
        One table per quantity; empty with too few objects.
    """
    binned = []
    for by, title in (("magnitude", "magnitude"), ("redshift", "true redshift")):
        rows = [row for method in methods for row in rows_in_bins(method, by)]
        if rows and rows[0][1]:
            bins = [cell["bin"] for cell in rows[0][1]]
            binned.append({"by": title, "bins": bins, "rows": rows})
    return binned


def rows_in_bins(method, by):
    """Return scatter and outliers of a method and of its baseline in bins of one quantity.

    Parameters
    ----------
    method : redpix.report.method_results.MethodResult
        Products of the method.
    by : str
        Column of its table.

    Returns
    -------
    list of (str, list of dict)
        Title, and cells from `redpix.report.tables.in_bins`.
    """
    test = method.table[method.scored].dropna(subset=[by])
    rows = []
    for column, name in (
        ("z_phot", method.metrics["combiner"]),
        ("z_aperture", "summed aperture"),
    ):
        dz = (test[column] - test["redshift"]) / (1 + test["redshift"])
        known = dz.notna().to_numpy()
        cells = tables.in_bins(dz.to_numpy()[known], test[by].to_numpy()[known], BINS)
        rows.append((f"{method.name}, {name}", cells))
    return rows


def show_tables(paths, definitions):
    """Return the metrics of each catalogue of magnitudes, with the methods side by side.

    Parameters
    ----------
    paths : list of str
        metrics.json of each catalogue and method.
    definitions : list of dict
        The metrics to show.

    Returns
    -------
    list of dict
    """
    catalogues, checks, inputs = {}, {}, {}
    for path in map(Path, paths):
        metrics = json.loads(path.read_text(encoding="utf-8"))
        inputs.setdefault(metrics["table"], show_input(metrics))
        checks.setdefault(metrics["table"], {})[metrics["method"]] = checks_of(metrics)
        columns = catalogues.setdefault(metrics["table"], {})
        columns[f"{metrics['method']}, cross-validated"] = metrics["cross_validation"]
        columns[f"{metrics['method']}, test objects"] = metrics["objects"]
    return [
        {
            "name": name,
            "table": tables.side_by_side(columns, definitions),
            "input": inputs[name],
            "checks": checks[name],
        }
        for name, columns in catalogues.items()
    ]
