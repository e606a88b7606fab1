"""Every product of the demo is on record, and as it was written."""

import json
import re
import subprocess
import sys

from conftest import ROOT


def test_the_demo_is_as_recorded(demo):
    command = [sys.executable, str(ROOT / "scripts/verify.py"), "results/demo"]
    done = subprocess.run(command, cwd=demo, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert done.stdout.endswith("all as recorded\n")


def test_a_record_has_code_programs_and_versions(demo):
    path = demo / "results/demo/provenance/sources/9001-3-100.json"
    entry = json.loads(path.read_text())
    assert "redpix:scripts/redpix/catalogue/extract.py" in entry["code"]
    assert "redpix:scripts/sources.py" in entry["code"]
    assert "redpix:resources/sextractor/sources.sex" in entry["inputs"]
    assert entry["parameters"]["threshold"] == 1.5
    assert any("extractor" in name or name.endswith("sex") for name in entry["programs"])
    assert "numpy" in entry["versions"]


def test_what_is_on_record_is_what_lies_there(demo):
    """Only what other programs leave is on no record: links, logs, timings, the demo's archive."""
    folder = demo / "results/demo"
    recorded = set()
    for path in (folder / "provenance").rglob("*.json"):
        recorded |= set(json.loads(path.read_text())["outputs"])
    for path in folder.rglob("*"):
        stage = path.relative_to(folder).parts[0]
        if path.is_file() and stage not in ("frames", "logs", "benchmarks", "provenance"):
            assert str(path.relative_to(demo)) in recorded


def test_a_log_ends_with_what_its_job_cost(demo):
    """CPU seconds of the programs that it called count: registration is little else."""
    last = (demo / "results/demo/logs/registration/9001-3-100.log").read_text().splitlines()[-1]
    own, start = map(float, re.search(r"s, ([\d.]+) CPU s after ([\d.]+) to start", last).groups())
    assert own > 2 * start > 0


def test_every_module_that_a_job_loaded_is_among_those_of_its_version(demo):
    logs = list((demo / "results/demo/logs").rglob("*.log"))
    assert logs
    for path in logs:
        assert "missing in the version of the code" not in path.read_text(), path
