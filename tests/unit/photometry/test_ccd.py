"""Calibration of raw images: the arithmetic, number types, flats, masks and cosmic rays."""

import numpy as np
import pytest
from redpix.core.exceptions import InputError
from redpix.image.ds9_regions import region_mask
from redpix.image.masks import bit_value
from redpix.photometry import ccd


def test_dark_and_flat_pixel_by_pixel():
    rng = np.random.default_rng(1)
    raw, dark = rng.integers(500, 900, (2, 6, 5)).astype(np.uint16)
    flat = rng.random((6, 5)) * 3000 + 1000
    made = ccd.calibrate(raw, dark, flat, dark_factor=0.5)
    for y, x in np.ndindex(6, 5):
        expected = (float(raw[y, x]) - 0.5 * float(dark[y, x])) / (flat[y, x] / flat.max())
        assert made.image[y, x] == pytest.approx(expected)
    by_median = ccd.calibrate(raw, dark, flat, 0.5, "median")
    assert by_median.image == pytest.approx(made.image * np.median(flat) / flat.max())
    assert not made.mask.any()


def test_unsigned_integers_do_not_wrap_round():
    raw, dark = np.full((4, 4), 100, np.uint16), np.full((4, 4), 200, np.uint16)
    assert np.all(ccd.calibrate(raw, dark).image == -100)
    assert np.all(ccd.calibrate(np.full((4, 4), 2**31 - 1, np.int32)).image == 2**31 - 1)


def test_counts_that_overflowed_are_saturated():
    raw = np.full((4, 4), 300, np.int32)
    raw[1, 2] = 40000
    wrapped = raw.astype(np.uint16).view(np.int16)
    made = ccd.calibrate(wrapped)
    assert made.mask[1, 2] == bit_value("SATURATED")
    assert np.count_nonzero(made.mask) == 1
    slightly_negative = np.full((4, 4), -20, np.int16)
    assert not ccd.calibrate(slightly_negative).mask.any()


def test_a_dark_that_overflowed_makes_no_star():
    dark = np.full((4, 4), 300, np.uint16)
    dark[1, 2] = 45000
    made = ccd.calibrate(np.full((4, 4), 500, np.uint16), dark.view(np.int16))
    assert made.mask[1, 2] == bit_value("BAD")
    assert np.count_nonzero(made.mask) == 1


@pytest.mark.parametrize("kind", [">i2", ">f4", "<f8", ">u2"])
def test_any_byte_order(kind):
    values = np.arange(64 * 64).reshape(64, 64) % 97 + 300
    made = ccd.calibrate(values.astype(kind))
    assert made.image.dtype.isnative
    assert np.array_equal(made.image, values)
    assert ccd.background(made.image, made.mask, 32).level.mean() == pytest.approx(348, abs=15)


def test_another_shape_is_refused():
    with pytest.raises(InputError, match="the dark has 5 x 4 pixels, the image 6 x 4"):
        ccd.calibrate(np.ones((4, 6)), np.ones((4, 5)))
    with pytest.raises(InputError, match="the flat has 3 x 3 pixels"):
        ccd.calibrate(np.ones((4, 6)), None, np.ones((3, 3)))
    with pytest.raises(InputError, match="two dimensions"):
        ccd.calibrate(np.ones((3, 4, 6)))


def test_a_zero_in_the_flat_is_a_bad_pixel():
    flat = np.ones((4, 6))
    flat[1, 1], flat[2, 2], flat[3, 3] = 0, -1, np.nan
    made = ccd.calibrate(np.ones((4, 6)), None, flat)
    assert np.count_nonzero(made.mask == bit_value("BAD")) == 3
    assert np.isnan(made.image[1, 1])
    with pytest.raises(InputError, match="0 % of the flat is above zero"):
        ccd.calibrate(np.ones((4, 6)), None, np.zeros((4, 6)))


def test_a_mask_that_hides_everything_is_refused():
    mask = np.zeros((4, 6), np.int16)
    ccd.hide(mask, np.eye(4, 6) > 0)
    assert np.count_nonzero(mask == bit_value("NO_DATA")) == 4
    with pytest.raises(InputError, match="hides the whole image"):
        ccd.hide(mask, np.ones((4, 6), bool))
    with pytest.raises(InputError, match="2 x 2 pixels, the image 6 x 4"):
        ccd.hide(mask, np.ones((2, 2), bool))


def test_an_image_without_noise_or_numbers_is_refused():
    with pytest.raises(InputError, match="no noise"):
        ccd.background(np.full((64, 64), 7.0), np.zeros((64, 64), np.int16), 32)
    with pytest.raises(InputError, match="all pixels are NaN"):
        ccd.calibrate(np.full((4, 4), np.nan))


def test_background_passes_over_what_is_masked():
    rng = np.random.default_rng(2)
    y, x = np.indices((256, 256))
    sky = 500 + 0.1 * x
    image = sky + rng.normal(0, 5, sky.shape)
    image[100:180, 60:140] += 400  # a galaxy
    mask = np.zeros(image.shape, np.int16)
    mask[95:185, 55:145] = 1
    found = ccd.background(image, mask, 64)
    assert abs(found.level - sky).max() < 4
    assert np.median(found.rms) == pytest.approx(5, rel=0.05)


def test_saturated_and_cosmic_ray_pixels_are_marked():
    rng = np.random.default_rng(5)
    from star_field import Moffat, draw

    stars = draw((200, 200), [60.2, 120.7], [70.1, 130.4], [40000, 9000], Moffat(), 0.1)
    image = stars + rng.normal(0, 5, stars.shape)
    hits = [(20, 30), (21, 31), (150, 40)]
    for place in hits:
        image[place] += 900
    made = ccd.calibrate(image, saturation=2000)
    assert np.count_nonzero(made.mask & bit_value("SATURATED")) == np.sum(image >= 2000) > 0
    number = ccd.mark_cosmic_rays(image, made.mask, 100.0, 2.0, 5.0, 3.2)
    marked = (made.mask & bit_value("COSMIC_RAY")) != 0
    assert number == marked.sum()
    assert all(marked[place] for place in hits)
    # stars are not marked
    assert not marked[60:80, 50:70].any()
    assert not marked[120:140, 110:130].any()
    assert ccd.mark_cosmic_rays(image, made.mask, 100.0, 2.0, 5.0, 1.6) == 0


def test_regions_are_what_ds9_draws():
    lines = ["# Region file format: DS9", "global color=green", "image", "box(11,6,4,2,0)"]
    mask = region_mask(lines, (20, 30), "a.reg")
    # 1-based: pixels 9...13 and 5...7 have their centres inside or on the border
    assert np.array_equal(np.argwhere(mask).min(axis=0), [4, 8])
    assert np.array_equal(np.argwhere(mask).max(axis=0), [6, 12])
    turned = region_mask(["box(11,10,8,2,90)"], (20, 30), "a.reg")
    assert np.array_equal(np.argwhere(turned).max(axis=0), [13, 11])
    circle = region_mask(["circle(5,5,1.2) # text={x}"], (20, 30), "a.reg")
    assert circle.sum() == 5
    both = region_mask(["circle(5,5,1.2);circle(20,5,0.5)"], (20, 30), "a.reg")
    assert both.sum() == 6
    triangle = region_mask(["polygon(2,2,10,2,2,10)"], (20, 30), "a.reg")
    y, x = np.indices((20, 30)) + 1
    inside = (x > 2) & (y > 2) & (x + y < 12)
    assert np.all(triangle[inside])
    assert not np.any(triangle[(x < 2) | (y < 2) | (x + y > 12)])
    for wrong in ("fk5", "polygon(1,2,3)", "circle(1,2,x)", "annulus(1,2,3)", "-circle(5,5,2)"):
        with pytest.raises(InputError, match="a.reg: line 1: .*allowed: polygon"):
            region_mask([wrong], (20, 30), "a.reg")
