"""Tiles of a large field: pixels of objects survive, the rest is averaged, a bound holds."""

import numpy as np
import pytest
from redpix.report import field_tiles
from redpix.report.field_segments import Segments
from test_pixel_layers import bytes_of


def blobs(shape, places, half=4):
    """Pixels of square objects: columns, rows and numbers from 1."""
    y, x, label = [], [], []
    for number, (row, column) in enumerate(places, start=1):
        up, right = np.mgrid[-half : half + 1, -half : half + 1]
        y.append((row + up).ravel())
        x.append((column + right).ravel())
        label.append(np.full(up.size, number))
    return (np.concatenate(one) for one in (x, y, label))


def restored(tiling, fine, coarse, shape):
    """The image as the page draws it: tiles on the shrunk image."""
    image = coarse.repeat(tiling.factor, axis=0).repeat(tiling.factor, axis=1)
    image = image[: shape[0], : shape[1]]
    side, across = field_tiles.SIDE, field_tiles.ACROSS
    for number, (column, row) in enumerate(tiling.tiles):
        target = image[row * side : (row + 1) * side, column * side : (column + 1) * side]
        up, right = number // across * side, number % across * side
        target[:] = fine[up : up + target.shape[0], right : right + target.shape[1]]
    return image


def test_a_field_within_the_bound_is_at_full_resolution():
    valid = np.ones((90, 100), bool)
    valid[:50] = False
    x, y, label = blobs(valid.shape, [(70, 30)])
    tiling = field_tiles.choose_tiles(valid, x, y, label, 4000)
    assert (tiling.factor, tiling.near) == (1, 1)
    assert tiling.fine(valid) is valid
    assert tiling.about(valid.shape) is None


@pytest.mark.parametrize("most", [20_000, 60_000])
def test_pixels_of_objects_survive_and_the_rest_are_means(most):
    image = np.random.default_rng(1).normal(5, 1, (403, 517)).astype(np.float32)
    image[:, :60] = np.nan
    places = [(50, 100), (200, 300), (398, 512)]  # the last at the corner
    x, y, label = blobs(image.shape, places)
    tiling = field_tiles.choose_tiles(np.isfinite(image), x, y, label, most)
    assert tiling.factor > 1
    assert tiling.near == 3
    fine, coarse = tiling.fine(image), field_tiles.block_means(image, tiling.factor)
    assert np.isfinite(fine).sum() + np.isfinite(coarse).sum() <= most
    found = restored(tiling, fine, coarse, image.shape)
    assert np.array_equal(found[y, x], image[y, x])
    start = -(-60 // tiling.factor) * tiling.factor
    block = image[: tiling.factor, start : start + tiling.factor]
    assert found[0, start] == pytest.approx(block.mean(), rel=1e-5)
    assert np.isnan(found[:, : 60 - tiling.factor]).all()
    assert tiling.about(image.shape)["coarse"] == list(coarse.shape[::-1])


def test_of_many_objects_the_largest_have_tiles_up_to_the_bound():
    valid = np.ones((800, 800), bool)
    places = [(40 + 80 * row, 40 + 80 * column) for row in range(10) for column in range(10)]
    small = list(blobs(valid.shape, places, half=7))
    large = list(blobs(valid.shape, [(400, 400)], half=20))
    large[2] += 100
    x, y, label = (np.concatenate(both) for both in zip(small, large, strict=True))
    tiling = field_tiles.choose_tiles(valid, x, y, label, 30_000)
    assert 5 < tiling.near < 100
    chosen = {tuple(one) for one in tiling.tiles.tolist()}
    assert set(zip(large[0] // 16, large[1] // 16, strict=True)) <= chosen
    coarse = (-(-800 // tiling.factor)) ** 2
    assert 25_000 < coarse + 256 * len(chosen) <= 30_000


def test_a_block_of_a_mask_has_the_bits_of_all_its_pixels():
    mask = np.zeros((7, 9), np.int32)
    mask[1, 1], mask[2, 0], mask[6, 8] = 4, 16, 1
    found = field_tiles.blocks_of(mask, 3, np.bitwise_or)
    assert found.tolist() == [[20, 0, 0], [0, 0, 0], [0, 0, 1]]


def test_segments_in_tiles_are_not_in_the_shrunk_image():
    shape = (400, 400)
    x, y, label = blobs(shape, [(100, 100), (300, 300)])
    z = np.where(label == 1, 0.25, np.nan).astype(np.float32)
    segments = Segments(shape, x, y, label.astype(np.int32), z, ["a", "b"])
    tiling = field_tiles.choose_tiles(np.ones(shape, bool), x, y, label, 20_000)
    layer, redshifts = segments.layers(tiling)
    assert bytes_of(layer["coarse"]["uri"], "RGB").sum() == 0
    fine = bytes_of(layer["uri"], "RGB")[..., 0]
    assert [(fine == one).sum() for one in (1, 2)] == [81, 81]
    low, step, _ = redshifts["linear"]
    levels = bytes_of(redshifts["uri"])
    assert (levels > 0).sum() == 81
    assert low + (levels.max() - 1) * step == pytest.approx(0.25)


def test_positions_outside_of_the_image_have_no_pixels():
    x, y = field_tiles.pixels_inside(
        [3.6, -2.0, 79.4, 80.0, np.nan], [5.2, 5, 59.4, 7, 3], (60, 80)
    )
    assert (x.tolist(), y.tolist()) == ([4, 79], [5, 59])
