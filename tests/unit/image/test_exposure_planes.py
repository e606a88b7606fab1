"""HDUs beside an image that an exposure does not use are told."""

import logging

import numpy as np
import pytest
from astropy.io import fits
from redpix.image.exposure_file import read_fits_exposure

SHAPE = (60, 70)
SETTINGS = {"background_mesh": 64, "needs_wcs": False}


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("WGT", "MSK"), ["the HDU WGT is not used; the noise is measured", "the HDU MSK is not"]),
        (("ERR", "WHT"), []),
        (("MASK", "DQ"), []),
    ],
)
def test_planes_that_are_not_used_are_told(tmp_path, caplog, names, words):
    image = np.random.default_rng(1).standard_normal(SHAPE).astype(np.float32)
    planes = [fits.ImageHDU(np.zeros(SHAPE, np.int16), name=name) for name in names]
    planes = [
        fits.ImageHDU(np.ones(SHAPE, np.float32), name="ERR") if plane.name == "ERR" else plane
        for plane in planes
    ]
    path = tmp_path / "image.fits"
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(image, name="SCI"), *planes]).writeto(path)
    with caplog.at_level(logging.WARNING):
        read_fits_exposure(str(path), SETTINGS)
    for said in words:
        assert said in caplog.text
    assert ("is not used" in caplog.text) == bool(words)
