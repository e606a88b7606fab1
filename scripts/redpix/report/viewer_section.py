"""Join the images of all sections for the page's viewer."""

from functools import partial

from redpix.report.explorer_section import show_objects
from redpix.report.field_viewers import show_field_viewers
from redpix.report.pixel_viewer import page_json
from redpix.report.star_viewers import show_star_viewers


def join_viewers(stars, fields):
    """Return the images of the viewer and where each has its place on the page.

    Parameters
    ----------
    stars : dict
        From `redpix.report.star_viewers.show_star_viewers`.
    fields : dict of str to dict
        From `redpix.report.field_viewers.show_field_viewers`.

    Returns
    -------
    dict
        `data`, JSON, empty without images; `images` and `fields`: number of the viewer by name;
        `scales`, the scale of each viewer in words; `downloads`, by field: `regions` and `moc`;
        `charts`, whether stars have light curves.
    """
    viewers = stars["viewers"] + [one["viewer"] for one in fields.values()]
    content = {"viewers": viewers, "curves": stars["curves"], "scatter": stars["scatter"]}
    first = len(stars["viewers"])
    return {
        "data": page_json(content) if viewers else "",
        "images": {one["name"]: number for number, one in enumerate(stars["viewers"])},
        "scales": [one["scale"] for one in viewers],
        "fields": {name: first + number for number, name in enumerate(fields)},
        "downloads": {
            name: {key: value for key, value in one.items() if key != "viewer"}
            for name, one in fields.items()
        },
        "charts": bool(viewers and stars["scatter"]),
    }


def page_calls(products, run, methods, settings):
    """Return the calls that make what answers clicks: objects and images, by name.

    Parameters
    ----------
    products : redpix.report.run_files.RunFiles
        Files of the run.
    run : redpix.report.run_files.RunTables or None
        Fields and objects of the run, if it has fields.
    methods : list of redpix.report.method_results.MethodResult
        Products of each method.
    settings : dict
        Configuration of the run.

    Returns
    -------
    dict of str to callable
    """
    return {
        "star_viewers": partial(
            show_star_viewers,
            products.calibrated,
            products.stars,
            products.residuals,
            products.light_curves,
            settings["report"],
        ),
        "explorer": partial(show_objects, products, run, methods, settings),
        "field_viewers": partial(show_field_viewers, products, run, methods, settings),
    }
