"""Show the difference of one pair of files on a separate page."""

from redpix.core.atomic_files import write_text
from redpix.core.job import log
from redpix.core.version import redpix_version
from redpix.report import difference_section, files
from redpix.report.figures import house_style
from redpix.report.known_objects import unanswered
from redpix.report.page_scripts import blinking
from redpix.report.verdict_section import verdict_of_pair


def write_pair_report(difference, transients, catalogues, template, page, science, reference, pair):
    """Write the page of one pair of files.

    Parameters
    ----------
    difference : str
        FITS file of the difference image.
    transients : str
        CSV of the transients of the pair.
    catalogues : list of str
        Tables of known objects in the field, if the user chose them.
    template : str
        Jinja template of the page.
    page : str
        HTML file to write.
    science, reference : str
        Names of the two images as the user gave them.
    pair : str
        Name of the pair.
    """
    with house_style():
        pairs = difference_section.show_pairs([difference], [transients], None)
    text = files.render(
        template,
        version=redpix_version(),
        name=pair,
        science=science,
        reference=reference,
        pairs=pairs,
        verdict=verdict_of_pair(difference),
        unanswered=unanswered(catalogues),
        **blinking(template, pairs),
    )
    write_text(page, text)
    log.info("%s: %.1f MB", page, len(text) / 1e6)
