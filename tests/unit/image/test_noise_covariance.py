"""Covariance of the noise of two images of one sky."""

import numpy as np
import pytest
import subtraction_sky
from redpix.image.noise_covariance import (
    SourceLight,
    blank_sky,
    covariances,
    filtered_variance,
    neighbours,
    positive,
    unexpected,
)
from scipy import ndimage, signal

SHAPE = (420, 430)


def two_images(kernel, seed=3):
    """Return two images of one sky: shared faint sources, and noise filtered with a kernel."""
    rng = np.random.default_rng([seed, 9])
    faint = np.zeros(SHAPE)
    faint[rng.integers(0, SHAPE[0], 900), rng.integers(0, SHAPE[1], 900)] = rng.uniform(0, 60, 900)
    faint = ndimage.gaussian_filter(faint, 1.5)
    noises = (ndimage.convolve(rng.normal(0, 2, SHAPE), kernel, mode="wrap") for _ in range(2))
    return [(faint + noise).astype(np.float32) for noise in noises]


def measured(kernel):
    variances = [np.full(SHAPE, 4.0, np.float32)] * 2
    scaled, blank = blank_sky(two_images(kernel), variances, np.zeros(SHAPE, np.int16))
    return covariances(scaled, blank), np.count_nonzero(blank)


def test_white_noise_is_white_though_faint_sources_are_shared():
    found, pixels = measured(np.ones((1, 1)))
    for covariance in found:
        assert not unexpected(covariance, None, pixels)
        assert covariance[10, 10] == pytest.approx(1, abs=0.04)


@pytest.mark.parametrize("width", [1.5, 2.0])
def test_white_noise_of_images_of_unequal_depth_and_seeing_is_white(width):
    """The second image has half of the light and twice the noise; faint sources fill the sky."""
    rng = np.random.default_rng(8)
    faint = np.zeros(SHAPE)
    number = 9000
    places = rng.integers(0, SHAPE[0], number), rng.integers(0, SHAPE[1], number)
    faint[places] = rng.uniform(0, 40, number)
    sharp, wide = (ndimage.gaussian_filter(faint, sigma) for sigma in (1.5, width))
    images = [sharp + rng.normal(0, 2, SHAPE), 0.5 * wide + rng.normal(0, 4, SHAPE)]
    variances = [np.full(SHAPE, 4.0), np.full(SHAPE, 16.0)]
    scaled, blank = blank_sky(images, variances, np.zeros(SHAPE, np.int16))
    psfs = [subtraction_sky.gaussian(sigma) for sigma in (1.5, width)]
    pixels = np.count_nonzero(blank)
    for covariance, psf in zip(
        covariances(scaled, blank, SourceLight((1 / 2, 0.5 / 4), psfs)), psfs, strict=True
    ):
        assert not unexpected(covariance, None, pixels, psf)
        noise = filtered_variance(covariance, psf) / filtered_variance(np.ones((1, 1)), psf)
        assert np.sqrt(noise) == pytest.approx(1, abs=0.05)


def test_noise_that_is_correlated_over_a_psf_is_noticed_by_the_flux_of_a_point_source():
    """Waves of some pixels that hold 2 % of the variance of a pixel."""
    rng = np.random.default_rng(9)
    waves = ndimage.gaussian_filter(rng.standard_normal(SHAPE), 3.0)
    image = rng.standard_normal(SHAPE) + 0.14 * waves / waves.std()
    other = rng.standard_normal(SHAPE)
    psf, blank = subtraction_sky.gaussian(2.0), np.ones(SHAPE, bool)
    first, second = covariances([image, other], blank)
    assert not unexpected(first, None, blank.sum())
    assert unexpected(first, None, blank.sum(), psf)
    assert not unexpected(second, None, blank.sum(), psf)
    measured = filtered_variance(first, psf) / filtered_variance(np.ones((1, 1)), psf)
    # the power of a filtered image, by filtering it
    direct = np.var(ndimage.gaussian_filter(image, 2.0)[20:-20, 20:-20]) / np.sum(psf**2)
    assert measured == pytest.approx(direct, rel=0.1)


def test_correlated_noise_is_measured():
    kernel = np.outer([0.25, 1, 0.25], [0.25, 1, 0.25]) / 1.125
    true = np.pad(signal.correlate2d(kernel, kernel), 8)
    found, pixels = measured(kernel)
    for covariance in found:
        assert unexpected(covariance, None, pixels)
        assert not unexpected(covariance, true, pixels)
        assert neighbours(covariance) == pytest.approx(neighbours(true), abs=0.03)
        np.testing.assert_allclose(covariance, true, atol=0.05)
        assert np.fft.fft2(np.fft.ifftshift(positive(covariance))).real.min() > 0


@pytest.mark.parametrize(("width", "number"), [(0.0, 0), (1.0, 0), (1.0, 900)])
def test_noise_of_a_flux_is_not_lowered_by_the_masks_of_sources(width, number):
    """The mean of six images of pure noise, and with faint sources, is the true noise."""
    kernel = subtraction_sky.gaussian(max(width, 1e-3))
    kernel /= np.sqrt(np.sum(kernel**2))
    true, psf = signal.correlate2d(kernel, kernel), subtraction_sky.gaussian(1.8)
    found = []
    for seed in range(3):
        rng = np.random.default_rng([seed, 5])
        faint = np.zeros(SHAPE)
        places = rng.integers(0, SHAPE[0], number), rng.integers(0, SHAPE[1], number)
        faint[places] = rng.uniform(0, 30, number)
        faint = ndimage.gaussian_filter(faint, 1.5)
        noises = (ndimage.convolve(rng.normal(0, 1, SHAPE), kernel, mode="wrap") for _ in "ab")
        images, variances = [faint + noise for noise in noises], [np.ones(SHAPE)] * 2
        covered = covariances(*blank_sky(images, variances, np.zeros(SHAPE, np.int16)))
        found += [filtered_variance(covariance, psf) for covariance in covered]
    assert np.sqrt(np.mean(found) / filtered_variance(true, psf)) == pytest.approx(1, abs=0.02)


def test_uneven_light_is_not_blank_sky():
    images = two_images(np.ones((1, 1)))
    for image, sign in zip(images, (1, -1), strict=True):
        image[:, :60] += sign * np.linspace(8, 2, 60, dtype=np.float32)
    _, blank = blank_sky(images, [np.full(SHAPE, 4.0)] * 2, np.zeros(SHAPE, np.int16))
    assert blank[:, :50].mean() < 0.01
    assert blank[:, 120:].mean() > 0.5


def test_little_blank_sky_gives_no_covariance():
    blank = np.zeros(SHAPE, bool)
    blank[:40, :40] = True
    assert covariances([blank.astype(float)] * 2, blank) is None
