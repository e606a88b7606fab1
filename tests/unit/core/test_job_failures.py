"""Failures of a job on an input that was edited after its job wrote it."""

import json
from types import SimpleNamespace

import pytest
from redpix.core import provenance
from redpix.core.code_versions import code_version
from redpix.core.exceptions import InputError
from redpix.core.job import job
from redpix.core.job_record import read_record
from redpix.core.recorded_input import recorded_input

LIST = "results/a/catalogue/objects.csv"


@pytest.fixture
def recorded(tmp_path, monkeypatch):
    """The record of a job that wrote a list, in the folder of a run."""
    monkeypatch.chdir(tmp_path)
    provenance._listing.cache_clear()
    provenance._outputs.cache_clear()
    path = tmp_path / LIST
    path.parent.mkdir(parents=True)
    path.write_text("id\n1\n")
    provenance.record(a_job("catalogue", [LIST], {}, []))
    return next((tmp_path / "results/a/provenance").rglob("*.json"))


def a_job(rule, output, wildcards, inputs):
    return SimpleNamespace(
        rule=rule,
        output=output,
        input=inputs,
        params={"code": code_version(rule)},
        wildcards=wildcards,
        threads=1,
        log=["job.log"],
    )


@pytest.mark.usefixtures("recorded")
def test_an_edited_product_ends_the_next_job_in_one_line(tmp_path, capfd):
    (tmp_path / LIST).write_text("name\nx\n")
    made = a_job("errors", ["results/a/errors/1-2-3-r.fits"], {"field": "1-2-3"}, [LIST])
    with pytest.raises(SystemExit), job(made):
        raise KeyError("redshift")
    words = capfd.readouterr().err
    assert "Traceback" not in words
    assert f"{LIST}: changed after its job wrote it; remove it" in words
    assert "Traceback" in (tmp_path / "job.log").read_text()


@pytest.mark.usefixtures("recorded")
def test_a_mistake_of_the_code_keeps_its_traceback():
    made = a_job("errors", ["results/a/errors/1-2-3-r.fits"], {"field": "1-2-3"}, [LIST])
    with pytest.raises(KeyError), job(made):
        raise KeyError("redshift")


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        (lambda _: b"{", "Expecting property name"),
        (lambda _: b"[]", "list indices"),
        (lambda _: b"\xff", "can't decode byte 0xff"),
        (lambda text: text.replace(b'"sha256"', b'"sha"'), "KeyError: 'sha256'"),
        (lambda text: text.replace(b'"threads": 1', b'"threads": "x"'), "threads is not of the"),
        (lambda text: text.replace(b'"outputs"', b'"out"'), "KeyError: 'outputs'"),
    ],
)
def test_a_damaged_record_is_one_line(recorded, change, fact):
    recorded.write_bytes(change(recorded.read_bytes()))
    with pytest.raises(InputError) as caught:
        read_record(recorded)
    assert str(caught.value).startswith(f"{recorded}: ")
    assert fact in str(caught.value)
    assert "remove it and the products of its job" in str(caught.value)
    # neither a failed job nor the plan of a run ends in it
    assert list(provenance.altered([LIST], "results/a/errors/1-2-3-r.fits")) == []


@pytest.mark.parametrize("content", [[], {"inputs": []}, {"inputs": None}, "text"])
def test_the_plan_does_without_a_damaged_record(recorded, content):
    recorded.write_text(json.dumps(content))
    assert recorded_input("a.fits", "catalogue", [], LIST) is None
