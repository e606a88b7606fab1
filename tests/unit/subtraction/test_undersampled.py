"""The share of the flux that is measured of a star is that of a subtraction of the star."""

import numpy as np
import pytest
import subtraction_sky
from redpix.psf.effective_psf_fit import effective_psf
from redpix.psf.moffat import Profile, alpha_of
from redpix.subtraction import undersampled
from redpix.subtraction.tiles import subtract_tiles
from redpix.subtraction.transient_places import interpolated
from redpix.subtraction.zogy import subtract


@pytest.mark.parametrize("brighter", [True, False])
def test_a_star_between_pixels_has_the_share_that_its_subtraction_gives(brighter):
    profile = Profile(
        np.array([np.log(alpha_of(1.3, 3.0))]), np.zeros(1), np.zeros(1), np.log(2.0), 0, (99, 99)
    )
    fine = effective_psf(profile)
    middle = np.array([48.0])
    stamp = fine.stamps(middle, middle, 10, derivatives=False)[0]
    stamp /= stamp.sum()
    sky = subtraction_sky.make(1, (99, 99), transients=0, stars=0)
    planes = subtract_tiles(
        sky.new, sky.reference, lambda x, y: stamp, lambda x, y: stamp, side=128
    )
    tile, x, y = planes.tiles[0], 48.4, 47.7
    # the star alone, subtracted as a whole
    image = np.zeros((99, 99))
    image[48 - 10 : 59, 48 - 10 : 59] = fine.stamps(
        np.array([x]), np.array([y]), 10, derivatives=False
    )[0]
    images = (image, 0 * image) if brighter else (0 * image, image * sky.reference.flux)
    epochs = (
        epoch._replace(image=one)
        for epoch, one in zip((tile.new, tile.reference), images, strict=True)
    )
    alpha = subtract(*epochs, dtype=np.float64).alpha
    expected = abs(interpolated(alpha, np.array([x]), np.array([y]))[0])
    response = undersampled._response(tile, brighter)
    share = undersampled._measured_share(response, stamp, fine, x, y)
    core = undersampled._core_share(stamp, fine, (np.array([x]), np.array([y])))
    assert share == pytest.approx(core * expected, rel=1e-3)
    assert 0.6 < share < 0.95
