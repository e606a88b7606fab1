"""The demo sky, from the README's command to the report, held to its truth."""

import csv
import json
import re

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.stats import sigma_clip
from chromium import check_page, printed_pages
from conftest import run
from redpix.image.wcs import frame_wcs
from scipy.spatial import cKDTree

BANDS = "ugriz"
RADIUS = 5  # of apertures, pixels


@pytest.fixture(scope="module")
def results(demo):
    return demo / "results/demo"


@pytest.fixture(scope="module")
def truth(results):
    return pd.read_csv(results / "demo/truth.csv")


@pytest.fixture(scope="module")
def fields(results):
    frames = pd.read_csv(results / "catalogue/frames.csv")
    return ["-".join(map(str, row)) for row in frames.to_numpy()]


def test_the_run_ends_by_saying_where_the_report_is(demo):
    assert f"Report: {demo}/results/demo/report.html" in (demo / "words.txt").read_text()


def test_the_report_opens_and_shows_every_picture(results):
    check_page(results / "report.html")
    assert printed_pages(results / "report.html") < 10


def test_snakemake_s_own_report_is_complete(demo, tmp_path):
    page = tmp_path / "snakemake.html"
    run(demo, "--rerun-triggers", "mtime", "--report", page)
    text = page.read_text()
    listed = json.loads(re.search(r"var categories = (\{.*?\});\n", text)[1])
    paths = {
        name: [path.removeprefix("results/demo/") for path in sum(parts.values(), [])]
        for name, parts in listed.items()
    }
    assert paths["Report"] == ["report.html"]
    assert set(paths["Losses"]) == {"catalogue/rejected.csv", "frames/delivered.csv"}
    assert set(paths["Redshifts"]) == {"photoz/knn/objects.csv", "photoz/knn/metrics.json"}
    assert paths["Changes"] == ["subtraction/second_epoch/transients.csv"]
    assert "photometry/scatter.csv" in paths["Stars"]
    assert "training_images/truth.csv" in paths["Training images"]
    assert "one row per object with <tt" in text  # a caption


def test_fields_of_the_sky(results, fields):
    assert len(fields) >= 3
    archive = results / "demo/archive"
    assert len(list(archive.rglob("frame-*.fits.bz2"))) == 5 * (len(fields) + 1)
    for field in fields:
        for band in BANDS:
            with fits.open(results / f"frames/{field}-{band}.fits") as hdus:
                assert [hdu.shape for hdu in hdus[:2]] == [(1489, 2048), (2048,)]
                assert hdus[2].data["ALLSKY"].shape == (1, 192, 256)


def test_a_second_run_has_nothing_to_do(demo):
    assert "Nothing to be done" in run(demo)


def blank(image, wcs, sources):
    """Pixels away from every source, the farther the brighter it is."""
    free = np.isfinite(image)
    x, y = wcs.all_world2pix(sources["ra"], sources["dec"], 0)
    for x_source, y_source, magnitude in zip(x, y, sources["r"], strict=True):
        half = int(12 + 8 * max(0.0, 21 - magnitude))
        low_y, low_x = max(0, round(y_source) - half), max(0, round(x_source) - half)
        free[low_y : max(0, round(y_source) + half), low_x : max(0, round(x_source) + half)] = False
    return free


@pytest.mark.parametrize("band", BANDS)
def test_pulls_of_the_sky_as_delivered(results, fields, band):
    for field in fields:
        image = fits.getdata(results / f"frames/{field}-{band}.fits")
        error = fits.getdata(results / f"errors/{field}-{band}.fits")
        assert sigma_clip(image / error, 3, maxiters=10).std() == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("band", BANDS)
def test_pulls_of_apertures_in_the_registered_sky(results, truth, fields, band):
    y, x = np.mgrid[-RADIUS : RADIUS + 1, -RADIUS : RADIUS + 1]
    disk = np.argwhere(x**2 + y**2 <= RADIUS**2) - RADIUS
    for field in fields:
        with fits.open(results / f"registered/{field}-{band}.fits", memmap=False) as hdus:
            image, error = hdus["SCI"].data, hdus["ERR"].data
            wcs, header = frame_wcs(hdus["SCI"].header), hdus["SCI"].header
        free = blank(image, wcs, truth[truth.epoch == 0])
        step = 2 * RADIUS + 1
        centres = np.stack(
            np.mgrid[step : free.shape[0] - step : step, step : free.shape[1] - step : step],
            axis=-1,
        ).reshape(-1, 1, 2)
        rows, columns = np.moveaxis(centres + disk, -1, 0)
        usable = free[rows, columns].all(axis=1)
        rows, columns = rows[usable], columns[usable]
        variance = np.square(error[rows, columns], dtype=float).sum(axis=1)
        pulls = image[rows, columns].sum(axis=1, dtype=float) / np.sqrt(variance)
        assert len(pulls) > 3000
        assert sigma_clip(pulls, 4).std() == pytest.approx(1, abs=0.08)
        single = np.var(image[rows, columns] / error[rows, columns])
        assert header["NOISECOR"] == pytest.approx(single, rel=0.04)


def centroid(image, x, y, half=6, sigma=1.7):
    """Centroid under a Gaussian window, iterated to the source's centre; 0-based."""
    low_x, low_y = round(x) - half, round(y) - half
    stamp = image[low_y : low_y + 2 * half + 1, low_x : low_x + 2 * half + 1].astype(float)
    rows, columns = np.mgrid[low_y : low_y + 2 * half + 1, low_x : low_x + 2 * half + 1]
    for _ in range(40):
        weight = stamp * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * sigma**2))
        x = x + 2 * (np.sum(weight * (columns - x)) / weight.sum())
        y = y + 2 * (np.sum(weight * (rows - y)) / weight.sum())
    return x, y


def bright_stars(truth, wcs, shape):
    """Stars bright enough to be placed to a milliarcsecond or two, clear of the edges."""
    stars = truth[(truth.kind == "star") & truth.r.between(15.5, 17.0)]
    x, y = wcs.all_world2pix(stars["ra"], stars["dec"], 0)
    inside = (x > 40) & (x < shape[1] - 40) & (y > 40) & (y < shape[0] - 40)
    return stars[inside]


def before_and_after(results, field, band):
    """Image and WCS of a frame, and of the same when registered."""
    for stage in ("frames", "registered"):
        with fits.open(results / f"{stage}/{field}-{band}.fits", memmap=False) as hdus:
            yield hdus[0].data, frame_wcs(hdus[0].header)


def test_bands_are_registered_to_each_other(results, truth, fields):
    """Star by star: its place in the registered image against its place in the frame.

    The noise is the same on both sides, so that what differs is the registration.
    """
    offsets = []
    for field in fields:
        for band in "griz":
            (frame, frame_sky), (image, sky) = before_and_after(results, field, band)
            for star in bright_stars(truth, frame_sky, frame.shape).itertuples():
                places = []
                for data, wcs in ((frame, frame_sky), (image, sky)):
                    start = wcs.all_world2pix([[star.ra, star.dec]], 0)[0]
                    places.append(wcs.all_pix2world([centroid(data, *start)], 0)[0])
                offset = (places[1] - places[0]) * 3600e3
                offsets.append(offset * [np.cos(np.radians(star.dec)), 1])
    offsets = np.array(offsets)
    assert len(offsets) > 50
    assert np.sqrt(np.mean(offsets**2, axis=0)) == pytest.approx([0, 0], abs=5)


def test_apertures_keep_their_flux(results, truth, fields):
    """Sum over a wide aperture in the registered image against the same in the frame."""
    ratios = []
    for field in fields:
        (frame, frame_sky), (image, sky) = before_and_after(results, field, "r")
        for star in bright_stars(truth, frame_sky, frame.shape).itertuples():
            sums = []
            for data, wcs in ((frame, frame_sky), (image, sky)):
                x, y = wcs.all_world2pix([[star.ra, star.dec]], 0)[0]
                low_x, low_y = round(x) - 40, round(y) - 40
                stamp = data[low_y : low_y + 81, low_x : low_x + 81].astype(float)
                rows, columns = np.mgrid[low_y : low_y + 81, low_x : low_x + 81]
                # a smooth edge: a hard one would count pixels in and out as they fall
                distance = np.hypot(columns - x, rows - y)
                near = distance < 25
                sums.append(np.sum(stamp[near] * np.clip((25 - distance[near]) / 10, 0, 1)))
            ratios.append(sums[1] / sums[0])
    assert len(ratios) > 15
    assert np.median(ratios) == pytest.approx(1, abs=1e-4)


def test_bright_galaxies_are_found_and_none_is_another(results, truth, fields):
    bright = truth[(truth.kind == "galaxy") & (truth.r < 19)]
    steady = truth[truth.epoch == 0].set_index("id")
    found = []
    for field in fields:
        table = fits.getdata(results / f"sources/{field}-r.cat.fits", "OBJECTS")
        wcs = frame_wcs(fits.getheader(results / f"registered/{field}-r.fits"))
        tree = cKDTree(np.transpose(wcs.all_world2pix(steady["ra"], steady["dec"], 0)))
        for row in table:
            distances, places = tree.query([row["X_IMAGE"] - 1, row["Y_IMAGE"] - 1], k=8)
            near = steady.iloc[places[distances < 4]]
            # the brightest source within reach of the detection is the object it is named for
            assert near["r"].idxmin() == row["OBJECT_ID"]
            found.append(row["OBJECT_ID"])
    assert len(bright) > 50
    assert set(bright["id"]) - set(found) == set()
    assert len(found) == len(set(found))


def test_pixels_are_complete_and_counted_once(results, fields):
    names = ["object_id", "x", "y", "ra", "dec", "distance", "redshift", "redshift_error", "class"]
    names += [f"{kind}_{band}" for kind in ("flux", "error", "mag") for band in BANDS]
    tables = []
    for field in fields:
        table = pq.read_table(results / f"pixels/{field}.parquet")
        assert set(names) <= set(table.column_names)
        tables.append(table.to_pandas())
        assert np.isfinite(tables[-1][[f"mag_{band}" for band in BANDS]]).all(axis=None)
        assert not tables[-1].duplicated(["x", "y"]).any()
    owners = [set(table["object_id"]) for table in tables]
    for first in range(len(tables)):
        for second in range(first):
            assert owners[first].isdisjoint(owners[second])
            pairs = shared_positions(tables[first], tables[second])
            assert pairs == 0


def shared_positions(one, other, arcsec=0.198):
    """Pixels of one table that lie within half a pixel of one of the other."""
    cosine = np.cos(np.radians(one["dec"].mean()))
    trees = [
        cKDTree(np.transpose([table["ra"] * cosine * 3600, table["dec"] * 3600]))
        for table in (one, other)
    ]
    return trees[0].count_neighbors(trees[1], arcsec)


def test_redshifts_mean_something(results):
    metrics = json.loads((results / "photoz/knn/metrics.json").read_text())
    with open(results / "photoz/knn/objects.csv", newline="") as file:
        objects = list(csv.DictReader(file))
    splits = {row["split"] for row in objects}
    assert splits == {"train", "test"}
    scored = [row for row in objects if row["split"] == "test" and row["class"] == "GALAXY"]
    true = np.array([float(row["redshift"]) for row in scored])
    guessed = np.array([float(row["z_phot"]) for row in scored])
    scaled = (guessed - true) / (1 + true)
    nmad = 1.4826 * np.median(abs(scaled - np.median(scaled)))
    assert metrics["objects"]["nmad"] == pytest.approx(nmad, rel=1e-3)
    # guessing the mean redshift of all is twice as far off
    null = (true.mean() - true) / (1 + true)
    assert nmad < 0.6 * 1.4826 * np.median(abs(null - np.median(null)))
    for part in ("pixels", "objects", "baseline"):
        assert metrics[part]["n"] > 0
    assert metrics["combiner"] == "summary"
    assert metrics["objects"]["nmad"] < 0.9 * metrics["baseline"]["nmad"]
