"""The report says how tables of magnitudes were understood."""

import json

import numpy as np
from conftest import ROOT
from jinja2 import Environment, FileSystemLoader
from redpix.report.catalogue_input import show_input
from table_runs import metrics_of, run, sky


def shown(folder, train, test):
    return show_input(metrics_of(run(folder, train, test)))


def test_columns_codes_and_losses_are_shown(tmp_path):
    train, test = sky(120, 1), sky(60, 2, first=1001)
    train.loc[:4, "redshift"], train.loc[5:7, "g"], train.loc[8, "redshift"] = -99, 99, -0.001
    train.loc[9:10, "r_err"], test.loc[3, list("griz")] = -1, np.nan
    content = shown(tmp_path, train.rename(columns={"redshift": "z_spec"}), test)
    first = content["files"][0]
    assert first["name"] == "train.csv"
    assert first["facts"]["redshift"] == "z_spec"
    assert first["facts"]["rows with a redshift"] == "115"
    assert first["facts"]["missing redshifts"] == "-99: 5"
    assert first["facts"]["redshifts from -0.01 to 0 set to 0"] == "1"
    assert [band["column"] for band in first["bands"]] == list("griz")
    assert [band["wavelength"] for band in first["bands"]] == ["475", "622", "763", "905"]
    assert first["bands"][0]["missing"] == "99: 3"
    assert first["bands"][1]["filled"] == "2"
    assert first["bands"][1]["error"] == "r_err"
    assert content["left_out"] == [("no band is measured", 1)]
    assert content["completed"] == [("train", 3)]
    assert any("one class only" in text for text in content["warnings"])


def test_metrics_of_older_runs_and_hostile_names_are_shown(tmp_path):
    empty = show_input({})
    assert not any(empty.values())
    content = json.loads(json.dumps(shown(tmp_path, sky(60, 1), sky(30, 2, first=1001))))
    content["files"][0]["bands"][0]["column"] = "<script>g"
    templates = Environment(
        loader=FileSystemLoader(ROOT / "workflow/report"), autoescape=True, trim_blocks=True
    )
    templates.filters["grouped"] = "{:,}".format
    page = templates.get_template("catalogue_input.html.j2").render(catalogue={"input": content})
    assert "&lt;script&gt;g" in page
    assert "<script>" not in page
    assert "How train.csv was understood" in page
