"""The page on the walk of a pair against the code."""

import importlib
import re

from conftest import ROOT

PAGE = ROOT / "docs/develop/walk_of_a_pair.md"


def stays():
    """Return file and function of each stay on the page."""
    text = PAGE.read_text(encoding="utf-8")
    return re.findall(r"^\| \d+ \| (\S+)\.py \| `(\w+)` \|", text, re.MULTILINE)


def test_the_walk_is_short_and_enters_each_file_once():
    files = [file for file, _ in stays()]
    assert 8 <= len(files) <= 12
    assert len(set(files)) == len(files)
    assert len({file.split("/")[0] for file in files}) <= 6


def test_the_functions_of_the_walk_exist():
    for file, name in stays():
        module = importlib.import_module(f"redpix.{file.replace('/', '.')}")
        assert getattr(module, name).__module__ == module.__name__


def test_the_steps_are_called_in_the_order_of_the_page():
    """Each outline names the functions of the page, or the steps that call them, in this order."""
    text = (ROOT / "scripts/redpix/subtraction/subtract_pair.py").read_text(encoding="utf-8")
    body = text[text.index("pair = register_pair(") :]
    steps = ("register_pair(", "match_backgrounds(", "difference_planes(", "flag_edges(")
    places = [body.index(step) for step in (*steps, "find_transients(")]
    assert places == sorted(places)
