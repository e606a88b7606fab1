"""Checks of a difference on blank sky and their warnings."""

from types import SimpleNamespace

import numpy as np
import pytest
from redpix.astrometry.star_comparison import ImageComparison
from redpix.subtraction.difference_checks import blank_scores, remarks_of
from redpix.subtraction.pair_noise import PairNoise, shared_noise
from scipy import ndimage

SHAPE = (200, 210)


def scores_of(difference, factor=1.0):
    """Return the statistics of a difference with a star, whose variance is higher."""
    variance = np.ones(SHAPE)
    variance[90:110, 90:110] = 5.0
    difference[90:110, 90:110] *= 50
    planes = {"D": difference, "Scorr": factor * difference, "variance": variance}
    return blank_scores(SimpleNamespace(read=planes.get), np.zeros(SHAPE, np.int16))


def pair(*remarks, shared=0.0):
    comparison = ImageComparison(1.0, 0.0, 9, np.zeros(2), remarks=remarks)
    return SimpleNamespace(comparison=comparison, noise=PairNoise(shared=shared))


def white():
    return np.random.default_rng(6).normal(0, 1, SHAPE)


def test_white_noise_leads_to_no_warning():
    scores = scores_of(white())
    assert scores.score == pytest.approx(1, abs=0.02)
    assert scores.neighbours == pytest.approx(0, abs=0.02)
    assert remarks_of(pair(), scores) == []
    assert remarks_of(pair("a flux ratio"), scores) == ["a flux ratio"]


@pytest.mark.parametrize(
    ("difference", "factor", "reason"),
    [
        (1.2 * white(), 1.0, "subtraction.noise measured scales it"),
        ((white() + np.roll(white(), 1, 1)) / np.sqrt(2), 1.3, "the noise is correlated"),
        (white(), 1.2, "a wrong PSF"),
    ],
)
def test_a_wrong_deviation_is_said_with_the_likely_reason(difference, factor, reason):
    (remark,) = remarks_of(pair(), scores_of(difference, factor))
    assert "the standard deviation of Scorr on blank sky is 1." in remark
    assert reason in remark


def test_images_of_the_same_exposures_are_told_by_their_noise():
    rng = np.random.default_rng(7)
    first, second, third = rng.normal(0, 1, (3, *SHAPE))
    blank = np.ones(SHAPE, bool)
    assert shared_noise((first, 3 * first), blank) == pytest.approx(1, abs=0.02)
    # a mean of three exposures, and one of them
    mean = (first + second + third) / 3
    assert shared_noise((first, mean), blank) == pytest.approx(1 / np.sqrt(3), abs=0.02)
    # faint light is in both: as wide as a PSF, with half of the power
    light = ndimage.gaussian_filter(third, 2)
    light /= light.std()
    assert shared_noise((first + light, second + light), blank) < 0.15
    (remark,) = remarks_of(pair(shared=0.57), scores_of(0.5 * white()))
    assert "a correlation of 0.57 with that of the other: they are the same image" in remark
    assert "standard deviation" not in remark
