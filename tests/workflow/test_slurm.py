"""Runs through a real Slurm, where one answers: the same tables, and a killed job comes again."""

import os
import shutil
import stat
import subprocess
import time

import pytest
from conftest import ROOT, command, environment, prepare, run
from small import configuration, copy_archive, copy_catalogue, products

FIELD = ("9001-3-100",)


def answer(*words):
    """What a command of Slurm says; None where there is no Slurm, or it does not answer."""
    if shutil.which(words[0]) is None:
        return None
    done = subprocess.run(words, capture_output=True, text=True, timeout=30)
    return done.stdout if done.returncode == 0 else None


pytestmark = pytest.mark.skipif(
    not answer("sinfo", "--noheader"), reason="no Slurm answers here (sinfo), so none is tried"
)


@pytest.fixture(scope="module")
def settings(demo, tmp_path_factory):
    """A run of one field in two bands."""
    folder = tmp_path_factory.mktemp("slurm")
    root = copy_archive(demo, folder, FIELD)
    catalogue = copy_catalogue(demo, folder, FIELD)
    return configuration(root, catalogue, photoz={"k": 5})


def submit(folder, profile, path=None, **settings):
    """Start a run with one of the profiles; returns its process."""
    prepare(folder)
    words = command("--workflow-profile", ROOT / f"workflow/profiles/{profile}", **settings)
    at = words.index("--cores")
    del words[at : at + 2]
    # a Slurm of one machine knows no accounts and keeps no accounting
    extra = ["--seconds-between-status-checks", "2", "--latency-wait", "10"]
    if profile == "slurm":
        extra += ["--slurm-no-account", "--slurm-status-command", "squeue"]
        extra += ["--slurm-init-seconds-before-status-checks", "2"]
    at = words.index("--config")
    return subprocess.Popen(
        [*words[:at], *extra, *words[at:]],
        cwd=folder,
        env=environment() | ({"PATH": path} if path else {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.parametrize("profile", ["slurm", "cluster"])
def test_tables_are_those_of_a_run_without_it(settings, tmp_path, profile):
    (tmp_path / "here").mkdir()
    run(tmp_path / "here", **settings)
    (tmp_path / "there").mkdir()
    submitted = submit(tmp_path / "there", profile, **settings)
    words, _ = submitted.communicate(timeout=900)
    assert submitted.returncode == 0, words[-4000:]
    assert "submitted" in words.lower()
    here, there = products(tmp_path / "here"), products(tmp_path / "there")
    assert here
    assert here == there


def test_a_job_that_the_scheduler_killed_comes_again_with_more_memory(settings, tmp_path):
    real = shutil.which("source-extractor") or shutil.which("sex")
    hung = tmp_path / "hung"
    program = tmp_path / "bin" / os.path.basename(real)
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\n[ -e "{hung}" ] || {{ touch "{hung}"; sleep 600; }}\nexec {real} "$@"\n'
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    submitted = submit(tmp_path, "slurm", path, **settings)
    deadline = time.monotonic() + 600
    while not hung.exists() and submitted.poll() is None and time.monotonic() < deadline:
        time.sleep(0.5)
    assert hung.exists(), submitted.communicate()[0][-4000:]
    numbers = answer("squeue", "--noheader", "--states=R", "--format=%A").split()
    asked = {number: memory_of(number) for number in numbers}
    for number in numbers:
        answer("scancel", number)
    words, _ = submitted.communicate(timeout=900)
    assert submitted.returncode == 0, words[-4000:]
    assert "Trying to restart job" in words
    assert FIELD[0] in words
    later = [memory_of(number) for number in later_jobs(max(map(int, numbers)))]
    assert max(later) >= 2 * max(asked.values()) - 1
    assert (tmp_path / "results/small/photoz/knn/objects.csv").exists()


def memory_of(number):
    """Memory in MB that a job asked for."""
    text = answer("scontrol", "show", "job", number)
    word = next(word for word in text.split() if word.startswith("MinMemoryNode="))
    value = word.removeprefix("MinMemoryNode=")
    return float(value.rstrip("MG")) * (1024 if value.endswith("G") else 1)


def later_jobs(number):
    """Jobs submitted after one of a given number."""
    text = answer("scontrol", "--oneliner", "show", "jobs")
    numbers = [int(line.split()[0].removeprefix("JobId=")) for line in text.splitlines()]
    return [str(other) for other in numbers if other > number]
