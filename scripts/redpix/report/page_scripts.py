"""Scripts of a page, and the policy that lets it run these alone."""

from pathlib import Path

from redpix.report.change_stamps import stamps_json
from redpix.report.page_policy import policy


def own_script(template, name):
    """Return a script that lies beside the template of a page.

    Parameters
    ----------
    template : str
        Template of the page.
    name : str
        Name of the script.

    Returns
    -------
    str
    """
    return Path(template).with_name(name).read_text(encoding="utf-8")


def blinking(template, pairs, others=()):
    """Return the transients with their cut-outs and all scripts of a page, by name in the template.

    Parameters
    ----------
    template : str
        Template of the page.
    pairs : list of dict
        From `redpix.report.difference_section.show_pairs`.
    others : sequence of str
        Scripts of other sections of the page.

    Returns
    -------
    dict
        `stamps`, JSON; `scripts`; and `policy`.
    """
    stamps = stamps_json(pairs)
    scripts = [*others, own_script(template, "changes.js")] if stamps else list(others)
    return {"stamps": stamps, "scripts": scripts, "policy": policy(scripts)}
