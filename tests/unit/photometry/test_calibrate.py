"""The WCS, the noise and the units of calibrated images."""

import warnings

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS, FITSFixedWarning
from redpix.core.exceptions import InputError
from redpix.photometry import ccd
from redpix.photometry.calibrated_header import kept_cards
from redpix.photometry.exposure_image import calibrate_image, hide_by_mask
from redpix.photometry.sky_noise import sky_variance
from star_field import Moffat, simulate

POINTED = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 150.0, "CRVAL2": 30.0}
POINTED |= {"CRPIX1": 500.5, "CRPIX2": 400.5}
MATRIX = {"CD1_1": -3e-4, "CD1_2": 2e-5, "CD2_1": 1e-5, "CD2_2": 3e-4}
TURNED = {"CDELT1": -3e-4, "CDELT2": 3e-4, "CROTA2": 35.0}
BENT = {"A_ORDER": 2, "A_2_0": 3e-6, "A_1_1": -1e-6, "B_ORDER": 2, "B_0_2": 2e-6}
SIP = {"CTYPE1": "RA---TAN-SIP", "CTYPE2": "DEC--TAN-SIP"}
TPV = {"CTYPE1": "RA---TPV", "CTYPE2": "DEC--TPV", "PV1_1": 1.0, "PV1_7": 0.05, "PV2_1": 1.0}


@pytest.mark.parametrize(
    "cards",
    [
        POINTED | MATRIX,
        POINTED | TURNED,
        POINTED | MATRIX | SIP | BENT,
        POINTED | TURNED | SIP | BENT,
        POINTED | MATRIX | TPV,
        POINTED | MATRIX | {"CTYPE1": "RA---ZEA", "CTYPE2": "DEC--ZEA", "RADECSYS": "FK5"},
    ],
)
def test_the_sky_is_where_the_raw_image_has_it(cards):
    x, y = np.random.default_rng(1).uniform(0, 1000, (2, 50))
    header = fits.Header(cards | {"OBJECT": "M 67", "BSCALE": 2.0})
    for line in ("one", "two"):
        header["COMMENT"] = header["HISTORY"] = header[""] = line
    kept = kept_cards(dict(header), "raw.fits")
    assert kept["OBJECT"] == "M 67"
    assert "BSCALE" not in kept
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FITSFixedWarning)
        expected = WCS(cards).all_pix2world(x, y, 0)
        np.testing.assert_allclose(WCS(kept).all_pix2world(x, y, 0), expected, atol=1e-9)


@pytest.mark.parametrize(
    ("cards", "words"),
    [
        (POINTED | MATRIX | {"CTYPE1": "RA---SIN"}, "raw.fits: its WCS is left out: WCS that"),
        (POINTED | {"CTYPE1": "LINEAR", "CTYPE2": "LINEAR"}, "no WCS that says where"),
        (POINTED | MATRIX | {"CPDIS1": "LOOKUP", "DP1": "NAXES: 2"}, "its WCS is left out"),
    ],
)
def test_a_wcs_that_cannot_be_used_costs_no_image(caplog, cards, words):
    assert list(kept_cards(cards | {"OBJECT": "M 67"}, "raw.fits")) == ["OBJECT"]
    assert words in caplog.text
    caplog.clear()
    assert not kept_cards({}, "raw.fits")
    assert not caplog.text


def noise_of(sky, bias, gain, read_noise, given):
    """Return the median error of blank sky with a bias, and the stated origin of the noise."""
    rng = np.random.default_rng(2)
    raw = (rng.poisson(sky * gain, (200, 200)) + rng.normal(0, read_noise, (200, 200))) / gain
    made = ccd.calibrate(raw + bias)
    level = ccd.background(made.image, made.mask, 64)
    electrons = np.full(raw.shape, gain)
    variance, words = sky_variance(made, level, electrons, given, None)
    return float(np.median(np.sqrt(variance))), words


def test_counts_without_photons_are_no_noise():
    # 50 photons and 5 electrons; 1.6 electrons per count
    true = np.sqrt(50 / 1.6 + (5 / 1.6) ** 2)
    err, words = noise_of(50, 0, 1.6, 5.0, 5.0)
    assert err == pytest.approx(true, rel=0.03)
    assert words == "gain and read noise"
    for bias, given in ((1000, 5.0), (0, 50.0), (0, None), (-50, 0.0)):
        err, words = noise_of(50, bias, 1.6, 5.0, given)
        assert err == pytest.approx(true, rel=0.05)
        assert words.startswith("blank sky")
    assert "such as a bias without a dark" in noise_of(50, 1000, 1.6, 5.0, 5.0)[1]


def test_noise_of_a_crowded_field_is_not_that_of_its_stars():
    field = simulate(3, 512, 1500, Moffat())
    made = ccd.calibrate(field.image)
    sky = ccd.background(made.image, made.mask, 64)
    electrons = np.full(field.image.shape, field.gain)
    variance, words = sky_variance(made, sky, electrons, field.read_noise, None)
    assert np.median(sky.rms) > 1.2 * np.sqrt(field.sky_variance)
    assert np.median(variance) == pytest.approx(field.sky_variance, rel=0.15)
    assert words == "gain and read noise"


def test_images_in_other_units_are_the_same_photons(tmp_path):
    """The card GAIN does not apply to electrons and electrons per second."""
    counts = np.random.default_rng(3).poisson(400, (40, 50)).astype(np.float32)
    camera = dict.fromkeys(("gain", "read_noise", "saturation", "zero_point"))
    params = {"camera": camera, "scale_dark": False, "flat": "median"}
    for unit, scale in ((None, 1.0), ("adu", 1.0), ("electron", 1.5), ("electron/s", 1.5 / 30)):
        header = fits.Header({"GAIN": 1.5, "EXPTIME": 30.0})
        if unit:
            header["BUNIT"] = unit
        path = str(tmp_path / f"{unit}.fits".replace("/", "_"))
        fits.PrimaryHDU((counts * np.float32(scale)), header).writeto(path)
        row = {"path": path} | dict.fromkeys(("dark", "flat", "mask", "exposure"))
        exposure = calibrate_image(row, params)
        photons = exposure.calibrated.image * exposure.electrons
        np.testing.assert_allclose(photons, counts * 1.5, rtol=1e-6)


def test_dark_and_flat_may_be_hdus_and_masks_too(tmp_path, caplog):
    planes = {"SKY": 300.0, "DARK": 100.0, "FLAT": 2.0}
    images = [fits.ImageHDU(np.full((12, 15), v, np.float32), name=n) for n, v in planes.items()]
    hidden = np.zeros((12, 15), np.uint8)
    hidden[3, 4] = 1
    images.append(fits.ImageHDU(hidden, name="MASK"))
    path = str(tmp_path / "all.fits")
    fits.HDUList([fits.PrimaryHDU(header=fits.Header({"GAIN": 1.5})), *images]).writeto(path)
    camera = dict.fromkeys(("gain", "read_noise", "saturation", "zero_point"))
    params = {"camera": camera, "scale_dark": False, "flat": "median"}
    row = {"path": path, "dark": f"{path}[DARK]", "flat": f"{path}[3]", "mask": f"{path}[MASK]"}
    exposure = calibrate_image(row | {"exposure": None}, params)
    assert np.all(exposure.calibrated.image == 200)
    assert exposure.camera.gain == 1.5
    assert list(zip(*np.nonzero(exposure.calibrated.mask), strict=True)) == [(3, 4)]
    assert "all.fits: HDU 1 (SKY) is read; other images: HDU 2 (DARK) 15 x 12" in caplog.text


def test_a_mask_that_does_not_fit_a_frame_is_named(tmp_path):
    mask = tmp_path / "hidden.fits"
    fits.PrimaryHDU(np.ones((3, 4), np.uint8)).writeto(mask)
    with pytest.raises(InputError, match=r"hidden.fits: it has 4 x 3 pixels, the image 6 x 5"):
        hide_by_mask(np.zeros((5, 6), np.int16), str(mask), fits.Header())
