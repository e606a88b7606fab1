"""The WCS of headers as programs and observatories write it."""

import fits_sky
import numpy as np
import pytest
from astropy.io import fits
from redpix.core.exceptions import InputError
from redpix.image.wcs import celestial_wcs, wcs_cards
from redpix.io.fits_files import read_header

POSITIONS = [[0.0, 0.0], [300.0, 20.0]]


def plain():
    return fits_sky.wcs().to_header()


def sky(header):
    return celestial_wcs(header).all_pix2world(POSITIONS, 0)


def test_a_celestial_alternate_stands_in_for_a_missing_primary_wcs():
    header = fits_sky.wcs().to_header(key="B")
    header["CTYPE1A"] = header["CTYPE2A"] = "LINEAR"
    header["CRVAL1A"] = header["CRVAL2A"] = 9.0
    np.testing.assert_allclose(sky(header), sky(plain()))


def test_numbers_in_quotes_are_numbers(tmp_path):
    header = plain()
    for card in ("CRVAL1", "CRPIX2", "PC1_1", "CDELT2", "WCSAXES"):
        header[card] = str(header.get(card, 1.0))
    path = tmp_path / "quotes.fits"
    fits.PrimaryHDU(np.zeros((5, 6)), header).writeto(path)
    file = read_header(path)
    assert file.remarks == ("WCSAXES and 4 more cards of the WCS are numbers in quotes",)
    np.testing.assert_allclose(sky(file.header), sky(plain()), atol=1e-9)


@pytest.mark.parametrize(
    ("cards", "words"),
    [
        (
            {"PC1_1": 0.0, "PC1_2": 0.0},
            "WCS that cannot be used: Linear transformation matrix is singular",
        ),
        ({"CRVAL1": "here"}, "WCS that cannot be used: CRVAL1: 'here' is not a number"),
        ({"CRVAL2": None}, "WCS that cannot be used: CRVAL2 is missing"),
        ({"CTYPE1": "LINEAR"}, "WCS that cannot be used: CTYPE1 'LINEAR' with CTYPE2 'DEC--TAN'"),
        ({"CTYPE1": "X", "CTYPE2": "Y"}, "no WCS that says where on the sky it lies"),
    ],
)
def test_a_wcs_that_cannot_be_used_is_refused_in_a_line(cards, words):
    header = plain()
    for card, value in cards.items():
        header.remove(card, ignore_missing=True)
        if value is not None:
            header[card] = value
    with pytest.raises(InputError) as caught:
        celestial_wcs(header)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_image_without_a_wcs_has_no_cards():
    assert not len(wcs_cards(None))
