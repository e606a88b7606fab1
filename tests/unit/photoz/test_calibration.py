"""Calibrated PDFs of objects that were not used for the calibration."""

import numpy as np
import pytest
from redpix.photoz import pdf
from redpix.photoz.calibration import LEAST_SCALE, Calibration, calibrate, width_scale
from redpix.photoz.learners.base import Prediction
from scipy.stats import norm

GRID = pdf.make_grid(0.0, 1.0, 0.005)


def overconfident(n, factor, seed=3):
    """Return predictions whose PDFs are `factor` times narrower than their errors."""
    generator = np.random.default_rng(seed)
    truth, sigma = generator.uniform(0.3, 0.7, n), generator.uniform(0.02, 0.05, n)
    redshift = generator.normal(truth, sigma)
    pdfs = norm.pdf(GRID, redshift[:, None], sigma[:, None] / factor)
    pdfs = pdf.normalise(pdfs, GRID)
    return Prediction(redshift, pdfs, np.full((n, 3), np.nan), np.zeros(n)), truth


@pytest.mark.parametrize("factor", [0.6, 1.0, 2.5])
def test_width_scale_recovers_how_wrong_widths_are(factor):
    prediction, truth = overconfident(4000, factor)
    assert width_scale(prediction, truth, GRID) == pytest.approx(factor, rel=0.05)


def test_calibrated_intervals_hold_68_percent_of_other_objects():
    prediction, truth = overconfident(4000, 2.5)
    calibration = Calibration.fit(prediction, truth, GRID)
    other, truth = overconfident(4000, 2.5, seed=4)
    found = calibrate(other, calibration, GRID, rows=999)
    assert np.mean((found.low68 <= truth) & (truth <= found.high68)) == pytest.approx(
        0.68, abs=0.03
    )
    assert found.error == pytest.approx((found.high68 - found.low68) / 2)
    assert np.trapezoid(found.pdf, GRID, axis=1) == pytest.approx(1, rel=1e-5)
    assert np.median(np.abs(found.redshift - truth) / found.error) == pytest.approx(0.67, abs=0.05)


def test_truths_exactly_as_predicted_leave_densities_as_narrow_as_the_grid_allows():
    prediction, truth = overconfident(100, 1.0)
    truth = np.where(np.arange(100) < 90, prediction.redshift, truth)
    assert width_scale(prediction, truth, GRID) == LEAST_SCALE
    found = calibrate(prediction, Calibration.fit(prediction, truth, GRID), GRID)
    assert np.trapezoid(found.pdf, GRID, axis=1) == pytest.approx(1, rel=1e-5)
    assert found.median == pytest.approx(prediction.redshift, abs=0.005)
    assert found.error.max() < 0.005


def test_redshifts_on_the_grids_nodes_that_are_exact_have_densities():
    truth = GRID[np.random.default_rng(0).integers(20, 180, 600)]
    pdfs = pdf.normalise(norm.pdf(GRID, truth[:, None], 0.02), GRID)
    prediction = Prediction(truth, pdfs, np.full((600, 3), np.nan), np.zeros(600))
    calibration = Calibration.fit(prediction, truth, GRID)
    assert np.diff([0, *calibration.levels, 1]).min() == pytest.approx(1e-3)
    found = calibrate(prediction, calibration, GRID)
    assert np.trapezoid(found.pdf, GRID, axis=1) == pytest.approx(1, rel=1e-5)
    assert found.median == pytest.approx(truth, abs=0.005)
