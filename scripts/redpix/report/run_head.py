"""The description of a run and the numbers at the top of its page."""

import yaml

from redpix.core.version import redpix_version
from redpix.report.change_stamps import add_curves
from redpix.report.page_scripts import blinking, own_script
from redpix.report.verdict_section import show_verdict
from redpix.report.viewer_section import join_viewers


def first_sections(template, products, run, methods, settings, folder, sections, exposed_by=()):
    """Return what the page begins with, by name in the template.

    Parameters
    ----------
    template : str
        Template of the page.
    products : redpix.report.run_files.RunFiles
        Files of the run.
    run : redpix.report.run_files.RunTables or None
        Fields and objects of the run, if it has fields.
    methods : list of redpix.report.method_results.MethodResult
        Products of each method.
    settings : dict
        Configuration of the run.
    folder : str
        Folder of its results.
    sections : dict
        Other sections of the page by name: the objects of ``explorer``, the transients of
        ``pairs``, the images of ``photometry``, ``star_viewers`` and ``field_viewers``, and the
        checks of ``training``.
    exposed_by : list of (str, list of str)
        Description of each pair and coadd of fields, and the names of its fields.

    Returns
    -------
    dict
        Version, head, verdict, viewers and scripts.
    """
    explorer = sections["explorer"]
    scripts = []
    if explorer:
        names = ("conditions.js", "objects.js", "fingers.js")
        own = [own_script(template, name) for name in names]
        scripts = [*explorer["scripts"], *own]
    add_curves(sections["pairs"], products.series)
    viewers = join_viewers(sections["star_viewers"], sections["field_viewers"])
    if viewers["data"]:
        scripts.append(own_script(template, "viewer.js"))
    return {
        "version": redpix_version(),
        "viewers": viewers,
        "verdict": show_verdict(products, run, methods, sections, exposed_by),
        **head(run, settings, folder),
        **blinking(template, sections["pairs"], scripts),
    }


def head(run, settings, folder):
    """Return the description and the numbers at the top of the page, by name in the template.

    Parameters
    ----------
    run : redpix.report.run_files.RunTables or None
        Fields and objects of the run, if it has fields.
    settings : dict
        Configuration of the run.
    folder : str
        Folder of its results.

    Returns
    -------
    dict
    """
    return {
        "run": {
            "name": settings["name"],
            "folder": folder,
            "settings": settings,
            "configuration": yaml.safe_dump(settings, sort_keys=False),
        },
        "sky": describe_sky(run) if run else None,
    }


def describe_sky(run):
    """Return the fields of a run, and the numbers at the top of the page.

    Parameters
    ----------
    run : redpix.report.run_files.RunTables
        Fields and objects of the run.

    Returns
    -------
    dict
    """
    total = run.whereabouts.iloc[-1].drop("class")
    objects = run.objects
    return {
        "delivered": run.delivered,
        "left_out": run.left_out,
        "totals": {
            **total,
            "known": objects["redshift"].count(),
            "pixels": objects["pixels"].sum(),
        },
    }
