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
        (("WGT", "MSK"), ["the HDU WGT is not used; the noise is measured"]),
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


@pytest.mark.parametrize(
    ("utype", "values", "error"),
    [
        ("StdDevUncertainty", 3.0, 3.0),
        ("VarianceUncertainty", 9.0, 3.0),
        ("InverseVariance", 0.25, 2.0),
        (None, 3.0, 3.0),
        ("UnknownUncertainty", 9.0, None),
    ],
)
def test_an_uncertainty_means_what_its_card_states(tmp_path, caplog, utype, values, error):
    image = np.random.default_rng(1).standard_normal(SHAPE).astype(np.float32)
    cards = fits.Header([("UTYPE", utype)] if utype else [])
    plane = fits.ImageHDU(np.full(SHAPE, values, np.float32), cards, name="UNCERT")
    path = tmp_path / "image.fits"
    fits.HDUList([fits.PrimaryHDU(image), plane]).writeto(path)
    with caplog.at_level(logging.WARNING):
        exposure = read_fits_exposure(str(path), SETTINGS | {"noise": "given"})
    if error is None:
        assert f"UTYPE {utype}, whose meaning is unknown, and is not used" in caplog.text
        assert np.sqrt(np.median(exposure.variance)) == pytest.approx(1, rel=0.1)
    else:
        assert np.sqrt(exposure.variance) == pytest.approx(np.full(SHAPE, error))
        assert "UTYPE" not in caplog.text
