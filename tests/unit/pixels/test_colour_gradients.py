"""Gradients of colours at pixels, against those of Gaussian profiles."""

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from given_sky import tilted
from redpix.pixels.band_scales import BandScale
from redpix.pixels.colour_gradients import (
    SMOOTH,
    STEP,
    colour_gradients,
    gradient_columns,
    neighbours,
)
from redpix.pixels.extinction import Extinction
from redpix.pixels.field_pixels import FieldPixels
from redpix.pixels.membership import Members

SCALE, SIDE, PEAK = 0.3, 90, (44, 41)


def test_colours_are_those_of_neighbouring_bands():
    assert neighbours(["r", "u", "g"]) == [("u", "g"), ("g", "r")]
    # names of another survey stay in the order of the run
    assert gradient_columns(["VIS", "Y", "J"]) == ["gradient_VIS-Y", "gradient_Y-J"]


def test_gradients_of_gaussian_profiles(tmp_path):
    """A smoothed Gaussian is broader; its magnitude grows with the square of the radius."""
    wcs = WCS(tilted((SIDE, SIDE), SCALE, 0, (150.0, 2.0)))
    widths = {"g": 3.5, "r": 2.8}  # arcsec
    y, x = np.indices((SIDE, SIDE))
    radius = SCALE * np.hypot(x - PEAK[0], y - PEAK[1])
    paths = []
    for band, width in widths.items():
        image = 1e4 * np.exp(-(radius**2) / (2 * width**2))
        hdus = [fits.PrimaryHDU(), fits.ImageHDU(image.astype(np.float32), name="SCI")]
        paths.append(tmp_path / f"{band}.fits")
        fits.HDUList(hdus).writeto(paths[-1])
    inside = radius < 6
    members = Members(np.zeros(inside.sum(), int), x[inside], y[inside], None)
    selected = FieldPixels(np.array([7]), members, radius[inside], {})
    scales = dict.fromkeys(widths, BandScale("nanomaggy", 1e-13))
    found = colour_gradients(paths, list(widths), selected, wcs, scales)["gradient_g-r"]
    steeper = np.subtract(*(1 / (width**2 + SMOOTH**2) for width in widths.values()))
    expected = 2.5 / np.log(10) * 2 * radius[inside] * STEP * steeper
    beside = radius[inside] > 2 * SCALE  # at the peak, no direction leads outwards
    assert found[beside] == pytest.approx(expected[beside], abs=0.01)
    assert found[radius[inside] == 0] == pytest.approx(0)
    # dust changes the colour of an object, and not how it changes
    dust = Extinction({7: np.array([0.6, 0.4])}, "")
    again = colour_gradients(paths, list(widths), selected, wcs, scales, dust)["gradient_g-r"]
    assert again == pytest.approx(found, abs=1e-4)
    assert np.ptp(expected) > 0.2
