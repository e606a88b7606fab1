"""Table and plot of the light curves of a star that the user names by its coordinates."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from redpix.core.atomic_files import atomic
from redpix.core.job import log
from redpix.image.sphere import separation, unit_vectors
from redpix.io.observation_time import JULIAN
from redpix.photometry.table_file import write_table
from redpix.report.figures import house_style

#: maximum distance between the target and its star, arcseconds
RADIUS = 5.0


def write_target_curve(curves, scatter, table, plot, target, position):
    """Write the light curves of a target in all its fields, and plot them.

    Parameters
    ----------
    curves, scatter : str
        lightcurves.csv and scatter.csv.
    table : str
        CSV to write: the rows of lightcurves.csv of the nearest star in each field, at most
        `RADIUS` away, with its distance.
    plot : str
        PNG to write.
    target : str
        Name of the target.
    position : (float, float)
        Right ascension and declination (ICRS), degrees.
    """
    stars, rows = pd.read_csv(scatter), pd.read_csv(curves)
    found = nearest_stars(stars, position)
    if found.empty:
        log.warning(
            "photometry.targets: %s: no star within %g arcseconds of %s in a field with a WCS; "
            "its table is empty",
            target,
            RADIUS,
            position,
        )
    made = rows.merge(found, on=["field", "star"]) if len(rows) else rows.assign(distance=[])
    write_table(table, {name: made[name].to_numpy() for name in made})
    with house_style(), atomic(plot) as temporary:
        figure = target_figure(target, made)
        figure.savefig(temporary, format="png", metadata={"Software": None})
    for one in found.itertuples():
        log.info(
            "%s: star %d of %s, %.2f arcseconds away", target, one.star, one.field, one.distance
        )


def nearest_stars(stars, position):
    """Return the star of each field that is nearest to a position.

    Parameters
    ----------
    stars : DataFrame
        Rows of scatter.csv.
    position : (float, float)
        Right ascension and declination, degrees.

    Returns
    -------
    DataFrame
        Columns field, star and distance (arcseconds); one row per field with a star nearer than
        `RADIUS`.
    """
    if not {"ra", "dec"} <= set(stars):
        return pd.DataFrame({"field": [], "star": [], "distance": []})
    distance = 3600 * separation(unit_vectors(stars["ra"], stars["dec"]), unit_vectors(*position))
    near = stars.assign(distance=distance)[["field", "star", "distance"]]
    near = near[near["distance"] < RADIUS].sort_values("distance")
    return near.groupby("field", sort=True, as_index=False).first()


def target_figure(target, curves):
    """Return a figure of the light curves of a target, one panel per field.

    Parameters
    ----------
    target : str
        Name of the target.
    curves : DataFrame
        Rows of its table.

    Returns
    -------
    Figure
    """
    names = list(dict.fromkeys(curves["field"]))
    figure = Figure(figsize=(8, 1.2 + 2.4 * max(len(names), 1)), layout="constrained")
    panels = figure.subplots(max(len(names), 1), squeeze=False)[:, 0]
    if not names:
        panels[0].set(title=f"{target}: not in a field with light curves and a WCS")
    for axes, name in zip(panels, names, strict=False):
        rows = curves[curves["field"] == name]
        time, label = _times(rows)
        axes.errorbar(
            time,
            rows["relative_flux"],
            rows["relative_error"],
            fmt="o",
            markersize=3,
            linewidth=0.8,
        )
        if "detrended_flux" in rows and rows["detrended_flux"].notna().any():
            axes.plot(time, rows["detrended_flux"], "x", markersize=4, label="detrended")
            axes.legend()
        star = rows["star"].iloc[0]
        axes.set(title=f"{target}, {name}, star {star}", xlabel=label, ylabel="relative flux")
    return figure


def _times(rows):
    """Return the times of a light curve in hours, and the words of the axis."""
    for column, zero, scale in (("bjd_tdb", 0.0, "BJD (TDB)"), ("mjd", JULIAN, "JD (UTC)")):
        days = rows[column] + zero
        if days.notna().all():
            first = np.floor(days.min() * 100) / 100
            return (days - first) * 24, f"hours after {scale} {first:.2f}"
    return np.arange(1, len(rows) + 1), "exposure"
