"""Ways through the workflow that the demo does not take."""

import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from conftest import run
from small import FIELDS, configuration, copy_archive, copy_catalogue

FIELD = FIELDS[1]


@pytest.fixture(scope="module")
def given(demo, tmp_path_factory):
    """A local archive with one field in two bands, and its objects as a CSV."""
    folder = tmp_path_factory.mktemp("given")
    return copy_archive(demo, folder, [FIELD]), copy_catalogue(demo, folder, [FIELD])


@pytest.mark.parametrize(("engine", "bands"), [("swarp", "gr"), ("reproject", "r")])
def test_other_engines_measure_the_same(demo, given, tmp_path, engine, bands):
    target = f"results/small/sources/{FIELD}-r.cat.fits"
    run(tmp_path, target, **configuration(*given, bands, registration={"engine": engine}))
    found = fits.getdata(tmp_path / target, "OBJECTS")
    known = fits.getdata(demo / f"results/demo/sources/{FIELD}-r.cat.fits", "OBJECTS")
    ids, here, there = np.intersect1d(found["OBJECT_ID"], known["OBJECT_ID"], return_indices=True)
    assert len(ids) > 0.97 * len(known)
    bright = known["MAG_AUTO"][there] < 18
    difference = found["MAG_AUTO"][here] - known["MAG_AUTO"][there]
    assert np.median(difference[bright]) == pytest.approx(0, abs=0.01)
    header = fits.getheader(tmp_path / f"results/small/registered/{FIELD}-r.fits")
    assert header["ENGINE"] == engine


def test_coarser_pixels_keep_the_flux(demo, given, tmp_path):
    target = f"results/small/sources/{FIELD}-r.cat.fits"
    run(tmp_path, target, **configuration(*given, "r", registration={"pixel_scale": 0.6}))
    found = fits.getdata(tmp_path / target, "OBJECTS")
    known = fits.getdata(demo / f"results/demo/sources/{FIELD}-r.cat.fits", "OBJECTS")
    _, here, there = np.intersect1d(found["OBJECT_ID"], known["OBJECT_ID"], return_indices=True)
    bright = known["MAG_AUTO"][there] < 18
    difference = found["MAG_AUTO"][here] - known["MAG_AUTO"][there]
    assert np.median(difference[bright]) == pytest.approx(0, abs=0.02)


def test_detection_in_each_band(given, tmp_path):
    """Every pixel lies in its object's segment in every band."""
    run(
        *(tmp_path, f"results/small/pixels/{FIELD}.parquet"),
        **configuration(*given, sources={"detection": "band"}, registration={"engine": "drizzle"}),
    )
    results = tmp_path / "results/small"
    pixels = pq.read_table(results / f"pixels/{FIELD}.parquet").to_pandas()
    assert len(pixels) > 1000
    maps = []
    for band in "gr":
        table = fits.getdata(results / f"sources/{FIELD}-{band}.cat.fits", "OBJECTS")
        objects = dict(zip(table["NUMBER"].tolist(), table["OBJECT_ID"].tolist(), strict=True))
        segments = fits.getdata(results / f"sources/{FIELD}-{band}.seg.fits")
        maps.append(segments)
        found = [objects[number] for number in segments[pixels["y"], pixels["x"]].tolist()]
        assert found == pixels["object_id"].tolist()
    assert not np.array_equal(*maps)
    counts = (results / f"pixels/{FIELD}.counts.csv").read_text()
    assert "not in the object's segment in every band" in counts
