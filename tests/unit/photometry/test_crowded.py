"""Photometry of simulated fields, compared with the Cramer-Rao bound."""

import numpy as np
import pytest
from redpix.image.masks import bit_value
from redpix.photometry import ccd, crowded
from redpix.photometry.measure import words_on_negative
from redpix.photometry.quality import FLAGS, aperture_correction, assess
from redpix.photometry.scene import Scene
from redpix.photometry.sky_level import mean_sky, with_measured_sky
from scipy.spatial import cKDTree
from star_bound import cramer_rao, match, robust, scores
from star_field import Field, Moffat, draw, simulate


def measure(field, mask=None, gain=None):
    mask = np.zeros(field.image.shape, np.int16) if mask is None else mask
    sky = ccd.background(field.image, mask, 64)
    return crowded.measure(
        *(field.image - sky.level, np.full(field.image.shape, np.sqrt(field.sky_variance))),
        *(np.full(field.image.shape, gain or field.gain), mask, 4.5, 64),
    )


@pytest.fixture(scope="module")
def measured():
    """Return a measured field of the density of the benchmark and a quarter of its area."""
    field = simulate(5, 1024, 500, Moffat())
    return field, measure(field)


def test_a_field_is_measured_at_the_limit_of_its_photons(measured):
    field, result = measured
    stars = result.stars
    bound = cramer_rao(field, Moffat())
    made = scores(field, bound, stars.x, stars.y, stars.flux, result.errors.flux)
    # the three fractions are of 151, 77 and 136 stars
    assert made["complete 20-1000000000.0"] >= 0.99
    assert made["complete 10-20"] >= 0.98
    assert made["complete 5-10"] >= 0.92
    assert made["false / stars"] <= 0.01
    # the median of 81 stars is certain to 0.055 %
    assert abs(made["flux bias, S/N > 50"]) < 0.0015
    # the standard deviation of 224 stars is certain to 5 %, of their x and y to 3 %
    assert 0.93 < made["flux scatter / bound"] < 1.05
    assert 0.95 < made["centroid scatter / bound"] < 1.05
    assert made["pulls of flux"] == pytest.approx(1, abs=0.05)
    assert made["blends < 10 px found"] >= 0.95
    assert result.noise_scale == pytest.approx(1, abs=0.01)


def test_quality_of_good_stars(measured):
    field, result = measured
    quality = assess(result, np.zeros(field.image.shape, np.int16), 11)
    assert np.median(quality.chi2) == pytest.approx(0.9, abs=0.15)
    ratio = result.stars.flux / result.errors.flux
    bright = (quality.flags == 0) & (ratio > 50)
    assert bright.sum() > 30
    change = quality.aperture_flux / result.stars.flux - 1
    assert robust(change[bright]) < 0.02
    factor, error, number = aperture_correction(result.stars, quality, result.errors)
    assert number >= 10
    assert factor == pytest.approx(1, abs=max(4 * error, 0.002))
    # apertures that miss 5 % of the flux lower the correction by 5 %
    dim = quality._replace(aperture_flux=0.95 * quality.aperture_flux)
    assert aperture_correction(result.stars, dim, result.errors)[0] == pytest.approx(
        0.95 * factor, abs=0.001
    )
    assert np.median(quality.width_x[bright]) == pytest.approx(1.9, abs=0.3)
    assert np.all(abs(quality.peak_x - result.stars.x) < 2.6)
    near_edge = (result.stars.x < 1) | (result.stars.x > 1022)
    assert np.all(quality.flags[near_edge] & FLAGS["EDGE"])


def test_what_is_no_star_is_flagged():
    field = simulate(7, 400, 60, Moffat())
    y, x = np.indices(field.image.shape)
    field.image[:] += 400 * np.exp(-np.hypot(x - 200, y - 150) / 6)  # a galaxy
    mask = np.zeros(field.image.shape, np.int16)
    brightest = np.argmax(field.flux)
    row, column = round(field.y[brightest]), round(field.x[brightest])
    mask[row, column] = bit_value("SATURATED")
    result = measure(field, mask)
    quality = assess(result, mask, 11)
    star = np.hypot(result.stars.x - column, result.stars.y - row).argmin()
    assert quality.flags[star] & FLAGS["SATURATED"]
    galaxy = np.hypot(result.stars.x - 200, result.stars.y - 150).argmin()
    assert quality.flags[galaxy] & FLAGS["MISFIT"]


def test_corners_that_get_little_light_show_no_false_stars():
    """Each pixel has its own noise; a single threshold would detect a dozen false stars."""
    rng = np.random.default_rng(4)
    side, sky, gain, read_noise = 400, 200.0, 2.0, 5.0
    y, x = np.indices((side, side))
    flat = 1 - 0.93 * ((x - side / 2) ** 2 + (y - side / 2) ** 2) / (side**2 / 2)
    places, flux = rng.uniform(5, side - 5, (2, 60)), 10 ** rng.uniform(3, 5, 60)
    light = (draw((side, side), *places, flux, Moffat(), 0.1) + sky) * flat
    raw = rng.poisson(light * gain) / gain + rng.normal(0, read_noise / gain, light.shape)
    made = ccd.calibrate(raw, None, flat)
    electrons = gain * made.flat
    image = made.image - ccd.background(made.image, made.mask, 64).level
    error = np.sqrt(sky / electrons + (read_noise / electrons) ** 2)
    assert error.max() > 4 * error.min()
    stars = crowded.measure(image, error, electrons, made.mask, 4.5, 64).stars
    field = Field(image, *places, flux, sky, gain, read_noise)
    found = match(field, stars.x, stars.y)
    assert found.false <= 1
    assert np.mean(found.index >= 0) > 0.95


def test_noise_is_measured_where_no_sky_is_seen():
    rng = np.random.default_rng(6)
    model, sky, gain = np.full((120, 120), 60.0), 30.0, 2.0
    image = (rng.poisson((model + sky) * gain) / gain - sky).astype(np.float32)
    plane = np.ones(image.shape, np.float32)
    # the given noise of the sky is too small by a factor of 1.2; the photon noise is right
    scene = Scene(image, plane * (sky / gain / 1.44), plane * gain)
    hidden = np.zeros(image.shape, bool)
    found, scale = with_measured_sky(scene, model, hidden, 40)
    expected = np.sqrt((model[0, 0] + sky) / (model[0, 0] + sky / 1.44))
    assert scale == pytest.approx(expected, abs=0.02)
    assert np.std(found.image) == pytest.approx(np.sqrt(90 / gain), rel=0.02)
    model[:60] = 0
    image[:60] = rng.normal(0, np.sqrt(sky / gain), (60, 120))
    assert with_measured_sky(scene, model, hidden, 40)[1] == pytest.approx(1.2, abs=0.05)


def test_an_image_without_stars_has_none():
    rng = np.random.default_rng(1)
    image = rng.normal(0, 5, (200, 200))
    plane = np.full(image.shape, 5.0)
    mask = np.zeros(image.shape, np.int16)
    assert crowded.measure(image, plane, plane, mask, 5, 64) is None
    one_hot = image.copy()
    one_hot[100, 100] = 1e5
    assert crowded.measure(one_hot, plane, plane, mask, 5, 64) is None


@pytest.fixture(scope="module")
def spoilt():
    """A field, two pixels to lose in it, and its stars where a mask hides the two.

    One pixel is in a corner, and one in the wing of a bright star.
    """
    field = simulate(3, 256, 70, Moffat())
    one = np.argsort(field.flux)[-5]
    pixels = np.array([2, round(field.y[one]) + 4]), np.array([2, round(field.x[one]) + 2])
    planes, mask = planes_of(field, pixels)
    image = field.image - field.sky
    found = crowded.measure(image, planes["error"], planes["gain"], mask, 4.5, 64)
    return field, pixels, found.stars


def planes_of(field, pixels):
    """Planes of gain and noise, and a mask in which some pixels are bad."""
    flat = np.ones(field.image.shape)
    planes = {"gain": field.gain * flat, "error": np.sqrt(field.sky_variance) * flat}
    mask = np.zeros(field.image.shape, np.int16)
    mask[pixels] = bit_value("BAD")
    return planes, mask


@pytest.mark.parametrize(
    ("plane", "value"), [("gain", np.nan), ("gain", 0), ("error", np.nan), ("error", 0)]
)
def test_a_pixel_without_gain_or_noise_is_lost_alone(spoilt, plane, value):
    field, pixels, expected = spoilt
    assert len(expected.x) > 50
    planes, mask = planes_of(field, pixels)
    planes[plane][pixels] = value
    if plane == "error":
        mask[:] = 0
    image = field.image - field.sky
    found = crowded.measure(image, planes["error"], planes["gain"], mask, 4.5, 64).stars
    assert len(found.x) == len(expected.x)
    assert found.flux == pytest.approx(expected.flux, rel=1e-3)


def test_an_image_without_any_noise_plane_has_no_stars():
    image, nothing = np.ones((60, 60)), np.full((60, 60), np.nan)
    mask = np.zeros(image.shape, np.int16)
    assert crowded.measure(image, nothing, image, mask, 5, 64) is None


def test_the_sky_is_a_mean_and_no_median():
    rng = np.random.default_rng(3)
    y, x = np.indices((300, 260))
    truth = 0.01 * x - 0.005 * y
    # skewed as few photons are: the median is a third below the mean
    electrons = rng.gamma(9.0, size=truth.shape) - 9.0
    noise = np.full(truth.shape, 3.0)
    noise[50:80, 50:80] = np.inf
    image = np.where(np.isfinite(noise), electrons + truth, 1e6)
    found = mean_sky(image, noise, 64)
    assert np.mean(found - truth) == pytest.approx(0, abs=0.04)
    assert robust(found - truth) < 0.35
    assert np.median(electrons) < -0.25
    flat = mean_sky(electrons[:40, :40], np.full((40, 40), 3.0), 64)
    assert flat == pytest.approx(np.full((40, 40), electrons[:40, :40].mean()), abs=0.05)


@pytest.mark.parametrize("seed", [1, 3])
def test_wings_of_stars_that_fill_an_image_are_not_sky(seed):
    """Thirty stars of up to 60,000 counts in 120 x 120 pixels, on a sky of 100 counts."""
    rng = np.random.default_rng([seed, 3])
    x, y = rng.uniform(7, 112, (2, 30))
    flux = 10 ** rng.uniform(3.8, 4.8, 30)
    light = draw((120, 120), x, y, flux, Moffat(3.0), 0.01) + 100
    image = rng.poisson(light * 1.6) / 1.6 + rng.normal(0, 6 / 1.6, light.shape)
    field = Field(image, x, y, flux, sky=100.0, gain=1.6, read_noise=6.0)
    result = measure(field)
    distance, nearest = cKDTree(np.column_stack([result.stars.x, result.stars.y])).query(
        np.column_stack([x, y])
    )
    found = distance < 0.3
    assert found.sum() >= 27
    assert len(result.stars.x) <= 32
    ratio = result.stars.flux[nearest[found]] / flux[found]
    # the error of the PSF's wings from about ten stars
    assert np.median(ratio) == pytest.approx(1, abs=0.008)


@pytest.mark.parametrize("scale", [1e-6, 1000.0])
def test_fluxes_do_not_depend_on_the_unit(scale):
    field = simulate(6, 200, 40, Moffat(2.8))
    mask = np.zeros(field.image.shape, np.int16)
    made = []
    for factor in (1.0, scale):
        image = (field.image * factor).astype(np.float32)
        sky = ccd.background(image, mask, 64)
        gain = np.full(image.shape, field.gain / factor)
        made.append(crowded.measure(image - sky.level, sky.rms, gain, mask, 5.0, 64))
    one, other = made
    assert other.psf.fwhm == pytest.approx(one.psf.fwhm, rel=1e-3)
    assert len(one.stars.x) == len(other.stars.x) > 20
    assert other.stars.flux == pytest.approx(one.stars.flux * scale, rel=2e-3)
    assert other.errors.flux == pytest.approx(one.errors.flux * scale, rel=2e-3)


def test_a_negative_image_is_named():
    field = simulate(6, 200, 40, Moffat(2.8))
    noise = np.sqrt(field.sky_variance)
    light = field.image - field.sky
    assert words_on_negative(light, noise) == ""
    assert words_on_negative(np.random.default_rng(1).normal(0, noise, 10_000), noise) == ""
    assert "may be a negative" in words_on_negative(-light, noise)
