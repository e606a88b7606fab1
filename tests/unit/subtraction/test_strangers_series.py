"""The asteroid series of strangers: both moving objects are found, with their speed."""

import csv

import fits_sky
import numpy as np
import pytest
from conftest import ROOT
from redpix.subtraction.series_files import write_series

PAIRS = ROOT.parent / "shared/strangers/pairs"
if not PAIRS.is_dir():
    pytest.skip("no folder of strangers' files beside the project", allow_module_level=True)

#: right ascension and declination of the two objects in low_0150.fits, degrees
TRUE = ((124.62899, 25.33823), (124.7671, 25.34621))


def rows_of(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_both_asteroids_are_tracklets(tmp_path):
    made = []
    for name in ("0126", "0150", "0160"):
        folder = tmp_path / f"low_{name}/r"
        folder.mkdir(parents=True)
        paths = str(PAIRS / f"low_{name}.fits"), str(PAIRS / "low_0140.fits")
        made.append(fits_sky.subtract(*paths, folder, background_mesh=128))
    tables = [str(tmp_path / f"{name}.csv") for name in ("series", "light_curves", "tracklets")]
    write_series([one.difference for one in made], [one.transients for one in made], *tables)
    tracklets = rows_of(tables[2])
    curves = rows_of(tables[1])
    for ra, dec in TRUE:
        near = [
            row
            for row in curves
            if row["pair"] == "low_0150"
            and row["object"].startswith("T")
            and np.hypot((float(row["ra"]) - ra) * np.cos(np.deg2rad(dec)), float(row["dec"]) - dec)
            < 0.6 / 3600
        ]
        (row,) = near
        (tracklet,) = [one for one in tracklets if one["object"] == row["object"]]
        assert tracklet["detections"] == "3"
        assert float(tracklet["residual"]) < 0.15
    assert sum(int(row["detections"]) > 2 for row in tracklets) == len(TRUE)
    assert len(tracklets) <= 4
    # both are missing where they stood in the reference: truth_known.tsv
    shadows = [row for row in rows_of(tables[0]) if row["same_as"]]
    for ra, dec in ((124.62799, 25.3402), (124.76332, 25.3471)):
        near = [
            row["same_as"]
            for row in shadows
            if np.hypot((float(row["ra"]) - ra) * np.cos(np.deg2rad(dec)), float(row["dec"]) - dec)
            < 0.6 / 3600
        ]
        assert len(near) == 1
        assert near[0].startswith("T")
    assert len(shadows) == 2
