"""Each door calls one function, with the names of its rule."""

import ast
import importlib
import inspect
import re

import pytest
from redpix.core.code_versions import SCRIPTS
from workflow_rules import RULES, doors


def section(text, keyword):
    """Return the text of a section of a rule, such as ``input``."""
    found = re.search(rf"^( *){keyword}:\n((?:\1 +.*\n|\n)+)", text, re.MULTILINE)
    return (found[1] + "    ", found[2]) if found else ("", "")


def names_of_rule(text):
    """Return the names of a rule's inputs, outputs and parameters; and whether some are hidden."""
    names, hidden = set(), False
    for keyword in ("input", "output", "params"):
        indent, lines = section(text, keyword)
        names |= set(re.findall(rf"^{indent}(\w+)=", lines, re.MULTILINE))
        hidden |= "unpack(" in lines
    return names - {"code"}, hidden


def call_of(door):
    """Return the function that a door calls and the names it gives beside those of the rule."""
    tree = ast.parse((SCRIPTS / f"{door}.py").read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    call = next(node for node in calls if any(word.arg is None for word in node.keywords))
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    module = next(
        node.module for node in imports if call.func.id in {alias.name for alias in node.names}
    )
    function = getattr(importlib.import_module(module), call.func.id)
    return function, {word.arg for word in call.keywords if word.arg}


@pytest.mark.parametrize(("rule", "text", "door"), doors())
def test_the_function_takes_the_names_of_the_rule(rule, text, door):
    function, further = call_of(door)
    names, hidden = names_of_rule(text)
    parameters = inspect.signature(function).parameters.values()
    taken = {one.name for one in parameters if one.kind is not one.VAR_KEYWORD}
    required = {one.name for one in parameters if one.default is one.empty} & taken
    assert not names & further
    if not hidden:
        assert required <= names | further
    if all(one.kind is not one.VAR_KEYWORD for one in parameters):
        assert names | further <= taken


@pytest.mark.parametrize(("rule", "text", "door"), doors())
def test_the_function_describes_each_name(rule, text, door):
    function, _ = call_of(door)
    described = inspect.getdoc(function)
    for name in inspect.signature(function).parameters:
        assert re.search(rf"^(?:\*\*)?[\w, *]*\b{name}\b.*:", described, re.MULTILINE), name


@pytest.mark.parametrize(("rule", "text", "door"), doors())
def test_a_door_is_a_door(rule, text, door):
    tree = ast.parse((SCRIPTS / f"{door}.py").read_text())
    kinds = [type(node).__name__ for node in tree.body]
    assert kinds == ["Expr", "ImportFrom", "ImportFrom", "With"]


def test_no_name_of_a_rules_file_stands_in_another():
    """All files of rules share one namespace: the last of two functions of a name serves both."""
    pattern = re.compile(r"^def (\w+)\(|^([A-Z_]+) = ", re.MULTILINE)
    files = {}
    for path in RULES:
        for name in {
            function or constant for function, constant in pattern.findall(path.read_text())
        }:
            files.setdefault(name, []).append(path.name)
    assert {name: where for name, where in files.items() if len(where) > 1} == {}


def test_what_stages_share_is_short():
    common = next(path for path in RULES if path.name == "common.smk")
    assert len(common.read_text().splitlines()) < 150
