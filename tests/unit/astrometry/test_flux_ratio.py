"""Flux ratios by apertures and by PSFs, and what is said if they disagree."""

import tracemalloc

import numpy as np
import pytest
import subtraction_sky
from redpix.astrometry.aperture_ratio import UNKNOWN, FluxRatio, aperture_ratio, mean_ratio
from redpix.astrometry.flux_ratio import joined_ratio
from redpix.core.exceptions import InputError

SHAPE = (400, 400)


def test_apertures_give_the_ratio_whatever_the_psfs():
    rng = np.random.default_rng(4)
    grid = np.arange(45, 400, 60.0)
    x, y = (axis.ravel() + rng.uniform(-1, 1, axis.size) for axis in np.meshgrid(grid, grid))
    flux = 10 ** rng.uniform(3.3, 4.3, len(x))
    changed = flux.copy()
    changed[5] *= 1.5  # a variable star
    new = subtraction_sky.light(SHAPE, x, y, flux, 1.4) + rng.normal(0, 2, SHAPE)
    old = 0.8 * subtraction_sky.light(SHAPE, x, y, changed, 2.0) + rng.normal(7, 2, SHAPE)
    variances = [np.full(SHAPE, 4.0)] * 2
    measured = aperture_ratio(new, old, variances, np.column_stack([x, y]), fwhm=4.7)
    assert measured.number > 12
    assert measured.ratio == pytest.approx(0.8, abs=4 * measured.error)
    assert measured.error < 0.01


def test_the_mean_leaves_out_outliers_and_needs_three_sources():
    rng = np.random.default_rng(5)
    ratio = 2 + rng.normal(0, 0.02, 40)
    ratio[:3] = 3.5
    measured = mean_ratio(ratio, np.full(40, 0.02))
    assert measured.number == 37
    assert measured.ratio == pytest.approx(2, abs=0.015)
    assert measured.error == pytest.approx(0.02 / np.sqrt(37), rel=0.5)
    assert np.isnan(mean_ratio(ratio[:2], ratio[:2]).ratio)


def test_a_bright_variable_star_does_not_outweigh_the_others():
    rng = np.random.default_rng(6)
    error = 10 ** rng.uniform(-2.5, -1.5, 40)
    error[0] = 0.0005  # more than half of all the weight
    ratio = rng.normal(1, error)
    ratio[0] = 0.77
    measured = mean_ratio(ratio, error)
    assert measured.number >= 38
    assert abs(measured.ratio - 1) < 4 * measured.error
    assert measured.error < 0.003


def test_ratios_that_agree_are_averaged_and_others_are_said():
    good, bad = FluxRatio(1.000, 0.002, 40), FluxRatio(1.18, 0.01, 8)
    near = FluxRatio(1.003, 0.002, 60)
    ratio, apart, remarks = joined_ratio(good, near, None, None, "a, b")
    assert (ratio, apart, remarks) == (pytest.approx(1.0015, abs=1e-4), 0.0, [])
    ratio, apart, (remark,) = joined_ratio(bad, good, None, None, "a, b")
    assert (ratio, apart) == (1.0, pytest.approx(0.18))
    assert "1.18 +- 0.01 by PSFs and 1 +- 0.002 by apertures" in remark


def test_a_given_ratio_is_used_and_tested():
    measured = FluxRatio(1.3, 0.002, 40)
    assert joined_ratio(measured, measured, 1.301, None, "a, b")[2] == []
    ratio, _, (remark,) = joined_ratio(measured, measured, 0.4, None, "a, b")
    assert ratio == 0.4
    assert "subtraction.flux_ratio is 0.4, but sources have 1.3" in remark


def test_without_stars_a_known_ratio_is_needed():
    assert joined_ratio(UNKNOWN, UNKNOWN, 2.0, None, "a, b")[0] == 2.0
    assert joined_ratio(UNKNOWN, UNKNOWN, None, 3.0, "a, b")[0] == 3.0
    with pytest.raises(InputError, match="a, b: 0 stars in both images"):
        joined_ratio(UNKNOWN, UNKNOWN, None, None, "a, b")


def test_a_slightly_variable_bright_star_does_not_pull_the_mean_to_itself():
    """It lies 5 of its own errors off the others, and less off a mean that includes it."""
    rng, pulls = np.random.default_rng(8), []
    for _ in range(200):
        error = np.r_[0.0040, 0.0042, 10 ** rng.uniform(-2.2, -1.5, 20)]
        ratio = rng.normal(1, error)
        ratio[0] = 0.978
        measured = mean_ratio(ratio, error)
        pulls.append((measured.ratio - 1) / measured.error)
    # 1 without the variable star, 1.6 where it is judged against a mean that includes it
    assert np.sqrt(np.mean(np.square(pulls))) < 1.4


@pytest.mark.filterwarnings("error")
def test_a_star_of_overwhelming_weight_is_an_outlier_without_a_warning():
    ratio, error = np.r_[0.8, np.linspace(0.999, 1.001, 9)], np.r_[1e-9, np.full(9, 0.003)]
    assert mean_ratio(ratio, error).ratio == pytest.approx(1, abs=1e-3)


def test_very_many_sources_take_memory_in_proportion_to_their_number():
    rng = np.random.default_rng(9)
    error = rng.uniform(0.01, 0.05, 20_000)
    ratio = 1.5 + error * rng.standard_normal(len(error))
    ratio[::500] *= 1.4
    tracemalloc.start()
    measured = mean_ratio(ratio, error)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # a table of each source against each other one would take 3.2 GB
    assert most < 200 * len(ratio)
    assert measured.ratio == pytest.approx(1.5, abs=4 * measured.error)
    assert len(ratio) - 110 < measured.number <= len(ratio) - 40
