"""Killed at any moment and started again, the run goes on, and the tables are the same.

`--kills 20` kills one run twenty times over instead of a few.
"""

import random
import subprocess
import time

import pytest
from conftest import command, environment, prepare, run
from killed_runs import kill
from small import ALL, COARSE, configuration, copy_archive, copy_catalogue, products
from warm_python import warm_python

TARGET = "photoz"

#: what a kill may hit
VICTIMS = ["everybody", "Snakemake", "one job"]


@pytest.fixture(scope="module")
def undisturbed(demo, tmp_path_factory):
    """A small run on one core that nothing interrupts: its folder, configuration and seconds."""
    folder = tmp_path_factory.mktemp("undisturbed")
    archive, catalogue = copy_archive(demo, folder, bands="r"), copy_catalogue(demo, folder)
    photoz = {"k": 5, "attributes": ["magnitudes"]}
    config = configuration(archive, catalogue, "r", photoz=photoz, registration=COARSE)
    started = time.monotonic()
    run(folder, TARGET, cores=1, **config)
    return folder, config, time.monotonic() - started


def start(folder, config):
    """Start a run and return its process; what it says goes to words.txt."""
    prepare(folder)
    with open(folder / "words.txt", "w") as words:
        return subprocess.Popen(
            [warm_python(), *command(TARGET, **config)[1:]],
            cwd=folder,
            env=environment(),
            stdout=words,
            stderr=subprocess.STDOUT,
        )


def check(folder, undisturbed):
    """The tables are those of an undisturbed run, and no half-written file lies about."""
    expected, found = (products(path, suffixes=ALL) for path in (undisturbed, folder))
    assert sorted(found) == sorted(expected)
    assert [name for name in expected if found[name] != expected[name]] == []
    leftovers = [path for path in (folder / "results").rglob(".*") if path.is_file()]
    assert leftovers == []


def test_killed_over_and_over(undisturbed, tmp_path, pytestconfig):
    """Each start keeps the results of those before it; each kill comes at another moment."""
    folder, config, seconds = undisturbed
    chance = random.Random(0)
    kills = pytestconfig.getoption("--kills")
    # where in the run a blow falls is chance, and differs from machine to machine; late blows hit
    # what the starts before have left to do
    for victim in [*VICTIMS, *chance.choices(VICTIMS, k=max(0, kills - len(VICTIMS)))]:
        process = start(tmp_path, config)
        time.sleep(seconds * chance.uniform(0.1, 0.6))
        kill(process, victim, chance)
    run(tmp_path, TARGET, **config)
    check(tmp_path, folder)


@pytest.fixture(scope="module")
def on_two_cores(undisturbed, tmp_path_factory):
    """Run on two cores; return the folder, the exit status and what a second run said."""
    _, config, _ = undisturbed
    folder = tmp_path_factory.mktemp("two cores")
    first = start(folder, config)
    while not list((folder / ".snakemake").glob("locks/*.lock")):
        assert first.poll() is None
        time.sleep(0.05)
    said = run(folder, TARGET, status=1, **config)
    return folder, first.wait(), said


def test_one_core_or_two(undisturbed, on_two_cores):
    folder, *_ = undisturbed
    other, status, _ = on_two_cores
    assert status == 0
    expected, found = (products(path, suffixes=ALL) for path in (folder, other))
    assert len(expected) > 10
    assert sorted(found) == sorted(expected)
    assert [name for name in expected if found[name] != expected[name]] == []


def test_two_runs_at_once_in_a_folder(undisturbed, on_two_cores):
    """The second is turned away, and the first is not disturbed."""
    folder, *_ = undisturbed
    other, status, said = on_two_cores
    assert "cannot be locked" in said
    assert status == 0
    assert products(other) == products(folder)
