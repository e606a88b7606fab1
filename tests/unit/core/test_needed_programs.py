"""Programs that a run will call are looked for before its first job."""

import pytest
from redpix.core import needed_programs
from redpix.core.exceptions import InputError
from redpix.core.needed_programs import check_programs, missing_programs


@pytest.fixture(autouse=True)
def machine(monkeypatch):
    """A machine without programs; the test adds some."""
    there = set()
    monkeypatch.setattr(needed_programs, "has_tool", there.__contains__)
    monkeypatch.setattr(needed_programs.importlib.util, "find_spec", lambda name: None)
    return there


def test_rules_after_a_checkpoint_count(machine):
    assert missing_programs(["delivered"], "swarp") == {
        "swarp": ["registration"],
        "sextractor": ["sources"],
    }
    machine.update(("sextractor", "montage"))
    assert missing_programs(["delivered", "exposures"], "montage") == {}
    assert missing_programs(["registration"], "reproject") == {}
    assert missing_programs(["photoz_table", "report"], "montage") == {}


def test_a_run_that_cannot_end_is_refused():
    with pytest.raises(InputError, match="^sextractor: none of source-extractor, .* sources call"):
        check_programs(["sources"], "reproject")


def test_a_program_that_given_psfs_spare_is_named():
    lines = check_programs(["subtraction"], "montage")
    assert len(lines) == 1
    assert "jobs of subtraction call it; run envs/setup" in lines[0]


def test_montagepy_stands_in(monkeypatch):
    monkeypatch.setattr(needed_programs.importlib.util, "find_spec", lambda name: name)
    assert missing_programs(["registration"], "montage") == {}
