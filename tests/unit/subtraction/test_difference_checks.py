"""Checks of a difference on blank sky and their warnings."""

from types import SimpleNamespace

import numpy as np
import pytest
from redpix.astrometry.star_comparison import ImageComparison
from redpix.subtraction.difference_checks import blank_scores, remarks_of

SHAPE = (200, 210)


def scores_of(difference, factor=1.0):
    """Return the statistics of a difference with a star, whose variance is higher."""
    variance = np.ones(SHAPE)
    variance[90:110, 90:110] = 5.0
    difference[90:110, 90:110] *= 50
    planes = {"D": difference, "Scorr": factor * difference, "variance": variance}
    return blank_scores(SimpleNamespace(read=planes.get), np.zeros(SHAPE, np.int16))


def pair(*remarks):
    return SimpleNamespace(comparison=ImageComparison(1.0, 0.0, 9, np.zeros(2), remarks=remarks))


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
