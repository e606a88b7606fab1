"""Pairs as strangers bring them: PSFs, flux ratios, correlated noise and pixels of another size."""

import csv
import re

import fits_sky
import numpy as np
import pytest
from astropy.io import fits
from conftest import ROOT

PAIRS = ROOT.parent / "shared/strangers/pairs"
if not PAIRS.is_dir():
    pytest.skip("no folder of strangers' files beside the project", allow_module_level=True)


def subtract(folder, science, reference, **options):
    """Return the header of the difference, its ALPHA_ERR, and its rows."""
    made = fits_sky.subtract(
        str(PAIRS / science), str(PAIRS / reference), folder, background_mesh=128, **options
    )
    with open(made.transients, newline="") as file:
        rows = [{key: as_number(text) for key, text in row.items()} for row in csv.DictReader(file)]
    with fits.open(made.difference) as hdus:
        return hdus["D"].header, np.nanmedian(hdus["ALPHA_ERR"].data), rows


def as_number(text):
    try:
        return float(text)
    except ValueError:
        return text


def test_drizzled_images_of_galaxies(tmp_path):
    header, _, rows = subtract(tmp_path, "nir2561.fits", "nir1324.fits")
    assert header["FLXRATIO"] == pytest.approx(0.995, rel=0.01)
    assert header["SCORRSKY"] == pytest.approx(1, abs=0.05)
    assert header["SCORRSTD"] == pytest.approx(1, abs=0.05)
    assert sum(row["flags"] == 0 for row in rows) < 10
    assert header["CORRNEW"] > 0.2
    assert header["CORRREF"] > 0.2
    # few stars, so their PSF tells the ratio less well than the apertures, and differs from them
    assert abs(header["RATIOPSF"] - header["RATIOAP"]) > 0.02


def test_an_asteroid_beside_some_twenty_stars(tmp_path):
    header, _, rows = subtract(tmp_path, "crop_num_0160.fits", "crop_num_0140.fits")
    assert "degree 0" in header["PSFNEW"]
    assert "degree 0" in header["PSFREF"]
    assert header["FLXSCAT"] < 0.02
    for x, y, sign in ((236.78, 159.66, 1), (243.15, 172.27, -1)):
        row = min(rows, key=lambda row: np.hypot(row["x"] - x, row["y"] - y))
        # 0.05 arcsec are 0.13 pixels
        assert np.hypot(row["x"] - x, row["y"] - y) < 0.13
        assert sign * row["scorr"] > 120


def test_a_finer_mirrored_reference(tmp_path):
    header, error, rows = subtract(tmp_path, "base_sci.fits", "mirror_ref.fits", flux_ratio=0.4)
    assert header["RATIOPSF"] == pytest.approx(0.4, rel=0.01)
    assert header["RATIOAP"] == pytest.approx(0.4, rel=0.01)
    assert "WARN1" not in header
    clean = [row for row in rows if row["flags"] == 0]
    assert len(clean) == 2
    for row, (x, y, flux) in zip(clean, ((384.4, 204.5, 15000), (204.4, 339.4, 3900)), strict=True):
        assert np.hypot(row["x"] - x, row["y"] - y) < 0.3
        assert row["flux"] == pytest.approx(flux, abs=3 * row["flux_error"])


def test_undersampled_images(tmp_path):
    header, _, rows = subtract(tmp_path, "under_sci.fits", "under_ref.fits")
    assert header["PSF"] == "effective"
    assert header["SCORRSKY"] == pytest.approx(1, abs=0.05)
    clean = [row for row in rows if row["flags"] == 0]
    assert len(clean) == 2
    truth = (384.4, 204.5, 15000), (204.4, 339.4, 4000)
    for row, (x, y, flux) in zip(clean, truth, strict=True):
        assert np.hypot(row["x"] - x, row["y"] - y) < 0.3
        assert row["flux"] == pytest.approx(flux, abs=3 * row["flux_error"])


def test_a_given_flux_ratio_that_sources_contradict_is_said(tmp_path, caplog):
    header, *_ = subtract(tmp_path, "base_sci.fits", "base_ref.fits", flux_ratio=1.2)
    assert header["FLXRATIO"] == 1.2
    said = re.match(
        r"subtraction.flux_ratio is 1.2, but sources have ([\d.]+) \+- ([\d.]+);", header["WARN1"]
    )
    ratio, error = map(float, said.groups())
    assert ratio == pytest.approx(1.3, abs=3 * error)
    assert error < 0.005
    assert header["WARN1"] in caplog.text
