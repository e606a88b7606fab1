"""Sphinx extension: write the pages that are made from the schemas and from the package."""

import re
from pathlib import Path

import api_pages
import schema_pages

#: pages that come first in a list of pages, in the order in which they are read
FIRST = [
    "quick_start",
    "sdss_region",
    "two_files",
    "pairs_and_stacks",
    "ccd_night",
    "magnitudes",
    "training_images",
    "large_survey",
    "cluster",
    "graphics_card",
    "library",
    "architecture",
    "style",
    "glossary",
    "testing",
    "documentation",
]

_CODE_OR_BAR = re.compile(r"(``.*?``|`[^`]*`)|\|")
ROOT = Path(__file__).resolve().parents[2]


def setup(app):
    """Register the pages' writer, to run before sources are read."""
    app.connect("builder-inited", write_pages)
    app.connect("source-read", list_pages)
    app.connect("autodoc-process-docstring", escape_bars, priority=100)
    return {"parallel_read_safe": True, "version": "1"}


def write_pages(app):
    """Write every generated page whose text has changed."""
    api_pages.write(ROOT / "scripts/redpix", Path(app.srcdir) / "reference/api")
    schema_pages.write(Path(app.srcdir) / "reference")


def list_pages(app, docname, source):
    """Replace a line such as ``guides/*`` in a toctree by the pages of the folder, in order."""
    folder = Path(app.srcdir) / docname
    if source[0].count(f"\n{docname}/*\n") == 1:
        names = sorted((path.stem for path in folder.glob("*.md")), key=_place)
        lines = "\n".join(f"{docname}/{name}" for name in names)
        source[0] = source[0].replace(f"\n{docname}/*\n", f"\n{lines}\n")


def _place(name):
    return (FIRST.index(name) if name in FIRST else len(FIRST), name)


def escape_bars(app, what, name, obj, options, lines):
    """Escape the bars of absolute values in a docstring: |dz| is not a substitution."""
    lines[:] = [_CODE_OR_BAR.sub(lambda found: found[1] or "\\|", line) for line in lines]
