"""The order of the rooms, and the sizes of what stands in them."""

import ast
from collections import Counter

import pytest
from conftest import ROOT
from redpix import ROOMS

PACKAGE = ROOT / "scripts/redpix"
MODULES = sorted(PACKAGE.glob("*/**/*.py"))

#: longest module and longest function, lines
LONGEST_MODULE, LONGEST_FUNCTION = 300, 60


def imported_rooms(path):
    """Return the rooms that a module imports from."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "redpix":
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module.startswith("redpix."):
            names.add(node.module.split(".")[1])
        elif isinstance(node, ast.Import):
            own = [alias.name for alias in node.names if alias.name.startswith("redpix.")]
            names |= {name.split(".")[1] for name in own}
    return names & set(ROOMS)


def name_of(path):
    return str(path.relative_to(PACKAGE))


def test_every_room_is_in_the_order():
    assert {path.parent.name for path in PACKAGE.glob("*/__init__.py")} == set(ROOMS)
    assert [path.name for path in PACKAGE.glob("*.py")] == ["__init__.py"]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_imports_from_its_own_room_and_those_above(path):
    own = ROOMS.index(path.relative_to(PACKAGE).parts[0])
    assert {room for room in imported_rooms(path) if ROOMS.index(room) > own} == set()


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_modules_and_functions_are_short(path):
    text = path.read_text()
    assert len(text.splitlines()) <= LONGEST_MODULE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno - node.lineno < LONGEST_FUNCTION, node.name


def test_no_class_name_stands_twice():
    trees = (ast.parse(path.read_text()) for path in MODULES)
    names = [node.name for tree in trees for node in tree.body if isinstance(node, ast.ClassDef)]
    assert [name for name, count in Counter(names).items() if count > 1] == []


def test_no_file_name_of_tests_stands_twice():
    # pytest imports test files by their names alone
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert [name for name, count in Counter(names).items() if count > 1] == []
