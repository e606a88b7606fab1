"""Gain, read noise, saturation and border of an image against its pixels."""

import numpy as np
import pytest
from conftest import ROOT
from redpix.core.exceptions import InputError
from redpix.image.full_well import find_full_well
from redpix.image.saturation_level import find_plateau, with_plateau
from redpix.io.camera import read_camera
from redpix.photometry.camera_check import (
    checked_gain,
    strips_without_sky,
    without_sky,
)
from redpix.photometry.camera_of_image import with_remark_on_type
from redpix.photometry.exposure_image import calibrate_image
from star_field import Moffat, draw

STRANGERS = ROOT.parent / "shared/strangers/ccd"

CAMERA = {"gain": None, "read_noise": None, "saturation": None, "zero_point": None}


def blank(gain=1.5, read_noise=8.0, level=500.0, seed=1):
    """Level and noise of blank sky, counts."""
    return level, float(np.sqrt(level / gain + (read_noise / gain) ** 2))


def camera(given=(), **cards):
    return read_camera(cards, {**CAMERA, **dict(given)})


def test_a_gain_that_the_noise_agrees_with_is_kept():
    record = camera(GAIN=1.5, RDNOISE=8.0)
    assert checked_gain(record, *blank(), True) == record


@pytest.mark.parametrize(("stated", "zero_is_known"), [(100.0, False), (100.0, True), (0.1, True)])
def test_a_gain_that_the_noise_contradicts_is_replaced(stated, zero_is_known):
    record = checked_gain(camera(GAIN=stated, RDNOISE=5.0), *blank(read_noise=1.0), zero_is_known)
    assert record.gain == pytest.approx(1.5, rel=0.01)
    assert record.read_noise is None
    origin = "level and noise of blank sky" + ("" if zero_is_known else ", an upper limit")
    assert record.sources["gain"] == origin
    assert f"a gain of {stated:g} (GAIN)" in record.remarks[-2]


def test_a_bias_in_the_counts_contradicts_no_gain():
    level, noise = blank()
    record = camera(GAIN=1.5, RDNOISE=8.0)
    assert checked_gain(record, level + 2000, noise, False) == record


def test_a_sky_that_was_subtracted_contradicts_no_gain():
    record = camera(GAIN=1.5, RDNOISE=8.0)
    assert checked_gain(record, 0.3, blank()[1], True) == record


def test_a_gain_that_the_user_gives_is_kept():
    record = camera({"gain": 100.0}, RDNOISE=5.0)
    checked = checked_gain(record, *blank(), True)
    assert checked.gain == 100
    assert checked.read_noise is None


def test_an_unknown_gain_comes_from_blank_sky():
    """Also of an image scaled to values from 0 to 1."""
    level, noise = blank(gain=0.1, read_noise=0.0)
    assert checked_gain(camera(), level, noise, False).gain == pytest.approx(0.1)
    scaled = checked_gain(camera(), level / 65535, noise / 65535, False)
    assert scaled.gain == pytest.approx(0.1 * 65535)
    assert "an upper limit" in scaled.remarks[-1]


def stars(flux, fwhm=3.2, side=80, ceiling=None):
    """Two stars on noise."""
    generator = np.random.default_rng(3)
    image = draw((side, side), [20.3, 55.8], [25.1, 50.6], [flux, 0.8 * flux], Moffat(fwhm), 0.01)
    image += generator.normal(200, 5, image.shape)
    return image if ceiling is None else np.minimum(image, ceiling)


@pytest.mark.parametrize("fwhm", [2.5, 4.0, 8.0])
def test_tops_of_stars_are_not_plateaus(fwhm):
    image = stars(1e6, fwhm)
    assert find_plateau(image, np.ones(image.shape, bool)) is None


@pytest.mark.parametrize("ceiling", [65535.0, 4095.0, 12000.0])
def test_a_ceiling_is_found_at_any_height(ceiling):
    image = stars(3e6, ceiling=ceiling)
    found = find_plateau(image, np.ones(image.shape, bool))
    assert 0.985 * ceiling < found <= ceiling


def stars_of_a_range(fwhm, side=160):
    """Stars of equal steps in magnitude on a sky of 200 counts."""
    x, y = (axis.ravel() for axis in np.meshgrid(*2 * [np.arange(20, side, 30) + 0.3]))
    flux = np.geomspace(2e3, 2e6, len(x)) * (fwhm / 3) ** 2
    image = draw((side, side), x, y, flux, Moffat(fwhm), 0.01)
    return image + np.random.default_rng(5).normal(200, 5, image.shape)


@pytest.mark.parametrize("fwhm", [2.5, 4.0, 6.0])
def test_a_full_well_that_scatters_is_found(fwhm):
    image = stars_of_a_range(fwhm)
    assert find_full_well(image, np.ones(image.shape, bool)) is None
    well = 30_000 * np.random.default_rng(6).normal(1, 0.01, image.shape)
    full, image = image > well, np.minimum(image, well)
    image[3, 4] = 60_000  # a hot pixel
    found = find_full_well(image, np.ones(image.shape, bool))
    assert 27_000 < found < 30_000
    assert np.mean(image[full] >= found) > 0.98
    assert np.count_nonzero(image >= found) < 1.3 * full.sum()


@pytest.mark.parametrize("noise", [5, 20])
def test_disks_of_defocused_stars_are_not_a_full_well(noise):
    image = np.random.default_rng(5).normal(200, noise, (160, 160))
    y, x = np.indices(image.shape)
    for number, height in enumerate(np.geomspace(300, 30_000, 16)):
        centre = 20 + 40 * (number % 4), 20 + 40 * (number // 4)
        image[np.hypot(x - centre[0], y - centre[1]) < 6] += height
    assert find_full_well(image, np.ones(image.shape, bool)) is None


@pytest.mark.parametrize("value", [0.0, -1.0, 1000.0])
def test_a_constant_border_is_not_sky(value):
    image = stars(1e5)
    image[:, :30] = value
    image[40, 60] = value  # a pixel that happens to have it
    outside = without_sky(image)
    assert outside[:, :30].all()
    assert outside.sum() == 30 * 80


def test_an_image_of_few_counts_has_sky_everywhere():
    image = np.random.default_rng(1).poisson(0.2, (80, 80))
    assert not without_sky(image).any()


def row(name):
    path = STRANGERS / name
    if not path.exists():
        pytest.skip(f"test data are absent: {name}")
    columns = ("dark", "flat", "mask", "frame", "exposure", "gain", "read_noise", "saturation")
    return {"path": str(path), **dict.fromkeys(columns)}


SETTINGS = {"camera": CAMERA, "flat": "median", "scale_dark": False}


@pytest.mark.parametrize(
    ("name", "gain"),
    [
        ("base.fits", 1.5),
        ("gain100.fits", 1.5),
        ("gain0.fits", 1.5),
        ("gainstr.fits", 1.5),
        ("electrons.fits", 1.0),
        ("eps.fits", 30.0),
        ("overscan.fits", 1.5),
        ("satur0.fits", 1.5),
        ("negint16.fits", 1.5),
        ("skysub.fits", 1.5),
        ("lowgain_nocard.fits", 0.1),
    ],
)
def test_gains_of_strangers(name, gain):
    exposure = calibrate_image(row(name), SETTINGS)
    assert exposure.camera.gain == pytest.approx(gain, rel=0.06)
    assert np.mean(exposure.calibrated.mask != 0) < 0.01


def test_the_ceiling_of_a_stranger_is_found():
    exposure = calibrate_image(row("sat65535.fits"), SETTINGS)
    assert 64000 < exposure.camera.saturation <= 65535
    assert np.mean(exposure.calibrated.mask != 0) > 0


def test_zeros_and_nan_around_a_turned_image_are_the_same():
    zeros, unknown = (
        calibrate_image(row(name), SETTINGS) for name in ("zerorot.fits", "nanrot.fits")
    )
    assert np.array_equal(zeros.calibrated.mask != 0, unknown.calibrated.mask != 0)


def test_an_image_of_a_colour_camera_is_refused():
    with pytest.raises(InputError, match="BAYERPAT = .*different filters; allowed"):
        calibrate_image(row("bayer.fits"), SETTINGS)


def test_dark_rows_at_the_border_are_not_sky():
    rng = np.random.default_rng(2)
    image = rng.normal(500, 10, (200, 150))
    hidden = np.zeros(image.shape, bool)
    assert not strips_without_sky(image, hidden).any()
    image[:14] -= 90
    image[:, -2:] -= 200
    strips = strips_without_sky(image, hidden)
    assert strips[:14].all()
    assert strips[:, -2:].all()
    assert strips[20:, :-5].mean() == 0


def test_vignetted_rows_are_sky():
    rows = np.linspace(-1, 1, 200)[:, None]
    image = np.random.default_rng(2).normal(500, 10, (200, 150)) - 200 * rows**2
    assert not strips_without_sky(image, np.zeros(image.shape, bool)).any()


def test_chip_gaps_and_dead_lines_are_not_sky():
    image = stars(1e5)
    image[30:38, 20:60] = 0
    image[:, 70] = 12.5
    image[10] = 65535.0
    outside = without_sky(image)
    assert outside[30:38, 20:60].all()
    assert outside[:, 70].all()
    assert outside[10].all()
    expected = np.zeros(image.shape, bool)
    expected[30:38, 20:60] = expected[:, 70] = expected[10] = True
    assert np.array_equal(outside, expected)


def test_a_gain_of_other_units_is_contradicted_whatever_the_bias():
    """Pixels from 0 to 1 with the gain of the counts: the noise would be 0.0004 electrons."""
    level, noise = 300 / 65535, 15 / 65535
    checked = checked_gain(camera(EGAIN=1.5), level, noise, zero_is_known=False)
    assert checked.gain == pytest.approx(level / noise**2)


def test_a_read_noise_above_the_noise_of_the_sky_is_not_used():
    checked = checked_gain(camera(GAIN=1.5, RDNOISE=80.0), 300.0, 15.0, zero_is_known=False)
    assert checked.gain == 1.5
    assert checked.read_noise is None
    assert "80 electrons (RDNOISE) is not used" in checked.remarks[-1]
    sure = camera(GAIN=1.5, RDNOISE=30.0)
    assert checked_gain(sure, 300.0, 15.0, zero_is_known=False) is sure


@pytest.mark.parametrize(("stated", "words"), [(150, "is not used"), (1e6, "not from SATURATE")])
def test_a_saturation_that_the_pixels_contradict_is_not_used(stated, words):
    image = stars(3e6, ceiling=12000.0)
    checked = with_plateau(camera(SATURATE=stated), image)
    assert 0.985 * 12000 < checked.saturation <= 12000
    assert any(words in remark for remark in checked.remarks)
    # a level that the brightest pixels reach, or the user's, stays
    reached = camera(SATURATE=11000)
    assert with_plateau(reached, image) is reached
    given = camera({"saturation": 150.0})
    assert with_plateau(given, image) is given


def test_a_frame_that_is_no_light_is_named():
    flat = with_remark_on_type(camera(), {"IMAGETYP": "Flat Field"})
    assert flat.remarks[-1].startswith("IMAGETYP = Flat Field: this is a flat frame")
    assert with_remark_on_type(camera(), {"IMAGETYP": "Light Frame"}) == camera()
    assert with_remark_on_type(camera(), {}) == camera()


def test_a_hot_column_is_not_a_plateau():
    image = np.random.default_rng(3).normal(300, 10, (200, 220))
    image[:, 90] = 9000.0
    assert with_plateau(camera(), image).saturation is None
    image[100:104, 30:34] = 9000.0
    assert with_plateau(camera(), image).saturation == pytest.approx(9000, rel=0.02)
