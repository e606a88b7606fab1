"""The light of stars tells that a gain is too small, as that of one exposure for a mean."""

import numpy as np
import pytest
from redpix.photometry.gain_test import gain_factor
from redpix.photometry.scene import Placed, Scene
from scipy.ndimage import gaussian_filter
from star_field import Moffat, draw

SIDE, NOISE, GAIN = 300, 10.0, 1.5


def field(true_gain, smooth=0.0):
    """Return a scene with a stated gain, the model and the stars of it."""
    rng = np.random.default_rng([91, 1])
    x, y = rng.uniform(8, SIDE - 9, (2, 50))
    flux = 10 ** rng.uniform(3.5, 5, 50)
    model = draw((SIDE, SIDE), x, y, flux, Moffat(2.8), 0.1)
    rest = rng.normal(0, np.sqrt(NOISE**2 + model / true_gain))
    if smooth:
        model, rest = gaussian_filter(model, smooth), gaussian_filter(rest, smooth)
    plane = np.full(model.shape, rest[model < 1].std() ** 2)
    return Scene(model + rest, plane, np.full(model.shape, GAIN)), model, Placed(x, y, flux)


@pytest.mark.parametrize("times", [3, 10])
def test_the_gain_of_a_mean_is_found(times):
    # the smallest gain that agrees with the scatter is used
    assert 0.4 * times < gain_factor(*field(times * GAIN)) < 1.1 * times


def test_a_right_gain_is_kept():
    assert gain_factor(*field(GAIN)) == 1


def test_a_larger_scatter_than_the_gain_says_tells_of_the_psf():
    assert gain_factor(*field(0.2 * GAIN)) == 1


def test_a_smoothed_image_tells_nothing():
    assert gain_factor(*field(GAIN, smooth=1.0)) == 1
