"""A real field, from the survey's own .bz2 to a redshift for each source."""

import csv
import json
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from chromium import check_page
from conftest import ROOT, run
from redpix.image.masks import bit_value
from redpix.image.wcs import frame_wcs
from scipy.spatial import cKDTree

FIELD = "2820-3-122"


@pytest.fixture(scope="module")
def field(demo, real, tmp_path_factory):
    """Folder in which config/field.yaml has run on the real field, with the demo's model."""
    folder = tmp_path_factory.mktemp("real")
    model = folder / "results/demo/photoz/knn/model.npz"
    model.parent.mkdir(parents=True)
    shutil.copy(demo / "results/demo/photoz/knn/model.npz", model)
    settings = ROOT / "config/field.yaml"
    run(folder, "--configfile", settings, source=(real / "sas").as_uri())
    return folder / "results/field"


def test_every_source_gets_a_redshift(field):
    with open(field / "photoz/knn/objects.csv", newline="") as file:
        objects = list(csv.DictReader(file))
    assert len(objects) > 400
    assert {row["split"] for row in objects} == {"target"}
    redshifts = np.array([float(row["z_phot"]) for row in objects])
    assert np.all((redshifts >= 0) & (redshifts <= 1))
    assert np.all([float(row["z_error"]) > 0 for row in objects])
    metrics = json.loads((field / "photoz/knn/metrics.json").read_text())
    assert metrics["objects"]["nmad"] is None  # nothing is known to compare with


def test_pixels_of_a_real_field(field):
    table = pq.read_table(field / f"pixels/{FIELD}.parquet").to_pandas()
    assert len(table) > 20000
    schema = pq.read_schema(field / f"pixels/{FIELD}.parquet")
    assert schema.field("flux_r").metadata == {b"unit": b"nanomaggy"}
    assert table["redshift"].isna().all()
    with fits.open(field / f"registered/{FIELD}-r.fits") as hdus:
        sky = frame_wcs(hdus["SCI"].header).all_pix2world(table["x"], table["y"], 0)
        assert np.array_equal(hdus["SCI"].data[table["y"], table["x"]], table["flux_r"])
    assert np.abs(np.transpose(sky) - table[["ra", "dec"]]).max(axis=None) < 1e-9


def test_registered_images_say_what_they_are(field):
    for band in "ugriz":
        with fits.open(field / f"registered/{FIELD}-{band}.fits") as hdus:
            assert [hdu.name for hdu in hdus] == ["SCI", "ERR", "MASK"]
            header = hdus["SCI"].header
            assert (header["FILTER"], header["RUN"]) == (band, 2820)
            assert header["RADESYS"] == "ICRS"
            assert header["BUNIT"] == "nanomaggy"
            assert 0.2 < header["NOISECOR"] < 0.7
            assert hdus["MASK"].header["BIT2"] == "SATURATED"
            assert len({hdu.shape for hdu in hdus}) == 1
            assert np.array_equal(np.isnan(hdus["SCI"].data), np.isnan(hdus["ERR"].data))
            empty = (hdus["MASK"].data & bit_value("NO_DATA", "EDGE", "BAD")) != 0
            assert np.array_equal(np.isnan(hdus["SCI"].data), empty)
        segments = fits.getheader(field / f"sources/{FIELD}-{band}.seg.fits")
        assert "BUNIT" not in segments
        assert segments["CTYPE1"] == "RA---TAN"
        with fits.open(field / f"sources/{FIELD}-{band}.cat.fits") as hdus:
            assert hdus["OBJECTS"].columns["FLUX_AUTO"].unit == "nanomaggy"
            assert "VECTOR_ASSOC" in hdus["OBJECTS"].columns.names


def test_bands_of_a_real_field_lie_on_each_other(field):
    """Compact sources in g and i stand where r has them, to a tenth of a pixel."""
    places = {}
    for band in "gri":
        table = fits.getdata(field / f"sources/{FIELD}-{band}.cat.fits", "OBJECTS")
        places[band] = table[(table["FLAGS"] == 0) & (table["MAG_AUTO"] < 20)]
    images = {
        band: np.nan_to_num(fits.getdata(field / f"registered/{FIELD}-{band}.fits"))
        for band in "gri"
    }
    chosen = places["r"]
    tree = cKDTree(np.transpose([chosen["X_IMAGE"], chosen["Y_IMAGE"]]))
    alone = np.array([len(tree.query_ball_point(place, 25)) == 1 for place in tree.data])
    for band in "gi":
        shifts = []
        for x, y in tree.data[alone] - 1:
            if min(x, y) < 20 or y > images["r"].shape[0] - 20 or x > images["r"].shape[1] - 20:
                continue
            box = np.s_[round(y) - 6 : round(y) + 7, round(x) - 6 : round(x) + 7]
            rows, columns = np.mgrid[-6:7, -6:7]
            centres = [
                [np.sum(image * columns) / image.sum(), np.sum(image * rows) / image.sum()]
                for image in (images["r"][box], images[band][box])
            ]
            shifts.append(np.subtract(*centres))
        assert len(shifts) > 20
        assert np.median(shifts, axis=0) == pytest.approx([0, 0], abs=0.1)


def test_the_report_of_a_real_field(field):
    check_page(field / "report.html")
    words = (field / "logs/frames" / f"{FIELD}.log").read_text()
    assert words.count("the archive has no survey mask (fpM)") == 5


def test_survey_masks_of_a_real_field_reach_the_registered_image(real, tmp_path):
    """Two bands of an epoch whose masks are at hand; the masked share of sky stays the same."""
    name = "4192-4-300"
    target = f"results/masks/registered/{name}-r.fits"
    run(
        *(tmp_path, target),
        name="masks",
        source=(real / "sas").as_uri(),
        fields=[name],
        bands=["g", "r"],
        catalogue={"from": "detections"},
    )
    with fits.open(tmp_path / f"results/masks/frames/{name}.masks.fits") as hdus:
        spans = hdus["SPANS"].data
        assert hdus["SPANS"].header["MASKr"]
    with fits.open(tmp_path / target) as hdus:
        mask, cards = hdus["MASK"].data, hdus["MASK"].header
    numbers = {cards[f"BIT{bit}"]: bit for bit in range(8)}
    for bit_name in ("SATURATED", "COSMIC_RAY", "INTERPOLATED", "GHOST"):
        chosen = spans[(spans["BAND"] == "r") & (spans["BIT"] == numbers[bit_name])]
        in_frame = np.sum(chosen["LAST"] - chosen["FIRST"] + 1)
        registered = np.sum((mask & (1 << numbers[bit_name])) != 0)
        if in_frame == 0:
            assert registered == 0
        else:
            assert in_frame * 0.9 < registered < in_frame * 9
