"""Runs through a real Slurm, where one answers: the same tables, whatever becomes of a job."""

import os
import shutil
import socket
import stat
import subprocess
import time

import pytest
from conftest import ROOT, command, environment, prepare, run
from small import FIELDS, configuration, copy_archive, copy_catalogue, products

BAD, GOOD = FIELDS
PROFILES = ("slurm", "cluster")
PATIENCE = 900  # seconds after which a run that should have come on has hung


def answer(*words):
    """Return the output of a command of Slurm, or None if Slurm is missing or silent."""
    if shutil.which(words[0]) is None:
        return None
    done = subprocess.run(words, capture_output=True, text=True, timeout=30)
    return done.stdout if done.returncode == 0 else None


pytestmark = pytest.mark.skipif(
    not answer("sinfo", "--noheader"), reason="no Slurm answers here (sinfo), so none is tried"
)


def settings_of(demo, folder, fields, bands):
    """Configuration of a run of some fields in some bands."""
    root = copy_archive(demo, folder, fields, bands)
    catalogue = copy_catalogue(demo, folder, fields)
    return configuration(
        root, catalogue, bands, photoz={"k": 5, "attributes": ["magnitudes"]}, name="small"
    )


@pytest.fixture(scope="module")
def settings(demo, tmp_path_factory):
    """A run of one field in two bands."""
    return settings_of(demo, tmp_path_factory.mktemp("one field"), [BAD], "gr")


@pytest.fixture(scope="module")
def here(settings, tmp_path_factory):
    """Its tables, of a run on this machine."""
    folder = tmp_path_factory.mktemp("here")
    run(folder, **settings)
    found = products(folder)
    assert len(found) > 5
    return found


def submit(folder, profile, *targets, path=None, extra=(), **settings):
    """Start a run with one of the profiles; returns its process."""
    prepare(folder)
    words = command(
        *targets, "--workflow-profile", ROOT / f"workflow/profiles/{profile}", **settings
    )
    at = words.index("--cores")
    del words[at : at + 2]
    # a Slurm of one machine knows no accounts and keeps no accounting
    extra = [*extra, "--seconds-between-status-checks", "2", "--latency-wait", "10"]
    if profile == "slurm":
        extra += ["--slurm-no-account", "--slurm-status-command", "squeue"]
        extra += ["--slurm-init-seconds-before-status-checks", "2"]
    at = words.index("--config")
    with open(folder / "words.txt", "w") as file:
        return subprocess.Popen(
            [*words[:at], *extra, *words[at:]],
            cwd=folder,
            env=environment() | ({"PATH": path} if path else {}),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
        )


def words_of(submitted, folder, status=0):
    """Return the output of a run that has ended with the given exit status."""
    submitted.wait(timeout=PATIENCE)
    assert submitted.returncode == status, words_so_far(folder)
    return (folder / "words.txt").read_text()


def words_so_far(folder):
    """The last of what a run has said."""
    return (folder / "words.txt").read_text()[-6000:]


def hanging(folder, times, field=""):
    """A PATH on which SExtractor hangs a number of times at a field, and then works.

    Each time it hangs it leaves a file in the folder ``hung``.
    """
    real = shutil.which("source-extractor") or shutil.which("sex")
    program = folder / "bin" / os.path.basename(real)
    program.parent.mkdir()
    (folder / "hung").mkdir()
    program.write_text(
        "#!/bin/sh\n"
        f'n=$(ls "{folder}/hung" | wc -l)\n'
        f'case "$*" in *"{field}"*) [ "$n" -ge {times} ] || '
        f'{{ touch "{folder}/hung/$n"; exec sleep 600; }};; esac\n'
        f'exec {real} "$@"\n'
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return f"{program.parent}{os.pathsep}{os.environ['PATH']}"


def wait_for(submitted, folder, count):
    """Wait until SExtractor has hung a number of times; return the processes of that folder."""
    deadline = time.monotonic() + PATIENCE
    while not (folder / f"hung/{count - 1}").exists():
        assert submitted.poll() is None, words_so_far(folder)
        assert time.monotonic() < deadline, words_so_far(folder)
        time.sleep(0.5)
    assert running(folder)
    return running(folder)


def running(folder):
    """Numbers of the jobs that Slurm runs in a folder now."""
    lines = answer("squeue", "--noheader", "--states=R", "--format=%A %Z").splitlines()
    jobs = dict(line.split(maxsplit=1) for line in lines)
    return [number for number, place in jobs.items() if place == str(folder)]


@pytest.mark.parametrize("profile", PROFILES)
def test_tables_are_those_of_a_run_without_it(settings, here, tmp_path, profile):
    words = words_of(submit(tmp_path, profile, **settings), tmp_path)
    assert "submitted" in words.lower()
    assert products(tmp_path) == here


@pytest.mark.parametrize("profile", PROFILES)
def test_a_job_that_the_scheduler_killed_comes_again_with_more_memory(
    settings, here, tmp_path, profile
):
    submitted = submit(tmp_path, profile, path=hanging(tmp_path, times=1), **settings)
    numbers = wait_for(submitted, tmp_path, 1)
    asked = {number: memory_of(number) for number in numbers}
    for number in numbers:
        answer("scancel", number)
    words = words_of(submitted, tmp_path)
    assert "Trying to restart job" in words
    assert BAD in words
    later = [memory_of(number) for number in later_jobs(max(map(int, numbers)))]
    assert max(later) >= 2 * max(asked.values()) - 1
    assert products(tmp_path) == here


@pytest.mark.parametrize("profile", PROFILES)
def test_a_field_whose_job_is_killed_each_time_is_named_and_costs_no_other(demo, tmp_path, profile):
    settings = settings_of(demo, tmp_path, FIELDS, "r")
    path = hanging(tmp_path, times=100, field=BAD)
    submitted = submit(tmp_path, profile, "shard", path=path, **settings)
    attempts = 3  # two retries, as both profiles say
    for attempt in range(1, attempts + 1):
        wait_for(submitted, tmp_path, attempt)
        # jobs of the other field, which may run beside it, are left to end
        while not made(tmp_path, GOOD) or len(running(tmp_path)) > 1:
            assert submitted.poll() is None, words_so_far(tmp_path)
            time.sleep(0.5)
        answer("scancel", *running(tmp_path))
    words = words_of(submitted, tmp_path, status=1)
    assert words.count("Trying to restart job") == attempts - 1
    failed = [line for line in words.splitlines() if line.startswith("Failed: ")]
    assert failed == [f"Failed: field {BAD}: sources"]
    assert made(tmp_path, GOOD)
    assert not made(tmp_path, BAD)


def made(folder, field):
    """Whether a field has come to its end."""
    return (folder / f"results/small/pixels/{field}.parquet").exists()


def node_is_ours():
    """Whether this Slurm is one node, this one, that we may take down."""
    nodes = set((answer("sinfo", "--noheader", "--Node", "--format=%N") or "").split())
    return os.geteuid() == 0 and nodes == {socket.gethostname().split(".")[0]}


def lose_node(node):
    """Take a node from Slurm, which ends its jobs, and bring it back."""
    assert answer("scontrol", "update", f"nodename={node}", "state=DOWN", "reason=test") is not None
    deadline = time.monotonic() + PATIENCE
    while "down" in answer("sinfo", "--noheader", f"--nodes={node}", "--format=%T"):
        assert time.monotonic() < deadline
        # it may be back by itself, and is then refused
        answer("scontrol", "update", f"nodename={node}", "state=RESUME")
        time.sleep(1)


@pytest.mark.parametrize(
    ("profile", "again"), [("slurm", "Slurm's"), ("slurm", "Snakemake's"), ("cluster", "Slurm's")]
)
def test_a_node_that_is_lost_costs_nothing(settings, here, tmp_path, profile, again):
    """Slurm submits its jobs again; or, where it may not, Snakemake does."""
    if not node_is_ours():
        pytest.skip("this Slurm is more than this machine, or not ours to take a node from")
    extra = ["--slurm-no-requeue"] if again == "Snakemake's" else []
    path = hanging(tmp_path, times=1)
    submitted = submit(tmp_path, profile, path=path, extra=extra, **settings)
    wait_for(submitted, tmp_path, 1)
    lose_node(socket.gethostname().split(".")[0])
    words = words_of(submitted, tmp_path)
    assert ("Trying to restart job" in words) == (again == "Snakemake's")
    assert products(tmp_path) == here


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
