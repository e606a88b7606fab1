"""Errors of stars include the light of undetected stars."""

import numpy as np
import pytest
from redpix.photometry import ccd, crowded
from redpix.photometry.confusion import Confusion, count_slope, measure_confusion, widened
from redpix.photometry.scene import Scene
from redpix.psf.effective_psf_fit import effective_psf
from redpix.psf.moffat import Profile, alpha_of
from scipy import ndimage
from scipy.spatial import cKDTree
from star_bound import robust
from star_field import Moffat, draw

SIDE, FWHM = 300, 3.0


@pytest.fixture(scope="module")
def psf():
    width = np.array([np.log(alpha_of(FWHM, 3.0))])
    profile = Profile(width, np.zeros(1), np.zeros(1), np.log(2.0), 0, (SIDE, SIDE))
    return effective_psf(profile)


def blank(image):
    return Scene(image, np.ones(image.shape), np.ones(image.shape))


def test_white_noise_widens_no_errors(psf):
    rng = np.random.default_rng(1)
    scene = blank(rng.normal(0, 1, (SIDE, SIDE)))
    assert measure_confusion(scene, psf, np.zeros((SIDE, SIDE)), 5.0) == Confusion(1.0, 0.0)


def test_hot_pixels_and_wings_are_not_undetected_stars(psf):
    """Pixels beyond the threshold are not sky."""
    rng = np.random.default_rng(1)
    image = rng.normal(0, 1, (SIDE, SIDE))
    image[::50, ::50] = 300.0
    found = measure_confusion(blank(image), psf, np.zeros((SIDE, SIDE)), 5.0)
    assert found.noise < 1.1
    assert found.light < 0.3


def test_correlated_noise_is_noise_and_not_light(psf):
    """Through a filter wider than the correlation, its variance is that of the sum of pixels."""
    rng = np.random.default_rng(2)
    noise = ndimage.uniform_filter(rng.normal(0, 1, (SIDE, SIDE)), 3, mode="wrap") * 3
    found = measure_confusion(blank(noise), psf, np.zeros((SIDE, SIDE)), 15.0)
    # a box of 3 x 3 pixels sums 9 pixels; the filter is hardly wider
    assert 4 < found.noise < 9
    assert found.light < 0.15 * found.noise


def test_the_slope_is_that_of_the_numbers():
    rng = np.random.default_rng(3)
    flux = rng.pareto(1.2, 20_000) + 1
    assert count_slope(flux, 1 / 15) == pytest.approx(1.2, abs=0.03)
    assert count_slope(flux[:10], 1 / 15) == 0.8


def test_errors_in_a_crowd_are_those_of_the_fluxes():
    """1350 stars, of which more than a half are not detected."""
    rng = np.random.default_rng(4)
    number, sky, gain = 1350, 200.0, 2.0
    x, y = rng.uniform(0, SIDE - 1, (2, number))
    ratio = 3 * (1 - rng.random(number)) ** (-1 / 0.8)
    sigma = np.sqrt(sky / gain)
    flux = np.minimum(ratio, 2000) * sigma * 6.5
    light = draw((SIDE, SIDE), x, y, flux, Moffat(FWHM), 0.02 * sigma) + sky
    image = rng.poisson(light * gain) / gain
    mask = np.zeros(image.shape, np.int16)
    error, gains = np.full(image.shape, sigma), np.full(image.shape, gain)
    result = crowded.measure(
        image - ccd.background(image, mask, 64).level, error, gains, mask, 5.0, 64
    )
    assert result.confusion.light > 0.3
    found = result.stars
    distance, nearest = cKDTree(np.column_stack([x, y])).query(np.column_stack([found.x, found.y]))
    good = distance < 0.5 * FWHM
    assert good.sum() > 350
    pull = (found.flux - flux[nearest])[good] / widened(result).flux[good]
    # a width of 400 pulls is certain to 4 %
    assert 0.8 < robust(pull) < 1.25
