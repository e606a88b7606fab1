"""The check of the array backends, on the processor, from its shell script."""

import importlib
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT

BENCHMARKS = ROOT / "tests/benchmarks"
PARTS = ["subtraction", "coaddition", "neighbours", "training_network", "mixture_density"]
BACKENDS = ["numpy", "torch-cpu", "torch-cuda", "cupy-cuda"]


def run(wheels, *options):
    """Run device.sh with the interpreter of the tests."""
    return subprocess.run(
        ["bash", BENCHMARKS / "device.sh", wheels, *options],
        env={**os.environ, "PYTHON": sys.executable, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("device")
    done = run(folder, "--small", "--threads", "1", "--output", folder / "report.json")
    assert done.returncode == 0, done.stderr
    assert json.loads((folder / "report.json").read_text()) == json.loads(done.stdout)
    return json.loads(done.stdout)


@pytest.fixture
def checks(monkeypatch):
    """The module that measures."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("device_checks")


@pytest.fixture
def device(checks):
    return importlib.import_module("device")


def assert_within(entry):
    """Each number is there, and each difference below its bound."""
    assert entry["seconds"] > 0
    assert entry["ratio"] > 0
    assert entry["times"] == 3
    assert entry["within"] is True
    for name, bound in entry["bounds"].items():
        assert 0 <= entry["differences"][name]["relative"] <= bound, name
        assert entry["differences"][name]["absolute"] >= 0, name


def test_report_has_every_part_and_backend(report):
    assert list(report["parts"]) == PARTS
    assert all(set(entries) == set(BACKENDS) for entries in report["parts"].values())
    assert report["versions"]["numpy"] == np.__version__
    assert report["failures"] == []
    assert set(report) >= {"system", "cores", "threads", "card", "sizes", "absent"}


@pytest.mark.parametrize("part", PARTS[:3])
def test_numpy_is_the_reference(report, part):
    entry = report["parts"][part]["numpy"]
    assert_within(entry)
    assert entry["ratio"] == 1


def test_neighbours_of_numpy_are_those_of_a_tree(report):
    """Another algorithm in double precision: rounding alone differs."""
    differences = report["parts"]["neighbours"]["numpy"]["differences"]
    assert 0 < differences["distance"]["relative"] < 1e-5
    assert differences["missed"]["absolute"] == 0


@pytest.mark.parametrize("part", PARTS)
def test_pytorch_on_the_processor(report, part):
    entry = report["parts"][part]["torch-cpu"]
    if "skipped" in entry:
        assert entry["skipped"] == "torch or array-api-compat is not installed"
        pytest.skip(entry["skipped"])
    assert_within(entry)


def test_differences(checks):
    found = checks.difference([1.0, 2.0, 1000.0, np.nan], [1.5, 2.0, 1010.0, np.nan])
    assert found == pytest.approx({"absolute": 10.0, "relative": 0.25})
    for other in ([1.0, np.nan], [1.0, 2.0, 3.0]):
        assert checks.difference(other, [1.0, 2.0]) == {"absolute": None, "relative": None}
        lost = checks.compared({"a": checks.difference(other, [1.0, 2.0])}, {"a": 1.0})
        assert lost["within"] is False
    away = {"a": {"absolute": 3.0, "relative": 0.1}}
    assert checks.compared(away, {"a": 0.11})["within"] is True
    assert checks.compared(away, {"a": 0.09})["within"] is False


def test_failures_set_the_status(device, monkeypatch, capsys):
    """A backend that raises, or differs, fails the check; the others still run."""

    def broken(name, backend):
        if name == "numpy":
            raise ValueError("no memory")
        return {"seconds": 1.0, "within": False}

    monkeypatch.setattr(device, "find_backends", lambda threads: dict.fromkeys(BACKENDS[:2]))
    monkeypatch.setattr(device, "machine", lambda backends: {})
    monkeypatch.setitem(device.CHECKS, "subtraction", lambda size, threads: broken)
    assert device.main(["--small", "--only", "subtraction", "--needs-card"]) == 1
    assert json.loads(capsys.readouterr().out)["failures"] == [
        "subtraction: numpy: ValueError: no memory",
        "subtraction: torch-cpu: a difference exceeds its bound",
        "subtraction: ran on no card",
    ]


def test_folder_of_wheels_is_needed():
    done = subprocess.run(
        ["bash", BENCHMARKS / "device.sh"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "no folder of wheels" in done.stderr


def test_missing_packages_are_named(tmp_path):
    """An interpreter without packages and a folder without wheels."""
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "$@"\n')
    bare.chmod(0o755)
    done = subprocess.run(
        ["bash", BENCHMARKS / "device.sh", tmp_path],
        env={"PATH": os.environ["PATH"], "PYTHON": str(bare)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "numpy scipy astropy" in done.stderr
