"""The report's line on the PSFs of a field."""

import numpy as np
from astropy.io import fits
from redpix.report.field_section import psf_facts


def image(path, **cards):
    header = fits.Header(cards)
    header["EXTNAME"] = "SCI"
    fits.writeto(path, np.zeros((2, 2)), header)
    return str(path)


def test_one_psf_is_described(tmp_path):
    paths = [
        image(tmp_path / f"{fwhm}.fits", PSFMATCH=True, FWHMIN=fwhm, FWHMOUT=3.41, PSFRESID=share)
        for fwhm, share in ((3.09, 0.004), (2.6, 0.0021))
    ]
    assert psf_facts(paths, ["g", "r"]) == {
        "one PSF": "FWHM 3.41 pixels, from g 3.09, r 2.60; at most 0.4 % of the light is out of "
        "place"
    }


def test_a_field_that_keeps_its_psfs_says_why(tmp_path):
    path = image(tmp_path / "g.fits", PSFMATCH=False, PSFWHY="band g has no PSF")
    assert psf_facts([path], ["g"]) == {
        "one PSF": "not made, the bands keep their own: band g has no PSF"
    }
    assert psf_facts([None, None], ["g", "r"]) == {}
