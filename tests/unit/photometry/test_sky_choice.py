"""The model of the sky is the configured mesh, or one that follows vignetting."""

import numpy as np
import pytest
from redpix.photometry import sky_choice
from star_field import Moffat, draw

SIDE = 256


def sky_of(vignetting, side=SIDE):
    y, x = np.indices((side, side)) - (side - 1) / 2
    return 500 * (1 - vignetting * (x**2 + y**2) / (side**2 / 2))


def image_of(vignetting, seed=3, side=SIDE, stars=None):
    rng = np.random.default_rng(seed)
    stars = stars or side**2 // 1300
    x, y = rng.uniform(5, side - 5, (2, stars))
    light = draw((side, side), x, y, 10 ** rng.uniform(3, 5, stars), Moffat(), 0.2)
    return rng.poisson((sky_of(vignetting, side) + light) * 1.5) / 1.5


def test_a_flat_sky_keeps_the_configured_mesh():
    sky, model = sky_choice.choose_sky(image_of(0), np.zeros((SIDE, SIDE), np.int16), 64)
    assert model[:2] == (0, 64)
    assert model.deviation <= sky_choice.GOOD_ENOUGH
    assert np.median(sky.level) == pytest.approx(500, abs=3)


@pytest.mark.parametrize("side", [128, 256, 512])
def test_vignetting_is_followed(side):
    image, mask = image_of(0.3, side=side), np.zeros((side, side), np.int16)
    sky, model = sky_choice.choose_sky(image, mask, 64)
    assert model.degree
    off = abs(sky.level - sky_of(0.3, side)) / np.sqrt(500 / 1.5)
    # the corners as well
    assert np.median(off) < 0.1
    assert off.max() < 0.4


def test_a_crowd_keeps_the_configured_mesh():
    """Finer squares would take the light of faint stars for sky."""
    image = image_of(0, stars=1500)
    sky, model = sky_choice.choose_sky(image, np.zeros(image.shape, np.int16), 64)
    assert model[:2] == (0, 64)
    assert np.isnan(model.deviation)


def test_a_polynomial_is_fitted_to_the_sky_alone():
    y, x = np.indices((SIDE, SIDE)) / (SIDE - 1)
    truth = 100 + 20 * x - 30 * y + 40 * x * y
    hidden = np.zeros(truth.shape, bool)
    hidden[50:90, 60:100] = True
    fitted = sky_choice.polynomial(np.where(hidden, 1e5, truth), hidden, 2)
    assert np.abs(fitted - truth).max() < 0.05


@pytest.mark.parametrize(
    ("place", "peak", "scale"), [("edge", 300, 12), ("edge", 800, 8), ("corner", 3000, 40)]
)
def test_the_glow_of_an_amplifier_is_followed(place, peak, scale):
    y, x = np.indices((SIDE, SIDE))
    distance = x if place == "edge" else np.hypot(x, y)
    glow = peak * np.exp(-distance / scale)
    rng = np.random.default_rng(8)
    image = image_of(0) + rng.poisson(glow * 1.5) / 1.5
    sky, model = sky_choice.choose_sky(image, np.zeros(image.shape, np.int16), 64)
    assert model.profile == {"edge": "axes", "corner": "corner"}[place]
    off = abs(sky.level - 500 - glow) / np.sqrt((500 + glow) / 1.5)
    lit = (glow > 50) & (distance > 8)
    assert lit.sum() > 3000
    assert np.median(off[lit]) < 0.15
    assert np.quantile(off[lit], 0.99) < 1


def test_the_pattern_of_columns_is_sky():
    pattern = np.random.default_rng(9).normal(0, 20, SIDE)
    image = image_of(0) + pattern
    sky, model = sky_choice.choose_sky(image, np.zeros(image.shape, np.int16), 64)
    assert model.profile == "axes"
    assert np.std(np.median(sky.level, axis=0) - pattern) < 3
