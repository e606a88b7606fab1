"""Whole runs of the workflow in temporary folders."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from made_once import made_once
from warm_python import warm_python

ROOT = Path(__file__).resolve().parents[2]


def command(*arguments, cores=2, **config):
    """Command line of a run; configuration values are given as ``key=value``."""
    words = [sys.executable, "-m", "snakemake", "-s", str(ROOT / "Snakefile")]
    words += ["--cores", str(cores), *map(str, arguments)]
    if config:
        words += ["--config", *(f"{key}={json.dumps(value)}" for key, value in config.items())]
    return words


def prepare(folder):
    """Make a folder one in which the workflow can run: the configuration lies in it."""
    if not (folder / "config").exists():
        (folder / "config").mkdir(parents=True)
        shutil.copy(ROOT / "config/config.yaml", folder / "config")


def run(folder, *arguments, status=0, cores=2, **config):
    """Run the workflow in a folder and return what it said; its exit status must be as given."""
    words = command(*arguments, cores=cores, **config)
    return run_words([warm_python(), *words[1:]], folder, status)


def run_words(words, folder, status):
    """Run a command line in a folder as `run` does."""
    prepare(folder)
    done = subprocess.run(
        words,
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stdout[-6000:]
    return done.stdout


def environment():
    """Environment of a run: nothing of the test runner's configuration comes along."""
    return {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}


@pytest.fixture(scope="session")
def demo(tmp_path_factory, request):
    """Folder in which the README's command has run, once for all tests; and its output.

    Only the files named in `IN_DEMO` (tests/running_order.py) may run anything in this folder.
    """
    if request.config.getoption("--demo"):
        return Path(request.config.getoption("--demo"))

    def make():
        folder = tmp_path_factory.mktemp("demo run")
        # with Python itself: each door imports all that it needs
        (folder / "words.txt").write_text(run_words(command(cores="all"), folder, 0))
        return folder

    shared = tmp_path_factory.getbasetemp()
    if hasattr(request.config, "workerinput"):
        shared = shared.parent  # each process has a folder of its own in it
    return made_once(shared, "demo run", make)
