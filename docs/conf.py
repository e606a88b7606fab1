"""Configuration of the documentation: `sphinx-build -W --keep-going docs docs/_build`."""

import sys
import tomllib
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path[:0] = [str(DOCS / "_ext"), str(DOCS.parent / "scripts")]

project = "redpix"
author = "the redpix developers"
release = tomllib.loads((DOCS.parent / "pyproject.toml").read_text())["project"]["version"]
version = release

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
    "numpydoc",
    "myst_parser",
    "sphinx_design",
    "generated_pages",
]
exclude_patterns = ["_build", "survey.md"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
default_role = "py:obj"

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath", "amsmath"]
myst_heading_anchors = 4

autodoc_member_order = "bysource"
autodoc_typehints = "none"
# no tables of members: a class shows its fields and methods where it stands
numpydoc_show_class_members = False
numpydoc_xref_param_type = False
# a missing section is allowed; these are faults of a section that is there
numpydoc_validation_checks = {
    "GL06",  # unknown section
    "GL07",  # sections in the wrong order
    "PR02",  # a parameter that the signature does not have
    "PR10",  # no space before the colon of a parameter
}

html_theme = "pydata_sphinx_theme"
html_title = f"redpix {release}"
html_static_path = ["_static"]
html_css_files = ["redpix.css"]
html_theme_options = {
    "navigation_with_keys": False,
    "show_toc_level": 1,
    "header_links_before_dropdown": 6,
    "footer_start": [],
    "footer_end": [],
}
html_show_sourcelink = False
