"""Section of the report on series: light curves of objects and a table of tracklets."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from redpix.report.figures import data_uri

#: largest number of objects whose light curves are drawn
DRAWN = 12

#: number of light curves per line of the figure
PER_LINE = 4


def show_series(paths):
    """Return figure and facts of each series and band.

    Parameters
    ----------
    paths : sequence of str
        ``series/<series>/<band>/series.csv``, beside ``light_curves.csv`` and ``tracklets.csv``.

    Returns
    -------
    list of dict
    """
    return [show_one(Path(path).parent) for path in paths]


def show_one(folder):
    """Return figure and facts of one series in a band.

    Parameters
    ----------
    folder : Path
        Folder of the three tables.

    Returns
    -------
    dict
    """
    objects, curves, tracklets = (
        pd.read_csv(folder / f"{name}.csv", dtype={"object": str})
        for name in ("series", "light_curves", "tracklets")
    )
    chosen = [*tracklets["object"], *most_variable(objects)][:DRAWN]
    return {
        "name": folder.parent.name,
        "band": folder.name,
        "facts": {
            "epochs": f"{curves['pair'].nunique()}",
            "objects": f"{len(objects) - len(tracklets)} at rest, {len(tracklets)} moving",
            "at more than one epoch": f"{np.sum(objects['detections'] > 1)}",
        },
        "curves": data_uri(curves_figure(curves, chosen)) if chosen else None,
        "tracklets": tracklets.to_dict("records"),
    }


def most_variable(objects):
    """Return the names of objects at rest, those of most detections and largest score first.

    Parameters
    ----------
    objects : DataFrame
        Rows of series.csv.

    Returns
    -------
    list of str
    """
    rest = objects[objects["kind"] == "rest"]
    if "same_as" in rest:  # moving objects have curves of their own
        rest = rest[rest["same_as"].isna()]
    rest = rest.assign(strength=rest["scorr"].abs())
    return list(rest.sort_values(["detections", "strength"], ascending=False)["object"])


def curves_figure(curves, names):
    """Return the light curves of some objects.

    Parameters
    ----------
    curves : DataFrame
        Rows of light_curves.csv.
    names : list of str
        Objects to draw.

    Returns
    -------
    Figure
    """
    lines = -(-len(names) // PER_LINE)
    figure = Figure(figsize=(10.5, 1.9 * lines + 0.4), layout="constrained")
    axes = figure.subplots(lines, PER_LINE, squeeze=False).ravel()
    known = curves["mjd"].notna().all()
    hours = 24 * (curves["mjd"] - curves["mjd"].min()) if known else curves["pair"].factorize()[0]
    curves = curves.assign(hours=hours)
    for axis, name in zip(axes, names, strict=False):
        rows = curves[curves["object"] == name]
        axis.axhline(0, color="#99a", linewidth=0.7)
        for seen, face in ((1, "#246"), (0, "white")):
            some = rows[rows["detected"] == seen]
            axis.errorbar(
                some["hours"],
                some["flux"],
                some["flux_error"],
                fmt="o",
                markersize=4,
                color="#246",
                markerfacecolor=face,
                linewidth=0.8,
            )
        axis.set(title=name)
    for axis in axes[len(names) :]:
        axis.set_axis_off()
    figure.supxlabel("hours from the first epoch" if known else "epoch", fontsize=8.5)
    figure.supylabel("flux difference (unit of the reference)", fontsize=8.5)
    return figure
