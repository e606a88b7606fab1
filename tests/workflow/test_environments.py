"""conda environments and requirements say the same, and have all that the rules import.

The channels are not asked: the tables `CONDA` and `FEEDSTOCKS` say what their public recipes show,
and when. So the conda part of an environment holds few packages, of versions that recipes have.
PyPI gives the others, at the versions of the requirements. No solver has run on the channels' own
indices.
"""

import ast
import re
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from packaging.specifiers import SpecifierSet
from redpix.core.code_versions import SCRIPTS, code_files
from redpix.core.environments import images_environment
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

#: platforms on which people work
PLATFORMS = frozenset({"linux-64", "linux-aarch64", "osx-64", "osx-arm64"})


class CondaPackage(NamedTuple):
    """A package of a channel, by its public recipe or page."""

    channel: str
    versions: frozenset
    platforms: frozenset
    as_of: str


def conda(channel, versions, platforms, as_of):
    """Return a package; `versions` and `platforms` are words, the platform noarch runs anywhere."""
    where = PLATFORMS if platforms == "noarch" else frozenset(platforms.split())
    return CondaPackage(channel, frozenset(versions.split()), where, as_of)


#: date of the check: recipes of the feedstocks and of bioconda were publicly readable as follows
CHECKED = "2026-11-28"

#: channel, versions, platforms that are built, and the date of the recipe
CONDA = {
    "python": conda("conda-forge", "3.11 3.12", " ".join(PLATFORMS), "2026-06-12"),
    "pip": conda("conda-forge", "26.0 26.0.1", "noarch", "2026-02-05"),
    "astromatic-source-extractor": conda(
        "conda-forge", "2.28.2", "linux-64 osx-64 osx-arm64", "2025-04-09"
    ),
    "astromatic-psfex": conda("conda-forge", "3.24.2", "linux-64 osx-64", "2024-11-06"),
    "astromatic-swarp": conda("conda-forge", "2.41.5", "linux-64 osx-64 osx-arm64", "2026-05-17"),
    # the versions that the channel listed, those after 9.21.0 for snakemake, which needs the same
    # version of snakemake-minimal; 9.27.1 is newer than the list
    "snakemake-minimal": conda("bioconda", "9.19.0 9.20.0 9.21.0 9.21.1 9.22.0", "noarch", "2026"),
}

#: version of the main branch of the feedstock of each Python package on the date of the check, and
#: the date of its recipe; None where conda-forge has no feedstock
FEEDSTOCKS = {
    "astropy": ("7.0.2", "2025-05-13"),
    "astropy-healpix": ("2.0.1", "2026-07-21"),
    "astroquery": ("0.4.11", "2026-04-23"),
    "astroscrappy": ("1.2.0", "2026-04-23"),
    "bokeh": ("3.9.0", "2026-04-23"),
    "ccdproc": ("2.5.1", "2026-04-23"),
    "drizzle": None,
    "faiss-cpu": ("1.14.3", "2026-08-12"),
    "fastavro": ("1.12.2", "2026-04-27"),
    "galsim": ("2.7.2", "2025-05-07"),
    "h5py": ("3.16.0", "2026-08-18"),
    "jinja2": ("3.1.6", "2025-03-06"),
    "joblib": ("1.5.3", "2026-03-16"),
    "matplotlib": ("3.11.0", "2026-06-30"),
    "montage-wrapper": None,
    "montagepy": None,
    "numpy": ("2.5.1", "2026-07-05"),
    "pandas": ("3.0.3", "2026-05-12"),
    "pillow": ("12.0.0", "2025-10-28"),
    "pyarrow": ("25.0.0", "2026-07-17"),
    "pyyaml": ("6.0.3", "2025-09-26"),
    "reproject": ("0.19.0", "2025-11-15"),
    "requests": ("2.33.1", "2026-04-24"),
    "scikit-learn": ("1.8.0", "2025-12-24"),
    "scipy": ("1.18.0", "2026-06-20"),
    "sep": ("1.4.1", "2025-08-30"),
    "sfdmap2": None,
    "speclite": ("0.20", "2024-12-25"),
    "threadpoolctl": ("3.6.0", "2026-04-24"),
    "urllib3": ("2.6.3", "2026-01-07"),
}

#: platforms of wheels that do not exist for all, with the version of the requirements and
#: Python 3.11, as of 2026-11-28
WHEELS = {
    "montagepy": frozenset({"linux-64", "osx-64", "osx-arm64"}),
    "galsim": frozenset({"linux-64", "osx-64", "osx-arm64"}),
    "drizzle": frozenset({"linux-64", "osx-arm64"}),
    "faiss-cpu": frozenset({"linux-64", "linux-aarch64", "osx-arm64"}),
}

#: environments of jobs, and the platforms for which each of their packages has a build
SOLVED_ON = {
    "images.yaml": {"linux-64"},
    "images_arm.yaml": {"linux-64", "osx-arm64"},
    "python.yaml": {"linux-64", "osx-arm64"},
    "redpix.yaml": {"linux-64", "osx-64"},
}


def pins(path):
    """Version of each package of an environment, by its name in lower case."""
    return conda_pins(path) | pip_pins(path)


def conda_pins(path):
    """Version, or range of versions, of each package that an environment takes from conda."""
    with open(path, encoding="utf-8") as file:
        items = yaml.safe_load(file)["dependencies"]
    texts = (re.fullmatch(r"([a-z0-9_-]+)=?(.+)", item) for item in items if isinstance(item, str))
    return {text[1]: text[2] for text in texts}


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
            number = r"\d+(\.\d+)*"
            assert re.fullmatch(rf"[a-z0-9_-]+(={number}|>={number},<{number})", item), item


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.name)
def test_conda_packages_have_the_version_in_a_channel_of_the_environment(path):
    channels = yaml.safe_load(path.read_text())["channels"]
    for name, version in conda_pins(path).items():
        package = CONDA[name]
        allowed = SpecifierSet(version if version[0] in "<>" else f"=={version}")
        assert package.channel in channels, name
        assert any(allowed.contains(one) for one in package.versions), (name, version)


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.name)
def test_what_conda_does_not_have_comes_from_pypi(path):
    assert set(FEEDSTOCKS) >= pip_pins(path).keys(), "a package that was not looked up"
    assert not FEEDSTOCKS.keys() & conda_pins(path).keys()
    # not from both, where one would overwrite the other
    assert not conda_pins(path).keys() & pip_pins(path).keys()


@pytest.mark.parametrize("name", ["images", "images_arm", "python"])
def test_a_recipe_states_another_version_than_that_of_the_requirements(name):
    """This is why PyPI gives the Python packages, as the environments say."""
    path = ROOT / f"envs/{name}.yaml"
    recipes = {name: entry and entry[0] for name, entry in FEEDSTOCKS.items()}
    assert [name for name, version in pip_pins(path).items() if recipes[name] != version] != []
    assert "Not all of these versions are in conda-forge" in path.read_text().replace("\n# ", " ")


def test_no_recipe_is_newer_than_the_check():
    dates = [package.as_of for package in CONDA.values()]
    dates += [entry[1] for entry in FEEDSTOCKS.values() if entry]
    assert max(dates) <= CHECKED
    assert set(FEEDSTOCKS) == {name for path in ENVIRONMENTS for name in pip_pins(path)}


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.name)
def test_an_environment_has_builds_for_its_platforms(path):
    platforms = [CONDA[name].platforms for name in conda_pins(path)]
    platforms += [WHEELS[name] for name in pip_pins(path) if name in WHEELS]
    assert frozenset.intersection(*platforms) == SOLVED_ON[path.name]


@pytest.mark.parametrize("platform", ["linux-64", "osx-arm64"])
def test_the_environment_of_images_is_one_of_the_platform(platform, monkeypatch):
    monkeypatch.setenv("CONDA_SUBDIR", platform)
    name = images_environment()
    assert platform in SOLVED_ON[name]
    # PSFEx is left out only where it has no build
    assert ("astromatic-psfex" in conda_pins(ROOT / "envs" / name)) == (
        platform in CONDA["astromatic-psfex"].platforms
    )


@pytest.mark.parametrize(
    ("system", "machine", "expected"),
    [
        ("Darwin", "arm64", "images_arm.yaml"),
        ("Darwin", "x86_64", "images.yaml"),
        ("Linux", "x86_64", "images.yaml"),
    ],
)
def test_the_platform_is_that_of_the_machine(system, machine, expected, monkeypatch):
    monkeypatch.delenv("CONDA_SUBDIR", raising=False)
    monkeypatch.setattr("platform.system", lambda: system)
    monkeypatch.setattr("platform.machine", lambda: machine)
    assert images_environment() == expected


def test_the_environments_of_images_differ_in_psfex_alone():
    with_psfex, without = (
        pins(ROOT / "envs" / f"{name}.yaml") for name in ("images", "images_arm")
    )
    assert with_psfex.items() - without.items() == {("astromatic-psfex", "3.24.2")}
    assert not without.items() - with_psfex.items()


def test_what_has_no_build_for_a_platform_is_said():
    page = (ROOT / "docs/guides/cluster.md").read_text()
    for text in ((ROOT / "envs/redpix.yaml").read_text().replace("#", " "), page):
        words = " ".join(text.split())
        assert "PSFEx has no build for Apple silicon" in words
        assert "None of the programs has a build for ARM Linux" in words
    words = " ".join(page.split())
    assert "Linux on x86-64 and on Apple silicon" in words
    assert SOLVED_ON["python.yaml"] == {"linux-64", "osx-arm64"}


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.name)
def test_versions_are_those_of_the_requirements(path):
    wanted = required()
    wanted["snakemake-minimal"] = wanted["snakemake"]
    for name, version in pins(path).items():
        own = name in ("python", "pip", "montagepy") or name.startswith("astromatic-")
        if not own:
            allowed = SpecifierSet(version if version[0] in "<>" else f"=={version}")
            assert allowed.contains(wanted[name]), name


def rules_with_environment():
    for case in doors():
        _, text, door = case.values
        found = re.search(r'conda:\s+(?:"\.\./\.\./envs/(\w+\.yaml)"|IMAGES_ENVIRONMENT)', text)
        yield pytest.param(door, found and ROOT / "envs" / (found[1] or "images.yaml"), id=case.id)


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
