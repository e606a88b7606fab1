"""Pixels of segments against SciPy's labelling, object by object."""

import numpy as np
import pytest
from redpix.pixels import membership
from redpix.sdss.magnitudes import asinh_magnitude, pogson_flux
from scipy import ndimage


def test_members_against_labelling_each_object():
    generator = np.random.default_rng(7)
    smooth = ndimage.gaussian_filter(generator.standard_normal((80, 90)), 2.0)
    blobs, count = ndimage.label(smooth > 0.05)
    # separate blobs with the same number make segments with isolated pixels
    segmentation = np.where(blobs > 0, 1 + blobs % 9, 0)
    segmentation[generator.random(segmentation.shape) < 0.15] = 0
    labels = np.array([4, 2, 9, 7])
    peaks = [np.argwhere(segmentation == label)[len(labels) * 3] for label in labels]
    peak_y, peak_x = np.array(peaks).T
    found = membership.members(segmentation, labels, peak_x, peak_y)
    assert count > 9
    for number, label in enumerate(labels):
        parts, _ = ndimage.label(segmentation == label, np.ones((3, 3)))
        connected = parts == parts[peak_y[number], peak_x[number]]
        chosen = found.index == number
        image = np.zeros(segmentation.shape, bool)
        image[found.y[chosen], found.x[chosen]] = True
        assert np.array_equal(image, connected)
        assert chosen.sum() == connected.sum()
        assert found.isolated[number] == np.sum(segmentation == label) - connected.sum()
    assert found.isolated.sum() > 0
    assert np.all(np.diff(found.index) >= 0)


def test_touching_objects_stay_apart():
    segmentation = np.array([[1, 1, 2], [0, 2, 1], [2, 2, 0]])
    found = membership.members(segmentation, [1, 2], [0, 2], [0, 0])
    assert list(zip(found.index, found.y, found.x, strict=True)) == [
        *((0, 0, 0), (0, 0, 1), (0, 1, 2)),
        *((1, 0, 2), (1, 1, 1), (1, 2, 0), (1, 2, 1)),
    ]
    assert found.isolated.tolist() == [0, 0]


def test_x_is_the_column():
    segmentation = np.zeros((5, 9), int)
    segmentation[1, 6:9] = 3
    found = membership.members(segmentation, [3], [7], [1])
    assert found.x.tolist() == [6, 7, 8]
    assert found.y.tolist() == [1, 1, 1]


def test_a_peak_outside_its_segment_leaves_nothing():
    found = membership.members(np.array([[1, 1, 0]]), [1], [2], [0])
    assert len(found.x) == 0
    assert found.isolated.tolist() == [2]


def test_no_object():
    found = membership.members(np.zeros((4, 4), int), np.empty(0, int), np.empty(0), np.empty(0))
    assert len(found.x) == 0
    none = np.empty(0)
    assert len(membership.relative_distance(found.index, found.x, found.y, none, none)) == 0


def test_relative_distance():
    index, x = np.array([0, 0, 0, 1]), np.array([4, 5, 8, 2])
    y, peak_x, peak_y = np.array([3, 3, 3, 2]), np.array([4, 2]), np.array([3, 2])
    assert membership.relative_distance(index, x, y, peak_x, peak_y).tolist() == [0, 0.25, 1, 0]


def test_labels_of_other_bands():
    ids = np.array([3, 8, 11])
    assert membership.labels_of(ids, np.array([3, 11]), np.array([40, 2])).tolist() == [40, -1, 2]
    assert membership.labels_of(ids, np.empty(0, int), np.empty(0, int)).tolist() == [-1, -1, -1]


def test_usable():
    fluxes = np.array([[1.0, np.nan, 1, 1, 1], [1, 1, -1, 1, 1]])
    errors = np.array([[1.0, 1, 1, 0, 1], [1, 1, 1, 1, 1]])
    number, masked = membership.usable(fluxes, errors, np.array([0, 4, 4, 4, 8]), 4)
    assert number.tolist() == [True, False, True, False, True]
    assert masked.tolist() == [False, False, True, False, False]


@pytest.mark.parametrize(
    ("band", "zero"), [("u", 24.63), ("g", 25.11), ("r", 24.80), ("i", 24.36), ("z", 22.83)]
)
def test_asinh_magnitudes_are_the_survey_s(band, zero):
    """Compare the magnitude of zero flux with the survey's table of softening parameters."""
    assert asinh_magnitude(0.0, band) == pytest.approx(zero, abs=0.006)
    bright = np.array([100.0, 1e4])
    assert asinh_magnitude(bright, band) == pytest.approx(22.5 - 2.5 * np.log10(bright), abs=1e-3)
    assert pogson_flux(22.5) == pytest.approx(1)
    fluxes = np.array([-5.0, -0.1, 0, 0.1, 30])
    magnitudes = asinh_magnitude(fluxes, band)
    assert np.all(np.isfinite(magnitudes))
    assert np.all(np.diff(magnitudes) < 0)
    # Lupton, Gunn & Szalay 1999, inverted, with the survey's magnitude of zero flux
    inverse = 2e9 * 10 ** (-0.4 * zero) * np.sinh((zero - magnitudes) * np.log(10) / 2.5)
    assert inverse == pytest.approx(fluxes, rel=0.02, abs=0.03)
