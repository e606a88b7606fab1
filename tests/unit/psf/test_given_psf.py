"""PSFs that a user gives have one rule: centroid in the central pixel, FWHM of a star's image."""

import numpy as np
import pytest
from astropy.io import fits
from redpix.core.exceptions import InputError
from redpix.injection.choose_psf import listed_psf
from redpix.pixels.given_psf import check_psf
from redpix.psf.given_model import centroid
from redpix.psf.given_psf import given_psf
from redpix.psf.psf_model import full_width


def written(path, off, side=31, sigma=1.8):
    """Write a Gaussian whose centre lies at an offset in x from the middle; return its path."""
    y, x = np.indices((side, side)) - (side - 1) / 2
    stamp = np.exp(-((x - off) ** 2 + y**2) / 2 / sigma**2)
    fits.writeto(path, stamp / stamp.sum(), overwrite=True)
    return str(path)


@pytest.mark.parametrize(("side", "off"), [(31, 0.4), (31, 1.2), (30, 0.0)])
def test_the_centroid_is_moved_to_the_central_pixel(tmp_path, side, off):
    path = written(tmp_path / "psf.fits", off, side)
    stamp = given_psf({"psf": path}).at(0, 0)
    assert centroid(stamp) == pytest.approx([stamp.shape[0] // 2] * 2, abs=0.01)
    assert full_width(stamp) == pytest.approx(1.8 * 2.355, rel=0.01)
    remarks = check_psf(path)
    assert [("is moved there" in words) for words in remarks] == [True] * (off > 0.5)


def test_an_image_with_light_elsewhere_is_not_a_psf(tmp_path):
    path = written(tmp_path / "psf.fits", 6.0)
    for read in (check_psf, lambda path: given_psf({"psf": path})):
        with pytest.raises(InputError, match="its centroid is 6.00 pixels from its centre"):
            read(path)


def test_a_width_is_that_of_the_image_of_a_star():
    """A sampled Moffat profile falls to half of its peak at half of its FWHM."""
    subtraction, injection = given_psf({"fwhm": 4.0}), listed_psf(None, 0.8, 0.2)
    for psf in (subtraction, injection):
        stamp = psf.at(0, 0)
        middle = stamp.shape[0] // 2
        assert stamp[middle, middle + 2] / stamp[middle, middle] == pytest.approx(0.5)
        assert psf.fwhm == pytest.approx(4.0)
