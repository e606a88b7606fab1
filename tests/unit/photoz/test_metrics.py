"""Metrics against slow loops, closed forms and simulations of known truth."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from redpix.photoz import evaluate, metrics, pdf
from redpix.photoz.estimates import Objects
from scipy.stats import norm

GRID = pdf.make_grid(0.0, 1.0, 0.005)


def gaussian(mean, sigma):
    return pdf.normalise(norm.pdf(GRID, mean[:, None], np.reshape(sigma, (-1, 1))), GRID)


def simulated(n, scale=1.0, seed=1):
    """Draw truths from Gaussian predictions; the stated width is `scale` times the true one."""
    generator = np.random.default_rng(seed)
    mean, sigma = generator.uniform(0.3, 0.7, n), generator.uniform(0.025, 0.05, n)
    return mean, gaussian(mean, sigma * scale), generator.normal(mean, sigma), sigma


def test_crps_is_the_gaussian_s_closed_form():
    """Gneiting & Raftery (2007), eq. 21, with the sign that makes it a loss."""
    mean, pdfs, truth, sigma = simulated(200)
    scores = metrics.score(mean, pdfs, truth, GRID)
    w = (truth - mean) / sigma
    exact = sigma * (w * (2 * norm.cdf(w) - 1) + 2 * norm.pdf(w) - 1 / np.sqrt(np.pi))
    assert scores.crps == pytest.approx(exact, abs=2e-4)


def test_crps_is_the_integral_by_slow_loop():
    generator = np.random.default_rng(2)
    pdfs = pdf.normalise(generator.random((5, len(GRID))), GRID)
    truth = np.array([0.0, 0.123, 0.5, 1.0, 1.2])
    distribution = pdf.cumulative(pdfs, GRID)
    fine = (np.arange(130_000) + 0.5) * 1e-5
    for row in range(5):
        f = np.interp(fine, GRID, distribution[row])
        slow = np.sum((f - (fine >= truth[row])) ** 2 * (fine < max(1, truth[row]))) * 1e-5
        found = metrics.crps(distribution[[row]], truth[[row]], GRID)[0]
        assert found == pytest.approx(slow, rel=1e-3)


def test_cde_is_the_gaussian_s_closed_form():
    mean, pdfs, truth, sigma = simulated(200)
    scores = metrics.score(mean, pdfs, truth, GRID)
    exact = 1 / (2 * sigma * np.sqrt(np.pi)) - 2 * norm.pdf(truth, mean, sigma)
    assert scores.cde == pytest.approx(exact, abs=0.02 / sigma.min())


def test_cde_finds_no_density_outside_the_grid():
    mean, pdfs, _, sigma = simulated(3)
    scores = metrics.score(mean, pdfs, np.array([1.5, 1.5, 1.5]), GRID)
    assert scores.cde == pytest.approx(1 / (2 * sigma * np.sqrt(np.pi)), rel=0.01)
    assert (scores.pit == 1).all()


def test_calibrated_predictions_are_found_calibrated():
    mean, pdfs, truth, _ = simulated(20_000)
    found = metrics.summarise(metrics.score(mean, pdfs, truth, GRID))
    assert found["pit_ks"] < 1.63 / np.sqrt(20_000)  # 1 % of the Kolmogorov distribution
    assert found["coverage_68"] == pytest.approx(0.68, abs=0.012)
    assert found["coverage_95"] == pytest.approx(0.95, abs=0.006)


@pytest.mark.parametrize(("scale", "share"), [(0.5, 0.3811), (2.0, 0.9533)])
def test_wrong_widths_are_found_wrong(scale, share):
    """A 68 % interval with a width wrong by `scale` contains erf(scale * 0.9945 / sqrt 2)."""
    mean, pdfs, truth, _ = simulated(20_000, scale)
    found = metrics.summarise(metrics.score(mean, pdfs, truth, GRID))
    assert found["coverage_68"] == pytest.approx(share, abs=0.012)
    assert found["pit_ks"] > 0.1


def test_point_metrics_by_slow_loop():
    generator = np.random.default_rng(3)
    truth = generator.uniform(0.05, 0.8, 501)
    z = truth + generator.standard_t(2, 501) * 0.03 * (1 + truth)
    found = metrics.summarise(metrics.score(z, gaussian(truth, 0.03), truth, GRID))
    dz = [(a - b) / (1 + b) for a, b in zip(z, truth, strict=True)]
    middle = sorted(dz)[250]
    assert found["bias"] == pytest.approx(sum(dz) / 501, rel=1e-4)
    assert found["bias_median"] == pytest.approx(middle, rel=1e-4)
    spread = sorted(abs(d - middle) for d in dz)[250]
    assert found["nmad"] == pytest.approx(1.4826 * spread, rel=1e-4)
    assert found["sigma68"] == pytest.approx((sorted(dz)[420] - sorted(dz)[80]) / 2, rel=1e-4)
    assert found["outliers_005"] == sum(abs(d) > 0.05 for d in dz) / 501
    assert found["outliers_015"] == sum(abs(d) > 0.15 for d in dz) / 501


@pytest.mark.parametrize("n", [0, metrics.FEWEST - 1])
def test_too_few_give_null_and_a_reason(n):
    mean, pdfs, truth, _ = simulated(n)
    parts = [metrics.score(mean, pdfs, truth, GRID)] if n else []
    found = metrics.summarise(metrics.Scores.concatenate(parts))
    assert found["n"] == n
    assert all(found[name] is None for name in metrics.NAMES)
    assert "at least 10" in json.loads(json.dumps(found, allow_nan=False))["reason"]


def test_metrics_are_plain_numbers():
    mean, pdfs, truth, _ = simulated(50)
    found = metrics.summarise(metrics.score(mean, pdfs, truth, GRID))
    assert list(found) == ["n", *metrics.NAMES]
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_scores_of_more_pixels_than_are_kept_are_an_even_sample(monkeypatch):
    monkeypatch.setattr(evaluate, "MOST_PIXELS", 300)
    mean, pdfs, truth, _ = simulated(2000)
    objects = Objects(truth, np.zeros(2000, int))
    split = np.where(np.arange(2000) % 4 == 0, "train", "test")
    scores = evaluate.PixelScores(objects, split, GRID)
    for rows in np.split(np.arange(2000), [700, 701, 1900]):
        chunk = SimpleNamespace(index=rows)
        scores(chunk, SimpleNamespace(redshift=mean[rows], pdf=pdfs[rows]))
    found = scores.summary()
    tested = np.flatnonzero(split == "test")[:: found["one_in"]]
    plain = metrics.summarise(metrics.score(mean[tested], pdfs[tested], truth[tested], GRID))
    assert found == {**plain, "one_in": 8}
    assert 150 < found["n"] <= 300
