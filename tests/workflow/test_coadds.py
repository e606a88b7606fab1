"""Two files alone, references of several exposures, coadds, and what is left out of them."""

import csv

import fits_sky
import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from chromium import check_page
from conftest import run
from redpix.image.masks import bit_value
from redpix.report.coadd_section import show_coadd
from redpix.report.losses_section import left_out
from small import configuration, copy_archive

CARDS = {"GAIN": fits_sky.GAIN, "RDNOISE": fits_sky.READ_NOISE}


def two_files(folder, **cards):
    """Two images of one sky, in folders with spaces; a star is new in the second."""
    x, y, flux = fits_sky.stars()
    image = fits_sky.counts((x, y, flux), 2, 1.5, shift=(2.4, 1.3))
    fits_sky.write(folder / "my data/old; touch pwned.fits", image, (2.4, 1.3), **CARDS)
    sky = np.append(x, 170.0), np.append(y, 160.0), np.append(flux, 5000.0)
    image = fits_sky.counts(sky, 1, 1.7)
    fits_sky.write(folder / "my data/new image.fits", image, **{**CARDS, **cards})
    return {
        "science": "my data/new image.fits",
        "reference": "my data/old; touch pwned.fits",
        "subtraction": {"background_mesh": 64},
    }


def test_two_files_and_nothing_else(tmp_path):
    words = run(tmp_path, **two_files(tmp_path))
    results = tmp_path / "results/demo"
    folder = results / "subtraction/new_image_minus_old_touch_pwned"
    found = pd.read_csv(folder / "transients.csv")
    clean = found[found["flags"] == 0]
    assert len(clean) == 1
    assert np.hypot(clean["x"] - 170, clean["y"] - 160).max() < 0.5
    assert found["mag"].isna().all()  # the image has no zero point
    with fits.open(folder / "image/difference.fits") as hdus:
        assert hdus["SCORR"].shape == fits_sky.SHAPE
        assert hdus["D"].header["SCORRSTD"] == pytest.approx(1, abs=0.03)
    check_page(folder / "report.html")
    assert f"Report: {folder / 'report.html'}" in words
    # no catalogue, no frame, no demo
    assert {path.name for path in results.iterdir()} <= {
        *("subtraction", "logs", "benchmarks", "provenance")
    }
    assert not list(tmp_path.rglob("pwned"))
    log = (results / "logs/subtraction" / f"{folder.name},image.log").read_text()
    assert "'gain': '2 (GAIN)'" in log


def test_a_file_that_cannot_be_worked_ends_the_run_in_a_line(tmp_path):
    files = two_files(tmp_path)
    path = tmp_path / files["science"]
    path.write_bytes(path.read_bytes()[:20_000])
    words = run(tmp_path, status=1, **files)
    assert "ERROR my data/new image.fits: HDU 0 is truncated" in words
    assert "Traceback" not in words
    assert not list((tmp_path / "results").rglob("*.fits"))
    words = run(tmp_path, "-n", status=1, science="a.fits", reference="b.fits")
    assert "configuration: science: a.fits: the file does not exist" in words


def test_a_field_that_does_not_come_costs_its_pair_and_no_other(demo, tmp_path):
    """One pair's reference is two fields, another's does not exist; nor does a stack's."""
    fields = ("9001-3-100", "9002-4-57", "9003-3-101")
    root = copy_archive(demo, tmp_path, fields, "r")
    (tmp_path / "pairs.tsv").write_text(
        "pair\tscience\treference\tband\n"
        "lost\t9001-3-100\t9009-1-11\tr\n"
        "good\t9003-3-101\t9001-3-100,9002-4-57\tr\n"
        "late\t9001-3-100\tresults/small/coadds/none/r.fits\tr\n"
    )
    (tmp_path / "stacks.tsv").write_text(
        "stack\timage\tband\nnone\t9003-3-101\tr\nnone\t9009-1-11\tr\n"
    )
    settings = configuration(root, "detections", "r", pairs="pairs.tsv", stacks="stacks.tsv")
    settings |= {"fields": [fields[0]], "download": {"retries": 0}}
    words = run(tmp_path, *("transients", "coadds"), **settings)
    reason = "field 9009-1-11: file://"
    for what in ("pair lost, r", "pair late, r", "stack none, r"):
        assert f"Left out: {what}: {reason}" in words
    results = tmp_path / "results/small"
    made = sorted(path.parent.name for path in results.glob("subtraction/*/transients.csv"))
    assert made == ["good"]
    assert not (results / "coadds/none").exists()

    with fits.open(results / "coadds/good.reference/r.fits") as hdus:
        header, mask = hdus["SCI"].header, hdus["MASK"].data
        assert [header["IMAGE1"], header["IMAGE2"]] == ["9001-3-100", "9002-4-57"]
        assert header["BUNIT"] == "nanomaggy"
        # the second overlaps a part; elsewhere the first stands alone
        assert 0.5 < header["COVERED"] < 0.9
        assert not (mask & bit_value("NO_DATA")).any()
        blank = (abs(hdus["SCI"].data) < 3 * header["NOISE"]) & (mask == 0)
        scatter = hdus["SCI"].data[blank] / np.sqrt(hdus["VARIANCE"].data[blank])
        assert 1.4826 * np.median(abs(scatter)) == pytest.approx(1, abs=0.1)
    with fits.open(results / "subtraction/good/r/difference.fits") as hdus:
        assert hdus["D"].header["SCORRSTD"] == pytest.approx(1, abs=0.02)
        assert hdus["D"].header["FLXSCAT"] < 0.01
    truth = pd.read_csv(demo / "results/demo/demo/truth.csv")
    truth = truth[truth["kind"] == "transient"]
    found = pd.read_csv(results / "subtraction/good/transients.csv")
    near = [
        np.hypot((found.ra - row.ra) * 0.704, found.dec - row.dec).min() * 3600
        for row in truth.itertuples()
    ]
    assert np.mean(np.array(near) < 1) > 0.8

    # the next run asks again for what did not come, and the report names it
    with open(results / "frames/exposures.csv", newline="") as file:
        assert {row["field"]: row["delivered"] for row in csv.DictReader(file)} == {
            **dict.fromkeys(fields, "yes"),
            "9009-1-11": "no",
        }
    named = left_out(str(results / "frames/exposures.csv"), [["pair lost, r", ["9009-1-11"]]])
    assert named[0][0] == "pair lost, r"
    assert named[0][1].startswith(reason)


def test_a_stack_of_three_images_counts_what_it_rejects(tmp_path):
    for number, width in enumerate((1.5, 1.9, 1.6), start=1):
        image = fits_sky.counts(fits_sky.stars(), number, width)
        image[40 * number, 100] += 5000.0  # a cosmic ray
        fits_sky.write(tmp_path / f"{number}.fits", image, **CARDS)
    rows = "".join(f"deep\t{number}.fits\tr\n" for number in (1, 2, 3))
    (tmp_path / "stacks.tsv").write_text(f"stack\timage\tband\n{rows}")
    settings = {"stacks": "stacks.tsv", "demo": {"shows": []}}
    run(tmp_path, "coadds", **settings)
    path = tmp_path / "results/demo/coadds/deep/r.fits"
    with fits.open(path) as hdus:
        header, mask = hdus["SCI"].header, hdus["MASK"].data
    assert all(1 <= header[f"REJ{number}"] < 300 for number in (1, 2, 3))
    assert all(mask[40 * number, 100] & bit_value("INTERPOLATED") for number in (1, 2, 3))
    row = show_coadd(path, str(tmp_path / "1.fits"))["images"][1]
    assert row["rejected"] == header["REJ2"]

    run(tmp_path, "coadds", **settings, coaddition={"reject": False})
    assert "REJ1" not in fits.getheader(path)


def test_a_wrong_table_of_stacks_ends_in_a_line(tmp_path):
    (tmp_path / "s.tsv").write_text("stack\timage\tband\na\tx.fits\tr\na\t9001-3-100\tr\n")
    words = run(tmp_path, "-n", status=1, stacks="s.tsv")
    assert (
        "stacks: s.tsv: line 2: image: 'x.fits': the file does not exist; allowed: a field" in words
    )
    assert "Traceback" not in words


def test_the_demo_shows_a_coadd(demo):
    """It is deeper than its first image, and holds what appeared in the second."""
    with fits.open(demo / "results/demo/coadds/epochs/r.fits") as hdus:
        header, image, mask = hdus["SCI"].header, hdus["SCI"].data, hdus["MASK"].data
    first = fits.getdata(demo / "results/demo/frames/9001-3-100-r.fits")
    assert image.shape == first.shape
    assert header["NIMAGES"] == 2
    blank = (mask == 0) & (abs(image) < 4 * header["NOISE"])
    ratio = np.std(first[blank]) / np.std(image[blank])
    assert 1.15 < ratio < 1.5
    assert 'id="coadds"' in (demo / "results/demo/report.html").read_text(encoding="utf-8")


def test_stacks_of_stacks_are_taken_in_any_order_or_refused(tmp_path):
    header = "stack\timage\tband\n"
    first = "a\t9001-3-100\tr\na\t9003-3-101\tr\n"
    (tmp_path / "s.tsv").write_text(
        # before the stack that it is made from, and by an absolute path
        f"{header}b\t{tmp_path}/results/demo/coadds/a/r.fits\tr\nb\t9002-4-57\tr\n{first}"
    )
    run(tmp_path, "coadds", "-n", stacks="s.tsv")
    for image, reason in (
        ("results/demo/coadds/b/r.fits", "is made from itself"),
        ("results/demo/coadds/c/r.fits", "no stack of this run has this coadd"),
    ):
        (tmp_path / "s.tsv").write_text(
            f"{header}b\tresults/demo/coadds/a/r.fits\tr\nb\t9002-4-57\tr\n{first}a\t{image}\tr\n"
        )
        words = run(tmp_path, "coadds", "-n", status=1, stacks="s.tsv")
        assert f"stacks: {image}: {reason}" in words
        assert "Traceback" not in words
