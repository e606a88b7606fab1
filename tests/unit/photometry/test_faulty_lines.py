"""Hot and cold columns and rows, whole or in part, are found and masked; stars are not."""

import numpy as np
import pytest
from redpix.image.masks import bit_value
from redpix.photometry import crowded
from redpix.photometry.false_places import places_of_crowds
from redpix.photometry.faulty_lines import find_faulty_lines, mask_faulty_lines
from star_field import Moffat, draw, simulate

SIDE, NOISE = 384, 15.0


def sky_with_stars(seed, number, fwhm=2.6, brightest=2.5):
    """Return an image without its sky, with stars of 10 sigma and more."""
    rng = np.random.default_rng([71, seed])
    x, y = rng.uniform(3, SIDE - 4, (2, number))
    flux = NOISE * 2.2 * fwhm * 10 ** rng.uniform(1, brightest, number)
    light = draw((SIDE, SIDE), x, y, flux, Moffat(fwhm), 0.1)
    return light + rng.normal(0, NOISE, light.shape)


@pytest.mark.parametrize(
    ("deviation", "first", "last"),
    [(-6, 0, SIDE), (2.2, 0, SIDE), (4, 60, 140), (30, 200, 260), (-4, 100, SIDE)],
)
def test_lines_are_found_whole_or_in_part(deviation, first, last):
    image = sky_with_stars(1, 60)
    image[first:last, 131:133] += deviation * NOISE
    image[271, first:last] += deviation * NOISE
    lines = find_faulty_lines(image, np.zeros(image.shape, bool), NOISE)
    assert (lines.columns, lines.rows) == (2, 1)
    truth = np.zeros(image.shape, bool)
    truth[first:last, 131:133] = truth[271, first:last] = True
    assert lines.pixels[truth].mean() > 0.98
    # a part ends within two blocks of 8 pixels
    assert np.count_nonzero(lines.pixels & ~truth) <= 3 * 2 * 16


@pytest.mark.parametrize(
    ("number", "fwhm", "brightest"),
    [(0, 2, 2), (60, 1.5, 4), (60, 6, 3), (40, 12, 3), (700, 2.4, 3)],
)
def test_stars_are_not_lines(number, fwhm, brightest):
    image = sky_with_stars(2, number, fwhm, brightest)
    lines = find_faulty_lines(image, np.zeros(image.shape, bool), NOISE)
    assert lines.pixels.mean() < (0.003 if number > 100 else 1e-9)


@pytest.mark.parametrize("across", [False, True])
def test_stars_in_line_are_not_a_line(across):
    """Trailed stars fill most blocks of a part, and shine on the lines beside."""
    rng = np.random.default_rng(8)
    x, y = np.arange(100, 148, 3.0), 200 + rng.uniform(-0.3, 0.3, 16)
    light = draw((SIDE, SIDE), x, y, NOISE * rng.uniform(20, 60, 16), Moffat(2.4), 0.1)
    image = (light.T if across else light) + rng.normal(0, NOISE, light.shape)
    assert not find_faulty_lines(image, np.zeros(image.shape, bool), NOISE).pixels.any()


def test_a_pattern_of_all_columns_is_not_masked():
    image = sky_with_stars(3, 40)
    image += np.random.default_rng(4).normal(0, NOISE, SIDE)
    mask = np.zeros(image.shape, np.int16)
    mask_faulty_lines(image, mask, NOISE)
    assert np.mean(mask != 0) < 0.01


def test_masked_lines_are_bad_and_named():
    image = sky_with_stars(5, 40)
    image[:, 200] -= 5 * NOISE
    mask = np.zeros(image.shape, np.int16)
    remark = mask_faulty_lines(image, mask, NOISE)
    assert remark.startswith("1 column, in whole or in part, ")
    assert f"{SIDE} pixels" in remark
    assert np.array_equal(np.flatnonzero(mask.any(axis=0)), [200])
    assert set(np.unique(mask)) == {0, bit_value("BAD")}
    assert mask_faulty_lines(image, mask, NOISE) == ""


def test_detections_on_a_line_are_a_crowd_and_others_are_not():
    rng = np.random.default_rng(6)
    x, y = rng.uniform(0, 999, (2, 20))
    line = np.append(x, rng.normal(300, 1, 60)), np.append(y, rng.uniform(0, 999, 60))
    places = places_of_crowds(*line, (1000, 1000), 3.0)
    assert places[:, 298:303].all()
    assert places.mean() < 0.03
    assert not places_of_crowds(*rng.uniform(0, 999, (2, 300)), (1000, 1000), 3.0).any()
    corner = np.append(x, rng.uniform(0, 150, 60)), np.append(y, rng.uniform(0, 150, 60))
    places = places_of_crowds(*corner, (1000, 1000), 3.0)
    assert places[:150, :150].all()
    assert places.mean() < 0.1


def test_stars_away_from_cold_columns_are_not_doubtful():
    field = simulate(7, 256, 40, Moffat())
    noise = np.sqrt(field.sky_variance)
    image = field.image - field.sky
    image[:, 100:102] -= 5 * noise
    plane = np.full(image.shape, noise)
    result = crowded.measure(
        image,
        error=plane,
        gain=np.full(image.shape, field.gain),
        mask=np.zeros(image.shape, np.int16),
        threshold=5.0,
        mesh=64,
    )
    assert result.false.is_high
    assert result.false.crowded > 0.8 * result.false.detections
    far = abs(result.stars.x - 100.5) > 15
    assert np.count_nonzero(result.doubtful & far) <= 1
