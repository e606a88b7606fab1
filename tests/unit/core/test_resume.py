"""The marks of a killed run are removed, and those of a living run stay."""

import base64
import contextlib
import errno
import subprocess
import sys
from pathlib import Path

import pytest
from redpix.core import resume
from redpix.core.resume import marked_file, release_after_kill, retry_left_out

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"


@pytest.fixture
def killed(tmp_path, monkeypatch):
    """The folder that a killed Snakemake leaves while it makes results/a.fits."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / ".snakemake"
    (folder / "locks").mkdir(parents=True)
    (folder / "incomplete").mkdir()
    (folder / "locks/0.output.lock").write_text("results/a.fits\n")
    name = base64.urlsafe_b64encode(b"results/a.fits").decode()
    (folder / "incomplete" / name).write_text("{}")
    Path("results").mkdir()
    Path("results/a.fits").write_text("old")
    return folder


def state(folder):
    return (
        (folder / "locks/0.output.lock").exists(),
        any((folder / "incomplete").iterdir()),
        Path("results/a.fits").exists(),
    )


def test_marks_of_a_dead_run_go(killed):
    _, alone = release_after_kill(killed)
    assert alone
    assert state(killed) == (False, False, False)


@contextlib.contextmanager
def living_run(killed):
    """Start another run in the folder, and end it after the body."""
    code = (
        "import pathlib, sys\nfrom redpix.core.resume import release_after_kill\n"
        "held = release_after_kill(pathlib.Path('.snakemake'))\nprint('held', flush=True)\n"
        "sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=killed.parent,
        env={"PYTHONPATH": str(SCRIPTS)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as alive:
        assert alive.stdout.readline() == b"held\n"
        yield
        alive.stdin.close()


def test_marks_of_a_living_run_stay(killed):
    with living_run(killed):
        (killed / "locks/0.output.lock").write_text("results/a.fits\n")
        lock, alone = release_after_kill(killed)
        assert not alone
        assert (killed / "locks/0.output.lock").exists()
    lock.close()


def test_marks_of_a_run_that_was_not_the_first_stay(killed):
    lock, _ = release_after_kill(killed)
    with living_run(killed):
        (killed / "locks/0.output.lock").write_text("results/b.fits\n")
        lock.close()
        lock, alone = release_after_kill(killed)
        assert not alone
        assert (killed / "locks/0.output.lock").exists()
    lock.close()
    assert release_after_kill(killed)[1]


def test_marks_of_a_run_on_another_machine_stay(killed):
    (killed / "redpix.lock").write_text("another-machine")
    _, alone = release_after_kill(killed)
    assert not alone
    assert state(killed) == (True, True, True)


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.ENOSPC])
def test_a_file_system_without_locks_or_room(killed, monkeypatch, number):
    """Whether another run is alive is unknown: the lock of Snakemake decides."""

    def refuse(*_):
        raise OSError(number, "No locks available")

    monkeypatch.setattr(resume.fcntl, "flock", refuse)
    _, alone = release_after_kill(killed)
    assert not alone
    assert state(killed) == (True, True, True)


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    assert release_after_kill(tmp_path / "file/.snakemake") == (None, False)


@pytest.mark.parametrize("listed", ["delivered.csv", "exposures.csv"])
def test_fields_left_out_are_asked_for_again(tmp_path, listed):
    (tmp_path / listed).write_text("field,delivered,reason\n1-2-3,yes,\n1-2-4,no,gone\n")
    for name in ("1-2-3", "1-2-4"):
        (tmp_path / f"{name}.json").write_text("{}")
    retry_left_out(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["1-2-3.json"]
    (tmp_path / listed).write_text("field,delivered,reason\n1-2-3,yes,\n")
    retry_left_out(tmp_path)
    assert len(list(tmp_path.iterdir())) == 2
    retry_left_out(tmp_path / "not yet there")


def test_long_names_are_cut_into_folders():
    name = "results/" + "x" * 300
    encoded = base64.urlsafe_b64encode(name.encode()).decode()
    assert marked_file(Path("@" + encoded[:254]) / encoded[254:]) == Path(name)


@pytest.mark.parametrize("name", [b"/elsewhere/a.fits", b"../a.fits"])
def test_a_mark_cannot_name_a_file_outside_of_the_run(killed, name):
    """Such a mark and its file stay, and Snakemake asks what to do."""
    mark = killed / "incomplete" / base64.urlsafe_b64encode(name).decode()
    mark.write_text("{}")
    outside = killed.parents[1] / "a.fits"
    outside.write_text("mine")
    lock, alone = release_after_kill(killed)
    lock.close()
    assert alone
    assert outside.exists()
    assert list((killed / "incomplete").iterdir()) == [mark]


@pytest.mark.parametrize("name", ["notes.txt", "%%%", "YQB4"])
def test_a_file_that_is_not_a_mark_does_no_harm(killed, name):
    (killed / "incomplete" / name).write_text("x")
    (killed / "redpix.lock").write_bytes(b"\xff\xfe")
    (killed / "locks/0.output.lock").unlink()
    lock, alone = release_after_kill(killed)
    lock.close()
    assert alone
    assert not any((killed / "incomplete").iterdir())
