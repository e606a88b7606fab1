"""Files are written completely or not at all."""

import os
import subprocess
import sys

import pytest
from conftest import ROOT
from redpix.core.atomic_files import atomic, write_text


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


def test_a_killed_writer_leaves_the_old_file(tmp_path):
    path = tmp_path / "table.csv"
    write_text(path, "old\n")
    code = (
        "import os, signal\nfrom redpix.core.atomic_files import atomic\n"
        f"with atomic({str(path)!r}) as temporary:\n"
        "    temporary.write_text('half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    scripts = str(ROOT / "scripts")
    done = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": scripts}, check=False)
    assert done.returncode == -9
    assert path.read_text() == "old\n"
    assert len(os.listdir(tmp_path)) == 2
    write_text(path, "new\n")
    assert path.read_text() == "new\n"
    assert os.listdir(tmp_path) == ["table.csv"]
