"""A night of a colour camera: masters on the mosaic, then one image per colour."""

import json

import numpy as np
import pandas as pd
import pytest
from raw_night import GAIN, LIGHT, PLACES, RawNight, through_filters
from redpix.photometry.calibration import calibrate_exposure
from redpix.photometry.make_master import make_master
from redpix.photometry.measure import full_photometry
from redpix.photometry.planes_file import read_calibrated
from redpix.photometry.sort_night import sort_night
from scipy.spatial import cKDTree
from star_field import Moffat, draw

CAMERA = ("gain", "read_noise", "saturation", "zero_point")
SETTINGS = {
    "camera": dict.fromkeys(CAMERA),
    "flat": "median",
    "scale_dark": False,
    "background_mesh": 64,
    "cosmic_rays": False,
    "threshold": 5.0,
    "window": 7,
}
ROW = dict.fromkeys(("mask", "exposure", "frame", "magnitude", *CAMERA))


def colour_night(folder, pattern):
    """Write biases, darks, flats of changing colour and a light; return the stars."""
    night = RawNight(folder, side=240, seed=4)
    shape = (night.side, night.side)
    x, y = np.mgrid[:240, :240] / 240 - 0.5
    # the vignetting differs from filter to filter
    flat = {"R": 1 - 0.5 * x**2, "G": 1 - 0.3 * y**2, "B": 1 - 0.6 * x * y}
    flat = {colour: plane / np.median(plane) for colour, plane in flat.items()}
    night.dark[50:53, 60:63] = 40  # hot pixels, electrons per second
    night.biases(5)
    night.darks(5, 60.0)
    for tint in (0.7, 1.0, 1.5):
        level = {colour: 12_000 * LIGHT[colour] * flat[colour] for colour in LIGHT}
        level["B"] = level["B"] * tint
        counts = through_filters(shape, level)
        night.write("Flat Field", counts * GAIN, 2.0, BAYERPAT=pattern)
    rng = np.random.default_rng(6)
    column, row = rng.uniform(15, 225, (2, 30))
    flux = 10 ** rng.uniform(4.7, 5.7, 30)
    stars = draw(shape, column, row, flux, Moffat(6.0), 0.01) + 200
    counts = stars * through_filters(shape, {c: LIGHT[c] * flat[c] for c in LIGHT})
    cards = {"BAYERPAT": pattern, "OBJECT": "m13", "MJD-OBS": 61000.2, "TIMESYS": "UTC"}
    night.write("Light Frame", counts * GAIN, 60.0, **cards)
    return column, row, flux


# programs that write rows from the top down state the same pattern as others
@pytest.mark.parametrize("pattern", ["RGGB", "GBRG"], ids=["stated", "turned"])
def test_each_colour_has_the_fluxes_of_its_filter(tmp_path, pattern):
    x, y, flux = colour_night(tmp_path / "raw", pattern)
    raw = sorted(map(str, (tmp_path / "raw").iterdir()))
    tables = [str(tmp_path / name) for name in ("files.csv", "images.tsv", "masters.json")]
    sort_night(raw, *tables, folder=str(tmp_path))
    for name, plan in json.loads((tmp_path / "masters.json").read_text()).items():
        first = [f"{tmp_path}/{other}.fits" for other in (plan["dark"], plan["bias"]) if other]
        make_master(
            plan["frames"],
            first,
            f"{tmp_path}/{name}.fits",
            **{key: plan[key] for key in ("kind", "exposure", "factor", "mosaic")},
        )
    images = pd.read_csv(tables[1], sep="\t").to_dict("records")
    assert [image["field"] for image in images] == ["m13_R", "m13_G", "m13_B"]
    for image in images:
        colour = image["field"][-1]
        calibrated = tmp_path / f"{colour}.fits"
        calibrate_exposure(image["path"], str(calibrated), {**ROW, **image}, SETTINGS)
        planes, header = read_calibrated(calibrated)
        assert planes["SCI"].shape == (120, 120)
        noise = np.median(planes["ERR"])
        # the dark of the pixel itself takes the hot pixels away
        assert abs(planes["SCI"][24:28, 29:33]).max() < 20 * noise
        stars = full_photometry(planes, SETTINGS, header, colour).stars
        offset = np.mean(PLACES[colour], axis=0)
        tree = cKDTree(np.column_stack([stars["centroid_x"], stars["centroid_y"]]))
        distance, nearest = tree.query(np.column_stack([x - offset[1], y - offset[0]]) / 2)
        near = (distance < 0.3) & (np.asarray(stars["flags"])[nearest] == 0)
        assert near.sum() >= 12
        # a pixel of one colour in four is read, or the mean of two
        change = np.asarray(stars["psf_flux"])[nearest[near]] / (flux[near] * LIGHT[colour] / 4)
        # with a flat of another filter, or without one, stars would differ by 10 % and more
        assert np.median(change) == pytest.approx(1, abs=0.008)
        assert np.std(change) < 0.015
