"""conda environments and requirements say the same, and have all that the rules import.

The channels are not asked. Checked are the form, the versions, that nothing is missing, and that
each package is in the channel where its public recipe lies.
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
PROGRAMS |= {"pip", "montage-wrapper", "montagepy"}
IMPORTED_AS = {
    "scikit-learn": "sklearn",
    "faiss-cpu": "faiss",
    "pyyaml": "yaml",
    "montagepy": "MontagePy",
    "pillow": "PIL",
}


#: packages that are not in conda-forge, and where they are
ELSEWHERE = {
    "snakemake-minimal": "bioconda",
    "montage-wrapper": "pip",
    "montagepy": "pip",
    "sfdmap2": "pip",
}

#: platforms of the programs by their public recipes (the conda-forge feedstocks) and wheels,
#: as of 2026-11-27
PLATFORMS = {
    "astromatic-source-extractor": {"linux-64", "osx-64", "osx-arm64"},
    "astromatic-swarp": {"linux-64", "osx-64", "osx-arm64"},
    "astromatic-psfex": {"linux-64", "osx-64"},
    "montagepy": {"linux-64", "osx-64", "osx-arm64"},
}


def pins(path):
    """Version of each package of an environment, by its name in lower case."""
    with open(path, encoding="utf-8") as file:
        items = yaml.safe_load(file)["dependencies"]
    found = dict(item.split("=") for item in items if isinstance(item, str))
    return found | pip_pins(path)


def pip_pins(path):
    """Version of each package that an environment takes from PyPI."""
    with open(path, encoding="utf-8") as file:
        items = yaml.safe_load(file)["dependencies"]
    texts = [text for item in items if isinstance(item, dict) for text in item["pip"]]
    return {name.lower(): version for name, version in (text.split("==") for text in texts)}


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
    assert content["channels"] in (
        ["conda-forge", "nodefaults"],
        ["conda-forge", "bioconda", "nodefaults"],
    )
    for item in content["dependencies"]:
        if isinstance(item, str):
            assert re.fullmatch(r"[a-z0-9_-]+=\d+(\.\d+)*", item), item


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.name)
def test_each_package_is_taken_from_where_it_is(path):
    channels = yaml.safe_load(path.read_text())["channels"]
    from_pypi = pip_pins(path)
    for name in pins(path):
        place = ELSEWHERE.get(name, "conda-forge")
        assert (place == "pip") == (name in from_pypi), name
        assert place == "pip" or place in channels, name


def test_what_has_no_build_for_a_platform_is_said():
    text = (ROOT / "envs/redpix.yaml").read_text()
    for name in pins(ROOT / "envs/redpix.yaml"):
        if "osx-arm64" not in PLATFORMS.get(name, {"osx-arm64"}):
            program = {"astromatic-psfex": "PSFEx"}[name]
            assert f"{program} has no build for Apple silicon" in " ".join(text.split())


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.name)
def test_versions_are_those_of_the_requirements(path):
    wanted = required()
    wanted["snakemake-minimal"] = wanted["snakemake"]
    for name, version in pins(path).items():
        own = name in ("python", "pip", "montagepy") or name.startswith("astromatic-")
        if not own:
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
