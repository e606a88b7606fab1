"""Figures of stellar photometry: calibration, stars, PSF, residuals, errors, light curves."""

import matplotlib
import numpy as np
from astropy.stats import mad_std
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from redpix.report.mosaics import draw_stamp, empty_mosaic, place_on

#: grey scale of images; masked pixels have the colour that they have in the page's viewer
GREY = matplotlib.colormaps["gray"].with_extremes(bad="#96a596")

#: errors on both sides of the colours of a residual, and of a background, which is smooth
SIGMAS, SMOOTH_SIGMAS = 3.0, 6.0

#: maximum number of stars with stamps
STAMPS = 25

#: pixels from the middle of a stamp to its edge
HALF = 7

#: maximum number of light curves in a figure
CURVES = 8

#: maximum number of groups of stars whose median scatter is drawn, and their minimum size
GROUPS, LEAST_GROUP = 60, 8


def stretch(image, low=3.0, high=30.0):
    """Return the limits of a grey scale about the sky of an image.

    Parameters
    ----------
    image : ndarray
        NaN without data.
    low, high : float
        Distance of the limits from the median, in standard deviations of the sky.

    Returns
    -------
    dict
        ``vmin`` and ``vmax``.
    """
    valid = image[np.isfinite(image)]
    middle, spread = np.median(valid), mad_std(valid) or 1.0
    return {"vmin": middle - low * spread, "vmax": middle + high * spread}


def calibration_figure(raw, calibrated, background, unit, error=0.0):
    """Return a figure of a raw image, the calibrated image and its background.

    The grey scale of the background has at least `SMOOTH_SIGMAS` errors on both sides of its
    median, so that noise does not look like structure.

    Parameters
    ----------
    raw, calibrated, background : ndarray, shape (ny, nx)
        The grey scales differ.
    unit : str
        Plural name of the unit of the three, for the colour bars.
    error : float
        Error of the background at a place.

    Returns
    -------
    Figure
    """
    figure = Figure(figsize=(10.5, 3.6), layout="constrained")
    panels = (("As the camera delivered it", raw, stretch(raw)),)
    panels += (("Calibrated, sky subtracted", calibrated, stretch(calibrated)),)
    low, middle, high = np.percentile(background, [0.5, 50, 99.5])
    reach = SMOOTH_SIGMAS * error
    limits = {"vmin": min(low, middle - reach), "vmax": max(high, middle + reach)}
    title = f"Background, error {error:.2g}" if error else "Background"
    panels += ((title, background, limits),)
    for axes, (title, image, limits) in zip(figure.subplots(1, 3), panels, strict=True):
        shown = axes.imshow(image, origin="lower", cmap=GREY, **limits)
        axes.set(title=title, xlabel="x (pixels)", ylabel="y (pixels)")
        style = {"orientation": "horizontal", "aspect": 35, "pad": 0.02, "label": unit}
        figure.colorbar(shown, ax=axes, ticks=MaxNLocator(5), **style)
    return figure


def stars_figure(image, residual, x, y, flags):
    """Return a figure of an image with its stars circled, and of the residual.

    Parameters
    ----------
    image, residual : ndarray, shape (ny, nx)
        Before and after the subtraction of the stars.
    x, y : Series, shape (n,)
        Positions of the stars, 0-based.
    flags : Series or ndarray of int, shape (n,)
        0 for a star without a flag.

    Returns
    -------
    Figure
    """
    figure = Figure(figsize=(10.5, 5.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    limits = stretch(image)
    left.imshow(image, origin="lower", cmap=GREY, **limits)
    for bad, colour, label in ((False, "#6fd3ff", "without flags"), (True, "#ffb13f", "flagged")):
        chosen = (flags != 0) == bad
        left.scatter(
            x[chosen],
            y[chosen],
            s=22 if len(x) > 150 else 70,
            facecolors="none",
            edgecolors=colour,
            linewidths=0.6,
            label=f"{label}: {chosen.sum()}",
        )
    left.set(title="Stars", xlim=(-0.5, image.shape[1] - 0.5), ylim=(-0.5, image.shape[0] - 0.5))
    left.legend(loc="upper right", facecolor="white", frameon=True, framealpha=0.8)
    right.imshow(residual, origin="lower", cmap=GREY, **limits)
    left.set(xlabel="x (pixels)", ylabel="y (pixels)")
    right.set(title="Residual: stars subtracted, same scale", xlabel="x (pixels)")
    return figure


def stamps_figure(image, stars):
    """Return a figure of stamps of the brightest stars, with peak (cross) and centroid (circle).

    Stars near the border, whose stamps would be incomplete, are left out.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Calibrated image.
    stars : DataFrame
        Columns peak_x, peak_y, centroid_x and centroid_y, 0-based; the brightest star first.

    Returns
    -------
    Figure
    """
    ny, nx = image.shape
    x, y = stars["peak_x"], stars["peak_y"]
    inner = stars[(x >= HALF) & (x < nx - HALF) & (y >= HALF) & (y < ny - HALF)].head(STAMPS)
    axes, corners = empty_mosaic(3, 9, 2 * HALF + 1, width=10.5)
    noise = mad_std(image)
    marks = []
    for corner, star in zip(corners, inner.itertuples(), strict=False):
        row, column = int(star.peak_y), int(star.peak_x)
        stamp = image[row - HALF : row + HALF + 1, column - HALF : column + HALF + 1]
        level = np.arcsinh(stamp / noise)
        draw_stamp(axes, corner, level, "gray", (np.nanmin(level), np.nanmax(level)))
        centroid = star.centroid_x - column + HALF, star.centroid_y - row + HALF
        marks.append((*place_on(corner, HALF, HALF), *place_on(corner, *centroid)))
    if marks:
        peak_x, peak_y, x, y = np.transpose(marks)
        axes.plot(peak_x, peak_y, "+", color="#ff5a4f", markersize=7)
        circle = {"markerfacecolor": "none", "markeredgecolor": "#6fd3ff", "markersize": 6}
        axes.plot(x, y, "o", **circle)
    return axes.figure


def errors_figure(tables, unit):
    """Return a figure of the relative errors of fluxes against the fluxes.

    Parameters
    ----------
    tables : dict of str to DataFrame
        Columns psf_flux and psf_flux_error, by the name of the image.
    unit : str
        Unit of the fluxes.

    Returns
    -------
    Figure
    """
    figure = Figure(figsize=(10.5, 3.8), layout="constrained")
    axes = figure.subplots()
    for name, table in tables.items():
        ratio = table["psf_flux_error"] / table["psf_flux"]
        axes.plot(table["psf_flux"], ratio, ".", markersize=2, label=name)
    axes.set(xscale="log", yscale="log", xlabel=f"PSF flux ({unit})", ylabel="error / flux")
    if 1 < len(tables) < 7:
        axes.legend(markerscale=3)
    return figure


def scatter_figure(stars):
    """Return a figure of the measured and the expected scatter of light curves.

    Curves connect medians of groups of stars with similar brightness. A scatter above 1 is not
    shown, because the star was not detected. Without a zero point the brightness is
    -2.5 log10(flux).

    Parameters
    ----------
    stars : DataFrame
        Columns flux, magnitude, scatter, expected_photons, expected_scintillation, expected, flags.

    Returns
    -------
    Figure
    """
    brightness = "magnitude"
    if stars["magnitude"].isna().all():
        brightness = "instrumental magnitude, -2.5 log10(flux)"
        instrumental = -2.5 * np.log10(stars["flux"].where(stars["flux"] > 0))
        stars = stars.assign(magnitude=instrumental)
    good = stars[(stars["flags"] == 0) & (stars["scatter"] > 0)].sort_values("magnitude")
    number = np.clip(len(good) // LEAST_GROUP, 1, GROUPS)
    groups = np.array_split(np.arange(len(good)), number)
    middle = [good.iloc[rows].median(numeric_only=True) for rows in groups]
    figure = Figure(figsize=(10.5, 3.8), layout="constrained")
    axes = figure.subplots()
    axes.plot(good["magnitude"], good["scatter"], ".", markersize=3, label="measured")
    for label, column, style in _curves_of_scatter(good):
        axes.plot(
            [one["magnitude"] for one in middle],
            [one[column] for one in middle],
            style,
            label=label,
        )
    axes.set(yscale="log", xlabel=brightness, ylabel="scatter of the relative flux")
    axes.set_ylim(top=1)
    axes.set_xlim(right=good.loc[good["scatter"] < 1, "magnitude"].max() + 0.2)
    axes.legend(loc="upper left", fontsize="small")
    return figure


def _curves_of_scatter(stars):
    """Return label, column and style of each curve of scatter."""
    curves = [("measured, median", "scatter", "C0-")]
    if (stars["expected_scintillation"] > 0).any():
        curves.append(("photons of star and sky, camera", "expected_photons", "C1--"))
        curves.append(("scintillation", "expected_scintillation", "C2:"))
        curves.append(("expected, all together", "expected", "k-"))
    else:
        curves.append(("expected: photons of star and sky, camera", "expected", "k-"))
    return curves


def curves_figure(curves, chosen):
    """Return a figure of the relative light curves of some stars, one above the other.

    Parameters
    ----------
    curves : DataFrame
        Columns star, image, mjd, relative_flux and relative_error of one field.
    chosen : sequence of int
        Numbers of the stars.

    Returns
    -------
    Figure
    """
    figure = Figure(figsize=(10.5, 3.8), layout="constrained")
    axes = figure.subplots()
    dated = np.isfinite(curves["mjd"]).all()
    order = {image: number for number, image in enumerate(curves["image"].unique(), start=1)}
    for level, star in enumerate(chosen):
        rows = curves[curves["star"] == star]
        time = (rows["mjd"] - curves["mjd"].min()) * 1440 if dated else rows["image"].map(order)
        axes.errorbar(
            time,
            rows["relative_flux"] + 0.1 * level,
            rows["relative_error"],
            fmt="o-",
            markersize=2.5,
            linewidth=0.7,
            label=f"star {star}",
        )
    axes.set(
        xlabel="minutes" if dated else "exposure",
        ylabel="relative flux, each star 0.1 above the last",
    )
    axes.legend(fontsize=6, ncols=2)
    return figure
