"""Marks of the verdict: good numbers, numbers out of bounds, and numbers that are missing."""

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from redpix.report import verdict
from redpix.report.run_files import RunFiles
from redpix.report.verdict_section import assumptions


def marks(lines):
    return [line.mark for line in lines]


@pytest.mark.parametrize(
    ("delivered", "left_out", "mark"),
    [(3, 0, "good"), (19, 1, "look"), (5, 5, "bad"), (0, 3, "bad"), (0, 0, "bad")],
)
def test_fields(delivered, left_out, mark):
    assert verdict.judge_fields(delivered, left_out).mark == mark


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
    ("std", "rms", "expected"),
    [
        (0.99, 0.03, ["good", "good"]),
        (1.08, 0.12, ["look", "look"]),
        (2.56, 0.6, ["bad", "bad"]),
        (float("nan"), "unknown", []),
    ],
)
def test_difference_images(std, rms, expected):
    header = {"SCORRSTD": std, "REGRMSX": rms, "REGRMSY": 0.0}
    assert marks(verdict.judge_difference("pair", "r", header)) == expected


def test_a_difference_is_judged_by_its_blank_sky():
    # a bright variable star widens the scores of all pixels, and is right
    (line,) = verdict.judge_difference("pair", "r", {"SCORRSKY": 1.01, "SCORRSTD": 1.3})
    assert (line.mark, line.value) == ("good", "1.010")
    assert line.text == "standard deviation of Scorr on blank sky"
    (line,) = verdict.judge_difference("pair", "r", {"SCORRSTD": 1.3})
    assert "blank sky" not in line.text


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
    assert marks(verdict.judge_image("a", header)) == expected
    assert verdict.judge_image("a", {}) == []


@pytest.mark.parametrize(("factor", "mark"), [(1.0, "good"), (2.0, "look"), (9.0, "bad")])
def test_light_curves(factor, mark):
    expected = np.geomspace(1e-3, 0.1, 40)
    stars = pd.DataFrame(
        {"flux": 1 / expected, "expected": expected, "scatter": factor * expected, "flags": 0}
    )
    assert marks(verdict.judge_light_curves(stars)) == [mark]
    stars["flags"] = 4
    assert verdict.judge_light_curves(stars) == []


@pytest.mark.parametrize(("found", "mark"), [(10.5, "good"), (12.0, "look"), (7.0, "bad")])
def test_a_given_gain_that_does_not_explain_the_noise_is_marked(found, mark):
    (line,) = verdict.judge_given_noise("a", found, 10.0)
    assert line.mark == mark
    assert line.link == "image-a"
    assert verdict.judge_given_noise("a", found, float("nan")) == []


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
