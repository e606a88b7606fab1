"""Whole counts whose steps are as wide as the noise."""

import numpy as np
import pytest
from redpix.photometry.coarse_counts import noise_of_whole_counts, without_steps
from redpix.photometry.sky_choice import choose_sky


@pytest.mark.parametrize("noise", [0.6, 1.0, 1.7])
def test_noise_of_whole_counts(noise):
    counts = np.rint(np.random.default_rng(3).normal(15.3, noise, (200, 200)))
    # rounding adds a twelfth
    assert noise_of_whole_counts(counts) == pytest.approx(np.sqrt(noise**2 + 1 / 12), rel=0.03)


@pytest.mark.parametrize("level", [15.1, 15.4, 15.8])
def test_the_sky_of_coarse_counts_is_their_mean(level):
    y, x = np.indices((256, 256))
    truth = level + 0.004 * x  # crosses a whole number
    raw = np.rint(np.random.default_rng(5).normal(truth, 0.7)).astype(np.int16)
    counts, remarks = without_steps(raw, None)
    assert "a random fraction" in remarks[0]
    sky, _ = choose_sky(counts, np.zeros(raw.shape, np.int16), 64)
    assert abs(np.median(sky.level - truth)) < 0.03
    assert np.median(sky.rms) == pytest.approx(np.sqrt(0.49 + 2 / 12), rel=0.06)
    assert np.array_equal(counts, without_steps(raw, None)[0])


def test_fine_counts_and_saturated_pixels_stay():
    rng = np.random.default_rng(7)
    for raw in (rng.normal(300, 0.7, (64, 64)), np.rint(rng.normal(300, 9, (64, 64)))):
        assert without_steps(raw, None) == (raw, ())
    coarse = np.rint(rng.normal(20, 1, (64, 64))).astype(np.uint8)
    coarse[:3] = 255
    assert np.all(without_steps(coarse, 255.0)[0][:3] == 255)
    blank = np.full((64, 64), np.nan)
    assert without_steps(blank, None) == (blank, ())
