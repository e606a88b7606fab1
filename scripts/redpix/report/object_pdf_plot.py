"""Plot of the chosen object: its PDF, the redshifts of its pixels, and its summed pixels."""

from bokeh.models import ColumnDataSource, Range1d, Span
from bokeh.plotting import figure


def pdf_plot(highest, size, tools):
    """Return the plot of the chosen object, which is empty at first.

    The page fills the sources ``pdf``, ``pixels`` and ``aperture``.

    Parameters
    ----------
    highest : float
        Upper end of the redshifts.
    size : (int, int)
        Width and height, CSS pixels.
    tools : str
        Names of Bokeh's tools.

    Returns
    -------
    figure
    """
    plot = figure(
        width=size[0],
        height=size[1],
        tools=tools,
        active_drag="box_select",
        x_range=(0, highest),
        y_range=Range1d(0, 1, name="densities"),
        x_axis_label="redshift",
        y_axis_label="probability density",
        title="PDF of the chosen object",
    )
    pixels = ColumnDataSource({"left": [], "right": [], "top": []}, name="pixels")
    plot.quad("left", "right", "top", 0, source=pixels, fill_color="#c9ced6", line_color=None)
    curve = ColumnDataSource({"z": [], "p": []}, name="pdf")
    plot.varea("z", 0, "p", source=curve, fill_color="#1f5583", fill_alpha=0.25)
    plot.line("z", "p", source=curve, line_color="#1f5583")
    aperture = ColumnDataSource({"z": [], "p": []}, name="aperture")
    plot.line("z", "p", source=aperture, line_color="#2a7d4f", line_dash="dashed")
    plot.add_layout(
        Span(location=None, dimension="height", line_color="#9a4b00", name="truth", visible=False)
    )
    plot.toolbar.logo = None
    return plot
