"""Differences between two runs, from their records; and runs that cannot be compared."""

import json

import pytest
from redpix.core.exceptions import InputError
from redpix.report import compared_settings


def write_record(folder, rule, **more):
    """Write the record of a job."""
    record = {
        **{"rule": rule, "wildcards": {}, "outputs": {}, "inputs": {}, "code": {}},
        **{"parameters": {}, "versions": {}, "programs": {}, "commit": "abc"},
        **more,
    }
    path = folder / "provenance" / rule / "all.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(record))


@pytest.fixture
def runs(tmp_path):
    """Two runs that differ in a key, a package, a module and a file of the user."""
    for name, k, version, digest in (("a", 5, "1.0", "11"), ("b", 9, "1.1", "22")):
        write_record(
            tmp_path / name,
            "photoz_method",
            inputs={"mine.csv": digest * 32, f"results/{name}/catalogue/objects.csv": digest * 32},
            code={"redpix:scripts/redpix/photoz/pdf.py": digest * 32, "redpix:same.py": "3" * 64},
            versions={"numpy": {"version": version}, "scipy": {"version": "1"}},
            parameters={"k": k},
        )
        settings = {"name": name, "photoz": {"k": k, "grid": None}, "seed": 1}
        write_record(tmp_path / name, "report", parameters={"settings": settings})
    return tmp_path


def test_only_what_differs_is_listed(runs):
    tables = compared_settings.compare_settings(runs / "a", runs / "b")
    rows = {one["title"]: one["rows"] for one in tables}
    assert rows["Configuration"] == [("photoz.k", "5", "9")]
    assert rows["Versions"] == [("numpy", "1.0", "1.1")]
    assert rows["Input files (SHA-256)"] == [("mine.csv", "11" * 6, "22" * 6)]
    module = "redpix:scripts/redpix/photoz/pdf.py"
    assert rows["Modules of redpix (SHA-256)"] == [(module, "11" * 6, "22" * 6)]
    assert rows["Programs (SHA-256)"] == []


def test_without_reports_the_parameters_of_the_jobs_are_compared(runs):
    for name in "ab":
        (runs / name / "provenance/report/all.json").unlink()
    first = compared_settings.compare_settings(runs / "a", runs / "b")[0]
    assert (first["title"], first["rows"]) == ("Parameters", [("photoz_method.k", "5", "9")])


def test_a_new_product_changes_the_digest(runs):
    before = compared_settings.digest_of(runs / "a")
    assert compared_settings.digest_of(runs / "a") == before
    write_record(runs / "a", "catalogue")
    assert compared_settings.digest_of(runs / "a") != before


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (None, "runs: null: .*; allowed: two of a, b"),
        (["a", "c"], "runs: c: .*c does not exist; allowed: two of a, b"),
        (["a", "a"], "runs: a twice; allowed: two different runs"),
        (["a", "bare"], "runs: bare: .*provenance does not exist, because no job"),
    ],
)
def test_runs_that_cannot_be_compared_are_refused(runs, names, words):
    (runs / "bare").mkdir()
    with pytest.raises(InputError, match=words):
        compared_settings.check_runs(names, runs)
