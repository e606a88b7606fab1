"""Every module of ours that a rule's script imports is an input of the rule.

Snakemake reruns a rule when its script changes, not when a module that the script imports does;
so the rules name them, and this holds the rules to it.
"""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "scripts"
RULES = sorted((ROOT / "workflow/rules").glob("*.smk"))


def imported(path):
    """Files of ours that a module imports, directly or through others."""
    found, open_ends = set(), [path]
    while open_ends:
        for name in module_names(ast.parse(open_ends.pop().read_text())):
            for candidate in (SCRIPTS / f"{name}.py", SCRIPTS / name / "__init__.py"):
                if candidate.exists() and candidate not in found:
                    found.add(candidate)
                    open_ends.append(candidate)
    return found


def module_names(tree):
    """Paths, without suffix, of modules that a syntax tree imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.replace(".", "/") for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            base = node.module.replace(".", "/")
            yield base
            yield from (f"{base}/{alias.name}" for alias in node.names)


def rules():
    """Name, text and script of every rule that runs a script."""
    for path in RULES:
        parts = re.split(r"^\s*(?:rule|checkpoint) *(\w*):$", path.read_text(), flags=re.MULTILINE)
        for name, text in zip(parts[1::2], parts[2::2], strict=True):
            script = re.search(r'"\.\./\.\./scripts/(\w+\.py)"', text)
            if script:
                yield pytest.param(text, SCRIPTS / script[1], id=name or script[1])


@pytest.mark.parametrize(("text", "script"), rules())
def test_each_rule_has_a_log_and_a_benchmark(text, script):
    assert re.search(r"^ *log:$", text, re.MULTILINE)
    assert re.search(r"^ *benchmark:$", text, re.MULTILINE)


def calls(text, function):
    """Arguments of each call of a function, brackets balanced."""
    for start in re.finditer(rf"\b{function}\(", text):
        depth, end = 1, start.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        yield text[start.end() : end - 1]


def declared(text):
    """Files of ours that a rule names as inputs with library() and shared_scripts()."""
    found = set()
    for function, folder in (("library", SCRIPTS / "redpix"), ("shared_scripts", SCRIPTS)):
        for call in calls(text, function):
            names = re.findall(r'"(\w[\w/]*)"', call)
            if "glob" in call:  # all modules of a package
                names = [name for name in names if not name.startswith("redpix/")]
                package = re.search(r'"redpix/(\w+)"', call)[1]
                found |= set((SCRIPTS / "redpix" / package).glob("*.py"))
            found |= {folder / f"{name}.py" for name in names}
    return found


@pytest.mark.parametrize(("text", "script"), list(rules()))
def test_modules_are_inputs(text, script):
    packages = {SCRIPTS / "redpix/__init__.py"}  # says nothing that a result depends on
    needed = imported(script) - packages
    assert needed
    assert needed - declared(text) == set()
    assert {path for path in declared(text) if not path.exists()} == set()
    unused = {path for path in declared(text) - needed if path.name != "__init__.py"}
    assert unused == set()
