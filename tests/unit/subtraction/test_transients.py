"""Detection of what changed, the tiles it is found in, the PSFs."""

import numpy as np
import pytest
import subtraction_sky
from redpix.core.exceptions import InputError
from redpix.image.masks import bit_value
from redpix.psf.moffat import moffat_stamp
from redpix.psf.psf_model import PsfModel, full_width, with_round_wings
from redpix.subtraction.halos_and_edges import beside_the_sky, halos
from redpix.subtraction.hosts import nearest
from redpix.subtraction.tiles import subtract_tiles, tiles
from redpix.subtraction.transient_shapes import motion_gain
from redpix.subtraction.transients import FLAGS, detect
from redpix.subtraction.zogy import subtract
from scipy.ndimage import distance_transform_edt


@pytest.mark.parametrize("shape", [(1489, 2048), (100, 90), (513, 1025)])
def test_each_pixel_is_in_the_inside_of_one_tile(shape):
    count = np.zeros(shape, int)
    for tile in tiles(shape):
        number = np.arange(np.prod(shape)).reshape(shape)
        assert np.array_equal(number[tile.outer][tile.kept], number[tile.inner])
        count[tile.inner] += 1
    assert np.all(count == 1)


def test_tiles_show_no_seam():
    sky = subtraction_sky.make(1, (300, 260))
    whole = subtract(sky.new, sky.reference)
    parts = subtract_tiles(
        *(sky.new, sky.reference, lambda x, y: sky.new.psf, lambda x, y: sky.reference.psf),
        side=100,
    )
    difference = abs(parts.Scorr - whole.Scorr)
    assert np.median(difference) < 0.01
    # the sky's noise is measured in each tile: no more than a percent of a score changes
    assert np.max(difference / (1 + abs(whole.Scorr))) < 0.05
    assert abs(parts.Scorr[sky.y, sky.x] / whole.Scorr[sky.y, sky.x] - 1).max() < 0.02


def test_simulated_transients_are_found_where_they_are():
    sky = subtraction_sky.make(0)
    result = subtract(sky.new, sky.reference)
    mask = np.zeros(result.S.shape, np.int16)
    found = detect(result.Scorr, result.alpha, result.alpha_error, mask, 4.0, 5.5)
    assert len(found.x) == len(sky.x)
    order = [
        int(np.argmin(np.hypot(sky.x - x, sky.y - y)))
        for x, y in zip(found.x, found.y, strict=True)
    ]
    assert sorted(order) == list(range(len(sky.x)))
    assert np.hypot(found.x - sky.x[order], found.y - sky.y[order]).max() < 1
    assert np.array_equal(found.kind, np.where(sky.flux[order] > 0, "brighter", "fainter"))
    assert np.all(abs(found.flux - sky.flux[order]) < 4 * found.flux_error)
    assert np.all(np.diff(abs(found.scorr)) <= 0)
    assert np.all(found.flags == 0)


def test_errors_of_places_and_fluxes_are_what_they_scatter_by():
    pulls = []
    for seed in range(8):
        sky = subtraction_sky.make(seed)
        result = subtract(sky.new, sky.reference)
        mask = np.zeros(result.S.shape, np.int16)
        found = detect(result.Scorr, result.alpha, result.alpha_error, mask, 4.0, 8.0)
        for row in range(len(found.x)):
            away = np.hypot(sky.x - found.x[row], sky.y - found.y[row])
            true = np.argmin(away)
            if away[true] < 2:
                pulls.append(
                    [
                        (found.x[row] - sky.x[true]) / found.x_error[row],
                        (found.y[row] - sky.y[true]) / found.y_error[row],
                    ]
                )
    pulls = np.ravel(pulls)
    assert len(pulls) > 120
    assert np.sqrt(np.mean(np.square(pulls))) == pytest.approx(1, abs=0.15)


def bumps(*places, width=2.0):
    rows, columns = np.indices((60, 60))
    return sum(
        height * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * width**2))
        for x, y, height in places
    )


def test_two_lobes_are_one_that_moved():
    score = bumps((28.0, 30.0, 40.0), (32.5, 30.0, -30.0))
    found = detect(score, score, np.ones_like(score), np.zeros((60, 60), int), 4.0)
    assert list(found.kind) == ["moving"]
    assert 0.5 < found.dipole[0] < 1
    score = -bumps((28.3, 30.2, 40.0))
    alone = detect(score, score, np.ones_like(score), np.zeros((60, 60), int), 4.0)
    assert list(alone.kind) == ["fainter"]
    assert (alone.x[0], alone.y[0]) == (
        pytest.approx(28.3, abs=0.05),
        pytest.approx(30.2, abs=0.05),
    )


def motions(kind, seeds=range(8)):
    """Gains by motion of stars that move by 0.3 px or change their brightness, and their scores."""
    rng, gains, scores = np.random.default_rng(11), [], []
    steps = np.arange(30, 230, 40)
    for seed in seeds:
        sky = subtraction_sky.make(seed, transients=0, stars=0)
        x, y = (axis.ravel() + rng.uniform(-0.5, 0.5, 25) for axis in np.meshgrid(steps, steps))
        angle, flux = rng.uniform(0, 2 * np.pi, 25), rng.uniform(3000, 9000, 25)
        epochs = []
        for number, epoch in enumerate((sky.new, sky.reference)):
            moved = 0.3 * number * (kind == "moving")
            # a change of brightness as strong as the lobes of the motion
            share = 1 - 0.1 * number * (kind == "changing")
            width = (subtraction_sky.NEW_WIDTH, subtraction_sky.REFERENCE_WIDTH)[number]
            place = x + moved * np.cos(angle), y + moved * np.sin(angle)
            light = epoch.flux * subtraction_sky.light((256, 256), *place, share * flux, width)
            noise = rng.standard_normal(light.shape) * np.sqrt(light / 2)
            epochs.append(epoch._replace(image=epoch.image + light + noise, variance=None))
            epochs[-1] = epochs[-1]._replace(variance=epoch.variance + light / 2)
        result = subtract(*epochs)
        mask = np.zeros(result.S.shape, np.int16)
        planes = result.D, result.D_variance, result.P_D
        found = detect(result.Scorr, result.alpha, result.alpha_error, mask, 4.0, 7.0, planes)
        gains.append(found.motion)
        scores.append(abs(found.scorr))
        assert np.array_equal(found.kind == "moving", (found.motion > 0) | (found.dipole > 0.4))
    return np.concatenate(gains), np.concatenate(scores)


def test_small_motions_are_told_from_changes():
    moving, changing = motions("moving")[0], motions("changing")[0]
    assert min(len(moving), len(changing)) > 100
    assert np.mean(moving > 0) > 0.99
    assert np.mean(changing < 0) > 0.99


def test_gain_by_motion_of_noise_is_that_of_its_degrees_of_freedom():
    """At one place, with no room to look for the highest: chi squared with 2 against 1."""
    rng = np.random.default_rng(12)
    x, y = (axis.ravel() for axis in np.meshgrid(np.arange(20, 980, 12), np.arange(20, 980, 12)))
    noise = rng.normal(0, 1.5, (1000, 1000))
    gain = motion_gain(
        noise, np.full(noise.shape, 2.25), moffat_stamp(4.0, 21, integrated=False), x, y, 0
    )
    assert gain.mean() == pytest.approx(2 - 1 - 2, abs=0.12)
    assert gain.var() == pytest.approx(2 * 2 + 2 * 1, rel=0.1)


def test_flux_between_pixels_is_that_of_the_top():
    score = bumps((28.4, 30.5, 40.0))
    found = detect(score, score, np.ones_like(score), np.zeros((60, 60), int), 4.0)
    assert score.max() < 39
    assert found.flux[0] == pytest.approx(40, rel=0.01)


def test_flags_name_what_is_near():
    score = bumps((20.0, 20.0, 40.0), (45.0, 45.0, 30.0), (1.0, 58.0, 20.0))
    mask = np.zeros((60, 60), np.int16)
    mask[21, 20], mask[45, 50] = bit_value("SATURATED"), bit_value("COSMIC_RAY")
    found = detect(score, score, np.ones_like(score), mask, 4.0)
    assert list(found.flags) == [bit_value("SATURATED"), 0, bit_value("NO_DATA")]
    assert not set(FLAGS.values()) & {1 << bit for bit in range(8)}


def test_halos_and_edges():
    mask = np.zeros((100, 100), np.int16)
    mask[48:53, 48:53] = bit_value("SATURATED")
    halo = halos(mask)
    assert halo[50, 50]
    assert halo[50, 68]
    assert not halo[50, 80]
    assert not halos(np.zeros((9, 9), np.int16)).any()
    mask[:, :10] = bit_value("NO_DATA")
    edge = beside_the_sky(mask, 5)
    assert edge[50, 14] == bit_value("EDGE")
    assert edge[50, 16] == edge[50, 5] == 0
    assert edge[2, 50] == bit_value("EDGE")


def test_edges_of_a_tall_image_show_no_strips():
    mask = np.zeros((2500, 30), np.int16)
    rng = np.random.default_rng(5)
    holes = rng.integers(0, 2500, 40), rng.integers(0, 30, 40)
    mask[holes] = bit_value("NO_DATA")
    mask[1020:1030, 10] = mask[2047, 5] = bit_value("NO_DATA")
    outside = np.pad(mask != 0, 1, constant_values=True)
    distance = distance_transform_edt(~outside)[1:-1, 1:-1]
    expected = (distance <= 4.5) & (mask == 0)
    assert np.array_equal(beside_the_sky(mask, 4.5) == bit_value("EDGE"), expected)


def test_nothing_found_is_an_empty_table():
    empty = detect(*[np.full((30, 30), np.nan)] * 3, np.zeros((30, 30), int), 4.0)
    assert all(len(column) == 0 for column in empty)


def test_psf_of_a_place():
    terms = np.zeros((3, 21, 21))
    terms[0] = moffat_stamp(4.0, 21, integrated=False)
    terms[1] = 0.1 * moffat_stamp(3.0, 21, integrated=False)
    model = PsfModel(terms, 1, (500.0, 400.0), (500.0, 400.0), 4.0, 50)
    np.testing.assert_allclose(
        model.at(499, 100), with_round_wings(terms[0]) / with_round_wings(terms[0]).sum(), rtol=1e-9
    )
    assert full_width(model.at(999, 100)) < full_width(model.at(499, 100))
    assert model.at(999, 0).sum() == pytest.approx(1)


def test_wings_are_the_mean_and_the_core_stays():
    rng = np.random.default_rng(1)
    true = moffat_stamp(3.5, 41, integrated=False)
    noisy = true + rng.normal(0, 1e-4, true.shape)
    smooth = with_round_wings(noisy)
    radius = np.hypot(*np.mgrid[-20:21, -20:21])
    assert np.array_equal(smooth[radius < 5], noisy[radius < 5])
    assert np.std((smooth - true)[radius > 11]) < 0.35 * np.std((noisy - true)[radius > 11])
    assert full_width(true) == pytest.approx(3.5, rel=0.05)


def test_hosts_are_the_nearest_within_reach():
    ra, dec = [359.9999, 10.0, 20.0], [60.0, -5.0, 0.0]
    object_ra, object_dec = [0.0001, 10.0, 10.0, 50.0], [60.0, -5.0003, -5.0006, 1.0]
    assert list(nearest(ra, dec, object_ra, object_dec, 3.0)) == [0, 1, -1]
    assert list(nearest(ra, dec, object_ra, object_dec, 0.2)) == [-1, -1, -1]
    assert list(nearest(ra, dec, [], [], 3.0)) == [-1, -1, -1]
    assert len(nearest([], [], object_ra, object_dec, 3.0)) == 0


def test_objects_without_a_position_are_not_hosts():
    assert list(nearest([10.0], [0.0], [np.nan, 10.0001], [np.nan, 0.0], 1.0)) == [1]
    assert list(nearest([10.0], [0.0], [np.nan], [np.nan], 1.0)) == [-1]


def test_what_is_not_known_is_no_motion():
    """Point sources at the edge of the valid pixels do not move."""
    psf = subtraction_sky.gaussian(1.7)
    x, y = np.full(12, 61), np.arange(30, 390, 30)
    rng = np.random.default_rng(3)
    image = subtraction_sky.light((420, 120), x, y, np.full(12, 300.0), 1.7)
    image = (image + rng.standard_normal(image.shape)).astype(np.float32)
    variance = np.ones_like(image)
    image[:, 63:] = variance[:, 63:] = np.nan
    gain = motion_gain(image, variance, psf, x, y, 3)
    assert np.isfinite(gain).all()
    assert gain.max() < 0


def test_two_equal_pixels_are_one_transient():
    score = np.zeros((50, 50))
    score[20, 20] = score[20, 21] = 9.0
    found = detect(score, score, np.ones_like(score), np.zeros(score.shape, np.int16), 3.0)
    assert len(found.x) == 1
    assert found.x == pytest.approx(20.5)


@pytest.mark.parametrize("known", [np.s_[:, 1:2], np.s_[:0]])
def test_a_tile_of_which_little_is_known_is_no_obstacle(known):
    """A sliver that a coarse grid misses; and nothing at all, which is said."""
    sky = subtraction_sky.make(1, (128, 250))
    image = np.full_like(sky.new.image, np.nan)
    image[known] = sky.new.image[known]
    image[:, 128:] = sky.new.image[:, 128:] if image[known].size else np.nan
    pair = [e._replace(noise=None) for e in (sky.new._replace(image=image), sky.reference)]
    if not image[known].size:
        with pytest.raises(InputError, match="no pixel has a value and a variance in both"):
            subtract_tiles(*pair, lambda x, y: sky.new.psf, lambda x, y: sky.reference.psf)
        return
    pair[0].variance[:, [0, *range(2, 128)]] = 0
    result = subtract_tiles(
        *(*pair, lambda x, y: sky.new.psf, lambda x, y: sky.reference.psf), side=128, margin=0
    )
    assert np.array_equal(np.isfinite(result.Scorr), np.isfinite(image))
