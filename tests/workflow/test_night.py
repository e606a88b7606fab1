"""A night of raw files goes from the folder to light curves by one command."""

import re

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from conftest import run
from raw_night import GAIN, RawNight
from scipy.spatial import cKDTree


@pytest.fixture(scope="module")
def night(tmp_path_factory):
    """A night of two filters, its light curves, and what the run said."""
    folder = tmp_path_factory.mktemp("night")
    raw = RawNight(folder / "raw")
    raw.biases(5)
    raw.darks(4, 120.0)
    raw.flat_fields(4, "V")
    raw.flat_fields(4, "R")
    lights = {band: [raw.light("wasp 12", band) for _ in range(3)] for band in ("V", "R")}
    damaged = raw.light("wasp 12", "V")
    damaged.write_bytes(damaged.read_bytes()[:5000])
    (folder / "raw/notes.txt").write_text("clouds at 3")
    words = run(folder, "photometry", night=str(folder / "raw"), name="night")
    return folder, raw, lights, damaged, words


def results(night):
    return night[0] / "results/night"


def test_each_file_is_accounted_for(night):
    files = pd.read_csv(results(night) / "night/files.csv").set_index("file")
    assert len(files) == 24
    kinds = files["type"].value_counts()
    assert kinds.to_dict() == {"bias": 5, "dark": 4, "flat": 8, "light": 6}
    assert "truncated" in files.loc[str(night[3]), "remarks"]
    assert str(night[3]) in night[4]
    lights = files[files["type"] == "light"]
    assert lights["remarks"].str.contains("the dark of 120 s is scaled to 60 s").all()


def test_masters_are_what_the_camera_is(night):
    raw, folder = night[1], results(night) / "night/masters"
    bias = fits.getdata(folder / "bias.fits")
    assert np.std(bias - raw.bias) < 1.2 * 6 / GAIN / np.sqrt(5) + 0.3
    flat, header = fits.getdata(folder / "flat_R.fits", header=True)
    expected = raw.flats["R"] / np.median(raw.flats["R"])
    assert np.median(flat) == pytest.approx(1)
    assert np.std(flat / expected) < 0.006
    assert header["NCOMBINE"] == 4
    dark = fits.getdata(folder / "dark_60s_scaled.fits") - bias
    assert np.median(dark) == pytest.approx(np.median(raw.dark) * 60 / GAIN, abs=0.5)


def test_stars_have_their_fluxes(night):
    """Counts of the flat's median pixel."""
    _, raw, lights, _, _ = night
    x, y, flux = raw.sky_of("wasp 12")
    flux = flux * np.median(raw.flats["V"])
    stars = pd.read_csv(results(night) / f"photometry/{lights['V'][0].stem}.csv")
    stars = stars[(stars["flags"] == 0) & (stars["psf_flux"] > 5000)]
    # the exposure is shifted by less than 3 pixels
    distance, index = cKDTree(np.column_stack([x, y])).query(
        stars[["centroid_x", "centroid_y"]], distance_upper_bound=4
    )
    near = np.isfinite(distance)
    assert near.sum() > 20
    ratio = stars["psf_flux"][near] / flux[index[near]]
    assert np.median(ratio) == pytest.approx(1, abs=0.01)


def test_each_filter_has_light_curves_of_its_own(night):
    curves = pd.read_csv(results(night) / "photometry/lightcurves.csv")
    assert set(curves["field"]) == {"wasp_12_V", "wasp_12_R"}
    assert curves.groupby("field")["image"].nunique().tolist() == [3, 3]


def test_the_table_of_images_can_be_given_again(night):
    """By a person who has edited it."""
    folder = night[0]
    table = results(night) / "night/images.tsv"
    words = run(folder, "photometry", "-n", images=str(table), name="again")
    assert "calibration" in words


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda folder: None, "night: .*: this folder does not exist"),
        (lambda folder: folder.mkdir(), "no FITS file below this folder"),
        (lambda folder: RawNight(folder).biases(2), "no light frame to measure among 2 files"),
    ],
)
def test_what_is_not_a_night_is_refused_in_one_line(tmp_path, make, words):
    make(tmp_path / "raw")
    said = run(tmp_path, "photometry", night=str(tmp_path / "raw"), name="x", status=1)
    assert re.search(words, said)
    assert "Traceback" not in said
