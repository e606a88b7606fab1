"""A finished project is finished wherever it lies; changed code runs the jobs that import it."""

import re
import shutil
import subprocess

import pytest
from conftest import ROOT, run_words

#: what a copy of the project needs to plan a run
PARTS = ("Snakefile", "config", "envs", "resources", "scripts", "workflow")


@pytest.fixture
def moved(demo, tmp_path):
    """A copy of redpix in another folder, newer than the results beside it."""
    folder = tmp_path / "another place"
    folder.mkdir()
    for name in PARTS:
        subprocess.run(["cp", "-r", ROOT / name, folder], check=True)
    for name in ("results", ".snakemake"):
        subprocess.run(["cp", "-a", demo / name, folder], check=True)
    shutil.rmtree(folder / ".snakemake/locks", ignore_errors=True)
    return folder


def plan(folder):
    """Return what a dry run says, in a folder that holds redpix and its results."""
    words = [str(ROOT / ".venv/bin/snakemake"), "-n", "--cores", "1"]
    return run_words(words, folder, 0)


def changed(words):
    """Return the rules that a dry run plans because of their parameters."""
    found = re.search(r"params have changed since last execution:\n\s+(.*)\n", words)
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
