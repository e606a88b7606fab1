"""Resampling: positions, fluxes, masks and the covariance of the noise."""

import numpy as np
import pytest
import subtraction_sky
from redpix.astrometry.star_map import Map
from redpix.core.exceptions import InputError
from redpix.image.masks import bit_value
from redpix.image.resample import noise_correlation, resample
from redpix.subtraction.epoch import Epoch
from redpix.subtraction.zogy import subtract
from scipy.signal import fftconvolve

ANGLE = np.deg2rad(0.4)
MATRIX = np.array(
    [[np.cos(ANGLE), -np.sin(ANGLE), 7.3], [np.sin(ANGLE), np.cos(ANGLE), -4.6], [0, 0, 1]]
)
SHAPE = (220, 200)
STILL = np.zeros((6, 2))


def test_resampled_stars_keep_position_and_flux():
    x, y = np.array([60.2, 120.7, 90.4]), np.array([50.9, 100.3, 160.5])
    transform = Map(MATRIX, SHAPE, STILL)
    u, v = transform(x, y)
    image = subtraction_sky.light((240, 230), u, v, [1e3] * 3, 1.5)
    moved = resample(image, np.ones_like(image), np.zeros(image.shape, int), transform, SHAPE)
    expected = subtraction_sky.light(SHAPE, x, y, [1e3] * 3, 1.5)
    inside = np.isfinite(moved.image)
    assert inside.mean() > 0.9
    assert abs(moved.image - expected)[inside].max() < 1e-3 * expected.max()
    assert np.array_equal(moved.mask == bit_value("NO_DATA"), ~inside)


def test_noise_stays_white_and_what_the_variance_says():
    rng = np.random.default_rng(3)
    transform = Map(MATRIX, (600, 600), STILL)
    noise = rng.normal(0, 2, (640, 640))
    moved = resample(
        noise, np.full((640, 640), 4.0), np.zeros((640, 640), int), transform, (600, 600)
    )
    image = moved.image[40:-40, 40:-40]
    smooth = subtraction_sky.gaussian(2.0, 17)
    matched = fftconvolve(image, smooth, mode="valid")
    # the noise after a matched filter agrees with the variance; single pixels have less
    assert matched.std() == pytest.approx(2 * np.sqrt(np.sum(smooth**2)), rel=0.01)
    assert 0.8 < image.var() / 4 < 1
    assert abs(np.mean(image[:, 1:] * image[:, :-1]) / image.var()) < 0.1


@pytest.mark.parametrize(("angle", "scale"), [(0.4, 1.0), (33.0, 1.1), (217.0, 0.8), (10.0, 0.4)])
def test_correlation_of_resampled_noise_is_known(angle, scale):
    rng = np.random.default_rng(8)
    cosine, sine = scale * np.cos(np.deg2rad(angle)), scale * np.sin(np.deg2rad(angle))
    matrix = np.array([[cosine, -sine, 200.0], [sine, cosine, 200.0], [0, 0, 1]])

    def transform(x, y):
        return Map(matrix, (200, 200), STILL)(x - 100, y - 100)

    lags = [(0, 0), (0, 1), (1, 0), (1, 1), (0, 2), (2, 1), (0, 3)]
    measured = np.zeros(len(lags))
    for _ in range(12):
        noise = rng.standard_normal((400, 400))
        image = resample(
            noise, np.ones((400, 400)), np.zeros((400, 400), int), transform, (200, 200)
        ).image / np.float32(scale**2)  # the area of a pixel
        for number, (dy, dx) in enumerate(lags):
            other = image[: len(image) - dy, : image.shape[1] - dx]
            measured[number] += np.mean(image[dy:, dx:] * other) / 12
    expected = noise_correlation(transform, slice(0, 200), slice(0, 200))
    middle = len(expected) // 2
    assert middle == np.ceil(10 / min(1, scale))
    of_lags = [expected[middle + dy, middle + dx] for dy, dx in lags]
    # larger pixels are fewer, so the tolerance is wider
    np.testing.assert_allclose(measured, of_lags, atol=8e-3 * max(1, 0.6 / scale))
    assert expected.sum() == pytest.approx(1 / scale**2, rel=0.05)


def test_a_finer_image_is_averaged_and_keeps_fluxes_and_noise():
    """Pixels of 0.4 times the size: the sum of 6.25 pixels, with the noise of their sum."""
    rng = np.random.default_rng(5)

    def transform(x, y):
        return 2.5 * x + 12.3, 240.1 - 2.5 * y

    rows, columns = np.indices((260, 260))
    u, v = transform(30.3, 41.7)
    star = np.exp(-0.5 * ((columns - u) ** 2 + (rows - v) ** 2) / 4.0**2) / (2 * np.pi * 4.0**2)
    image = 5e4 * star + rng.normal(0, 3, star.shape)
    moved = resample(
        image, np.full(image.shape, 9.0), np.zeros(image.shape, int), transform, (85, 80)
    )
    part = moved.image[27:57, 15:46]
    assert part.sum() == pytest.approx(5e4, abs=4 * 3 * 2.5 * 31)
    y, x = np.indices(part.shape)
    assert np.average(x, weights=np.clip(part, 200, None) - 200) + 15 == pytest.approx(
        30.3, abs=0.1
    )
    sky = moved.image[5:25, 5:75]
    assert sky.std() == pytest.approx(np.sqrt(np.median(moved.variance)), rel=0.1)
    assert np.median(moved.variance) == pytest.approx(9 * 2.5**2, rel=1e-3)


def test_difference_of_a_resampled_reference_is_white():
    """The reference has the wider PSF; without the correlation the check fails."""
    shape, spreads = (256, 256), {"given": [], "taken for white": []}
    for seed in range(12):
        rng = np.random.default_rng([seed, 9])
        raw = rng.normal(0, 6, (280, 290))
        transform = Map(MATRIX, shape, STILL)
        moved = resample(raw, np.full(raw.shape, 36.0), np.zeros(raw.shape, int), transform, shape)
        new = Epoch(rng.normal(0, 5, shape), subtraction_sky.gaussian(1.3), 5.0)
        psf = subtraction_sky.gaussian(1.7)
        old = Epoch(moved.image, psf, 6.0, 1.6, moved.variance)
        correlation = noise_correlation(transform, slice(20, 236), slice(20, 236))
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
    transform = Map(np.eye(3), (100, 100), STILL)
    moved = resample(image, np.ones((100, 100)), mask, transform, (100, 100))
    assert np.all(moved.mask[47:54, 37:44] == bit_value("SATURATED"))
    assert np.all(moved.mask[17:24, 27:34] == bit_value("BAD"))
    assert np.all(moved.mask[68:73, 68:73] == bit_value("INTERPOLATED"))
    assert moved.mask[67, 70] == 0
    assert moved.mask[44, 40] == moved.mask[50, 45] == 0
    assert np.isfinite(moved.image[20, 40])


def test_what_holds_no_data_is_no_zero():
    """A pixel without data has no value after resampling, either."""
    image, mask = np.full((100, 100), 5.0), np.zeros((100, 100), np.int16)
    image[:, 70:], mask[:, 70:] = np.nan, bit_value("NO_DATA")
    transform = Map(np.eye(3), (100, 100), STILL)
    moved = resample(image, np.ones((100, 100)), mask, transform, (100, 100))
    empty = (moved.mask & bit_value("NO_DATA")) != 0
    assert empty[:, 67:].all()
    assert not empty[5:95, 5:66].any()
    assert np.array_equal(np.isnan(moved.image), empty)
    assert np.array_equal(np.isnan(moved.variance), empty)


def test_images_that_do_not_overlap():
    far = Map(np.array([[1, 0, 1e4], [0, 1, 0], [0, 0, 1.0]]), (50, 50), STILL)
    with pytest.raises(InputError, match="do not overlap"):
        resample(np.ones((50, 50)), np.ones((50, 50)), np.zeros((50, 50), int), far, (50, 50))
