"""A night of sixty raw files goes from the folder to light curves by one command.

A colour camera beside it has eleven files.
"""

import re

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from conftest import run
from raw_night import GAIN, LIGHT, PLACES, RawNight, write_colour_night
from scipy.spatial import cKDTree

#: depth of the transit, and the exposures of the first field that show it
DEPTH, IN_TRANSIT = 0.01, range(4, 9)

#: seconds of the lights of each filter
SECONDS = {"V": 60.0, "R": 30.0}


def transiting(raw):
    """Return the number of the brightest star without a neighbour within 12 pixels."""
    x, y, flux = raw.sky_of("wasp 12")
    near = cKDTree(np.column_stack([x, y])).query(np.column_stack([x, y]), k=2)[0][:, 1]
    return int(np.argmax(np.where(near > 12, flux, 0)))


def write_night(folder):
    """Write the raw files: 10 bias, 8 darks, 10 flats, 32 lights; return camera and lights."""
    raw = RawNight(folder, side=160, stars=30, fluxes=(3.4, 5.5))
    raw.biases(10)
    raw.darks(4, 60.0)
    raw.darks(4, 120.0)
    for band in SECONDS:
        raw.flat_fields(5, band)
    star = transiting(raw)
    lights = {}
    for number in range(12):
        dimmed = (star, DEPTH) if number in IN_TRANSIT else None
        lights.setdefault("wasp_12_V", []).append(raw.light("wasp 12", "V", dimmed=dimmed))
    raw.sky_of("elsewhere", stars=60)
    wrong = raw.light("wasp 12", "V", sky="elsewhere")
    damaged = raw.light("wasp 12", "V")
    damaged.write_bytes(damaged.read_bytes()[:5000])
    for target, band, number in (
        ("wasp 12", "R", 4),
        ("M 67", "V", 4),
        ("M 67", "R", 4),
        ("NGC 188", "V", 3),
        ("NGC 188", "R", 3),
    ):
        for _ in range(number):
            name = f"{target.replace(' ', '_')}_{band}"
            lights.setdefault(name, []).append(raw.light(target, band, SECONDS[band]))
    (folder / "notes.txt").write_text("clouds at 3")
    (folder / "preview.jpg").write_bytes(b"\xff\xd8\xff")
    return raw, lights, wrong, damaged


@pytest.fixture(scope="module")
def night(tmp_path_factory):
    """A night of two filters and three targets, and what the run said."""
    folder = tmp_path_factory.mktemp("night")
    raw, lights, wrong, damaged = write_night(folder / "raw")
    write_colour_night(folder / "raw/colour", "M 13", 2)
    sky = WCS(fits.Header(raw.wcs_cards()))
    x, y, _ = raw.sky_of("wasp 12")
    ra, dec = sky.all_pix2world(x[transiting(raw)], y[transiting(raw)], 0)
    wanted = {"targets": [["wasp_12", float(ra), float(dec)]]}
    words = run(folder, "photometry", night=str(folder / "raw"), name="night", photometry=wanted)
    return folder, raw, lights, wrong, damaged, words


def results(night):
    return night[0] / "results/night"


def test_each_file_is_accounted_for(night):
    files = pd.read_csv(results(night) / "night/files.csv").set_index("file")
    assert len(files) == 71
    kinds = files["type"].value_counts()
    assert kinds.to_dict() == {"bias": 13, "dark": 11, "flat": 13, "light": 33}
    _, _, lights, _, damaged, words = night
    assert "truncated" in files.loc[str(damaged), "remarks"]
    assert str(damaged) in words
    scaled = files.loc[[str(path) for path in lights["M_67_R"]], "remarks"]
    assert scaled.str.contains("the dark of 120 s is scaled to 30 s").all()
    assert files.loc[str(lights["M_67_V"][0]), "remarks"] is np.nan


def test_masters_are_what_the_camera_is(night):
    """The names of the masters of the first of two cameras end with 1."""
    raw, folder = night[1], results(night) / "night/masters"
    bias = fits.getdata(folder / "bias_1.fits")
    assert np.std(bias - raw.bias) < 1.2 * 6 / GAIN / np.sqrt(10) + 0.3
    flat, header = fits.getdata(folder / "flat_R_1.fits", header=True)
    expected = raw.flats["R"] / np.median(raw.flats["R"])
    assert np.median(flat) == pytest.approx(1)
    assert np.std(flat / expected) < 0.006
    assert header["NCOMBINE"] == 5
    dark = fits.getdata(folder / "dark_30s_scaled_1.fits") - bias
    assert np.median(dark) == pytest.approx(np.median(raw.dark) * 30 / GAIN, abs=0.5)


@pytest.mark.parametrize(("field", "band"), [("wasp_12_V", "V"), ("M_67_R", "R")])
def test_stars_have_their_fluxes(night, field, band):
    """Counts of the flat's median pixel."""
    _, raw, lights, _, _, _ = night
    x, y, flux = raw.sky_of(field[:-2].replace("_", " "))
    flux = flux * np.median(raw.flats[band]) * SECONDS[band] / 60
    stars = pd.read_csv(results(night) / f"photometry/{lights[field][0].stem}.csv")
    stars = stars[(stars["flags"] == 0) & (stars["psf_flux"] > 4000)]
    # the exposure is shifted by less than 3 pixels
    distance, index = cKDTree(np.column_stack([x, y])).query(
        stars[["centroid_x", "centroid_y"]], distance_upper_bound=4
    )
    near = np.isfinite(distance)
    assert near.sum() >= 10
    ratio = stars["psf_flux"][near] / flux[index[near]]
    assert np.median(ratio) == pytest.approx(1, abs=0.01)


def test_each_target_and_filter_has_light_curves_of_its_own(night):
    _, _, lights, wrong, _, words = night
    curves = pd.read_csv(results(night) / "photometry/lightcurves.csv")
    images = curves.groupby("field")["image"].unique()
    colours = {f"M_13_{colour}" for colour in "RGB"}
    assert {field: set(names) for field, names in images.items() if field not in colours} == {
        field: {path.stem for path in paths} for field, paths in lights.items()
    }
    assert colours <= set(images.index)
    assert f"{wrong.stem}: left out of the light curves of wasp_12_V" in words
    fate = pd.read_csv(results(night) / "photometry/light_curves/exposures.csv")
    assert fate.loc[fate["used"] == "no", "image"].tolist() == [wrong.stem]
    assert "does not show the stars" in fate.loc[fate["used"] == "no", "reason"].item()


@pytest.mark.parametrize("colour", "RGB")
def test_a_colour_camera_has_stars_of_each_filter(night, tmp_path, colour):
    x, y, flux = write_colour_night(tmp_path, "M 13", 0)
    images = pd.read_csv(results(night) / "night/images.tsv", sep="\t")
    first = images[images["field"] == f"M_13_{colour}"].iloc[0]
    stars = pd.read_csv(results(night) / f"photometry/{first['image']}.csv")
    offset = np.mean(PLACES[colour], axis=0)
    tree = cKDTree(stars[["centroid_x", "centroid_y"]])
    distance, nearest = tree.query(np.column_stack([x - offset[1], y - offset[0]]) / 2)
    near = (distance < 0.3) & (stars["flags"].to_numpy()[nearest] == 0)
    assert near.sum() >= 10
    # a pixel of one colour in four is read, or the mean of two
    ratio = stars["psf_flux"].to_numpy()[nearest[near]] / (flux[near] * LIGHT[colour] / 4)
    assert np.median(ratio) == pytest.approx(1, abs=0.01)
    curves = pd.read_csv(results(night) / "photometry/lightcurves.csv")
    assert curves.loc[curves["field"] == f"M_13_{colour}", "image"].nunique() == 2


def test_the_transit_has_its_depth(night):
    raw, lights = night[1:3]
    curves = pd.read_csv(results(night) / "photometry/lightcurves.csv")
    curves = curves[curves["field"] == "wasp_12_V"]
    first = curves[curves["image"] == lights["wasp_12_V"][0].stem]
    x, y, _ = raw.sky_of("wasp 12")
    number = transiting(raw)
    distance = np.hypot(first["x"] - x[number], first["y"] - y[number])
    assert distance.min() < 3
    star = first.loc[distance.idxmin(), "star"]
    curve = curves[curves["star"] == star].sort_values("mjd")
    inside = np.isin(np.arange(12), IN_TRANSIT)
    magnitude, error = curve["ensemble_magnitude"].to_numpy(), curve["ensemble_error"].to_numpy()
    means = [np.average(magnitude[part], weights=error[part] ** -2) for part in (inside, ~inside)]
    errors = [np.sum(error[part] ** -2) ** -0.5 for part in (inside, ~inside)]
    depth, depth_error = 1 - 10 ** (-0.4 * (means[0] - means[1])), np.hypot(*errors) / 1.0857
    assert depth == pytest.approx(DEPTH, abs=2 * depth_error)
    assert depth_error < 0.15 * DEPTH
    target = pd.read_csv(results(night) / "photometry/light_curves/wasp_12.csv")
    assert set(target.loc[target["field"] == "wasp_12_V", "star"]) == {star}
    assert target["distance"].max() < 5
    assert (results(night) / "photometry/light_curves/wasp_12.png").stat().st_size > 10_000
    # the light takes up to 499 s from the Sun, and TDB - UTC is 69.2 s
    lag = (curve["bjd_tdb"] - 2400000.5 - curve["mjd"]) * 86400 - 69.2
    assert lag.abs().max() < 510
    assert np.ptp(lag) < 0.1 * 60
    flux = curve["relative_flux"].to_numpy()
    assert 1 - flux[inside].mean() / flux[~inside].mean() == pytest.approx(DEPTH, abs=0.003)


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
