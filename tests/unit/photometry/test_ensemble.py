"""Ensemble magnitudes, the choice of the reference, detrending."""

from types import SimpleNamespace

import numpy as np
import pytest
from redpix.core.exceptions import InputError
from redpix.photometry.detrending import detrend, trend_terms
from redpix.photometry.ensemble import connected, ensemble, solve
from redpix.photometry.light_curves import put_on_one_scale
from redpix.photometry.reference_exposure import CANDIDATES, matched_exposures


def night(exposures=30, stars=40, noise=0.003, seed=1):
    """Fluxes and errors of steady stars through changing clouds, and the clouds in magnitudes."""
    rng = np.random.default_rng(seed)
    clouds = rng.normal(0, 0.3, exposures)
    magnitude = rng.uniform(-13, -10, stars)
    truth = 10 ** (-0.4 * (magnitude + clouds[:, None]))
    flux = truth * (1 + rng.normal(0, noise, truth.shape))
    return flux, noise * truth, clouds - clouds.mean()


def test_offsets_are_the_clouds_and_a_variable_star_does_not_count():
    flux, error, clouds = night()
    wave = 0.2 * np.sin(np.arange(30) / 3)
    flux[:, 7] *= 1 + wave
    made = ensemble(flux, error, np.ones(40, bool))
    assert made.offset - clouds == pytest.approx(np.zeros(30), abs=0.003)
    assert made.weight[7] == 0
    assert made.weight.sum() == pytest.approx(1)
    seen = made.magnitude[:, 7] - made.magnitude[:, 7].mean()
    true = -2.5 * np.log10(1 + wave)
    assert seen - (true - true.mean()) == pytest.approx(np.zeros(30), abs=0.015)
    pulls = (made.magnitude - np.mean(made.magnitude, axis=0)) / made.error
    assert np.std(np.delete(pulls, 7, axis=1)) == pytest.approx(1, abs=0.05)


def test_a_noisy_star_counts_less():
    flux, error, _ = night()
    rng = np.random.default_rng(3)
    flux[:, 2] *= 1 + rng.normal(0, 0.006, 30)
    made = ensemble(flux, error, np.ones(40, bool))
    assert 0 < made.weight[2] < 0.5 * np.median(made.weight)


def test_exposures_that_share_only_some_stars_are_on_one_scale():
    """No star is in all exposures: a drifting field."""
    flux, error, clouds = night(exposures=12, stars=60)
    for number in range(12):
        keep = slice(4 * number, 4 * number + 16)
        mask = np.ones(60, bool)
        mask[keep] = False
        flux[number, mask], error[number, mask] = np.nan, np.nan
    made = ensemble(flux, error, np.ones(60, bool))
    assert made.offset - clouds == pytest.approx(np.zeros(12), abs=0.01)
    scaled = put_on_one_scale(flux, error, np.ones(60, bool), *np.zeros((2, 12, 60)))
    expected = 10 ** (-0.4 * clouds)
    assert scaled.scale == pytest.approx(expected / expected.mean(), rel=0.01)


def test_exposures_without_a_common_star_are_not_guessed():
    flux, error, _ = night(exposures=6, stars=10)
    flux[:2, 5:], flux[2:, :5] = np.nan, np.nan
    made = ensemble(flux, error, np.ones(10, bool))
    assert np.isnan(made.offset[:2]).all()
    assert np.isfinite(made.offset[2:]).all()
    assert connected(np.isfinite(flux)).tolist() == [False] * 2 + [True] * 4


def test_the_solution_is_that_of_least_squares():
    rng = np.random.default_rng(5)
    magnitude = rng.normal(0, 1, (4, 6))
    weights = rng.uniform(0.5, 2, (4, 6)) * (rng.random((4, 6)) > 0.2)
    mean, offset = solve(magnitude, weights)
    rows, values = [], []
    for e, s in np.argwhere(weights > 0):
        row = np.zeros(10)
        row[[e, 4 + s]] = 1
        rows.append(np.sqrt(weights[e, s]) * row)
        values.append(np.sqrt(weights[e, s]) * magnitude[e, s])
    rows.append(np.r_[np.ones(4), np.zeros(6)])
    expected = np.linalg.lstsq(np.array(rows), np.r_[values, 0])[0]
    assert offset == pytest.approx(expected[:4], abs=1e-6)
    assert mean == pytest.approx(expected[4:], abs=1e-6)


def test_one_star_has_no_ensemble():
    made = ensemble(np.full((5, 1), 1e4), np.full((5, 1), 10.0), np.ones(1, bool))
    assert np.isnan(made.magnitude).all()
    assert np.isnan(ensemble(*np.full((2, 3, 0), 1.0), np.ones(0, bool)).offset).all()


def series(groups):
    """Exposures by the sky that they show and their numbers of stars."""
    return [
        SimpleNamespace(image=f"image_{number:02d}", stars=range(stars), sky=sky)
        for number, (sky, stars) in enumerate(groups)
    ]


def same_sky(exposure, reference):
    if exposure.sky != reference.sky:
        raise InputError("no map")
    return np.zeros((2, len(reference.stars)))


def test_the_reference_is_the_exposure_that_most_others_match():
    skies = [("other", 90), *[("field", stars) for stars in (30, 45, 40)], ("cloud", 3)]
    made = matched_exposures(series(skies), same_sky)
    assert made.reference.image == "image_02"
    assert set(made.positions) == {"image_01", "image_02", "image_03"}
    assert set(made.left_out) == {"image_00", "image_04"}
    assert "does not show the stars of image_02: no map" in made.left_out["image_00"]


def test_the_search_for_a_reference_ends():
    calls = []

    def counted(exposure, reference):
        calls.append(exposure.image)
        return same_sky(exposure, reference)

    alike = series([("field", 20)] * 50)
    assert len(matched_exposures(alike, counted).positions) == 50
    assert len(calls) == 50
    calls.clear()
    clouds = series([("field", 20)] * 47 + [("cloud", 3)] * 3)
    assert len(matched_exposures(clouds, counted).left_out) == 3
    assert len(calls) == 50
    calls.clear()
    matched_exposures(series([(number, 20) for number in range(50)]), counted)
    assert len(calls) == 50 * CANDIDATES


def test_trends_are_removed_and_an_eclipse_stays():
    rng = np.random.default_rng(6)
    airmass = np.linspace(1, 2.2, 60)
    x, y = rng.normal(0, 2, (2, 60, 1)) + np.zeros((1, 1, 5))
    error = np.full((60, 5), 0.002)
    slopes = np.array([0.02, -0.01, 0.0, 0.03, 0.01])
    trend = slopes * (airmass - airmass.mean())[:, None] + 0.004 * (x - x.mean(axis=0))
    eclipse = np.zeros((60, 5))
    eclipse[25:33, 3] = -0.03
    flux = 1 + trend + eclipse + rng.normal(0, 0.002, (60, 5))
    flux[3, 1] = np.nan
    fwhm = np.full(60, 3.0)
    terms = trend_terms(["airmass", "position", "seeing"], airmass, x, y, fwhm)
    assert set(terms) == {"airmass", "x", "y"}
    made = detrend(flux, error, terms)
    assert np.nanstd(made.relative[:, :3], axis=0) == pytest.approx(np.full(3, 0.002), rel=0.3)
    depth = np.mean(made.relative[25:33, 3]) - np.mean(
        np.delete(made.relative[:, 3], range(25, 33))
    )
    assert depth == pytest.approx(-0.03, abs=0.0015)
    assert np.isnan(made.relative[3, 1])
    few = detrend(flux[:10], error[:10], {name: term[:10] for name, term in terms.items()})
    assert np.isnan(few.relative).all()
