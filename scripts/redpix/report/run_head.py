"""The description of a run and the numbers at the top of its page."""

import yaml


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
