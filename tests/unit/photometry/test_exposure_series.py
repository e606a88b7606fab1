"""A series with bad exposures: the good ones have light curves, the others are named."""

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from conftest import ROOT
from redpix.core.exceptions import InputError
from redpix.photometry.calibration import calibrate_or_leave_out
from redpix.photometry.light_curve_files import make_light_curves
from redpix.photometry.measure import measure_or_leave_out
from redpix.photometry.planes_file import reason_left_out

TIMES = ROOT.parent / "shared/strangers/ccd/times"

#: exposures of one field, and two that cannot be used
GOOD, BAD = ("t_iso", "t_space", "t_split", "cut", "flip"), ("wrongfield", "corrupt")

CAMERA = {"camera": dict.fromkeys(("gain", "read_noise", "saturation", "zero_point"))}
CALIBRATION = CAMERA | {"flat": "median", "scale_dark": False, "background_mesh": 64}
CALIBRATION["cosmic_rays"] = True
PHOTOMETRY = {"mode": "full", "threshold": 5.0, "background_mesh": 64, "window": 11}
SETTINGS = {"telescope_diameter": None, "site_altitude": 0.0, "detrend": []}


def row(name, path):
    empty = dict.fromkeys(("dark", "flat", "mask", "exposure", "gain", "read_noise", "saturation"))
    return {"image": name, "path": str(path), "magnitude": None, "frame": None, **empty}


def products(folder, name):
    ends = ("calibrated.fits", "csv", "rejected.csv", "residual.fits")
    return [str(folder / f"{name}.{end}") for end in ends]


def measure(folder, path, others=True):
    """Calibrate and measure an image; return its products."""
    made = products(folder, path.stem)
    one = row(path.stem, path)
    calibrate_or_leave_out(str(path), made[0], one, CALIBRATION, others)
    measure_or_leave_out(*made, one, PHOTOMETRY, others)
    return made


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    """Folder of the products of the strangers' series."""
    if not (TIMES / "wrongfield.fits").exists():
        pytest.skip(f"test data are absent: {TIMES}")
    folder = tmp_path_factory.mktemp("series")
    images = [*GOOD, *BAD]
    made = [measure(folder, TIMES / f"{name}.fits") for name in images]
    calibrated, stars, _, residuals = (list(files) for files in zip(*made, strict=True))
    tables = [str(folder / f"{name}.csv") for name in ("curves", "scatter", "exposures")]
    make_light_curves(
        calibrated, stars, residuals, *tables, images, {"all": images}, settings=SETTINGS
    )
    return folder


def test_good_exposures_have_light_curves(series):
    curves = pd.read_csv(series / "curves.csv")
    assert set(curves["image"]) == set(GOOD)
    scatter = pd.read_csv(series / "scatter.csv")
    good = scatter[(scatter["flags"] == 0) & (scatter["exposures"] >= 3)]
    assert np.median(good["scatter"] / good["expected_photons"]) < 1.3
    starts = curves.groupby("image")["mjd"].first().loc[["t_iso", "t_split", "t_space"]]
    assert np.diff(starts) * 1440 == pytest.approx([2, 2], abs=1e-3)


def test_bad_exposures_are_named(series):
    exposures = pd.read_csv(series / "exposures.csv").set_index("image")
    assert set(exposures.index[exposures["used"] == "no"]) == set(BAD)
    assert "truncated" in exposures.loc["corrupt", "reason"]
    assert "does not show the stars" in exposures.loc["wrongfield", "reason"]
    assert exposures.loc["wrongfield", "reference"] in GOOD
    assert "corrupt.fits: HDU 0 is truncated" in reason_left_out(series / "corrupt.residual.fits")
    assert pd.read_csv(series / "corrupt.csv").empty


def test_one_image_alone_is_refused_in_one_line(tmp_path):
    path = tmp_path / "image.fits"
    fits.writeto(path, np.zeros((50, 50), np.int16))
    with open(path, "r+b") as file:
        file.truncate(4000)
    with pytest.raises(InputError, match="image.fits: HDU 0 is truncated"):
        measure(tmp_path, path, others=False)


def test_a_fault_in_a_dark_ends_the_run(tmp_path):
    """It would spoil all images."""
    fits.writeto(tmp_path / "image.fits", np.ones((50, 50), np.int16))
    one = row("image", tmp_path / "image.fits") | {"dark": str(tmp_path / "dark.fits")}
    with pytest.raises(InputError, match="dark.fits"):
        calibrate_or_leave_out(one["path"], str(tmp_path / "c.fits"), one, CALIBRATION, True)
