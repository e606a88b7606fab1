"""Completions of missing bands scatter about the truth as the bands do."""

import numpy as np
import pytest
from redpix.photoz.learners.base import Prediction
from redpix.photoz.missing_bands import DRAWS, Donors, mean_prediction


def photometry(n, seed, scatter=0.05):
    """Return magnitudes in four bands; the last follows from the others with a scatter."""
    generator = np.random.default_rng(seed)
    bright, tilt = generator.uniform(18, 22, n), generator.normal(0, 0.5, n)
    bands = [bright + 2 * tilt, bright + tilt, bright, bright - 0.3 * tilt - 0.1 * (bright - 20)]
    bands[3] = bands[3] + generator.normal(0, scatter, n)
    magnitudes = np.stack(bands, axis=1)
    return magnitudes, np.full_like(magnitudes, 0.02) * 10 ** (0.2 * (magnitudes - 20))


def test_completions_are_unbiased_and_scatter_as_the_band_does():
    donors, (truth, errors) = Donors(*photometry(4000, 1)), photometry(500, 2)
    given = truth.copy()
    given[:, 3] = np.nan
    missing = errors.copy()
    missing[:, 3] = np.nan
    found = donors.complete(given, missing)
    assert found.possible.all()
    assert found.magnitudes.shape == (DRAWS, 500, 4)
    np.testing.assert_array_equal(found.magnitudes[0, :, :3], truth[:, :3])
    offset = found.magnitudes[:, :, 3] - truth[:, 3]
    assert abs(np.mean(offset)) < 0.01
    # the scatter of a completion and that of the truth add
    assert np.std(offset[0]) == pytest.approx(np.sqrt(2) * 0.05, rel=0.2)
    assert np.median(found.errors[0, :, 3] / errors[:, 3]) == pytest.approx(1, abs=0.1)
    missing[:, 3] = 26.6  # a limiting magnitude, as some surveys give it
    np.testing.assert_array_equal(donors.complete(given, missing).errors, found.errors)


def test_two_missing_bands_keep_their_correlation():
    donors, (truth, errors) = Donors(*photometry(4000, 1, scatter=0.02)), photometry(400, 2, 0.02)
    given = np.where([True, True, False, False], truth, np.nan)
    found = donors.complete(given, errors)
    colour = found.magnitudes[0, :, 2] - found.magnitudes[0, :, 3]
    assert np.std(colour - (truth[:, 2] - truth[:, 3])) < 0.1


def test_bands_that_no_training_object_has_together_are_completed_in_pairs():
    magnitudes, errors = photometry(600, 1)
    magnitudes[:300, 0], magnitudes[300:, 3] = np.nan, np.nan
    donors = Donors(magnitudes, errors)
    given, errors = photometry(50, 2)
    truth = given[:, 3].copy()
    given[:, 3] = np.nan
    found = donors.complete(given, errors)
    assert found.possible.all()
    assert np.std(found.magnitudes[0, :, 3] - truth) < 0.6
    given[:] = np.nan
    assert not donors.complete(given, errors).possible.any()


def test_the_mean_over_completions_is_a_mixture():
    grid = np.linspace(0, 1, 101)
    pdfs = np.zeros((DRAWS, 1, 101))
    pdfs[: DRAWS // 2, 0, 20] = pdfs[DRAWS // 2 :, 0, 60] = 100.0
    flat = Prediction(
        np.zeros(DRAWS), pdfs.reshape(DRAWS, 101), np.full((DRAWS, 3), 0.5), np.ones(DRAWS, bool)
    )
    found = mean_prediction(flat, grid)
    assert found.pdf[0, [20, 60]] == pytest.approx([50, 50])
    assert 0.2 <= found.redshift[0] <= 0.6
    assert found.outside.tolist() == [True]
