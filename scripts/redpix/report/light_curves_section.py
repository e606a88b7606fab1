"""Section of the report on light curves: scatter and curves of each field."""

from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import chdtri

from redpix.report import photometry_plots as plots
from redpix.report.figures import data_uri
from redpix.report.files import measured
from redpix.report.tables import DASH
from redpix.report.target_curve import target_figure


def median_deviation(number):
    """Return the median of the sample standard deviation, in units of the true one.

    Parameters
    ----------
    number : float
        Number of Gaussian values per sample.

    Returns
    -------
    float
    """
    return np.sqrt(chdtri(number - 1, 0.5) / (number - 1))


def show_light_curves(paths):
    """Return scatter and light curves of each field.

    Parameters
    ----------
    paths : sequence of str
        lightcurves.csv, scatter.csv and light_curves/exposures.csv, or empty.

    Returns
    -------
    list of dict
    """
    if not paths:
        return []
    curves, scatter = (pd.read_csv(path) for path in paths[:2])
    left_out = read_left_out_exposures(paths[0])
    shown = [
        show_field_curves(name, curves[curves["field"] == name], stars, left_out.pop(name, ()))
        for name, stars in scatter.groupby("field", sort=False)
    ]
    for name, reasons in left_out.items():  # fields without a light curve
        facts = {"exposures": "0", "exposures left out": "; ".join(reasons)}
        shown.append({"name": name, "facts": facts, "scatter": None, "curves": None})
    return shown


def read_left_out_exposures(curves):
    """Return the exposures that light curves leave out, with the reason, by field.

    Parameters
    ----------
    curves : str
        lightcurves.csv; the table of exposures is in the folder light_curves beside it.

    Returns
    -------
    dict of str to list of str
    """
    path = Path(curves).parent / "light_curves/exposures.csv"
    if not path.exists():
        return {}
    table = pd.read_csv(path)
    rows = table[table["used"] == "no"]
    found = {}
    for field, image, reason in zip(rows["field"], rows["image"], rows["reason"], strict=True):
        found.setdefault(field, []).append(f"{image}: {reason}")
    return found


def show_targets(paths):
    """Return the figure of each target that the user names.

    Parameters
    ----------
    paths : sequence of str
        Tables of the targets.

    Returns
    -------
    list of dict
        Name and figure.
    """
    return [
        {
            "name": Path(path).stem,
            "figure": data_uri(target_figure(Path(path).stem, pd.read_csv(path))),
        }
        for path in paths
    ]


def scatter_facts(good, ratio):
    """Return the scatter of the stars of a field as facts, with dashes where it is unknown.

    Parameters
    ----------
    good : DataFrame
        Rows of scatter.csv without a flag and with a scatter.
    ratio : Series
        Their scatter over its expectation.

    Returns
    -------
    dict of str to str
    """
    if good.empty:
        return {"scatter": f"{DASH}, because no star without a flag has two exposures"}
    expected = measured(median_deviation(good["exposures"].median()), 2)
    brightest = good.sort_values("flux", ascending=False)["scatter"].head(10)
    return {
        "scatter over the expected, median": f"{measured(ratio.median(), 2)}, and {expected} "
        "if errors are right",
        "smallest scatter, 10 brightest": measured(brightest.min(), 4),
    }


def show_field_curves(name, curves, stars, left_out=()):
    """Return scatter and light curves of one field.

    Parameters
    ----------
    name : str
        Name of the field.
    curves, stars : DataFrame
        Rows of lightcurves.csv and of scatter.csv.
    left_out : sequence of str
        Exposures that are left out, with the reason.

    Returns
    -------
    dict
    """
    more = {"exposures left out": "; ".join(left_out)} if left_out else {}
    if "ensemble_weight" in stars:
        more["comparison stars"] = f"{np.count_nonzero(stars['ensemble_weight'])}"
    if "aperture" in stars and (stars["aperture"] > 0).any():
        more["light curves of circles, steadier than those of the PSF"] = (
            f"{np.count_nonzero(stars['aperture']):,} stars, "
            f"of {stars.loc[stars['aperture'] > 0, 'aperture'].median():.1f} px radius"
        )
    good = stars[(stars["flags"] == 0) & (stars["scatter"] > 0)]
    ratio = good["scatter"] / good["expected"]
    unusual = good.assign(ratio=ratio).sort_values("ratio", ascending=False)
    bright = good.sort_values("flux", ascending=False)
    chosen = list(dict.fromkeys([*unusual["star"].head(3), *bright["star"]]))[: plots.CURVES]
    return {
        "name": name,
        "facts": {
            "exposures": f"{curves['image'].nunique()}",
            "stars": f"{len(stars):,}, {len(good):,} of them without a flag",
            **scatter_facts(good, ratio),
            **more,
        },
        "scatter": data_uri(plots.scatter_figure(stars)) if len(good) else None,
        "curves": data_uri(plots.curves_figure(curves, chosen)) if chosen else None,
    }
