"""The chart of jobs against time: Snakemake's records, lanes, idle times."""

import base64
import json

import numpy as np
import pytest
from redpix.report import gantt
from redpix.report.job_records import JobTime, read_jobs


def write_record(metadata, product, longest=None, **more):
    """Write a record as Snakemake does: a long name is cut into folders."""
    name = base64.urlsafe_b64encode(product.encode()).decode()
    cut = [name[k : k + longest] for k in range(0, len(name), longest)] if longest else [name]
    path = metadata.joinpath(*(f"@{part}" for part in cut[:-1]), cut[-1])
    path.parent.mkdir(parents=True, exist_ok=True)
    record = {"rule": "pixels", "log": ["a.log"], "starttime": 10.0, "endtime": 12.5}
    path.write_text(json.dumps({**record, "incomplete": False, **more}))


def test_a_job_with_several_products_is_read_once(tmp_path):
    for suffix in ("csv", "parquet"):
        write_record(tmp_path, f"results/a/pixels/f.{suffix}")
    write_record(tmp_path, "results/a/" + "x" * 90, longest=40, log=["b.log"], starttime=3.0)
    write_record(tmp_path, "results/ab/pixels/f.csv", log=["c.log"])
    write_record(tmp_path, "results/a/half", log=["d.log"], incomplete=True)
    write_record(tmp_path, "results/a/report.html", rule="report", log=["e.log"])
    jobs = read_jobs("results/a", tmp_path)
    assert [(job.name[0], job.start, job.end) for job in jobs] == [
        ("x", 3.0, 12.5),
        ("p", 10.0, 12.5),
    ]
    assert read_jobs("results/a", tmp_path / "absent") == []


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"rule": 3}', '{"rule": "a", "endtime": "x"}']
)
def test_a_damaged_record_of_snakemake_is_left_out(tmp_path, content):
    write_record(tmp_path, "results/a/pixels/f.csv")
    name = base64.urlsafe_b64encode(b"results/a/pixels/g.csv").decode()
    (tmp_path / name).write_text(content)
    assert len(read_jobs("results/a", tmp_path)) == 1


def test_jobs_at_the_same_time_have_different_cores():
    jobs = [
        JobTime("one", "a", 0, 10, 1),
        JobTime("two", "b", 0, 4, 2),
        JobTime("one", "c", 4, 6, 1),
        JobTime("three", "d", 10, 20, 3),
    ]
    chart = gantt.layout(jobs)
    assert [(bar["lane"], bar["cores"]) for bar in chart["bars"]] == [
        (0, 1),
        (1, 2),
        (1, 1),
        (0, 3),
    ]
    assert chart["lanes"] == 3
    assert [(bar["x"], bar["width"]) for bar in chart["bars"]][2:] == [(20, 10), (50, 50)]
    assert chart["used"] == 10 + 8 + 2 + 30
    assert [(name, n, seconds) for name, _, n, seconds in chart["rules"]] == [
        ("one", 2, 12),
        ("two", 1, 8),
        ("three", 1, 30),
    ]


def test_a_night_between_two_parts_is_short_on_the_chart():
    starts, ends = np.array([0.0, 5.0, 36_000.0]), np.array([60.0, 30.0, 36_040.0])
    shown, last, breaks = gantt.shortened(starts, ends)
    assert shown.tolist() == [0, 5, 65]  # 5 % of 100 s
    assert last.tolist() == [60, 30, 105]
    assert breaks == [(62.5, 35_940.0)]
    assert gantt.duration(35_940) == "10.0 h"


def test_the_longest_jobs_are_drawn_and_the_others_counted():
    jobs = [JobTime("r", str(n), n, n + 1 + (n == 3), 1) for n in range(6)]
    chart = gantt.layout(jobs, most=1)
    assert len(chart["bars"]) == 1
    assert chart["bars"][0]["title"].startswith("r: 3, 2.0 s")
    assert chart["left_out"] == 5
    assert gantt.layout([]) is None


@pytest.mark.parametrize("length", [0.5, 7, 100, 4321])
def test_ticks_are_few_and_round(length):
    found = gantt.ticks(length)
    assert 2 <= len(found) <= 9
    assert found[0] == 0
    step = found[1]
    assert step / 10 ** np.floor(np.log10(step)) in (1, 2, 5)
