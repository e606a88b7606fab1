"""One epoch on the pixels of another: positions, fluxes, noise and masks against known ones."""

import numpy as np
import pytest
import subtraction_sky
from redpix.alignment import (
    Map,
    excess_scatter,
    fit_map,
    fit_stars,
    noise_correlation,
    noise_scale,
    resample,
    smooth_background,
)
from redpix.exceptions import InputError
from redpix.masks import bit_value
from redpix.subtraction import Epoch, subtract
from scipy.signal import fftconvolve

ANGLE = np.deg2rad(0.4)
MATRIX = np.array(
    [[np.cos(ANGLE), -np.sin(ANGLE), 7.3], [np.sin(ANGLE), np.cos(ANGLE), -4.6], [0, 0, 1]]
)
SHAPE = (220, 200)
STILL = np.zeros((6, 2))


def test_map_is_found_from_stars():
    rng = np.random.default_rng(2)
    new = rng.uniform([0, 0], SHAPE[::-1], (80, 2))
    true = np.zeros((6, 2))
    true[0], true[1], true[4] = [0.8, -0.5], [0.1, 0.2], [0.05, -0.1]
    reference = np.transpose(Map(MATRIX, SHAPE, true)(*new.T))
    reference[:5] += 2.0  # not the same stars
    reference = np.vstack([reference + rng.normal(0, 0.01, reference.shape), [[500, 500]]])
    found = fit_map(MATRIX, SHAPE, new, reference[::-1])
    np.testing.assert_allclose(found.correction, true, atol=0.02)
    assert found.residual == pytest.approx((0.01, 0.01), rel=0.4)
    assert found.stars == pytest.approx(75, abs=2)


def test_few_stars_leave_the_wcs_as_it_is():
    few = np.array([[10.0, 20.0], [30.0, 40.0]])
    for new, reference in ((few, few), (few[:0], few)):
        found = fit_map(np.eye(3), SHAPE, new, reference)
        assert found.stars == 0
        assert not found.correction.any()


def test_resampled_stars_keep_place_and_flux():
    x, y = np.array([60.2, 120.7, 90.4]), np.array([50.9, 100.3, 160.5])
    place = Map(MATRIX, SHAPE, STILL)
    u, v = place(x, y)
    image = subtraction_sky.light((240, 230), u, v, [1e3] * 3, 1.5)
    moved = resample(image, np.ones_like(image), np.zeros(image.shape, int), place, SHAPE)
    expected = subtraction_sky.light(SHAPE, x, y, [1e3] * 3, 1.5)
    inside = np.isfinite(moved.image)
    assert inside.mean() > 0.9
    assert abs(moved.image - expected)[inside].max() < 1e-3 * expected.max()
    assert np.array_equal(moved.mask == bit_value("NO_DATA"), ~inside)


def test_noise_stays_white_and_what_the_variance_says():
    rng = np.random.default_rng(3)
    place = Map(MATRIX, (600, 600), STILL)
    noise = rng.normal(0, 2, (640, 640))
    moved = resample(noise, np.full((640, 640), 4.0), np.zeros((640, 640), int), place, (600, 600))
    image = moved.image[40:-40, 40:-40]
    smooth = subtraction_sky.gaussian(2.0, 17)
    matched = fftconvolve(image, smooth, mode="valid")
    # what a matched filter sees is what the variance says; single pixels have a little less
    assert matched.std() == pytest.approx(2 * np.sqrt(np.sum(smooth**2)), rel=0.01)
    assert 0.8 < image.var() / 4 < 1
    assert abs(np.mean(image[:, 1:] * image[:, :-1]) / image.var()) < 0.1


def test_correlation_of_resampled_noise_is_known():
    rng = np.random.default_rng(8)
    shape = (400, 400)
    place = Map(MATRIX, shape, STILL)
    white = rng.standard_normal((8, 420, 420))
    lags = [(0, 0), (0, 1), (1, 0), (1, 1), (0, 2), (2, 1), (0, 3)]
    measured = np.zeros(len(lags))
    for noise in white:
        moved = resample(noise, np.ones((420, 420)), np.zeros((420, 420), int), place, shape)
        image = moved.image[30:-30, 30:-30]
        for number, (dy, dx) in enumerate(lags):
            other = image[: len(image) - dy, : image.shape[1] - dx]
            measured[number] += np.mean(image[dy:, dx:] * other) / len(white)
    expected = noise_correlation(place, slice(30, 370), slice(30, 370))
    np.testing.assert_allclose(measured, [expected[10 + dy, 10 + dx] for dy, dx in lags], atol=3e-3)
    assert expected.sum() == pytest.approx(1, abs=1e-3)


def test_difference_of_a_resampled_reference_is_white():
    """Of the wider PSF, whose fine noise is seen; the check goes red without the correlation."""
    shape, spreads = (256, 256), {"given": [], "taken for white": []}
    for seed in range(12):
        rng = np.random.default_rng([seed, 9])
        raw = rng.normal(0, 6, (280, 290))
        place = Map(MATRIX, shape, STILL)
        moved = resample(raw, np.full(raw.shape, 36.0), np.zeros(raw.shape, int), place, shape)
        new = Epoch(rng.normal(0, 5, shape), subtraction_sky.gaussian(1.3), 5.0)
        psf = subtraction_sky.gaussian(1.7)
        old = Epoch(moved.image, psf, 6.0, 1.6, moved.variance)
        correlation = noise_correlation(place, slice(20, 236), slice(20, 236))
        inside = np.s_[20:-20, 20:-20]
        for name, epoch in zip(spreads, (old._replace(correlation=correlation), old), strict=True):
            result = subtract(new, epoch)
            D = result.D[inside]
            lag = np.mean(D[:, 1:] * D[:, :-1]) / D.var()
            scaled = (D / np.sqrt(result.D_variance[inside])).std()
            spreads[name].append([D.std(), scaled, result.Scorr[inside].std(), lag])
    spread, scaled, score, lag = np.mean(spreads["given"], axis=0)
    assert spread == pytest.approx(1, abs=0.005)
    assert scaled == pytest.approx(1, abs=0.005)
    assert score == pytest.approx(1, abs=0.015)
    assert abs(lag) < 0.005
    assert np.mean(spreads["taken for white"], axis=0)[0] < 0.99


def test_masks_spread_as_far_as_the_kernel():
    mask = np.zeros((100, 100), np.int16)
    mask[50, 40], mask[70, 70] = bit_value("SATURATED"), bit_value("INTERPOLATED")
    image = np.ones((100, 100))
    image[20, 30] = np.nan
    place = Map(np.eye(3), (100, 100), STILL)
    moved = resample(image, np.ones((100, 100)), mask, place, (100, 100))
    assert np.all(moved.mask[47:54, 37:44] == bit_value("SATURATED"))
    assert np.all(moved.mask[17:24, 27:34] == bit_value("BAD"))
    assert np.all(moved.mask[68:73, 68:73] == bit_value("INTERPOLATED"))
    assert moved.mask[67, 70] == 0
    assert moved.mask[44, 40] == moved.mask[50, 45] == 0
    assert np.isfinite(moved.image[20, 40])


def test_images_that_do_not_overlap():
    far = Map(np.array([[1, 0, 1e4], [0, 1, 0], [0, 0, 1.0]]), (50, 50), STILL)
    with pytest.raises(InputError, match="do not overlap"):
        resample(np.ones((50, 50)), np.ones((50, 50)), np.zeros((50, 50), int), far, (50, 50))


def test_stars_tell_flux_ratio_and_shift():
    rng = np.random.default_rng(4)
    x, y = rng.uniform(40, 160, 6), rng.uniform(40, 180, 6)
    flux = rng.uniform(2e4, 5e4, 6)
    new = subtraction_sky.light(SHAPE, x, y, flux, subtraction_sky.NEW_WIDTH) + 3
    reference = subtraction_sky.light(
        SHAPE, x + 0.12, y - 0.07, 1.6 * flux, subtraction_sky.REFERENCE_WIDTH
    )
    new += rng.normal(0, 3, SHAPE)
    reference += rng.normal(0, 3, SHAPE)
    variance = np.full(SHAPE, 9.0)
    fit = fit_stars(
        *(new, reference, variance, variance),
        *(lambda x, y: subtraction_sky.gaussian(subtraction_sky.NEW_WIDTH),),
        *(lambda x, y: subtraction_sky.gaussian(subtraction_sky.REFERENCE_WIDTH), x, y),
    )
    assert len(fit.ratio) >= 4
    assert np.median(fit.ratio) == pytest.approx(1.6, rel=0.01)
    np.testing.assert_allclose(np.median(fit.offset, axis=0), [0.12, -0.07], atol=0.01)


def test_scatter_beyond_errors():
    rng = np.random.default_rng(5)
    values = rng.normal(0, 5, 4000)
    assert excess_scatter(values, np.full(4000, 3.0)) == pytest.approx(4, rel=0.1)
    assert excess_scatter(values, np.full(4000, 30.0)) == 0


def test_slow_background_is_found_under_sources():
    rng = np.random.default_rng(6)
    rows = np.arange(600)[:, None] / 600
    slope = 2 * rows * np.ones((600, 500))
    image = slope + rng.normal(0, 1, slope.shape)
    image[100:110, 100:110] += 500
    image[:50, :50] = np.nan
    found = smooth_background(image, 100)
    assert abs(found - slope)[100:500].max() < 0.15


def test_noise_is_measured_against_the_error_map():
    rng = np.random.default_rng(7)
    variance = np.linspace(1, 4, 400)[:, None] * np.ones((400, 400))
    image = 1.1 * rng.standard_normal((400, 400)) * np.sqrt(variance)
    image += 3 * np.sin(np.arange(400) / 60) + subtraction_sky.light(
        (400, 400), [100, 300], [200, 100], [3e3, 2e4], 1.7
    )
    mask = np.zeros((400, 400), int)
    image[50:60, 50:60], mask[50:60, 50:60] = 1e5, bit_value("SATURATED")
    image[0, 0] = np.nan
    assert noise_scale(image, variance, mask) == pytest.approx(1.1, rel=0.02)
    with pytest.raises(InputError, match="constant"):
        noise_scale(np.ones((9, 9)), np.ones((9, 9)), np.zeros((9, 9), int))
    with pytest.raises(InputError, match="no pixel"):
        noise_scale(np.full((9, 9), np.nan), np.ones((9, 9)), np.zeros((9, 9), int))
