"""Runs on a user's own input: they plan nothing of the demo and end with a page of their own."""

import csv
import re

import fits_sky
import numpy as np
import pytest
from astropy.io import fits
from chromium import act_on_page, check_page
from conftest import run
from star_field import simulate

#: tables of a user, by kind: the name of the file and its content
TABLES = {
    "pairs.tsv": "pair\tscience\treference\tband\np\tnew.fits\told.fits\tr\n",
    "stacks.tsv": "stack\timage\tband\ns\told.fits\tr\ns\tnew.fits\tr\n",
    "images.tsv": "image\tpath\na\told.fits\nb\tnew.fits\n",
    "tables.tsv": "name\ttrain\ttest\nmine\tmine.csv\t\n",
}

STARS = {"calibration", "photometry_of_image", "light_curves"}

#: settings, target of the products, and rules that make them
KINDS = {
    "pairs": ({"pairs": "pairs.tsv"}, "transients", {"subtraction", "transients_of_pair"}),
    "stacks": ({"stacks": "stacks.tsv"}, "coadds", {"coaddition"}),
    "images": ({"images": "images.tsv"}, "photometry", STARS),
    "night": ({"night": "raw"}, "photometry", {"night"}),  # the others follow its files
    "tables": ({"photoz": {"tables": "tables.tsv"}}, "photoz", {"photoz_table"}),
    "files": (
        {"science": "new.fits", "reference": "old.fits"},
        "transients",
        {"subtraction", "transients_of_pair"},
    ),
}


def write_catalogue(path):
    """Write 200 galaxies whose colours follow their redshifts."""
    rng = np.random.default_rng(1)
    redshift = rng.uniform(0.02, 0.4, 200)
    colour = np.array([2, 1, 0, -0.3, -0.5]) + np.outer(redshift, [3, 2, 1, 0.5, 0])
    magnitudes = 18 + rng.normal(0, 0.5, (200, 1)) + colour + rng.normal(0, 0.02, (200, 5))
    rows = np.column_stack([redshift, magnitudes, np.full((200, 5), 0.02)])
    header = "redshift,u,g,r,i,z,u_err,g_err,r_err,i_err,z_err"
    np.savetxt(path, rows, "%.4f", delimiter=",", header=header, comments="")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Folder with small files of a user."""
    folder = tmp_path_factory.mktemp("own input")
    for name, text in TABLES.items():
        (folder / name).write_text(text)
    write_catalogue(folder / "mine.csv")
    (folder / "raw").mkdir()
    for seed, path in enumerate(("old.fits", "new.fits", "raw/light.fits"), start=1):
        image = simulate(seed, side=200, stars=40).image
        header = fits.Header({"IMAGETYP": "LIGHT", "EXPTIME": 30.0, "FILTER": "r"})
        fits.PrimaryHDU(image.astype("float32"), header).writeto(folder / path)
    return folder


def planned(words):
    """Rules of the table of jobs that a dry run prints."""
    table = re.search(r"^job +count\n-.*\n((?:\w.*\n)+?)total ", words, re.MULTILINE)
    return {line.split()[0] for line in table[1].splitlines()}


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_of_the_demo_is_planned(place, kind):
    settings, target, rules = KINDS[kind]
    report = "report_pair" if kind == "files" else "report"
    for targets in ([], [target]):
        words = run(place, "-n", *targets, **settings)
        assert planned(words) == {*rules, report, *(targets or ["all"])}


def test_a_target_of_a_part_of_the_input_makes_this_part_alone(place):
    settings = {"pairs": "pairs.tsv", "images": "images.tsv"}
    words = run(place, "-n", "photometry", **settings)
    assert planned(words) == {*STARS, "photometry"}
    words = run(place, "-n", **settings)
    assert planned(words) == {*STARS, "subtraction", "transients_of_pair", "report", "all"}


@pytest.mark.parametrize(
    "change", [{"demo": {"shows": ["stacks"]}}, {"fields": ["9001-3-100"]}, {"pairs": "field.tsv"}]
)
def test_the_demo_is_planned_beside_own_input_on_request(place, change):
    (place / "field.tsv").write_text(
        "pair\tscience\treference\tband\nq\t9003-3-101\t9001-3-100\tr\n"
    )
    words = run(place, "-n", images="images.tsv", **change)
    assert {"calibration", "demo_sky", "catalogue"} <= planned(words)


def sections(page):
    """Names of the sections of a page; its table of contents has the same."""
    text = page.read_text(encoding="utf-8")
    names = re.findall(r'<h2 id="(\w+)"', text)
    assert re.findall(r'<li><a href="#(\w+)"', text) == names
    return names


def test_images_end_with_a_page_of_the_images_alone(place):
    words = run(place, "photometry", name="stars", images="images.tsv")
    results = place / "results/stars"
    assert f"Report: {results / 'report.html'}" in words
    assert sections(results / "report.html") == ["verdict", "run", "photometry", "timings"]
    check_page(results / "report.html")
    assert {path.name for path in results.iterdir()} == {
        *("photometry", "report.html", "logs", "benchmarks", "provenance")
    }


def test_a_table_of_magnitudes_ends_with_a_page_of_its_redshifts(place):
    words = run(place, name="mags", photoz={"tables": "tables.tsv"})
    results = place / "results/mags"
    assert f"Report: {results / 'report.html'}" in words
    assert sections(results / "report.html") == ["verdict", "run", "redshifts", "timings"]
    check_page(results / "report.html")
    assert {path.name for path in results.iterdir()} == {
        *("tables", "report.html", "logs", "benchmarks", "provenance")
    }


def test_the_page_of_two_files_links_to_them(tmp_path):
    sky = fits_sky.stars()
    cards = {"GAIN": fits_sky.GAIN, "RDNOISE": fits_sky.READ_NOISE}
    fits_sky.write(tmp_path / "old.fits", fits_sky.counts(sky, 1), **cards)
    more = [np.append(one, value) for one, value in zip(sky, (61.0, 43.0, 8e3), strict=True)]
    fits_sky.write(tmp_path / "new.fits", fits_sky.counts(more, 2), **cards)
    files = {"science": "new.fits", "reference": "old.fits"}
    words = run(tmp_path, "transients", **files, subtraction={"background_mesh": 64})
    page = tmp_path / "results/demo/subtraction/new_minus_old/report.html"
    assert f"Report: {page}" in words
    links = re.findall(r'href="([^"#]+)"', page.read_text(encoding="utf-8"))
    assert links == ["transients.csv", "image/difference.fits", "image/cut_outs.fits"]
    assert all((page.parent / link).is_file() for link in links)
    assert sections(page) == ["verdict", "changes"]
    text = page.read_text(encoding="utf-8")
    assert "science image new.fits of new_minus_old" in text
    assert text.count("gain 2 (GAIN)") == 2  # assumed about the input
    steps = """
    const press = key => document.activeElement.dispatchEvent(
      new KeyboardEvent("keydown", {key, bubbles: true}));
    answer.count = document.getElementById("changes-count").textContent;
    document.getElementById("flagged").click();
    answer.all = document.querySelectorAll("#stamps > li").length;
    answer.pictures = document.querySelectorAll("#stamps img").length;
    press("n"); press("r"); press("n"); press("b");
    answer.marks = redpixMarks.table();"""
    answer = act_on_page(page, tmp_path, "window.redpixMarks", steps)
    rows = list(csv.DictReader((page.parent / "transients.csv").open()))
    assert f"of {len(rows)} changes, 0 marked" in answer["count"]
    assert (answer["all"], answer["pictures"]) == (len(rows), 4 * len(rows))
    assert rows
    marks = [row["mark"] for row in csv.DictReader(answer["marks"].splitlines())]
    assert marks == (["real", "bogus"] if len(rows) > 1 else ["bogus"])
    # a later run learns its score from them
    (tmp_path / "marks.csv").write_text(answer["marks"])
    settings = {"background_mesh": 64, "marks": "marks.csv"}
    run(tmp_path, "transients", **files, subtraction=settings)
    header = fits.getheader(page.parent / "image/difference.fits", "D")
    assert (header["MARKS"], header["MARKREAL"]) == (len(marks), marks.count("real"))
    assert "score learned from" in page.read_text(encoding="utf-8")
    again = list(csv.DictReader((page.parent / "transients.csv").open()))
    bogus = marks.index("bogus")
    place = list(csv.DictReader(answer["marks"].splitlines()))[bogus]["id"]
    before, after = (
        next(float(row["score"]) for row in table if row["id"] == place) for table in (rows, again)
    )
    assert after < before
