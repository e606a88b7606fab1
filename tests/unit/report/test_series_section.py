"""Section of the report on series."""

import pandas as pd
from redpix.report.figures import house_style
from redpix.report.series_section import curves_figure, most_variable, show_series
from redpix.subtraction.series_rows import COLUMNS


def write(folder, name, rows):
    pd.DataFrame(rows, columns=COLUMNS[name].split()).to_csv(folder / f"{name}.csv", index=False)


def tables(folder):
    """Write a series of three epochs with one object at rest and one that moves."""
    folder.mkdir(parents=True)
    both = [
        {"object": "V1", "kind": "rest", "detections": 2, "scorr": -8.0},
        {"object": "V2", "kind": "rest", "detections": 1, "scorr": 30.0},
        {"object": "T1", "kind": "moving", "detections": 3, "scorr": 12.0},
    ]
    write(folder, "series", both)
    points = [
        {"object": row["object"], "pair": f"e{n}", "mjd": 61000 + n / 24, "flux": 10.0 * n}
        | {"flux_error": 1.0, "detected": n % 2}
        for row in both
        for n in range(3)
    ]
    write(folder, "light_curves", points)
    write(folder, "tracklets", [{"object": "T1", "detections": 3, "speed": 9.0}])
    return str(folder / "series.csv")


def test_a_series_has_facts_curves_and_tracklets(tmp_path):
    with house_style():
        (shown,) = show_series([tables(tmp_path / "night/r")])
    assert (shown["name"], shown["band"]) == ("night", "r")
    assert shown["facts"]["objects"] == "2 at rest, 1 moving"
    assert shown["facts"]["epochs"] == "3"
    assert shown["curves"].startswith("data:image/webp")
    assert [row["object"] for row in shown["tracklets"]] == ["T1"]


def test_objects_of_most_detections_come_first(tmp_path):
    path = tables(tmp_path / "night/r")
    assert most_variable(pd.read_csv(path)) == ["V1", "V2"]
    curves = pd.read_csv(tmp_path / "night/r/light_curves.csv")
    figure = curves_figure(curves, ["T1", "V1"])
    titles = [axis.get_title(loc="left") or axis.get_title() for axis in figure.axes]
    assert titles[:2] == ["T1", "V1"]


def test_an_empty_series_is_shown_without_a_figure(tmp_path):
    folder = tmp_path / "night/r"
    folder.mkdir(parents=True)
    for name in COLUMNS:
        write(folder, name, [])
    (shown,) = show_series([str(folder / "series.csv")])
    assert shown["curves"] is None
