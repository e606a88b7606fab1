"""Masks beside an image, by the conventions of observatories."""

import logging

import numpy as np
import pytest
from astropy.io import fits
from redpix.image.data_quality import quality_mask
from redpix.image.exposure_file import read_fits_exposure
from redpix.image.masks import bit_value
from redpix.photometry.exposure_image import calibrate_image

SHAPE = (60, 70)

#: meaning of four values
USUAL = ["BAD", "SATURATED", "COSMIC_RAY", None]


@pytest.mark.parametrize(
    ("cards", "values", "names"),
    [
        # warm pixels (64) are usable
        ({"TELESCOP": "HST", "INSTRUME": "ACS"}, [4, 256, 4096, 64], USUAL),
        ({"TELESCOP": "HST", "INSTRUME": "WFC3"}, [16, 2048, 8192, 64], USUAL),
        # a jump is corrected
        ({"TELESCOP": "JWST", "INSTRUME": "NIRCAM"}, [1, 5, 4, 2], ["BAD", "BAD", None, None]),
        # codes: 7 is what changed between exposures
        ({"INSTRUME": "DECam"}, [1, 3, 5, 7], USUAL),
        # bits: 64 bleeds, 128 is what changed
        ({"INSTRUME": "DECam"}, [1, 64, 16, 128], USUAL),
        ({"INSTRUME": "DECam", "DES_EXT": "MASK"}, [1, 2, 16, 32], USUAL),
        ({"TELESCOP": "Gemini-North", "INSTRUME": "GMOS-N"}, [1, 4, 8, 2], USUAL),
        # BIT08 = 8 names no bit of ours
        ({"INSTRUME": "ZTF/MOSAIC", "BIT08": 8}, [512, 256, 128, 2], USUAL),
        ({"MP_BAD": 0, "MP_SAT": 1, "MP_CR": 3, "MP_DETECTED": 5}, [1, 2, 8, 32], USUAL),
    ],
)
def test_bits_mean_what_the_observatory_says(cards, values, names):
    mask, _ = quality_mask(np.array([values]), fits.Header(cards), "DQ")
    assert mask.tolist() == [[0 if name is None else bit_value(name) for name in names]]


def test_unnamed_bits_are_bad_and_the_way_to_name_them_is_told():
    values = np.zeros(SHAPE, int)
    values[3, 4:7] = 4, 32, 5
    mask, (remark,) = quality_mask(values, fits.Header(), "DQ")
    assert np.array_equal(mask != 0, values != 0)
    assert "BIT2 = 'SATURATED'" in remark
    assert "3 pixels" in remark
    named, remarks = quality_mask(values, fits.Header({"BIT2": "SATURATED"}), "DQ")
    assert not remarks
    assert np.flatnonzero(named[3]).tolist() == [4, 6]


def test_a_mask_in_which_1_is_good_is_not_used():
    values = np.ones(SHAPE, int)
    values[:5] = 0
    mask, (remark,) = quality_mask(values, fits.Header(), "DQ")
    assert not mask.any()
    assert "in a mask, 0 is good" in remark
    assert quality_mask(values, fits.Header(), "DQ", "mask.fits")[0].any()


@pytest.mark.parametrize("name", ["DQ", "BPM", "FLAG", "MSK", "MASK"])
def test_pairs_and_photometry_read_the_same_mask(tmp_path, caplog, name):
    rng = np.random.default_rng(2)
    image = (200 + 10 * rng.standard_normal(SHAPE)).astype(np.float32)
    values = np.zeros(SHAPE, np.int16)
    values[20:22, 10:40] = 4
    image[20:22, 10:40] = 5000
    path = tmp_path / "image.fits"
    planes = fits.ImageHDU(image, name="SCI"), fits.ImageHDU(values, name=name)
    fits.HDUList([fits.PrimaryHDU(), *planes]).writeto(path)
    with caplog.at_level(logging.WARNING):
        exposure = read_fits_exposure(str(path), {"background_mesh": 64, "needs_wcs": False})
        camera = dict.fromkeys(("gain", "read_noise", "saturation"), None)
        row = {"path": str(path), "dark": None, "flat": None, "mask": None, "exposure": None}
        made = calibrate_image(row, {"camera": camera, "flat": "median", "scale_dark": False})
    for mask in (exposure.mask, made.calibrated.mask):
        assert (mask[20:22, 10:40] & bit_value("BAD")).all()
        assert np.count_nonzero(mask & bit_value("BAD")) == 60
    assert ("is read as a mask" in caplog.text) == (name in ("DQ", "FLAG"))
