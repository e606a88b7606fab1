"""Figures of a field: its colours with the objects of the catalogue, and its reference band."""

import numpy as np
from astropy.stats import mad_std
from matplotlib.collections import EllipseCollection
from matplotlib.colors import AsinhNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from redpix.report.pictures import NO_DATA

#: left, bottom, width and height of the layout as shares of a figure: words of axes of sky
#: coordinates lie beyond it, and a figure that is larger than its canvas is drawn twice
_INSIDE = (0.0, 0.0, 0.98, 0.96)

#: colour of the circle of an object by its class
CLASS_COLOURS = {"GALAXY": "#ffd23f", "STAR": "#6fd3ff", "QSO": "#ff7ad9", "": "#b6f09c"}

#: colour of the cross of an object without pixels
_LOST = "#ff5a4f"


def _sky_axes(figure, panel, picture):
    """Add axes in right ascension and declination for a picture."""
    axes = figure.add_subplot(panel, projection=picture.wcs)
    for number, name in enumerate(("Right ascension", "Declination")):
        axis = axes.coords[number]
        axis.set_axislabel(f"{name} (deg)", minpad=0.6)
        axis.set_format_unit("deg", decimal=True, show_decimal_unit=False)
        axis.set_ticks(number=5)
        axis.set_ticklabel(exclude_overlapping=True)
        axis.display_minor_ticks(True)
    return axes


def _draw_marks(axes, marks, picture):
    """Circle the objects with pixels, cross the others, and return the entries of the legend."""
    entries = []
    x, y = picture.transform(marks.x, marks.y)
    size = 2 * _radius(marks.pixels) / picture.factor
    for name, colour in CLASS_COLOURS.items():
        chosen = (marks.classes == name) & (marks.pixels > 0)
        if not chosen.any():
            continue
        circles = EllipseCollection(
            widths=size[chosen],
            heights=size[chosen],
            angles=np.zeros(np.count_nonzero(chosen)),
            units="xy",
            offsets=np.column_stack([x[chosen], y[chosen]]),
            offset_transform=axes.transData,
            facecolors="none",
            edgecolors=colour,
            linewidths=0.7,
        )
        axes.add_collection(circles)
        label = f"{name or 'class unknown'}: {np.count_nonzero(chosen)}"
        entries.append(_legend_mark("o", colour, label))
    lost = marks.pixels == 0
    if lost.any():
        axes.scatter(x[lost], y[lost], s=14, marker="x", color=_LOST, linewidths=0.8)
        entries.append(_legend_mark("x", _LOST, f"not found: {np.count_nonzero(lost)}"))
    rows, columns = picture.values.shape[:2]
    axes.set(xlim=(-0.5, columns - 0.5), ylim=(-0.5, rows - 0.5))
    return entries


#: half the width of the words of a redshift over the width of the close-up
_EDGE = 0.04


def _radius(pixels):
    """Return the radius of the circle of an object, slightly above that of its area, in pixels."""
    return 3 + 1.3 * np.sqrt(pixels / np.pi)


def _legend_mark(marker, colour, label):
    """Return the entry of the legend of a kind of mark."""
    return Line2D(
        [],
        [],
        marker=marker,
        color="none",
        markeredgecolor=colour,
        markerfacecolor="none",
        markeredgewidth=1.4,
        markersize=7,
        label=label,
    )


def field_figure(field, close_up, marks):
    """Return a figure of a field in colour with its objects circled, and of a close-up.

    Parameters
    ----------
    field, close_up : Picture
        uint8, shape (ny, nx, 3); the field, and a square of it at full resolution.
    marks : Marks
        The objects.

    Returns
    -------
    Figure
    """
    rows, columns = field.values.shape[:2]
    ratio = float(np.clip(columns / rows, 0.5, 1.6))
    figure = Figure(figsize=(10.5, 9.0 / (ratio + 1) + 1.0), layout="constrained")
    figure.get_layout_engine().set(rect=_INSIDE)
    grid = figure.add_gridspec(1, 2, width_ratios=[ratio, 1])
    left = _sky_axes(figure, grid[0], field)
    left.imshow(field.values, origin="lower")
    entries = _draw_marks(left, marks, field)
    x, y = field.transform(close_up.corner[0] - 0.5, close_up.corner[1] - 0.5)
    height, width = (side / field.factor for side in close_up.values.shape[:2])
    left.add_patch(Rectangle((x, y), width, height, fill=False, color="white", linewidth=0.9))
    left.set_title("Whole field")

    right = _sky_axes(figure, grid[1], close_up)
    right.imshow(close_up.values, origin="lower")
    _draw_marks(right, marks, close_up)
    _write_redshifts(right, marks, close_up)
    right.set_title("The white square, at full resolution")
    if entries:
        figure.legend(handles=entries, loc="outside lower center", ncols=len(entries))
    return figure


def _write_redshifts(axes, marks, picture):
    """Write the known redshift of each object with pixels below its circle."""
    x, y = picture.transform(marks.x, marks.y - _radius(marks.pixels))
    rows, columns = picture.values.shape[:2]
    # the words of an object at the edge would be cut off
    edge = _EDGE * columns
    shown = (x >= edge) & (x < columns - edge) & (y >= edge) & (y < rows)
    shown &= (marks.pixels > 0) & np.isfinite(marks.redshift)
    for index in np.flatnonzero(shown):
        axes.text(
            x[index],
            y[index] - 1,
            f"{marks.redshift[index]:.3f}",
            color="white",
            fontsize=6.5,
            ha="center",
            va="top",
            clip_on=True,
        )


def band_figure(image, error, registered, band):
    """Return a figure of image, error and registered image of one band, with colour bars.

    Parameters
    ----------
    image, error, registered : Picture
        Nanomaggies per pixel; the first two on the pixels of the frame.
    band : str
        Name of the band.

    Returns
    -------
    Figure
    """
    light, dark = _light_scale(image.values), _error_scale(error.values)
    ratios = [
        columns / rows for rows, columns in (p.values.shape for p in (image, error, registered))
    ]
    figure = Figure(figsize=(10.5, 9.0 / sum(ratios) + 1.3), layout="constrained")
    figure.get_layout_engine().set(rect=_INSIDE)
    grid = figure.add_gridspec(1, 3, width_ratios=ratios)
    for panel, picture, norm, colours, title in (
        (grid[0], image, light, "gray", f"Frame as delivered, {band}"),
        (grid[1], error, dark, "cividis", "Error, 1 sigma"),
    ):
        axes = figure.add_subplot(panel)
        shown = axes.imshow(
            picture.values, norm=norm, cmap=colours, extent=picture.extent(), origin="lower"
        )
        axes.set(title=title, xlabel="x (pixels)", ylabel="y (pixels)")
        _colour_bar(figure, axes, shown)
    axes = _sky_axes(figure, grid[2], registered)
    shown = axes.imshow(registered.values, norm=light, cmap="gray", origin="lower")
    axes.set_title("Registered, north up")
    axes.set_facecolor(f"#{NO_DATA:02x}{NO_DATA:02x}{NO_DATA:02x}")
    _colour_bar(figure, axes, shown)
    return figure


def _light_scale(values):
    """Return a grey scale that shows the noise and all but the brightest pixels."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return AsinhNorm(3.0, vmin=-4.0, vmax=10.0)
    noise = mad_std(finite) or 1.0
    highest = max(10 * noise, np.percentile(finite, 99.9))
    return AsinhNorm(3 * noise, vmin=-4 * noise, vmax=highest)


def _error_scale(values):
    """Return a linear scale that holds almost all errors."""
    finite = values[np.isfinite(values)]
    low, high = np.percentile(finite, [0.5, 99]) if len(finite) else (0.0, 1.0)
    return Normalize(low, high if high > low else low + max(1.0, abs(low)))


def _colour_bar(figure, axes, shown):
    """Add the colour bar of an image in nanomaggies, with ticks at 1 and 3 of each decade."""
    bar = figure.colorbar(
        shown,
        ax=axes,
        orientation="horizontal",
        extend="both",
        label="nanomaggies per pixel",
        aspect=35,
        pad=0.02,
    )
    if isinstance(shown.norm, AsinhNorm):
        top = int(np.floor(np.log10(shown.norm.vmax)))
        decades = [digit * 10.0**power for power in range(top - 5, top + 1) for digit in (1, 3)]
        ticks = []
        for tick in [0.0, *decades]:
            apart = not ticks or shown.norm(tick) - shown.norm(ticks[-1]) > 0.15
            if tick < shown.norm.vmax and apart:
                ticks.append(tick)
        bar.set_ticks(ticks, labels=[f"{tick:g}" for tick in ticks], minor=False)
        bar.minorticks_off()
    else:
        bar.ax.locator_params(nbins=5)
