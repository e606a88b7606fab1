"""Sphinx extension: write the pages that are made from the schemas and from the package."""

import re
from pathlib import Path

import api_pages
import schema_pages

_CODE_OR_BAR = re.compile(r"(``.*?``|`[^`]*`)|\|")
ROOT = Path(__file__).resolve().parents[2]


def setup(app):
    """Register the pages' writer, to run before sources are read."""
    app.connect("builder-inited", write_pages)
    app.connect("autodoc-process-docstring", escape_bars, priority=100)
    return {"parallel_read_safe": True, "version": "1"}


def write_pages(app):
    """Write every generated page whose text has changed."""
    api_pages.write(ROOT / "scripts/redpix", Path(app.srcdir) / "reference/api")
    schema_pages.write(Path(app.srcdir) / "reference")


def escape_bars(app, what, name, obj, options, lines):
    """Escape the bars of absolute values in a docstring: |dz| is not a substitution."""
    lines[:] = [_CODE_OR_BAR.sub(lambda found: found[1] or "\\|", line) for line in lines]
