"""Killed at any moment and started again, the run goes on, and the tables are the same."""

import os
import random
import signal
import subprocess
import time

import pytest
from conftest import command, environment, prepare, run
from small import configuration, copy_archive, copy_catalogue, products

TARGET = "photoz"


@pytest.fixture(scope="module")
def undisturbed(demo, tmp_path_factory):
    """A small run on one core that nothing interrupts: its folder, configuration and seconds."""
    folder = tmp_path_factory.mktemp("undisturbed")
    archive, catalogue = copy_archive(demo, folder), copy_catalogue(demo, folder)
    config = configuration(archive, catalogue)
    started = time.monotonic()
    run(folder, TARGET, cores=1, **config)
    return folder, config, time.monotonic() - started


def test_one_core_or_two(undisturbed, tmp_path):
    folder, config, _ = undisturbed
    run(tmp_path, TARGET, cores=2, **config)
    expected, found = products(folder), products(tmp_path)
    assert len(expected) > 10
    assert sorted(found) == sorted(expected)
    assert [name for name in expected if found[name] != expected[name]] == []


def start(folder, config, **more):
    """Start a run and return its process; what it says goes to words.txt."""
    prepare(folder)
    with open(folder / "words.txt", "w") as words:
        return subprocess.Popen(
            command(TARGET, **config),
            cwd=folder,
            env=environment(),
            stdout=words,
            stderr=subprocess.STDOUT,
            **more,
        )


@pytest.mark.parametrize("whom", ["everybody", "snakemake alone"])
@pytest.mark.parametrize("seed", range(3))
def test_killed_and_started_again(undisturbed, tmp_path, whom, seed):
    folder, config, seconds = undisturbed
    process = start(tmp_path, config, start_new_session=True)
    # where in the run the blow falls is chance, and differs from machine to machine
    time.sleep(seconds * random.Random(seed).uniform(0.1, 0.6))
    if whom == "everybody":
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()
    run(tmp_path, TARGET, **config)
    expected, found = products(folder), products(tmp_path)
    assert sorted(found) == sorted(expected)
    assert [name for name in expected if found[name] != expected[name]] == []
    leftovers = [path for path in (tmp_path / "results").rglob(".*") if path.is_file()]
    assert leftovers == []


def test_two_runs_at_once_in_a_folder(undisturbed, tmp_path):
    """The second is turned away, and the first is not disturbed."""
    folder, config, _ = undisturbed
    first = start(tmp_path, config)
    while not list((tmp_path / ".snakemake").glob("locks/*.lock")):
        assert first.poll() is None
        time.sleep(0.05)
    said = run(tmp_path, TARGET, status=1, **config)
    assert "cannot be locked" in said
    assert first.wait() == 0
    assert products(tmp_path) == products(folder)
