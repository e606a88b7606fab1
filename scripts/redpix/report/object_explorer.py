"""A table of objects and linked plots that answer clicks, built with Bokeh.

Bokeh draws the plots and the table, links them and sorts. It comes from PyPI with its licence, and
its scripts are written into the page, so that the page opens without a network.
"""

import re

from bokeh.embed import components
from bokeh.models import (
    CDSView,
    ColumnDataSource,
    DataTable,
    IndexFilter,
    NumberFormatter,
    Span,
    TableColumn,
)
from bokeh.plotting import figure
from bokeh.resources import Resources

from redpix.report.object_pdf_plot import pdf_plot

#: scripts of Bokeh that the page needs
PARTS = ("bokeh", "bokeh-widgets", "bokeh-tables")

#: colour of each class; other classes are grey
CLASSES = {"GALAXY": "#1f5583", "QSO": "#9a4b00", "STAR": "#7a2f8f"}

#: width and height of a plot, pixels
PLOT = (330, 290)

#: maximum number of objects that the plots draw: those furthest off, then others evenly. The table
#: has all. Columns of more objects have single precision, except coordinates
MOST_DRAWN = 10_000

#: tools of each plot
TOOLS = "pan,wheel_zoom,box_select,lasso_select,tap,reset"

#: random name of a document or a place
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"

#: title and decimals of each column of the table
COLUMNS = {
    "object": ("object", None),
    "field": ("field", None),
    "class": ("class", None),
    "split": ("set", None),
    "n_pixels": ("pixels", 0),
    "magnitude": ("magnitude", 2),
    "redshift": ("z", 4),
    "z_phot": ("z_phot", 4),
    "z_error": ("error", 4),
    "deviation": ("Δz / (1 + z)", 4),
    "pit": ("PIT", 3),
    "ra": ("RA (deg)", 5),
    "dec": ("Dec (deg)", 5),
}


#: style of the table: numbers and their titles on the right; focus and choice are in sight
_STYLE = """
.slick-header-column:focus-visible, .slick-viewport:focus-visible {
  outline: 2px solid #1f5583 !important; outline-offset: -2px;
}
.slick-header-column:nth-child(n + 5) .slick-column-name { float: right; padding-right: 4px; }
.slick-cell.selected { background: #ffe39a !important; }
"""


def library():
    """Return the scripts of Bokeh.

    Returns
    -------
    list of str
    """
    *scripts, _ = Resources(mode="inline", minified=True, components=list(PARTS)).js_raw
    # the last one would write to the console of the browser
    return [*scripts, 'Bokeh.require("core/logging").logger.set_level("error");']


def explore(table, band, colours, highest, combiner="", others=()):
    """Return the table of objects and the plots that are linked with it.

    Parameters
    ----------
    table : DataFrame
        The columns of `COLUMNS`, and those named in `colours`.
    band : str
        Band of the magnitudes.
    colours : tuple of str
        Two columns of colours, or none.
    highest : float
        Upper end of the redshifts of PDFs.
    combiner : str
        Name of the combiner whose PDF is that of the object.
    others : sequence of str
        Names of further estimates with PDFs.

    Returns
    -------
    script, div : str
        Script that draws, without its tags, and the places in the page where it draws: plots that
        stand side by side as far as the page is wide, and the table.
    """
    data = {name: column_of(table, name) for name in (*COLUMNS, *colours)}
    data["colour"] = [CLASSES.get(name, "#667788") for name in table["class"]]
    source = ColumnDataSource(data, name="objects")
    shown = IndexFilter(list(range(len(table))), name="shown")
    # the page chooses the objects that plots draw
    drawn = IndexFilter(list(range(min(len(table), MOST_DRAWN))), name="drawn")
    figures = plots(source, CDSView(filter=drawn), band, colours)
    figures.append(pdf_plot(highest, PLOT, TOOLS, combiner, others))
    for plot in figures:
        plot.toolbar.autohide = True
    rows = objects_table(source, CDSView(filter=shown))
    script, divs = components((*figures, rows), wrap_script=False)
    places = f'<div class="plots">{"".join(divs[:-1])}</div><div class="rows">{divs[-1]}</div>'
    return numbered(script, places)


def column_of(table, name):
    """Return a column of the objects, in single precision if it is one of very many numbers.

    Parameters
    ----------
    table : DataFrame
        Objects.
    name : str
        Column.

    Returns
    -------
    ndarray
    """
    values = table[name].to_numpy()
    many = len(values) > MOST_DRAWN and values.dtype.kind == "f"
    return values.astype("f4") if many and name not in ("ra", "dec") else values


def numbered(script, div, prefix="p"):
    """Return the script and the place of a document with names that do not change between runs.

    Bokeh counts its models from the start of a process, and names a document by a random number.

    Parameters
    ----------
    script, div : str
        From `bokeh.embed.components`.
    prefix : str
        Beginning of the names; a page with several documents has one for each.

    Returns
    -------
    script, div : str
    """
    pattern = rf"{_UUID}|(?<=\")p\d{{4,}}(?=\")"
    names = {}
    for name in re.findall(pattern, script):
        names.setdefault(name, f"{prefix}{len(names) + 1}")
    return tuple(re.sub(pattern, lambda found: names[found[0]], text) for text in (script, div))


def plots(source, view, band, colours):
    """Return the plots of objects.

    Parameters
    ----------
    source : ColumnDataSource
        The objects.
    view : CDSView
        The objects that pass the filter.
    band : str
        Band of the magnitudes.
    colours : tuple of str
        Two columns of colours, or none.

    Returns
    -------
    list of figure
    """
    redshifts = scatter(source, view, ("redshift", "true redshift"), ("z_phot", "z_phot"))
    redshifts.line([0, 10], [0, 10], line_color="#888888", line_dash="dotted")
    redshifts.x_range.range_padding = redshifts.y_range.range_padding = 0.05
    redshifts.x_range.bounds = redshifts.y_range.bounds = None
    deviation = scatter(
        source, view, ("magnitude", f"magnitude in {band}"), ("deviation", "Δz / (1 + z)")
    )
    for height in (-0.15, 0.0, 0.15):
        line = Span(location=height, dimension="width", line_color="#888888", line_dash="dotted")
        deviation.add_layout(line)
    pit = scatter(source, view, ("z_phot", "z_phot"), ("pit", "PIT of the true redshift"))
    sky = scatter(source, view, ("ra", "right ascension (deg)"), ("dec", "declination (deg)"))
    sky.x_range.flipped = True
    found = [redshifts, deviation, pit, sky]
    if colours:
        across, up = ((name, f"{name} (mag)") for name in colours)
        found.insert(3, scatter(source, view, across, up))
    return found


def scatter(source, view, horizontal, vertical, size=PLOT, colour="colour"):
    """Return a plot of one column of the objects against another.

    Parameters
    ----------
    source : ColumnDataSource
        The objects.
    view : CDSView
        The objects that pass the filter.
    horizontal, vertical : (str, str)
        Column and label of each axis.
    size : (int, int)
        Width and height of the plot, CSS pixels.
    colour : str
        Column with the colours of the points, or one colour.

    Returns
    -------
    figure
    """
    plot = figure(
        width=size[0],
        height=size[1],
        tools=TOOLS,
        active_drag="box_select",
        x_axis_label=horizontal[1],
        y_axis_label=vertical[1],
    )
    points = plot.scatter(
        horizontal[0],
        vertical[0],
        source=source,
        view=view,
        size=5,
        color=colour,
        alpha=0.65,
        line_color=None,
        selection_color="#d62728",
        selection_alpha=1.0,
        nonselection_alpha=0.12,
    )
    plot.x_range.renderers = plot.y_range.renderers = [points]
    plot.toolbar.logo = None
    return plot


def objects_table(source, view):
    """Return the table of objects: sorted by a click on a column, drawn as far as it shows.

    Parameters
    ----------
    source : ColumnDataSource
        The objects.
    view : CDSView
        The objects that pass the filter.

    Returns
    -------
    DataTable
    """
    columns = []
    for name, (title, decimals) in COLUMNS.items():
        format_ = "0" if not decimals else f"0.{decimals * '0'}"
        number = NumberFormatter(format=format_, text_align="right")
        options = {} if decimals is None else {"formatter": number}
        columns.append(TableColumn(field=name, title=title, **options))
    return DataTable(
        source=source,
        view=view,
        columns=columns,
        height=300,
        sizing_mode="stretch_width",
        min_width=900,
        index_position=None,
        reorderable=False,
        selectable=True,
        # the page scrolls when an object is chosen, not when the table is sorted
        scroll_to_selection=False,
        name="table",
        stylesheets=[_STYLE],
    )
