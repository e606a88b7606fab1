"""A catalogue of stars is read alike from every format of table."""

import numpy as np
import pytest
from astropy.wcs import WCS, Sip
from redpix.core.exceptions import InputError
from redpix.photometry.star_catalogue import read_star_catalogue
from table_contents import FORMS, forms_of

PIXELS = "x,y,V\n10.5,20.25,15.125\n30,40,\n"
SKY = "RA,Dec,V\n150.0,2.0,15\n150.001,2.001,16.5\n"


def tangent():
    """Return a WCS with 1 arcsec pixels whose pixel (9, 19), 0-based, is at RA 150, Dec 2."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crpix = [10, 20]
    wcs.wcs.crval = [150.0, 2.0]
    wcs.wcs.cdelt = [-1 / 3600, 1 / 3600]
    return wcs


@pytest.mark.parametrize("form", FORMS)
def test_pixel_positions(tmp_path, form):
    path = tmp_path / f"stars.{form}"
    path.write_bytes(forms_of(PIXELS)[form])
    x, y, magnitude = read_star_catalogue(path, "V", None)
    np.testing.assert_array_equal(x, [10.5, 30])
    np.testing.assert_array_equal(y, [20.25, 40])
    np.testing.assert_array_equal(magnitude, [15.125, np.nan])


@pytest.mark.parametrize("form", FORMS)
def test_sky_positions(tmp_path, form):
    path = tmp_path / f"stars.{form}"
    path.write_bytes(forms_of(SKY)[form])
    x, y, magnitude = read_star_catalogue(path, "V", tangent())
    assert [x[0], y[0]] == pytest.approx([9, 19], abs=1e-6)
    assert [x[1], y[1]] == pytest.approx([9 - 3.6 * np.cos(np.deg2rad(2.001)), 22.6], abs=1e-3)
    np.testing.assert_array_equal(magnitude, [15, 16.5])


@pytest.mark.parametrize(
    ("text", "band", "words"),
    [
        (SKY, "V", "has the columns RA, Dec, V; allowed: x and y"),
        (PIXELS, "B", "no column B; allowed: one of x, y, V"),
        (PIXELS.replace("15.125", "bright"), "V", "line 2: V: 'bright' is not a number"),
    ],
)
def test_faults(tmp_path, text, band, words):
    path = tmp_path / "stars.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        read_star_catalogue(path, band, None)


def test_stars_far_from_an_image_with_a_distortion(tmp_path):
    wcs = tangent()
    wcs.wcs.ctype = ["RA---TAN-SIP", "DEC--TAN-SIP"]
    bent, zeros = np.zeros((4, 4)), np.zeros((4, 4))
    bent[2, 0], bent[3, 0] = 2e-5, 1e-7
    wcs.sip = Sip(bent, bent.T, zeros, zeros, wcs.wcs.crpix)
    near = wcs.all_pix2world([9.0, 180.0], [19.0, 140.0], 0)
    ra, dec = [*near[0], 151.0, 154.0, 330.0], [*near[1], 3.0, 6.0, -2.0]
    rows = [f"{a!r},{d!r},15" for a, d in zip(map(float, ra), map(float, dec), strict=True)]
    path = tmp_path / "stars.csv"
    path.write_text("\n".join(["ra,dec,V", *rows]) + "\n")
    x, y, _ = read_star_catalogue(path, "V", wcs)
    assert x[:2] == pytest.approx([9, 180], abs=1e-3)
    assert y[:2] == pytest.approx([19, 140], abs=1e-3)
    assert np.isnan(x[2:]).all()
