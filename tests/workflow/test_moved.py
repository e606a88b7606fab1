"""A finished project is finished wherever it lies; changed code runs the jobs that import it."""

import json
import re
import shutil

import pytest
from conftest import ROOT, run_words
from small import COARSE, FIELDS, configuration, copy_archive, copy_catalogue
from warm_python import warm_python

#: what a copy of the project needs to run
PARTS = ("Snakefile", "pyproject.toml", "config", "envs", "resources", "scripts", "workflow")


def words(folder, *arguments):
    """Return a command line of Snakemake for the project in a folder."""
    settings = json.loads((folder / "settings.json").read_text())
    given = [f"{key}={json.dumps(value)}" for key, value in settings.items()]
    snakemake = [warm_python(), "-m", "snakemake", "-s", str(folder / "Snakefile")]
    return [*snakemake, "--cores", "2", *arguments, "--config", *given]


@pytest.fixture(scope="module")
def project(demo, tmp_path_factory):
    """A copy of redpix in which one field in two bands was run."""
    folder = tmp_path_factory.mktemp("project") / "redpix"
    for name in PARTS:
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        folder.mkdir(exist_ok=True)
        copy(source, folder / name)
    root = copy_archive(demo, folder.parent, FIELDS[:1])
    catalogue = copy_catalogue(demo, folder.parent, FIELDS[:1])
    settings = configuration(root, catalogue, registration=COARSE)
    (folder / "settings.json").write_text(json.dumps(settings))
    run_words(words(folder), folder, 0)
    return folder


@pytest.fixture
def moved(project, tmp_path):
    """The project in another folder; its code and settings are newer than the results."""
    folder = tmp_path / "another place"
    shutil.copytree(project, folder, symlinks=True)
    for name in PARTS:
        for path in (folder / name).rglob("*"):
            path.touch()
    shutil.rmtree(folder / ".snakemake/locks", ignore_errors=True)
    return folder


def plan(folder):
    """Return what a dry run says."""
    return run_words(words(folder, "-n"), folder, 0)


def changed(text):
    """Return the rules that a dry run plans because of their parameters."""
    found = re.search(r"params have changed since last execution:\n\s+(.*)\n", text)
    return set(found[1].split(", ")) if found else set()


def append(path, text):
    with open(path, "a") as file:
        file.write(text)


def test_a_moved_project_has_nothing_to_do(moved):
    assert "Nothing to be done" in plan(moved)


def test_changed_code_runs_the_jobs_that_import_it(moved):
    append(moved / "scripts/redpix/pixels/membership.py", "# changed\n")
    assert changed(plan(moved)) == {"pixels"}


def test_changed_foreign_code_runs_nothing(moved):
    append(moved / "scripts/verify.py", "# changed\n")
    append(moved / "scripts/redpix/pixels/new.py", "# new\n")
    assert "Nothing to be done" in plan(moved)
