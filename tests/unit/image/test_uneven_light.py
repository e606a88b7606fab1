"""Light of a smaller scale than the mesh of a background is followed, and sources are not."""

import numpy as np
import subtraction_sky
from redpix.image.background import matched_background

SHAPE, FINEST = (256, 256), 16


def background(sky, new, finest=FINEST):
    """Return the background that a pair does not share, and the share of uneven light."""
    old = sky.reference
    return matched_background(new, old.image, old.flux, sky.new.psf, old.psf, 128, finest)


def test_scattered_light_at_an_edge_is_followed():
    sky = subtraction_sky.make(2, transients=0)
    glow = np.broadcast_to(60 * np.exp(-np.arange(SHAPE[1]) / 30), SHAPE)
    (coarse, none), (fine, share) = (
        background(sky, sky.new.image + glow, finest) for finest in (None, FINEST)
    )
    assert none == 0
    assert 0.05 < share < 0.5
    assert np.std((coarse - glow)[:, 20:100]) > 4
    assert np.std((fine - glow)[:, 20:100]) < 2
    np.testing.assert_allclose(fine[:, 150:], coarse[:, 150:], atol=1.5)


def test_stars_that_changed_and_noise_leave_the_background_as_it_is():
    sky = subtraction_sky.make(2)
    # a signal-to-noise ratio of 1000
    bright = subtraction_sky.light(SHAPE, [100.5], [92.0], [3e4], subtraction_sky.NEW_WIDTH)
    image = sky.new.image + bright
    found, share = background(sky, image)
    assert share == 0
    assert np.array_equal(found, background(sky, image, None).plane)


def test_pixels_without_a_value_have_the_light_beside_them():
    sky = subtraction_sky.make(2, transients=0)
    glow = np.broadcast_to(60 * np.exp(-np.arange(SHAPE[1]) / 30), SHAPE)
    image = sky.new.image + glow
    image[:, :20] = np.nan
    found = background(sky, image).plane
    assert np.isfinite(found).all()
    assert abs(np.mean((found - glow)[:, 30:60])) < 4
