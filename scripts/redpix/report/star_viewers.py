"""Images of photometry for the page's viewer, and light curves that a click on a star shows."""

from pathlib import Path

import numpy as np
import pandas as pd

from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.image.wcs import has_wcs, image_wcs
from redpix.photometry.planes_file import reason_left_out
from redpix.photometry.star_flags import FLAGS
from redpix.report.field_tiles import choose_tiles, pixels_inside
from redpix.report.photometry_section import PLURAL, read_planes
from redpix.report.pixel_viewer import rounded_list, viewer
from redpix.report.tiled_layers import image_layer, linear_layer, mask_layer

#: maximum number of stars with a circle on an image, the brightest
MOST_STARS = 5000

#: maximum number of points of all light curves on the page
MOST_POINTS = 100_000

#: radius of a circle, in units of the FWHM
_RADIUS = 2.0

#: colours of circles without and with a flag, seen on dark and light sky
CLEAN, FLAGGED = "#38d26b", "#ff9d3b"


def show_star_viewers(calibrated, tables, residuals, light_curves, settings):
    """Return the images of photometry for the viewer, and the light curves of their stars.

    Parameters
    ----------
    calibrated, tables, residuals : sequence of str
        Calibrated image, CSV of the stars and residual of each image. The tables may have another
        order.
    light_curves : sequence of str
        lightcurves.csv and scatter.csv, or empty.
    settings : dict
        `viewer_images`, maximum number of images; `viewer_pixels`, maximum number of pixels.

    Returns
    -------
    dict
        `viewers`, list of dict from `redpix.report.pixel_viewer.viewer`; `curves` and `scatter`,
        from `curves_of` and `scatter_of`.
    """
    stars = {Path(path).stem: path for path in tables}
    curves, scatter = ([pd.read_csv(path) for path in light_curves] + [None, None])[:2]
    if curves is not None and curves.empty:
        curves = scatter = None
    kept = choose_curves(scatter, curves) if curves is not None else set()
    viewers = []
    for image, residual in zip(calibrated, residuals, strict=True):
        if len(viewers) == settings["viewer_images"]:
            break
        name = Path(residual).name.removesuffix(".residual.fits")
        if reason_left_out(residual) is None:
            of_image = None if curves is None else curves[curves["image"] == name]
            table = pd.read_csv(stars[name])
            keys = curve_keys(table, of_image, kept)
            viewers.append(
                show_star_viewer(name, image, residual, table, keys, settings["viewer_pixels"])
            )
    return {
        "viewers": viewers,
        "curves": curves_of(curves, kept) if kept else {},
        "scatter": scatter_of(scatter, kept) if kept else [],
    }


def show_star_viewer(name, calibrated, residual, table, keys, most):
    """Return an image of photometry for the viewer.

    Parameters
    ----------
    name : str
        Name of the image.
    calibrated, residual : str
        FITS files.
    table : DataFrame
        The stars of the image, the brightest first.
    keys : list of str or None
        Name of the light curve of each star.
    most : int
        Maximum number of pixels.

    Returns
    -------
    dict
    """
    planes = read_planes(calibrated, residual)
    unit = PLURAL[planes.header["BUNIT"]]
    image = np.where(planes.masked, np.nan, planes.image)
    x, y = pixels_inside(table["centroid_x"], table["centroid_y"], image.shape)
    tiling = choose_tiles(np.isfinite(image), x, y, np.arange(len(x)), most)
    layers = [
        image_layer(image, unit, tiling, "image without background"),
        linear_layer("background", planes.background, unit, tiling),
        image_layer(planes.residual, unit, tiling, "residual"),
        mask_layer("masked", planes.masked.astype(np.int32), ["MASKED"], tiling),
    ]
    fwhm = planes.psf.fwhm if planes.psf is not None else 3.0
    marks = [
        star_mark(row, key, _RADIUS * fwhm)
        for row, key in zip(table.head(MOST_STARS).to_dict("records"), keys, strict=False)
        if np.isfinite(row["centroid_x"] + row["centroid_y"])
    ]
    options = {
        "wcs": usable_wcs(planes.header, name),
        "marks": marks,
        "tiles": tiling.about(image.shape),
    }
    options["scale"] = tiling.scale(f"{len(x):,} stars")
    return viewer(name, image.shape, layers, **options)


def usable_wcs(header, name):
    """Return the WCS of an image, or None if the header has none that is usable.

    Parameters
    ----------
    header : Header
        Header of the image.
    name : str
        Name of the image in the log.

    Returns
    -------
    WCS or None
    """
    if not has_wcs(header):
        return None
    try:
        return image_wcs(header)
    except InputError as error:
        log.info("%s: shown without sky coordinates: %s", name, error)
        return None


def star_mark(row, key, radius):
    """Return the mark of a star.

    Parameters
    ----------
    row : dict
        Row of the table of stars.
    key : str or None
        Name of its light curve.
    radius : float
        Pixels.

    Returns
    -------
    dict
    """
    flags = int(row.get("flags") or 0)
    words = [f"x {row['centroid_x']:.2f}, y {row['centroid_y']:.2f}"]
    for name in ("psf_flux", "aperture_flux"):
        if np.isfinite(row.get(name, np.nan)):
            error = row.get(f"{name}_error", np.nan)
            words.append(
                f"{name} {row[name]:,.1f}" + (f" ± {error:,.1f}" if np.isfinite(error) else "")
            )
    if np.isfinite(row.get("magnitude", np.nan)):
        words.append(f"magnitude {row['magnitude']:.3f}")
    for name in ("width_x", "width_y", "chi2"):
        if np.isfinite(row.get(name, np.nan)):
            words.append(f"{name} {row[name]:.2f}")
    named = ", ".join(name for name, bit in FLAGS.items() if flags & bit) or str(flags)
    words.append(f"flags: {named}" if flags else "without flags")
    return {
        "x": round(float(row["centroid_x"]), 2),
        "y": round(float(row["centroid_y"]), 2),
        "r": round(radius, 2),
        "colour": FLAGGED if flags else CLEAN,
        "text": "; ".join(words),
        **({"key": key} if key else {}),
    }


def curve_keys(table, curves, kept):
    """Return the name of the light curve of each star of an image.

    Parameters
    ----------
    table : DataFrame
        The stars of the image.
    curves : DataFrame or None
        Rows of lightcurves.csv of the image.
    kept : set of str
        Light curves on the page.

    Returns
    -------
    list of str or None
    """
    if curves is None or curves.empty:
        return [None] * len(table)
    near = pd.Series(
        [f"{field} {star}" for field, star in zip(curves["field"], curves["star"], strict=True)],
        index=[f"{x:.2f} {y:.2f}" for x, y in zip(curves["x"], curves["y"], strict=True)],
    )
    near = near[~near.index.duplicated()]
    places = zip(table["centroid_x"], table["centroid_y"], strict=True)
    found = [near.get(f"{x:.2f} {y:.2f}") for x, y in places]
    return [key if key in kept else None for key in found]


def choose_curves(scatter, curves):
    """Return the names of the light curves on the page: the brightest stars of each field.

    Parameters
    ----------
    scatter, curves : DataFrame
        scatter.csv and lightcurves.csv.

    Returns
    -------
    set of str
    """
    exposures = max(1, curves["image"].nunique())
    stars = scatter.sort_values("flux", ascending=False).head(MOST_POINTS // exposures)
    return {f"{field} {star}" for field, star in zip(stars["field"], stars["star"], strict=True)}


def curves_of(curves, kept):
    """Return light curves by name.

    Parameters
    ----------
    curves : DataFrame
        lightcurves.csv.
    kept : set of str
        Names.

    Returns
    -------
    dict of str to dict
        `t`, time in days (MJD; number of the exposure where times are missing); `flux` and
        `error`, relative to the mean; `flags`.
    """
    names = curves["field"].astype(str) + " " + curves["star"].astype(str)
    timed = curves["mjd"].notna().all()
    number = pd.Series(pd.factorize(curves["image"])[0], index=curves.index)
    found = {}
    for name, rows in curves[names.isin(kept)].groupby(names[names.isin(kept)], sort=False):
        times = rows["mjd"] if timed else number[rows.index]
        found[name] = {
            "t": rounded_list(times, 11),
            "flux": rounded_list(rows["relative_flux"]),
            "error": rounded_list(rows["relative_error"], 3),
            "flags": [int(flag) for flag in rows["flags"].fillna(0)],
        }
    return found


def scatter_of(scatter, kept):
    """Return magnitude and scatter of the stars with light curves.

    Parameters
    ----------
    scatter : DataFrame
        scatter.csv.
    kept : set of str
        Names of the light curves.

    Returns
    -------
    list of list
        Name, magnitude (from the flux where it is missing), scatter, expected scatter, and whether
        the star has a flag.
    """
    rows = []
    for row in scatter.to_dict("records"):
        name = f"{row['field']} {row['star']}"
        brightness = row.get("magnitude", np.nan)
        if not np.isfinite(brightness) and row["flux"] > 0:
            brightness = -2.5 * np.log10(row["flux"])
        values = rounded_list([brightness, row["scatter"], row["expected"]], 5)
        if name in kept and None not in values[:2] and values[1] > 0:
            rows.append([name, *values, bool(row["flags"])])
    return rows
