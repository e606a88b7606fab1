"""One epoch on the pixels of another: positions, fluxes, noise and masks against known ones."""

import numpy as np
import pytest
import subtraction_sky
from redpix.astrometry.star_comparison import excess_scatter
from redpix.astrometry.star_fit import fit_stars
from redpix.astrometry.star_map import Map, fit_map, left_out
from redpix.core.exceptions import InputError
from redpix.image.background import smooth_background
from redpix.image.masks import bit_value
from redpix.image.noise import noise_scale

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


def test_error_of_a_map_is_that_at_stars_it_was_not_fitted_to():
    """A map of six parameters from 12 stars follows their errors; left out, they tell."""
    errors, seen, told = [], [], []
    for seed in range(60):
        rng = np.random.default_rng([seed, 10])
        new = rng.uniform([0, 0], SHAPE[::-1], (12, 2))
        true = np.transpose(Map(MATRIX, SHAPE, STILL)(*new.T))
        measured = true + rng.normal(0, 0.1, true.shape)

        def fit(places, new=new, measured=measured):
            chosen = np.all(np.isin(new, places), axis=1)
            return fit_map(MATRIX, SHAPE, new[chosen], measured[chosen])

        place = fit(new)
        offset = measured - np.transpose(place(*new.T))
        told.append(offset + left_out(fit, place, new))
        seen.append(offset)
        elsewhere = rng.uniform([0, 0], SHAPE[::-1], (12, 2)).T
        expected = np.subtract(place(*elsewhere), Map(MATRIX, SHAPE, STILL)(*elsewhere))
        errors.append(expected.T + rng.normal(0, 0.1, true.shape))
    true_error = np.std(errors)
    assert np.std(seen) < 0.9 * true_error
    assert np.std(told) == pytest.approx(true_error, rel=0.12)


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


@pytest.mark.parametrize(("mean", "scatter"), [(0.2, None), (0.65, None), (100.27, 0.35)])
def test_background_of_whole_numbers_is_their_mean(mean, scatter):
    """Most have one value, so that their median absolute deviation is 0."""
    rng = np.random.default_rng(8)
    image = (
        rng.poisson(mean, SHAPE) if scatter is None else np.rint(rng.normal(mean, scatter, SHAPE))
    )
    found = np.median(smooth_background(image, 100))
    assert found == pytest.approx(image.mean(), abs=0.2 * image.std())


def test_background_of_nothing_is_refused():
    image = np.full(SHAPE, np.nan)
    image[::20, ::20] = 1
    with pytest.raises(InputError, match="every square of the background has fewer than 100"):
        smooth_background(image, 64)


def test_noise_of_hardly_a_count_is_refused():
    image = np.random.default_rng(9).poisson(0.003, SHAPE).astype(float)
    with pytest.raises(InputError, match="its noise cannot be measured"):
        noise_scale(image, np.ones(SHAPE), np.zeros(SHAPE, int))
    ramp = np.arange(SHAPE[1]) * np.ones(SHAPE)
    with pytest.raises(InputError, match="its noise cannot be measured"):
        noise_scale(ramp, np.ones(SHAPE), np.zeros(SHAPE, int))


def test_a_map_without_some_stars_is_as_flexible():
    """45 stars bear a map of degree 2; three quarters of them alone would get one of degree 1."""
    rng = np.random.default_rng(10)
    new = rng.uniform([0, 0], SHAPE[::-1], (45, 2))
    true = np.zeros((6, 2))
    true[3] = true[5] = 1.0
    reference = np.transpose(Map(MATRIX, SHAPE, true)(*new.T)) + rng.normal(0, 0.02, (45, 2))

    def fit(places, terms=None):
        return fit_map(MATRIX, SHAPE, places, reference, terms=terms)

    place = fit(new)
    assert place.terms == 6
    change = left_out(lambda places: fit(places, place.terms), place, new)
    assert change.std() < 0.03
    assert left_out(fit, place, new).std() > 0.1


def test_stars_are_compared_beside_pixels_without_value():
    rng = np.random.default_rng(11)
    x, y = rng.uniform(40, 160, 12), rng.uniform(40, 180, 12)
    new, reference = (
        subtraction_sky.light(SHAPE, x, y, np.full(12, 3e4 * ratio), width)
        for ratio, width in ((1.0, subtraction_sky.NEW_WIDTH), (1.6, 1.3))
    )
    whole = [new, reference, np.ones(SHAPE), np.ones(SHAPE)]
    psfs = [
        lambda x, y, width=width: subtraction_sky.gaussian(width)
        for width in (subtraction_sky.NEW_WIDTH, 1.3)
    ]
    holed = new.copy()
    holed[rng.random(SHAPE) < 0.001] = np.nan
    found = fit_stars(holed, *whole[1:], *psfs, x, y)
    known = fit_stars(*whole, *psfs, x, y)
    assert len(found.ratio) >= 8
    assert found.ratio == pytest.approx(known.ratio[np.isin(known.index, found.index)], rel=0.01)
