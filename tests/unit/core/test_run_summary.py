"""The last lines of a run: failed jobs, fields that were left out, the report."""

import errno
import os
import shutil
from types import SimpleNamespace

import pytest
from redpix.core.exceptions import InputError
from redpix.core.run_summary import (
    check_disk,
    closing_words,
    failed_jobs,
    failure_words,
    read_left_out,
)

ERROR = """Error in rule {rule}:
    message: None
    jobid: 7
    output: {output}, another.csv
    log: logs/x.log (check log file(s) for error details)
"""


def test_failed_jobs_are_named_once_by_their_field(tmp_path):
    logs = [tmp_path / "first.log", tmp_path / "second.log"]
    field = tmp_path / "sources/9001-3-100-r.cat.fits"
    error = ERROR.format(rule="sources", output=field)
    logs[0].write_text("Building DAG\n" + error + "Trying again\n" + error)
    logs[1].write_text(ERROR.format(rule="report", output=tmp_path / "report.html"))
    expected = ["field 9001-3-100: sources", f"{tmp_path}/report.html: report"]
    assert failed_jobs(logs) == expected


def test_a_job_that_a_later_attempt_ended_did_not_fail(tmp_path):
    product, log = tmp_path / "report.html", tmp_path / "snakemake.log"
    log.write_text(ERROR.format(rule="report", output=product))
    product.touch()
    assert failed_jobs([log]) == []


def test_fields_that_did_not_come_have_a_reason(tmp_path):
    listed = tmp_path / "delivered.csv"
    listed.write_text("field,delivered,reason\n1-1-11,yes,\n1-1-12,no,it is not there\n")
    assert read_left_out(listed) == {"1-1-12": "it is not there"}


def test_the_last_lines_name_what_was_left_out_and_the_report(tmp_path):
    results = tmp_path / "results/x"
    (results / "frames").mkdir(parents=True)
    (results / "frames/delivered.csv").write_text("field,delivered,reason\n1-1-1,no,gone\n")
    (results / "frames/exposures.csv").write_text("field,delivered,reason\n2-1-1,no,late\n")
    words = closing_words(results, "report.html", lambda missing: [("pair p, r", missing["2-1-1"])])
    assert words.splitlines() == [
        "Left out: field 1-1-1: gone",
        "Left out: pair p, r: late",
        f"Results: {results}",
    ]
    (results / "report.html").touch()
    last = closing_words(results, "report.html", remarks=["No redshift."]).splitlines()[-2:]
    assert last == ["No redshift.", f"Report: {results / 'report.html'}"]


def test_exposures_that_light_curves_leave_out_are_named(tmp_path):
    folder = tmp_path / "photometry/light_curves"
    folder.mkdir(parents=True)
    (folder / "exposures.csv").write_text("image,used,reason\none,yes,\ntwo,no,truncated\n")
    words = closing_words(tmp_path, "report.html").splitlines()
    assert words[0] == "Left out of light curves: two: truncated"


@pytest.mark.parametrize(
    ("content", "fact"),
    [
        (b"", "column field is missing; remove it"),
        (b"field;delivered;reason\n1-2-3;no;gone\n", "column field is missing"),
        (b"field,delivered\n1-2-3,no\n", "column reason is missing"),
        (b"field,delivered,reason\n1-2-3,no,\xff\n", "can't decode byte 0xff"),
    ],
)
def test_an_edited_list_is_one_line(tmp_path, content, fact):
    path = tmp_path / "delivered.csv"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_left_out(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert fact in str(caught.value)


def test_a_full_disk_is_told_at_the_end(tmp_path, monkeypatch):
    log = tmp_path / "snakemake.log"
    log.write_text(f"OSError in file common.smk\n[Errno 28] {os.strerror(errno.ENOSPC)}\n")
    full = "The disk is full: free space, then run the same command to continue"
    results = tmp_path / "results/demo"  # not made yet
    assert failure_words(results, [log]).splitlines()[0] == full
    log.write_text("another error\n")
    assert full not in failure_words(results, [log])
    check_disk(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=4096))
    assert full in failure_words(results, [log])
    with pytest.raises(InputError, match="4096 bytes are free on this disk; allowed: 1000000"):
        check_disk(tmp_path)
