"""Marks of the verdict: good numbers, numbers out of bounds, and numbers that are missing."""

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from redpix.report import verdict
from redpix.report import verdict_images as images
from redpix.report.compared_verdicts import judgements
from redpix.report.run_files import RunFiles
from redpix.report.verdict_section import assumptions, joined, judge_losses


def marks(lines):
    return [line.mark for line in lines]


@pytest.mark.parametrize(
    ("delivered", "left_out", "mark"),
    [(3, 0, "good"), (19, 1, "look"), (5, 5, "bad"), (0, 3, "bad"), (0, 0, "bad")],
)
def test_fields(delivered, left_out, mark):
    line = verdict.judge_left_out(delivered, left_out, "Fields", "fields left out", "run")
    assert (line.mark, line.link) == (mark, "run")


def test_calibrated_pdfs_of_any_number_of_objects_are_good():
    generator = np.random.default_rng(3)
    for n in (30, 300, 10_000):
        good = 0
        for _ in range(200):
            pit = np.sort(generator.uniform(size=n))
            steps = np.arange(n)
            distance = max(np.max((steps + 1) / n - pit), np.max(pit - steps / n))
            inside = np.mean(np.abs(pit - 0.5) < 0.3415)
            found = {"n": n, "coverage_68": inside, "pit_ks": distance}
            good += marks(verdict.judge_redshifts("knn", found, "x")).count("good")
        assert good >= 0.97 * 400


def test_pdfs_that_are_too_narrow_are_out_of_bounds():
    found = {"n": 1000, "coverage_68": 0.45, "pit_ks": 0.14}
    assert marks(verdict.judge_redshifts("knn", found, "x")) == ["bad", "bad"]


def test_without_true_redshifts_there_is_nothing_to_judge():
    assert verdict.judge_redshifts("knn", {"n": 0, "coverage_68": None, "pit_ks": None}, "x") == []
    assert verdict.judge_redshifts("knn", {}, "x") == []


@pytest.mark.parametrize(
    ("found", "lost", "expected"),
    [(99, 1, ["good"]), (80, 20, ["look"]), (1, 1, ["bad"]), (0, 0, [])],
)
def test_objects_that_are_not_in_the_images(found, lost, expected):
    assert marks(verdict.judge_objects(found, lost)) == expected


@pytest.mark.parametrize(
    ("std", "rms", "expected"),
    [
        (0.99, 0.03, ["good", "good"]),
        (1.08, 0.12, ["look", "look"]),
        (2.56, 0.6, ["bad", "bad"]),
        (float("nan"), "unknown", ["bad", "bad"]),
    ],
)
def test_difference_images(std, rms, expected):
    header = {"SCORRSTD": 1.0, "SCORRSKY": std, "REGRMSX": rms, "REGRMSY": 0.0}
    if std != std:
        header = {"REGRMSX": rms}
    lines = images.judge_difference("pair", "r", header)
    assert marks(lines) == expected
    if std != std:
        assert {line.value for line in lines} == {"not measured"}
    else:
        assert "on blank sky" in lines[0].text


def test_scorr_without_blank_sky_is_named_as_that_of_all_pixels():
    line = images.judge_difference("pair", "r", {"SCORRSTD": 1.3})[0]
    assert (line.mark, line.value) == ("bad", "1.300")
    assert line.text == "standard deviation of Scorr outside the mask, sources included"


def test_a_coadd_is_judged_by_its_worst_image():
    header = {"NIMAGES": 3, "REGX1": 0.0, "REGY1": 0.0, "REGX2": 0.03, "REGY2": 0.04}
    (line,) = images.judge_coadd("deep", "r", header | {"REGX3": 0.3, "REGY3": 0.4})
    assert (line.mark, line.value, line.link) == ("bad", "0.500 px", "coadd-deep-r")
    (line,) = images.judge_coadd("deep", "r", {**header, "NIMAGES": 2})
    assert (line.mark, line.value) == ("good", "0.050 px")
    assert images.judge_coadd("deep", "r", {"NIMAGES": 1}) == []


def test_images_that_were_left_out_are_counted(tmp_path):
    paths = [tmp_path / f"{name}.residual.fits" for name in "abc"]
    for path in paths[:2]:
        fits.PrimaryHDU(None, fits.Header({"LEFTOUT": "trailed stars"})).writeto(path)
    fits.writeto(paths[2], np.zeros((2, 2)))
    (line,) = judge_losses(RunFiles(residuals=list(map(str, paths))), None, ())
    assert (line.mark, line.value, line.text) == ("bad", "2 of 3", "images left out")


def test_a_comparison_counts_images_that_were_left_out_and_judges_coadds(tmp_path):
    (tmp_path / "photometry").mkdir()
    header = fits.Header({"LEFTOUT": "trailed stars"})
    fits.PrimaryHDU(None, header).writeto(tmp_path / "photometry/a.residual.fits")
    (tmp_path / "coadds/deep").mkdir(parents=True)
    header = fits.Header({"NIMAGES": 2, "REGX2": 0.3, "REGY2": 0.4})
    coadd = fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(np.zeros((2, 2)), header, "SCI")])
    coadd.writeto(tmp_path / "coadds/deep/r.fits")
    lines = judgements(tmp_path, []).values()
    assert {(line.stage, line.mark, line.value) for line in lines} == {
        ("Stars", "bad", "1 of 1"),
        ("Coadds, deep r", "bad", "0.500 px"),
    }


def test_pairs_that_were_left_out_are_counted(tmp_path):
    exposures = tmp_path / "exposures.csv"
    exposures.write_text("field,delivered,reason\na,yes,\nb,no,gone\n")
    products = RunFiles(exposures=str(exposures))
    pairs = [("pair one", ["a", "b"]), ("pair two", ["a", "a"])]
    (line,) = judge_losses(products, None, pairs)
    assert (line.mark, line.value) == ("bad", "1 of 2")


def test_the_same_assumption_stands_once_with_its_inputs():
    assumed = [(f"image {k}", "no gain") for k in range(5)] + [("image 9", "a ramp")]
    assert joined(assumed) == [
        ("image 0, image 1, image 2 and 2 more", "no gain"),
        ("image 9", "a ramp"),
    ]


def test_coverage_is_that_of_the_16th_to_84th_percentile():
    # with a thousand million objects 3 % below 0.68 is the end of what is good
    found = {"n": 10**9, "coverage_68": 0.6515, "pit_ks": 0.0}
    assert marks(verdict.judge_redshifts("knn", found, "x")) == ["good", "good"]


@pytest.mark.parametrize(
    ("scale", "rate", "expected"),
    [(1.03, 0.0, ["good", "good"]), (1.2, 0.03, ["look", "look"]), (0.4, 0.9, ["bad", "bad"])],
)
def test_images(scale, rate, expected):
    header = {"NOISESCL": scale, "NEGRATE": rate}
    assert marks(images.judge_image("a", header)) == expected
    assert images.judge_image("a", {}) == []


@pytest.mark.parametrize(("factor", "mark"), [(1.0, "good"), (2.0, "look"), (9.0, "bad")])
def test_light_curves(factor, mark):
    expected = np.geomspace(1e-3, 0.1, 40)
    stars = pd.DataFrame(
        {"flux": 1 / expected, "expected": expected, "scatter": factor * expected, "flags": 0}
    )
    assert marks(images.judge_light_curves(stars)) == [mark]
    stars["flags"] = 4
    assert images.judge_light_curves(stars) == []


@pytest.mark.parametrize(("found", "mark"), [(10.5, "good"), (12.0, "look"), (7.0, "bad")])
def test_a_given_gain_that_does_not_explain_the_noise_is_marked(found, mark):
    (line,) = images.judge_given_noise("a", found, 10.0)
    assert line.mark == mark
    assert line.link == "image-a"
    assert images.judge_given_noise("a", found, float("nan")) == []


def test_what_was_assumed_of_frames_and_pairs_is_listed(tmp_path):
    frame, home = tmp_path / "a-r.fits", tmp_path / "pair/r"
    home.mkdir(parents=True)
    cards = {"ZPOINT": 25.5, "ZPFROM": "MAGZP, Vega", "REMARK1": "no AB scale", "REMARK2": "a ramp"}
    fits.writeto(frame, np.zeros((2, 2)), fits.Header(cards))
    header = fits.Header({"WARN1": "the gain is assumed", "WARN2": "few stars"})
    difference = fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(np.zeros((2, 2)), header, "D")])
    difference.writeto(home / "difference.fits")
    quiet = tmp_path / "quiet/r/difference.fits"  # a pair without warnings
    quiet.parent.mkdir(parents=True)
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(np.zeros((2, 2)), name="D")]).writeto(quiet)
    pairs = [str(home / "difference.fits"), str(quiet)]
    products = RunFiles(frames=[str(frame)], differences=pairs)
    assert assumptions(products) == [
        ("frame a-r", "zero point 25.5, MAGZP, Vega; no AB scale; a ramp"),
        ("pair pair, r", "the gain is assumed; few stars"),
    ]
