"""Calibration by brightness and colour, metrics in bins, attenuation, and point estimates."""

import json

import numpy as np
import pytest
from redpix.photoz import pdf
from redpix.photoz.attributes import Attributes
from redpix.photoz.binned_metrics import attenuation, conditional, in_bins
from redpix.photoz.calibration import Calibration, calibrate
from redpix.photoz.conditional_calibration import Cells, brightness_and_colour
from redpix.photoz.learners.base import Prediction
from redpix.photoz.metrics import score, summarise
from redpix.photoz.point_estimates import POINTS, best_point, best_redshifts, score_points
from scipy.stats import kstest, norm

GRID = pdf.make_grid(0.0, 1.0, 0.005)


def sky(n, bias, seed=1):
    """Return predictions that are too high by `bias` for bright and too low for faint objects."""
    generator = np.random.default_rng(seed)
    truth = generator.uniform(0.3, 0.7, n)
    conditions = generator.uniform(0, 1, (n, 2))
    centre = generator.normal(truth, 0.03) + bias * (conditions[:, 0] - 0.5)
    pdfs = pdf.normalise(norm.pdf(GRID, centre[:, None], 0.03), GRID)
    return Prediction(centre, pdfs, np.full((n, 3), np.nan), np.zeros(n)), truth, conditions


def pit_of(found, truth):
    return pdf.evaluate(pdf.cumulative(found.pdf, GRID), truth, GRID)


def test_biases_of_bright_and_faint_objects_are_taken_out_of_others():
    calibration = Calibration.fit(*sky(6000, 0.06)[:2], GRID, sky(6000, 0.06)[2])
    assert calibration.cells.about()["recalibrated"] >= 8
    prediction, truth, conditions = sky(6000, 0.06, seed=2)
    for where, least, most in ((None, 0.1, 1), (conditions, 0, 0.06)):
        found = calibrate(prediction, calibration, GRID, where)
        bright = conditions[:, 0] < 0.25
        assert least < kstest(pit_of(found, truth)[bright], "uniform").statistic < most
    assert np.trapezoid(found.pdf, GRID, axis=1) == pytest.approx(1, rel=1e-5)


def test_uniform_cells_are_left_alone():
    prediction, truth, conditions = sky(6000, 0.0)
    calibration = Calibration.fit(prediction, truth, GRID, conditions)
    assert calibration.cells.about()["cells"] == 16
    assert calibration.cells.about()["recalibrated"] == 0
    assert sum(calibration.cells.counts) == 6000
    assert (
        Calibration.fit(prediction.take(slice(300)), truth[:300], GRID, conditions[:300]).cells
        == Cells()
    )


def test_a_calibration_comes_back_from_json():
    calibration = Calibration.fit(*sky(4000, 0.06)[:2], GRID, sky(4000, 0.06)[2])
    again = Calibration.of(json.loads(json.dumps(calibration)))
    assert again == calibration
    with pytest.raises(ValueError, match="unknown point estimate"):
        Calibration.of([1.0, [], [[], [], [], [], []], "other"])


def test_objects_without_brightness_have_no_cell():
    prediction, truth, conditions = sky(4000, 0.06)
    calibration = Calibration.fit(prediction, truth, GRID, conditions)
    holes = np.where([True, False], np.nan, conditions)
    found = calibrate(prediction, calibration, GRID, holes)
    assert np.array_equal(found.pdf, calibrate(prediction, calibration, GRID).pdf)


@pytest.mark.parametrize(
    "kinds", [("brightness", "colours"), ("magnitudes",), ("magnitudes", "colours", "errors")]
)
def test_brightness_and_colour_of_any_attributes(kinds):
    attributes = Attributes(kinds, ("u", "g", "r", "i"), named=True)
    magnitudes = np.array([[21.0, 20.0, 19.5, 19.2]])
    vectors = attributes.vectors(magnitudes, errors=np.full((1, 4), 0.1))
    assert brightness_and_colour(vectors, attributes)[0] == pytest.approx([19.5, 1.8], abs=1e-5)


def test_metrics_in_bins_are_those_of_the_bins_and_errors_are_sampling_errors():
    prediction, truth, conditions = sky(8000, 0.0)
    found = calibrate(prediction, Calibration(1.0, ()), GRID)
    scores = score(found.redshift, found.pdf, truth, GRID)
    bins = in_bins(scores, conditions[:, 0])
    assert [one["n"] for one in bins] == [2000] * 4
    edges = np.quantile(conditions[:, 0], [0.25, 0.5])
    own = (conditions[:, 0] >= edges[0]) & (conditions[:, 0] < edges[1])
    expected = summarise(score(found.redshift[own], found.pdf[own], truth[own], GRID))
    for name in ("nmad", "outliers_005", "coverage_68", "pit_ks", "bias_median"):
        assert bins[1][name] == pytest.approx(expected[name], abs=1e-6)
    binomial = np.sqrt(expected["outliers_005"] * (1 - expected["outliers_005"]) / 2000)
    assert bins[1]["outliers_005_error"] == pytest.approx(binomial, rel=0.3)
    assert bins[1]["pit_ks_by_chance"] == pytest.approx(0.0194, abs=1e-4)
    # the error of the median absolute deviation of a normal distribution is 1.167 sigma / sqrt(n)
    assert bins[1]["nmad_error"] == pytest.approx(1.167 * bins[1]["nmad"] / np.sqrt(2000), rel=0.35)
    every = conditional(scores, found.redshift, truth, conditions)
    assert json.loads(json.dumps(every, allow_nan=False)) == every


def test_attenuation_is_the_unexplained_variance():
    """Within a cell of one colour, z = mean + spread, and the best estimate is the mean."""
    generator = np.random.default_rng(1)
    conditions = generator.uniform(0, 1, (20_000, 2))
    explained = 0.1 * generator.normal(size=20_000)
    truth = 0.5 + explained + 0.1 * generator.normal(size=20_000)
    found = attenuation(0.5 + explained, truth, conditions)
    assert found["cells"] == 25
    assert found["slope"] == pytest.approx(-0.5, abs=4 * found["slope_error"])
    assert found["slope_error"] < 0.01
    assert found["slope_on_z_phot"] == pytest.approx(0, abs=4 * found["slope_on_z_phot_error"])
    assert attenuation(truth[:3], truth[:3], conditions[:3])["slope"] is None


def test_the_best_point_estimate_is_that_of_the_smallest_loss():
    generator = np.random.default_rng(1)
    truth = generator.uniform(0.2, 0.6, 500)
    noise = generator.normal(size=(500, 5)) * [0.05, 0.02, 0.04, 0.05, 0.05]
    points = truth[:, None] + noise
    assert best_point(points, truth) == "median"
    alike = truth[:, None] + noise[:, :1] + 1e-4 * generator.normal(size=(500, 5))
    assert best_point(alike, truth) == "predicted"
    found = score_points(points, truth, "median")
    dz = (points[:, 3] - truth) / (1 + truth)
    assert found["mode"]["mean_abs_dz"] == pytest.approx(np.abs(dz).mean())
    assert found["mode"]["nmad"] == pytest.approx(1.4826 * np.median(np.abs(dz - np.median(dz))))
    assert list(found) == ["chosen", *POINTS]


def test_the_best_redshift_has_the_smallest_expected_loss():
    """Of a narrow and a wide maximum, which one wins follows from samples of the PDF."""
    for share in (0.3, 0.5, 0.7):
        shape = share * norm.pdf(GRID, 0.2, 0.02) + (1 - share) * norm.pdf(GRID, 0.7, 0.06)
        pdfs = pdf.normalise(shape[None], GRID)
        truth = np.interp(np.linspace(0.0005, 0.9995, 4001), pdf.cumulative(pdfs, GRID)[0], GRID)
        trial = np.linspace(0.05, 0.95, 901)
        dz = np.abs(trial[:, None] - truth) / (1 + truth)
        expected = trial[np.minimum(dz, 0.15).mean(axis=1).argmin()]
        assert best_redshifts(pdfs, GRID)[0] == pytest.approx(expected, abs=0.003)


def test_the_chosen_estimate_is_the_redshift():
    """A skew PDF whose predicted redshift is its far tail has a better median."""
    generator = np.random.default_rng(2)
    truth = generator.uniform(0.3, 0.6, 1000)
    centre = generator.normal(truth, 0.03)
    pdfs = pdf.normalise(norm.pdf(GRID, centre[:, None], 0.03), GRID)
    prediction = Prediction(centre + 0.05, pdfs, np.full((1000, 3), np.nan), np.zeros(1000))
    calibration = Calibration.fit(prediction, truth, GRID)
    found = calibrate(prediction, calibration, GRID)
    assert calibration.point in ("median", "mean", "mode", "best")
    assert np.array_equal(found.redshift, getattr(found, calibration.point))
    assert np.array_equal(found.predicted, prediction.redshift)
    assert np.abs(found.redshift - truth).mean() < 0.03
