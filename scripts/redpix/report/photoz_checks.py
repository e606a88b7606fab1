"""Tables of point estimates, of metrics in bins, of the attenuation and of classes, as text."""

from redpix.report.tables import DASH, format_metric

#: quantities of the bins, their titles, and the decimals of their limits
QUANTITIES = (
    ("brightness", "magnitude of the middle band", 2),
    ("colour", "colour of the first and last band", 2),
    ("redshift", "true redshift", 3),
)

#: metrics of a bin, their titles and forms
COLUMNS = (
    ("bias_median", "median Δz", "plain"),
    ("nmad", "σ NMAD", "plain"),
    ("outliers_005", "|Δz| > 0.05", "percent"),
    ("outliers_015", "|Δz| > 0.15", "percent"),
    ("coverage_68", "in 68 %", "percent"),
)


def checks_of(metrics):
    """Return the tables of one method that metrics.json holds.

    Parameters
    ----------
    metrics : dict
        metrics.json of a method, also one of an earlier version.

    Returns
    -------
    dict
        ``points``, ``bins``, ``attenuation``, ``recalibration`` and ``classes``; None or empty
        where metrics.json has nothing.
    """
    conditional = metrics.get("conditional", {})
    points = metrics.get("point_estimates") or metrics.get("cross_validation", {}).get(
        "point_estimates", {}
    )
    return {
        "points": point_rows(points),
        "bins": [
            {
                "by": title,
                "columns": [c[1] for c in COLUMNS],
                "rows": bin_rows(conditional[name], decimals),
            }
            for name, title, decimals in QUANTITIES
            if conditional.get(name)
        ],
        "attenuation": attenuation_text(conditional.get("attenuation")),
        "recalibration": recalibration_text(metrics.get("recalibration")),
        "classes": class_rows(metrics.get("classification", {})),
    }


def point_rows(points):
    """Return one row per point estimate.

    Parameters
    ----------
    points : dict
        From `redpix.photoz.point_estimates.score_points`.

    Returns
    -------
    list of (str, list of str)
        Name, and median, scatter and outliers.
    """
    rows = []
    for name, values in points.items():
        if isinstance(values, dict):
            title = f"{name}, z_phot" if name == points["chosen"] else name
            cells = [format_metric(values[key], form) for key, _, form in COLUMNS[:4]]
            rows.append((title, cells))
    return rows


def with_error(values, name, form):
    """Return a metric with its sampling error as text.

    Parameters
    ----------
    values : dict
        Metrics of a bin.
    name : str
        Name of the metric.
    form : {"plain", "percent"}
        Form of the number.

    Returns
    -------
    str
    """
    value, error = values[name], values[f"{name}_error"]
    if form == "percent" and value in (0, 1) and error == 0:
        # resampled objects are all alike: half of the 68 % interval of Wilson (1927)
        error = 0.5 / (values["n"] + 1)
    error = format_metric(error, form)
    return f"{format_metric(values[name], form)} ± {error}"


def bin_rows(bins, decimals):
    """Return one row per bin.

    Parameters
    ----------
    bins : list of dict
        From `redpix.photoz.binned_metrics.in_bins`.
    decimals : int
        Decimals of the limits of the bins.

    Returns
    -------
    list of dict
        ``bin``, ``n``, ``cells`` and ``pit``, the KS distance and that by chance.
    """
    return [
        {
            "bin": f"{one['from']:.{decimals}f} to {one['to']:.{decimals}f}",
            "n": one["n"],
            "cells": [with_error(one, name, form) for name, _, form in COLUMNS],
            "pit": f"{one['pit_ks']:.3f} ({one['pit_ks_by_chance']:.3f} by chance)",
        }
        for one in bins
    ]


def attenuation_text(attenuation):
    """Return the attenuation as a sentence.

    Parameters
    ----------
    attenuation : dict or None
        From `redpix.photoz.binned_metrics.attenuation`.

    Returns
    -------
    str or None
        None if it was not measured.
    """
    if not attenuation or attenuation["slope"] is None:
        return None
    slope, error = attenuation["slope"], attenuation["slope_error"]
    text = (
        f"Attenuation: within {attenuation['cells']} cells of brightness and colour, z_phot - z "
        f"changes by {slope:.3f} ± {error:.3f} per unit of z. Minus this slope is the share of "
        "the variance that the photometry does not explain."
    )
    other, error = attenuation["slope_on_z_phot"], attenuation["slope_on_z_phot_error"]
    if other is not None:
        text += f" z − z_phot changes by {other:.3f} ± {error:.3f} per unit of z_phot."
    return text.replace("-", "−")


def recalibration_text(about):
    """Return what was recalibrated by brightness and colour as a sentence.

    Parameters
    ----------
    about : dict or None
        From `redpix.photoz.conditional_calibration.Cells.about`.

    Returns
    -------
    str or None
        None if it was not measured.
    """
    if not about:
        return None
    if not about["cells"]:
        return "Too few objects to calibrate the PDFs by brightness and colour."
    return (
        f"The PIT failed in {about['recalibrated']} of {about['cells']} cells of brightness and "
        "colour beyond its sampling error, and the PDFs of these cells were recalibrated."
    )


def class_rows(classes):
    """Return one row per class.

    Parameters
    ----------
    classes : dict
        From `redpix.photoz.class_metrics.classification`.

    Returns
    -------
    dict or None
        ``rows`` of (name, number, completeness, purity, reliability) and ``log_loss``; None
        without classes.
    """
    if not classes.get("by_class"):
        return None
    rows = []
    for name, one in classes["by_class"].items():
        bins = classes.get("calibration", {}).get(name, [])
        reliability = "; ".join(
            f"{b['probability']:.2f}: {b['fraction']:.2f} ({b['n']:,})" for b in bins
        )
        shown = [format_metric(one[key], "percent") for key in ("completeness", "purity")]
        rows.append((name, one["n"], *shown, reliability or DASH))
    return {"rows": rows, "log_loss": format_metric(classes.get("log_loss"), "plain")}
