"""Files are written completely or not at all."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import ROOT
from redpix.core.atomic_files import STALE, atomic, link_or_copy, temporary_name, write_text


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "table.csv"
    write_text(path, "old\n")

    def fail():
        with atomic(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_text() == "old\n"
    assert os.listdir(tmp_path) == ["table.csv"]


@pytest.mark.parametrize("reaped", [True, False])
def test_a_killed_writer_leaves_the_old_file(tmp_path, reaped):
    """Nobody may ask how it ended, as in a container without an init process: it stays a zombie."""
    path = tmp_path / "table.csv"
    write_text(path, "old\n")
    code = (
        "import os, signal\nfrom redpix.core.atomic_files import atomic\n"
        f"with atomic({str(path)!r}) as temporary:\n"
        "    temporary.write_text('half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    environment = {"PYTHONPATH": str(ROOT / "scripts")}
    with subprocess.Popen([sys.executable, "-c", code], env=environment) as writer:
        ended = os.waitid(os.P_PID, writer.pid, os.WEXITED | (0 if reaped else os.WNOWAIT))
        assert ended.si_status == signal.SIGKILL
        assert path.read_text() == "old\n"
        assert len(os.listdir(tmp_path)) == 2
        write_text(path, "new\n")
    assert path.read_text() == "new\n"
    assert os.listdir(tmp_path) == ["table.csv"]


def other_machine(name):
    """Return the temporary name of a process on another machine whose number is not in use."""
    return f".{'0' * 8}-{2**22 + 1}-{name}"


def test_a_file_that_another_node_is_writing_stays(tmp_path):
    """Two nodes share the folder: the other's process has a number that does not exist here."""
    living, remnant = tmp_path / other_machine("a.csv"), tmp_path / ".11111111-7-a.csv"
    for path in (living, remnant):
        path.write_text("half")
    long_ago = time.time() - 2 * STALE
    os.utime(remnant, (long_ago, long_ago))
    write_text(tmp_path / "a.csv", "whole\n")
    assert sorted(os.listdir(tmp_path)) == [living.name, "a.csv"]


def test_remnants_of_other_files_stay(tmp_path):
    """The file b.a.csv is another one than a.csv, and .notes-a.csv is the user's."""
    start = temporary_name("").replace(str(os.getpid()), str(2**22 + 1))
    names = [f"{start}b.a.csv", ".notes-a.csv"]
    for name in names:
        (tmp_path / name).touch()
    write_text(tmp_path / "a.csv", "whole\n")
    assert sorted(os.listdir(tmp_path)) == sorted([*names, "a.csv"])


@pytest.mark.parametrize("name", ["x" * 251 + ".csv", "ä" * 125 + ".csv"])
def test_a_name_of_full_length(tmp_path, name):
    write_text(tmp_path / name, "whole\n")
    assert os.listdir(tmp_path) == [name]
    assert len(os.fsencode(temporary_name(name))) <= 255
    assert temporary_name(name).endswith(".csv")


def test_a_file_system_without_hard_links(tmp_path, monkeypatch):
    (tmp_path / "a").write_text("content")
    link_or_copy(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "a").samefile(tmp_path / "b")

    def refuse(*_):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    link_or_copy(tmp_path / "a", tmp_path / "c")
    assert (tmp_path / "c").read_text() == "content"
    with pytest.raises(FileNotFoundError):
        link_or_copy(tmp_path / "missing", tmp_path / "d")

    def break_off(source, target):
        Path(target).write_text("con")
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(shutil, "copyfile", break_off)
    with pytest.raises(OSError, match="Input/output"):
        link_or_copy(tmp_path / "a", tmp_path / "e")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "c"]


STALE_HANDLE = """
import errno, sys
from pathlib import Path
from types import SimpleNamespace
sys.path.insert(0, {scripts!r})
import redpix.core.provenance
from redpix.core import job as frame
redpix.core.provenance.record = lambda snakemake: None
frame._PAUSE = 0.01
with frame.job(SimpleNamespace(log=["a.log"], output=["a"], input=[], params={{}})):
    tries = Path("tries")
    tries.write_text((tries.read_text() if tries.exists() else "") + "x")
    if len(tries.read_text()) < {good}:
        raise OSError(errno.ESTALE, "Stale file handle", "a.fits")
"""


@pytest.mark.parametrize(("good", "status", "tries"), [(3, 0, 3), (9, 1, 4)])
def test_a_job_starts_again_after_a_stale_handle(tmp_path, good, status, tries):
    (tmp_path / "door.py").write_text(STALE_HANDLE.format(scripts=str(ROOT / "scripts"), good=good))
    done = subprocess.run([sys.executable, "door.py"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == status
    assert (tmp_path / "tries").read_text() == "x" * tries
    assert done.stderr.count("a.fits: Stale file handle; the job starts again") == tries - 1
