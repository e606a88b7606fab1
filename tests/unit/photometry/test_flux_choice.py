"""Light curves take the steadier flux: of the PSF, or of circles."""

import numpy as np
import pytest
from redpix.photometry.flux_choice import steadier
from redpix.photometry.forced_apertures import circle_sums, radii_of
from redpix.photometry.light_curves import put_on_one_scale, scatter
from redpix.photometry.scene import Scene

#: noise of the sky in the PSF and in a circle, counts
SKY, SKY_CIRCLE = 20.0, 40.0


def field(floor, exposures=8, stars=120, seed=1):
    """Return light curves of the PSF with a floor, and of circles with neighbours and more sky."""
    rng = np.random.default_rng([seed, 5])
    mean = 10 ** rng.uniform(2.7, 5, stars)
    clear = rng.uniform(0.9, 1.1, exposures)[:, None]
    true = mean * clear
    variable = np.argsort(mean)[-6]
    true[:, variable] *= 1 + 0.1 * np.sin(np.arange(exposures))
    x, y = rng.uniform(0, 500, (2, exposures, stars))
    error = np.sqrt(true + SKY**2)
    flux = true * (1 + rng.normal(0, floor, true.shape)) + rng.normal(0, 1, true.shape) * error
    neighbours = 0.15 * mean * (np.arange(stars) == variable)
    light = 0.9 * true + neighbours * clear
    sigma = np.sqrt(light + SKY_CIRCLE**2)
    sums = light + rng.normal(0, 1, true.shape) * sigma
    steady = np.arange(stars) != variable
    scaled = put_on_one_scale(flux, error, steady, x, y)
    chosen = steadier(scaled, flux, error, {4.0: (sums, sigma)}, steady, x, y)
    return chosen, scaled, mean, variable


def test_bright_stars_are_of_circles_where_the_psf_is_uncertain():
    chosen, scaled, mean, variable = field(floor=0.01)
    bright = mean > 2e4
    assert np.all(chosen.radius[bright] == 4.0)
    assert np.all(chosen.radius[mean < 1e3] == 0)
    # eleven bright stars tell an excess to a tenth
    assert chosen.excess[chosen.radius == 0] == pytest.approx(0.01, rel=0.3)
    assert np.all(chosen.excess[bright] < 0.004)
    steady = bright & (np.arange(len(mean)) != variable)
    assert np.median(scatter(chosen.scaled)[1][steady]) < 0.6 * np.median(
        scatter(scaled)[1][steady]
    )
    ratio = scatter(chosen.scaled)[1][steady] ** 2 / scatter(chosen.scaled)[2][steady] ** 2
    assert np.mean(ratio) == pytest.approx(1, abs=0.25)


def test_light_of_neighbours_does_not_dilute_a_variable():
    chosen, _, mean, variable = field(floor=0.01)
    assert chosen.radius[variable] == 4.0
    wave = 0.1 * np.sin(np.arange(8))
    assert chosen.scaled.relative[:, variable] == pytest.approx(
        (1 + wave) / (1 + wave.mean()), abs=0.01
    )
    # counts of the PSF's scale
    assert chosen.flux.mean(axis=0)[variable] == pytest.approx(mean[variable], rel=0.03)
    made = chosen.scaled
    again = made.relative * made.mean * made.scale[:, None] * made.response
    assert again == pytest.approx(chosen.flux)


def test_a_good_psf_keeps_its_fluxes():
    chosen, scaled, *_ = field(floor=0.0)
    assert np.all(chosen.radius == 0)
    assert chosen.scaled is scaled
    assert np.all(chosen.excess < 0.003)


def test_few_exposures_tell_no_excess():
    chosen, scaled, *_ = field(floor=0.01, exposures=2)
    assert np.all(chosen.radius == 0)
    assert np.isnan(chosen.excess).all()


def test_circles_sum_light_and_the_model_fills_hidden_pixels():
    image = np.zeros((40, 40))
    image[20, 20], image[20, 22] = 100.0, 50.0
    variance = np.ones((40, 40))
    variance[20, 22], model = np.inf, np.zeros((40, 40))
    model[20, 22] = 60.0
    scene = Scene(np.where(np.isfinite(variance), image, 0), variance, np.full((40, 40), 2.0))
    sums, errors = circle_sums(scene, model, np.array([20.0, 1.0]), np.full(2, 20.0), (4.0,))
    assert sums[0, 0] == pytest.approx(160)
    # photons of the model over the gain, and the sky
    assert errors[0, 0] ** 2 == pytest.approx(np.pi * 16 + 60 / 2, rel=0.01)
    assert np.isnan(sums[0, 1])


def test_radii_follow_the_median_width():
    assert radii_of(np.array([2.0, 4.0, np.nan, 2.2])) == (3.3, 4.4, 5.5)
    assert radii_of(np.array([np.nan])) == ()
