"""conda environments and requirements say the same, and have all that the rules import.

The channels are not asked: what is checked is the form, the versions, and that nothing is missing.
"""

import ast
import re
import sys
from pathlib import Path

import pytest
import yaml
from redpix.core.code_versions import SCRIPTS, code_files
from workflow_rules import doors

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENTS = sorted((ROOT / "envs").glob("*.yaml"))

#: packages that only conda has, or has under another name than the one that is imported
PROGRAMS = {"python", "snakemake-minimal"}
IMPORTED_AS = {"scikit-learn": "sklearn", "faiss-cpu": "faiss", "pyyaml": "yaml"}


def pins(path):
    """Version of each package of an environment."""
    with open(path, encoding="utf-8") as file:
        return dict(item.split("=") for item in yaml.safe_load(file)["dependencies"])


def required():
    """Version of each package of requirements.in."""
    lines = (ROOT / "envs/requirements.in").read_text().splitlines()
    pairs = (line.split("==") for line in lines if "==" in line)
    return {name.lower().replace("_", "-"): version for name, version in pairs}


def imports(door):
    """Return the foreign packages that a door imports, directly or through our modules."""
    names = set()
    for path in code_files(door):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add(node.module.split(".")[0])
    ours = {path.stem for path in SCRIPTS.glob("*")}
    return names - ours - set(sys.stdlib_module_names)


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.name)
def test_form(path):
    content = yaml.safe_load(path.read_text())
    assert set(content) <= {"name", "channels", "dependencies"}
    assert content["channels"] == ["conda-forge", "nodefaults"]
    for item in content["dependencies"]:
        assert re.fullmatch(r"[a-z0-9_-]+=\d+(\.\d+)*", item), item


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.name)
def test_versions_are_those_of_the_requirements(path):
    wanted = required()
    wanted["snakemake-minimal"] = wanted["snakemake"]
    for name, version in pins(path).items():
        if name != "python" and not name.startswith("astromatic-"):
            assert wanted[name] == version, name


def rules_with_environment():
    for case in doors():
        _, text, door = case.values
        found = re.search(r'conda:\s+"\.\./\.\./envs/(\w+\.yaml)"', text)
        yield pytest.param(door, found and ROOT / "envs" / found[1], id=case.id)


@pytest.mark.parametrize(("door", "path"), list(rules_with_environment()))
def test_an_environment_has_what_its_rules_import(door, path):
    assert path is not None, "rule without conda:"
    there = {IMPORTED_AS.get(name, name).replace("-", "_") for name in pins(path)}
    optional = {"array_api_compat", "cupy", "torch"}
    assert imports(door) - there - optional == set()


def test_nothing_in_an_environment_is_idle():
    cases = [case.values for case in rules_with_environment()]
    for path in {path for _, path in cases}:
        used = set().union(*(imports(script) for script, env in cases if env == path))
        for name in pins(path).keys() - PROGRAMS:
            if not name.startswith("astromatic-"):
                assert IMPORTED_AS.get(name, name).replace("-", "_") in used, name
