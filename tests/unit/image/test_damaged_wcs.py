"""WCS cards that ask for gigabytes, or that astropy refuses."""

import pytest
from astropy.io import fits
from redpix.core.exceptions import InputError
from redpix.image.wcs import celestial_wcs
from redpix.photometry.image_zero_point import sky_wcs

PLAIN = {"CTYPE1": "RA---TAN-SIP", "CTYPE2": "DEC--TAN-SIP", "CRVAL1": 10.0, "CRVAL2": 1.0}
PLAIN |= {"CRPIX1": 1.0, "CRPIX2": 1.0, "CD1_1": -1e-4, "CD2_2": 1e-4}


@pytest.mark.parametrize("order", [9999, 2147483647, -1, 2.5, "x"])
def test_a_distortion_of_an_impossible_order(order, caplog):
    header = fits.Header({**PLAIN, "A_ORDER": order, "B_ORDER": 2, "A_2_0": 1e-9, "B_2_0": 1e-9})
    with pytest.raises(InputError, match=r"^WCS that cannot be used: A_ORDER: .*; allowed: 0 to 9"):
        celestial_wcs(header)
    assert sky_wcs(header, "a.fits") is None
    assert [line for line in caplog.messages if line.startswith("a.fits: its WCS is left out: ")]


def test_a_distortion_of_the_convention_is_read():
    header = fits.Header({**PLAIN, "A_ORDER": 2, "B_ORDER": 2, "A_2_0": 1e-4, "B_2_0": 1e-4})
    assert celestial_wcs(header).sip.a[2, 0] == 1e-4
    assert sky_wcs(header, "a.fits") is not None


def test_a_wcs_that_is_refused_is_left_out_of_photometry(caplog):
    assert sky_wcs(fits.Header({**PLAIN, "CUNIT1": "furlong"}), "a.fits") is None
    (line,) = caplog.messages
    assert "\n" not in line
