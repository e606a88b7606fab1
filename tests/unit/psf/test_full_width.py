"""The width of stamps of any shape."""

import numpy as np
import pytest
from redpix.psf.psf_model import full_width


def distances(side=41):
    """Return the distance of each pixel from the middle one."""
    axis = np.arange(side) - side // 2
    return np.hypot(axis, axis[:, None])


@pytest.mark.parametrize("sigma", [0.8, 2.0, 6.0])
def test_a_gaussian(sigma):
    stamp = np.exp(-(distances() ** 2) / (2 * sigma**2))
    # the profile is linear between pixels
    assert full_width(stamp) == pytest.approx(np.sqrt(8 * np.log(2)) * sigma, rel=0.04)


def test_a_ring_is_as_wide_as_its_outer_edge():
    """A defocused star is dark in the middle; its width was minus infinity."""
    ring = (distances() > 4) & (distances() < 9.5)
    assert full_width(ring.astype(float)) == pytest.approx(19)


def test_a_stamp_that_stays_bright_is_as_wide_as_it_is():
    assert full_width(np.ones((21, 21))) == pytest.approx(21)
