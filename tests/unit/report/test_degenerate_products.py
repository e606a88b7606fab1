"""Products without content, with missing or infinite values, and damaged ones do not end a page."""

import json

import numpy as np
import pandas as pd
from redpix.photoz.pdf_file import write_pdfs
from redpix.report import (
    compared_runs,
    compared_verdicts,
    explorer_section,
    files,
    object_details,
    photoz_checks,
    photoz_section,
    redshift_plots,
)
from redpix.report.difference_plots import score_figure, triplet_figure
from redpix.report.field_plots import _error_scale, _light_scale
from redpix.report.light_curves_section import show_light_curves
from redpix.report.method_results import matched_rows
from redpix.report.pixel_viewer import page_json
from scipy.stats import binom

NOTHING = np.full(5, np.nan)


def test_axes_of_redshifts_leave_out_what_is_not_finite():
    assert redshift_plots.highest_redshift(NOTHING, NOTHING) == 1.0
    assert redshift_plots.highest_redshift(np.array([0.4, np.inf, np.nan]), NOTHING) == 0.5
    assert redshift_plots.highest_redshift(np.zeros(3)) == 0.1
    pixels = redshift_plots.PixelHistograms(1.0)
    pixels.add(np.array([0.5, np.nan, 0.5, np.inf]), np.array([0.4, 0.4, np.nan, 0.4]))
    assert (pixels.n, pixels.redshift.sum()) == (1, 1)


def test_targets_without_an_error_or_without_a_prediction_are_shown():
    objects = pd.DataFrame(
        {"z_phot": [0.1, 0.2, np.nan], "z_error": np.nan, "class_phot": "GALAXY"}
    )
    assert photoz_section.show_targets(objects)["n"] == 2
    assert photoz_section.show_targets(objects.tail(1)) is None
    assert photoz_section.unpredicted(objects) == {"without a prediction": "1 of 3 objects"}
    assert photoz_section.unpredicted(objects.head(2)) == {}


def test_objects_without_a_pdf_are_left_out_with_a_warning(tmp_path, caplog):
    path, grid = str(tmp_path / "pdfs.parquet"), np.linspace(0, 1, 11)
    write_pdfs(path, np.array([7, 8, 9]), np.ones((3, 11)), grid)
    table = pd.DataFrame({"object_id": [9, 5, 7], "z_phot": [0.1, 0.2, np.inf]})
    kept, rows = matched_rows(table, path, "objects.csv")
    assert kept["object_id"].tolist() == [9, 7]
    assert rows.tolist() == [2, 0]
    assert np.isnan(kept["z_phot"][1])
    assert "3 and 3 objects, 2 in both" in caplog.text


def test_pixels_of_training_objects_alone_leave_an_empty_table(tmp_path):
    path = tmp_path / "pixels.dat"
    path.write_text("# z true id\n")
    assert sum(map(len, files.pixel_pieces(path, {"z": float, "id": "int64"}))) == 0
    assert files.read_histograms(path, 1.0).n == 0
    assert object_details.pixel_redshifts(path, np.array([1])) == {}


def test_colours_of_maps_have_two_ends():
    for values in ([], [0.3], [0.3, 0.3]):
        low, high = explorer_section.ends_of(pd.Series(values, dtype=float))
        assert high > low


def test_json_of_a_page_has_null_for_what_is_not_finite():
    text = page_json({"a": [1.5, np.nan, (np.inf, "</script>")]})
    assert json.loads(text) == {"a": [1.5, None, [None, "</script>"]]}
    assert "</" not in text


def test_pictures_without_a_value_have_a_scale():
    for values in (np.full((4, 4), np.nan), np.zeros((4, 4)), np.full((4, 4), 1e30)):
        for scale in (_light_scale(values), _error_scale(values)):
            assert scale.vmin < scale.vmax


def test_differences_without_a_usable_pixel_are_drawn():
    assert score_figure({"r": np.empty(0)}).axes
    blank = np.full((40, 40), np.nan)
    assert triplet_figure(blank, blank, blank, [(20, 20)], ["a"]).axes


def test_exposures_left_out_are_told_where_no_star_has_a_light_curve(tmp_path):
    for name, head in (("lightcurves", "field,image,star"), ("scatter", "field,star,flags")):
        (tmp_path / f"{name}.csv").write_text(f"{head}\n")
    (tmp_path / "light_curves").mkdir()
    (tmp_path / "light_curves/exposures.csv").write_text(
        "field,image,used,reason\nall,a,no,too few stars\n"
    )
    (shown,) = show_light_curves(
        [str(tmp_path / f"{name}.csv") for name in ("lightcurves", "scatter")]
    )
    assert shown["facts"] == {"exposures": "0", "exposures left out": "a: too few stars"}
    assert shown["curves"] is None


def test_a_share_of_zero_has_the_error_of_its_number_of_objects():
    values = {"n": 35, "outliers_005": 0.0, "outliers_005_error": 0.0}
    text = photoz_checks.with_error(values, "outliers_005", "percent")
    error = float(text.split("± ")[1].removesuffix(" %")) / 100
    # a share of twice the error gives 0 of 35 with a probability like that of one sigma
    assert 0.16 < binom.pmf(0, 35, 2 * error) < 0.45


def test_damaged_products_of_a_run_are_named_and_the_others_compared(tmp_path):
    for run in "ab":
        home = tmp_path / run
        for folder in ("subtraction/p/r", "photoz/knn", "frames"):
            (home / folder).mkdir(parents=True)
        (home / "subtraction/p/r/difference.fits").write_bytes(b"SIMPLE")
        (home / "subtraction/p/transients.csv").write_text("oops\n1\n")
        (home / "photoz/knn/objects.csv").write_text("object_id,redshift,z_phot,split\n")
        (home / "photoz/knn/metrics.json").write_text("{")
        (home / "frames/delivered.csv").write_text("field,delivered,reason\nf,yes,\n")
    faults, folders = [], (tmp_path / "a", tmp_path / "b")
    (line,) = compared_verdicts.compare_verdicts(*folders, faults)
    assert line["first"].value == "0 of 1"
    assert compared_runs.compare_changes(*folders, faults) == []
    path = tmp_path / "a/photoz/knn/objects.csv"
    assert compared_runs.attempt(faults, path, compared_runs.read_predictions, path) is None
    ends = ("metrics.json", "difference.fits", "transients.csv", "pdfs.parquet")
    for end in ends:
        (fault, *_) = (one for one in faults if f"{end}: " in one)
        assert fault.startswith(str(tmp_path / "a"))
        assert "\n" not in fault
    assert len(faults) == 2 + 2 + 2 + 1
