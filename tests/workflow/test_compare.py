"""The target compare: two small runs on one page; and runs that are missing."""

import json
import re
from types import SimpleNamespace

import pandas as pd
import pytest
import synthetic_pixels
from chromium import act_on_page, check_page
from conftest import run
from redpix.photoz import run_pixels

FILES = ("objects.csv", "pixels.dat", "metrics.json", "pdfs.parquet", "model.npz")


def estimate(folder, name, k):
    """Predict redshifts of the same objects with some number of neighbours, as run `name` would."""
    (folder / name).mkdir()
    table = synthetic_pixels.catalogue(120, 0, seed=1)
    objects, pixels = synthetic_pixels.write(
        folder / name, table, synthetic_pixels.pixels(table, seed=1)
    )
    home = folder / f"results/{name}/photoz/knn"
    home.mkdir(parents=True)
    paths = SimpleNamespace(**{one.split(".")[0]: str(home / one) for one in FILES})
    run_pixels.estimate_from_pixels(
        objects,
        pixels,
        **vars(paths),
        method="knn",
        bands=list("ugriz"),
        attributes=["magnitudes", "colours"],
        settings={"k": k, "mode": "mean"},
        test_fraction=0.5,
        split_by="object",
        pixels_per_object=30,
        grid=[0.0, 0.6, 0.01],
        combiner="weighted",
        trained_model=None,
        seed=1,
        tune=False,
    )
    record = {
        **{"rule": "photoz_method", "wildcards": {"method": "knn"}, "outputs": {}, "inputs": {}},
        **{"code": {}, "parameters": {"settings": {"k": k}}, "versions": {}, "programs": {}},
    }
    path = folder / f"results/{name}/provenance/photoz_method/knn.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(record))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Folder with two runs that differ in the number of neighbours, and their comparison."""
    folder = tmp_path_factory.mktemp("compared")
    for name, k in (("near", 5), ("far", 45)):
        estimate(folder, name, k)
    words = run(folder, "compare", runs=["near", "far"])
    assert "results/compare-and-near-and-far/report.html" in words
    return folder


def test_the_page_shows_what_differs_and_sorts(place, tmp_path):
    page = place / "results/compare-and-near-and-far/report.html"
    check_page(page)
    text = " ".join(re.sub(r"<[^>]+>", " ", page.read_text().split("<script")[0]).split())
    assert "photoz_method knn.settings.k 5 45" in text
    assert "σ NMAD" in text
    assert "worse" in text  # most of all training objects are neighbours
    table = pd.read_csv(page.with_name("objects.csv"), dtype={"object": str})
    tables = [
        pd.read_csv(place / f"results/{name}/photoz/knn/objects.csv", dtype={"object_id": str})
        for name in ("near", "far")
    ]
    joined = tables[0].merge(tables[1], on="object_id", suffixes=("", "_far"))
    step = (joined["z_phot_far"] - joined["z_phot"]).abs() / (1 + joined["redshift"])
    assert len(table) == len(joined) == 120
    assert table["object"][0] == joined["object_id"][step.idxmax()]
    steps = """const all = node => [...node.querySelectorAll("*")].flatMap(one =>
      [one, ...(one.shadowRoot ? all(one.shadowRoot) : [])]);
    const inside = wanted => all(document).filter(one => one.matches(wanted));
    inside(".slick-header-column").find(one => one.textContent.includes("error")).click();
    await pause(200);
    const rows = inside(".slick-row").sort((a, b) => a.offsetTop - b.offsetTop);
    answer.first = rows[0].textContent;
    answer.width = document.documentElement.scrollWidth;"""
    ready = "window.Bokeh?.documents[0]?.is_idle"
    answer = act_on_page(page, tmp_path, ready, steps)
    least = table["object"][table["sigmas"].idxmin()]
    assert answer["first"].startswith(least)
    assert answer["width"] <= 1200


def test_nothing_is_made_again_and_a_new_product_renews_the_page(place):
    assert "Nothing to be done" in run(place, "compare", runs=["near", "far"])
    record = place / "results/far/provenance/photoz_method/knn.json"
    record.write_text(record.read_text() + "\n")
    assert "comparing runs" in run(place, "-n", "compare", runs=["near", "far"])


def test_a_missing_run_is_refused_in_one_line(place):
    words = run(place, "compare", status=1, runs=["near", "fra"])
    assert "runs: fra: results/fra does not exist; allowed: two of " in words
    assert "Traceback" not in words
    words = run(place, "compare", status=1)
    assert "runs: null: the target compare needs the names of two runs; allowed: two of" in words
