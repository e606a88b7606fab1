"""Simple photometry, step by step, compared with loops and closed forms."""

import numpy as np
import pytest
from redpix.core.exceptions import InputError
from redpix.photometry import peaks, simple
from star_field import Moffat, simulate


def peaks_by_loop(image, threshold):
    """Return y, x and hot of all peaks as `peaks.find_peaks`, pixel by pixel."""
    found = []
    ny, nx = image.shape
    for y in range(ny):
        for x in range(nx):
            value = image[y, x]
            if not value > threshold:
                continue
            around = [
                image[y + dy, x + dx] if 0 <= y + dy < ny and 0 <= x + dx < nx else -np.inf
                for dy in (-1, 0, 1)
                for dx in (-1, 0, 1)
                if (dy, dx) != (0, 0)
            ]
            around = [-np.inf if np.isnan(other) else other for other in around]
            if all(value >= other for other in around):
                found.append((y, x, sum(other > value / 2 for other in around) < 4))
    return found


@pytest.mark.parametrize("seed", range(5))
def test_peaks_are_those_of_a_loop(seed):
    rng = np.random.default_rng(seed)
    # whole numbers make plateaus, whose pixels are all peaks
    image = rng.integers(0, 12, (31, 23)).astype(float)
    image[rng.random(image.shape) < 0.05] = np.nan
    y, x, hot = peaks.find_peaks(image, 6.5)
    assert list(zip(y, x, hot, strict=True)) == peaks_by_loop(image, 6.5)
    assert len(x) > 10
    assert 0 < hot.sum() < len(hot)


def test_four_of_eight_neighbours_make_a_star():
    for neighbours in range(9):
        image = np.zeros((5, 5))
        image[2, 2] = 10
        around = [(y, x) for y in (1, 2, 3) for x in (1, 2, 3) if (y, x) != (2, 2)]
        for place in around[:neighbours]:
            image[place] = 5.1
        _, _, hot = peaks.find_peaks(image, 6)
        assert hot.tolist() == [neighbours < 4]
    image[image == 5.1] = 5.0  # exactly half of the peak is not above half
    assert peaks.find_peaks(image, 6)[2].tolist() == [True]


def test_a_saturated_top_gives_peaks_that_are_dropped():
    x, y = np.array([10.0, 10.0, 30.0]), np.array([10.0, 14.9, 30.0])
    assert peaks.in_clusters(x, y, 5).tolist() == [True, True, False]
    assert peaks.in_clusters(x, y, 4.8).tolist() == [False] * 3
    axis = np.arange(41)
    star = 1e5 * np.exp(-((axis - 20.3) ** 2 + (axis[:, None] - 20) ** 2) / 18)
    stars, rejected = simple.measure(np.minimum(star, 4e4), 100, 11, 5)
    assert len(stars.peak_x) == 0
    assert len(rejected.reason) > 3
    assert all("saturated" in reason for reason in rejected.reason)
    assert len(simple.measure(star, 100, 11, 5)[0].peak_x) == 1


def test_a_peak_at_the_edge_is_refused_with_the_reason():
    image = np.zeros((30, 40))
    for y, x in ((4, 20), (15, 36), (15, 20)):
        image[y - 1 : y + 2, x - 1 : x + 2] = 6
        image[y, x] = 10
    stars, rejected = simple.measure(image, 8, 9, 5)
    assert list(zip(stars.peak_x, stars.peak_y, strict=True)) == [(20, 4), (20, 15)]
    assert rejected.reason.tolist() == [
        "peak at x=36, y=15 is nearer to the edge than half the window of 9 pixels"
    ]
    with pytest.raises(InputError, match="x=3, y=15 is nearer to the edge"):
        simple.cut_out(image, 3, 15, 9)


def test_centroid_width_and_flux_are_their_sums():
    rng = np.random.default_rng(3)
    stamp = rng.random((7, 7)) + 1
    total = sum_x = sum_y = sum_xx = sum_yy = 0
    for y in range(7):
        for x in range(7):
            total += stamp[y, x]
            sum_x += x * stamp[y, x]
            sum_y += y * stamp[y, x]
            sum_xx += x * x * stamp[y, x]
            sum_yy += y * y * stamp[y, x]
    assert simple.centroid(stamp) == pytest.approx((sum_x / total, sum_y / total))
    expected = [
        np.sqrt(square / total - (first / total) ** 2)
        for first, square in ((sum_x, sum_xx), (sum_y, sum_yy))
    ]
    assert simple.widths(stamp) == pytest.approx(expected)
    profile = simple.gaussian(7, 3.2, 2.9, 1.1, 1.4)
    assert profile.sum() == pytest.approx(1)
    assert profile[2, 5] / profile[3, 3] == pytest.approx(
        np.exp(-(1.8**2 - 0.2**2) / (2 * 1.1**2) - (0.9**2 - 0.1**2) / (2 * 1.4**2))
    )
    assert simple.psf_flux(stamp, profile) == pytest.approx(
        sum(stamp[i] * profile[i] for i in np.ndindex(7, 7))
        / sum(profile[i] ** 2 for i in np.ndindex(7, 7))
    )


def test_a_gaussian_comes_back_whole():
    axis = np.arange(41.0)
    image = 0
    for x, y, flux in ((12.3, 9.8, 5000), (29.6, 30.2, 800)):
        profile = np.exp(-((axis - x) ** 2) / (2 * 1.5**2))
        profile = profile * np.exp(-((axis[:, None] - y) ** 2) / (2 * 1.2**2))
        image = image + flux * profile / profile.sum()
    stars, rejected = simple.measure(image, 10, 15, 5)
    assert len(rejected.reason) == 0
    assert stars.peak_x.tolist() == [12, 30]
    assert stars.centroid_x == pytest.approx([12.3, 29.6], abs=0.01)
    assert stars.centroid_y == pytest.approx([9.8, 30.2], abs=0.01)
    assert stars.width_x == pytest.approx(1.5, abs=0.01)
    assert stars.width_y == pytest.approx(1.2, abs=0.01)
    assert stars.psf_flux == pytest.approx([5000, 800], rel=0.01)
    assert simple.model_image(stars, image.shape, 15) == pytest.approx(image, abs=1)


def test_a_shared_width_spares_faint_stars_the_noise_of_their_own():
    field = simulate(4, 512, 120, Moffat())
    image = field.image - field.sky
    threshold = 5 * np.sqrt(field.sky_variance)
    scatter = []
    for shared in (False, True):
        stars, _ = simple.measure(image, threshold, 11, 5, shared)
        near = np.hypot(
            stars.centroid_x[:, None] - field.x, stars.centroid_y[:, None] - field.y
        ).argmin(axis=1)
        ratio = stars.psf_flux / field.flux[near]
        scatter.append(np.median(abs(ratio - np.median(ratio))))
    assert scatter[1] < 0.5 * scatter[0]


def test_no_star_gives_empty_columns():
    stars, rejected = simple.measure(np.zeros((20, 20)), 1.0, 5, 5)
    assert all(len(column) == 0 for column in (*stars, *rejected))
    assert not simple.model_image(stars, (20, 20), 5).any()
