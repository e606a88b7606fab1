"""Tables of a run, against sums by hand."""

import numpy as np
import pandas as pd
import pytest
from redpix.report import benchmark_checks, tables


def benchmark(stage, job, seconds, memory, cpu):
    columns = {"s": [seconds], "max_rss": [memory], "cpu_time": [cpu]}
    return pd.DataFrame(columns).assign(stage=stage, job=job)


NAN = np.nan
JOBS = [
    benchmark("pixels", "9001-3-100", 1.5, 100.0, 1.0),
    benchmark("swarm", "all", 9.0, 7.0, 8.0),
    benchmark("frames", "9001-3-100", 2.0, NAN, NAN),
    benchmark("pixels", "9002-4-57", 2.5, 300.0, 4.0),
    benchmark("frames", "9002-4-57", 2.5, 300.0, 0.5),
    benchmark("frames", "delivered", 2.5, 300.0, 1.0),
]


def test_timings_are_summed_by_stage_in_the_order_of_the_data():
    table = tables.timings(JOBS, {"pixels": 3.5, "logs": 1.0})
    assert list(table["stage"]) == ["frames", "pixels", "swarm"]
    assert list(table["jobs"]) == [3, 2, 1]
    assert list(table["wall"]) == [7.0, 4.0, 9.0]
    np.testing.assert_array_equal(table["cpu"], [1.5, 5.0, 8.0])
    np.testing.assert_array_equal(table["memory"], [300.0, 300.0, 7.0])
    np.testing.assert_array_equal(table["stored"], [NAN, 3.5, NAN])


def test_timings_of_each_field():
    table = tables.timings_by_field(JOBS)
    assert list(table.index) == ["9002-4-57", "9001-3-100"]
    assert list(table) == ["frames", "pixels", "all"]
    np.testing.assert_array_equal(table.loc["9002-4-57"], [0.5, 4.0, 4.5])
    assert table.loc["9001-3-100", "all"] == 1.0


def test_timings_of_nothing():
    assert tables.timings([], {}).empty
    assert tables.timings_by_field([]).empty


def test_records_of_other_fields_and_of_idle_jobs_are_named():
    idle = [benchmark("photoz", "knn", 12.0, 5.0, 0.01), benchmark("swarm", "swarm", 3.0, NAN, NAN)]
    kept, others = benchmark_checks.of_this_run([*JOBS, *idle], {"9001-3-100"})
    assert len(kept) == 6
    remarks = benchmark_checks.remarks(kept, others)
    assert remarks[0].endswith("earlier runs left out: pixels 9002-4-57, frames 9002-4-57.")
    assert remarks[0].startswith("2 records of fields")
    assert "photoz knn (0.01 of 12.0 s), swarm (an unknown number of 3.0 s)." in remarks[1]
    assert "frames 9001-3-100 (an unknown number of 2.0 s)" in remarks[1]
    assert "pixels 9001-3-100" not in remarks[1]
    assert benchmark_checks.of_this_run(JOBS, set())[0] == JOBS
    assert benchmark_checks.remarks(JOBS[:2], []) == []


def test_every_object_is_somewhere():
    objects = pd.DataFrame(
        {
            "class": ["STAR", "GALAXY", "", "GALAXY", "GALAXY"],
            "field": ["1-1-1", "1-1-1", "1-1-1", "1-1-1", "2-1-1"],
            "pixels": [0, 12, 3, 0, 0],
        }
    )
    table = tables.whereabouts(objects, ["1-1-1"]).set_index("class")
    assert list(table.index) == ["GALAXY", "STAR", "unknown", "all"]
    assert list(table.loc["GALAXY", ["catalogue", "left_out", "lost", "found"]]) == [3, 1, 1, 1]
    assert list(table.loc["STAR", ["catalogue", "left_out", "lost", "found"]]) == [1, 0, 1, 0]
    assert list(table.loc["unknown", ["catalogue", "left_out", "lost", "found"]]) == [1, 0, 0, 1]
    assert list(table.loc["all", ["catalogue", "left_out", "lost", "found"]]) == [5, 1, 2, 2]


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (0.12345, "percent", "12.35 %"),
        (0.0042, "signed", "+0.0042"),
        (-0.0042, "signed", "−0.0042"),
        (0.04111, "plain", "0.0411"),
        (None, "percent", "–"),
    ],
)
def test_metrics_as_text(value, form, text):
    assert tables.format_metric(value, form) == text


def test_metrics_side_by_side_with_reasons_for_dashes():
    definitions = [
        {"key": "bias", "name": "bias", "form": "signed"},
        {"key": "nmad", "name": "scatter", "form": "plain"},
    ]
    few = {"n": 3, "bias": None, "nmad": None, "reason": "3 scored"}
    good = {"n": 400, "bias": 0.01, "nmad": 0.02}
    metrics = {
        "pixels": good,
        "combiners": {"mean": few, "weighted": few},
        "objects": few,
        "combiner": "weighted",
        "baseline": {"n": 20, "bias": -0.5, "nmad": 0.1},
    }
    table = tables.metric_table(metrics, definitions)
    assert table["columns"][0] == "pixels"
    assert "z_phot" in table["columns"][2]
    assert "z_phot" not in table["columns"][1]
    assert "baseline" in table["columns"][3]
    assert table["n"] == [400, 3, 3, 20]
    assert table["rows"] == [
        ("bias", ["+0.0100", "–", "–", "−0.5000"]),
        ("scatter", ["0.0200", "–", "–", "0.1000"]),
    ]
    assert list(table["reasons"].values()) == ["3 scored", "3 scored"]


def test_a_row_a_summary_holds_what_a_column_does():
    definitions = [
        {"key": "nmad", "name": "σ", "form": "plain"},
        {"key": "bias", "name": "bias", "form": "signed"},
    ]
    summaries = {
        "knn, mean": {"n": 20, "nmad": 0.03, "bias": -0.001},
        "knn, summed": {"n": 7, "nmad": None, "bias": None, "reason": "7 scored"},
    }
    table = tables.one_below_other(summaries, definitions)
    assert table["columns"] == ["σ", "bias"]
    assert table["rows"] == [
        ("knn, mean", 20, ["0.0300", "−0.0010"]),
        ("knn, summed", 7, ["–", "–"]),
    ]
    assert table["reasons"] == {"knn, summed": "7 scored"}


def test_bins_hold_equal_numbers_by_slow_loop():
    generator = np.random.default_rng(1)
    dz, values = generator.normal(0, 0.04, 83), generator.permutation(83) / 10
    cells = tables.in_bins(dz, values, 4)
    assert [cell["n"] for cell in cells] == [21, 21, 21, 20]
    assert [cell["bin"] for cell in cells][:2] == ["0.00 to 2.00", "2.10 to 4.10"]
    second = sorted(dz[(values >= 2.05) & (values < 4.15)])
    scatter = sorted(abs(value - second[10]) for value in second)[10]
    assert cells[1]["nmad"] == f"{1.4826 * scatter:.4f}"
    assert cells[1]["outliers"] == f"{sum(abs(value) > 0.05 for value in second) / 21:.2%}".replace(
        "%", " %"
    )
    assert tables.in_bins(dz[:39], values[:39], 4) == []
