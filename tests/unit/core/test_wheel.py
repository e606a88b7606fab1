"""The package as pip installs it."""

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile

import pytest
from conftest import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

#: imports every module of the installed package, and prints where it lies and its version
IMPORT_ALL = """
import importlib, pkgutil, redpix
from redpix.core.version import redpix_version
for module in pkgutil.walk_packages(redpix.__path__, "redpix."):
    importlib.import_module(module.name)
print(redpix.__file__, redpix_version(), sep="\\n")
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Return a folder that holds the content of the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(
        ROOT / "scripts", source / "scripts", ignore=shutil.ignore_patterns("__pycache__")
    )
    # pip would give the build its own environment, and fetch setuptools for it
    build = f"from setuptools.build_meta import build_wheel; build_wheel({str(folder)!r})"
    subprocess.run([sys.executable, "-c", build], cwd=source, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    target = folder / "site-packages"
    zipfile.ZipFile(wheel).extractall(target)
    return target


def test_every_module_imports_without_the_checkout(installed, tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(installed), "PYTHONDONTWRITEBYTECODE": "1"}
    run = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == [str(installed / "redpix/__init__.py"), PROJECT["version"]]


def test_the_wheel_holds_all_modules(installed):
    def modules(folder):
        return {path.relative_to(folder) for path in (folder / "redpix").rglob("*.py")}

    assert modules(installed) == modules(ROOT / "scripts")


def test_the_doors_are_not_installed(installed):
    assert [path.name for path in installed.iterdir() if path.suffix == ".py"] == []


def test_pip_asks_for_what_the_pinned_environment_holds():
    lines = (ROOT / "envs/requirements.in").read_text().splitlines()
    pins = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    pins = {canonicalize_name(package): version for package, version in pins.items()}
    extras = PROJECT["optional-dependencies"].values()
    asked = [Requirement(text) for texts in (PROJECT["dependencies"], *extras) for text in texts]
    names = [canonicalize_name(requirement.name) for requirement in asked]
    assert sorted(names) == sorted(pins)
    for name, requirement in zip(names, asked, strict=True):
        assert requirement.specifier.contains(pins[name]), f"{requirement} against {pins[name]}"
