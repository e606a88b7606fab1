"""Every reader of foreign files on files that were damaged at random, with a fixed seed."""

import json
import subprocess
import sys
from pathlib import Path

import fuzz_readers
import pytest
from conftest import ROOT

OUTCOMES = ("result", "refused")

if not Path("/proc/self/statm").exists():
    pytest.skip("the memory is bounded by Linux's own means", allow_module_level=True)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory, request):
    """Return what `fuzz_readers` prints; it bounds the memory of its own process."""
    script, folder = ROOT / "tests/fuzz_readers.py", tmp_path_factory.mktemp("fuzz")
    number = str(request.config.getoption("--mutations"))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", script, number, "--folder", folder],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def test_each_damaged_file_ends_in_a_result_or_in_one_line(outcomes):
    assert outcomes["failures"] == []
    # damage is neither always noticed nor always ignored
    total = {kind: sum(c.get(kind, 0) for c in outcomes["counts"].values()) for kind in OUTCOMES}
    assert min(total.values()) > 0.1 * sum(total.values())


def test_time_and_memory_are_bounded(outcomes):
    assert outcomes["peak"] < fuzz_readers.MEMORY
    attempts = sum(sum(counts.values()) for counts in outcomes["counts"].values())
    # 2000 mutations in 120 s of one core
    assert sum(outcomes["seconds"].values()) < 120 / 2000 * attempts
