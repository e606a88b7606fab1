"""Plot of the chosen object: its PDFs, the redshifts of its pixels, and its summed pixels."""

from bokeh.models import ColumnDataSource, Legend, LegendItem, Range1d, Span
from bokeh.plotting import figure

#: name of the summed pixels among the estimates
APERTURE = "aperture"

#: colours and dashes of the combiners; they differ also for readers who do not see colours
STYLES = {
    "mean": ("#b3560b", "solid"),
    "weighted": ("#8a3f9e", "dotted"),
    "stacked": ("#c23b5a", "dashdot"),
    "tempered": ("#5b6b7a", "dotdash"),
    "summary": ("#2f7fb8", "solid"),
    APERTURE: ("#2a7d4f", "dashed"),
}

#: height of three rows of the legend, pixels
_LEGEND = 84


def pdf_plot(highest, size, tools, combiner="", others=()):
    """Return the plot of the chosen object, which is empty at first.

    The page fills the sources ``pdf`` and ``pixels``, and the source of each further estimate,
    which has its name with the prefix ``pdf-``.

    Parameters
    ----------
    highest : float
        Upper end of the redshifts.
    size : (int, int)
        Width and height without the legend, CSS pixels.
    tools : str
        Names of Bokeh's tools.
    combiner : str
        Name of the combiner whose PDF is that of the object.
    others : sequence of str
        Names of further estimates with PDFs. The summed aperture always has a line.

    Returns
    -------
    figure
    """
    plot = figure(
        width=size[0],
        height=size[1] + _LEGEND,
        tools=tools,
        active_drag="box_select",
        x_range=(0, highest),
        y_range=Range1d(0, 1, name="densities"),
        x_axis_label="redshift",
        y_axis_label="probability density",
        title="PDF of the chosen object",
    )
    bars = ColumnDataSource({"left": [], "right": [], "top": []}, name="pixels")
    drawn = [
        plot.quad("left", "right", "top", 0, source=bars, fill_color="#c9ced6", line_color=None)
    ]
    curve = ColumnDataSource({"z": [], "p": []}, name="pdf")
    area = plot.varea("z", 0, "p", source=curve, fill_color="#1f5583", fill_alpha=0.25)
    edge = plot.line("z", "p", source=curve, line_color="#1f5583", line_width=2)
    items = [LegendItem(label=combiner or "object", renderers=[area, edge])]
    items.append(LegendItem(label="pixels", renderers=drawn))
    for name in dict.fromkeys([*others, APERTURE]):
        source = ColumnDataSource({"z": [], "p": []}, name=f"pdf-{name}")
        colour, dash = STYLES.get(name, ("#444444", "solid"))
        line = plot.line("z", "p", source=source, line_color=colour, line_dash=dash, line_width=1.4)
        items.append(LegendItem(label=name, renderers=[line]))
    plot.add_layout(_legend(items), "below")
    plot.add_layout(
        Span(location=None, dimension="height", line_color="#9a4b00", name="truth", visible=False)
    )
    plot.toolbar.logo = None
    return plot


def _legend(items):
    """Return a legend in three columns; a click on an entry hides its curve."""
    return Legend(
        items=items,
        ncols=3,
        click_policy="hide",
        border_line_color=None,
        label_text_font_size="11px",
        label_standoff=3,
        glyph_width=16,
        glyph_height=14,
        spacing=6,
        padding=2,
        margin=0,
    )
