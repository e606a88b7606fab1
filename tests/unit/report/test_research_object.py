"""A Research Object Crate of a run names its products, jobs and inputs."""

import json
from pathlib import Path

import pytest
from redpix.core.exceptions import InputError
from redpix.report.research_object import write_crate

RECORDS = {
    "calibration": {
        "wildcards": {"image": "a"},
        "inputs": {"raw/a.fits": "11", "redpix:README.md": "22"},
        "outputs": {"results/x/photometry/a.fits": {"sha256": "33", "bytes": 5}},
        "parameters": {"threshold": 5.0},
    },
    "photometry_of_image": {
        "wildcards": {"image": "a"},
        "inputs": {"results/x/photometry/a.fits": "33"},
        "outputs": {"results/x/photometry/a.csv": {"sha256": "44", "bytes": 7}},
        "parameters": {},
    },
}


@pytest.fixture
def results(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for rule, entry in RECORDS.items():
        path = Path(f"results/x/provenance/{rule}/a.json")
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps({"rule": rule, **entry}))
    return Path("results/x")


def test_products_jobs_and_inputs_are_linked(results):
    pytest.importorskip("rocrate", reason="rocrate is not installed")
    graph = json.loads(write_crate(results).read_text())["@graph"]
    by_name = {entity["@id"]: entity for entity in graph}
    assert len(by_name) == len(graph)
    product = by_name["photometry/a.fits"]
    assert (product["sha256"], product["contentSize"]) == ("33", "5")
    first, second = by_name["#calibration,a"], by_name["#photometry_of_image,a"]
    assert first["@type"] == second["@type"] == "CreateAction"
    assert first["result"] == second["object"] == [{"@id": "photometry/a.fits"}]
    assert by_name["#input/raw/a.fits"]["sha256"] == "11"
    assert {part["@id"] for part in by_name["./"]["hasPart"]} == {
        "photometry/a.fits",
        "photometry/a.csv",
    }
    links = json.dumps(graph)
    for entity in by_name:
        assert f'"@id": "{entity}"' in links


def test_a_folder_without_records_is_named(tmp_path):
    pytest.importorskip("rocrate", reason="rocrate is not installed")
    with pytest.raises(InputError, match="no records of provenance"):
        write_crate(tmp_path)
