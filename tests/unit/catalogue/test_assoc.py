"""Detections are matched with objects."""

import numpy as np
from redpix.catalogue.assoc import NO_OBJECT, assigned_objects, assoc_list

IDS = np.array([587731186200281171, 587731186200281172, 3], np.int64)


def vector(*rows):
    """VECTOR_ASSOC as SExtractor gives it: single precision, a row of zeros for no match."""
    return np.array(rows, np.float32)


def test_the_list_counts_from_one_and_knows_unknown_magnitudes():
    lines = assoc_list(np.array([0.0, 99.5]), np.array([10.25, 3.0]), np.array([17.5, np.nan]))
    assert lines == ["1 1.0000 11.2500 17.5000", "2 100.5000 4.0000 99.0000"]


def test_long_identifiers_survive():
    found = assigned_objects(vector((2, 5, 6, 17), (1, 9, 9, 18)), [5, 9], [6, 9], IDS)
    assert found.tolist() == [587731186200281172, 587731186200281171]


def test_an_object_is_matched_once_and_to_the_nearest():
    x, y = np.array([10.0, 12.5, 40.0]), np.array([10.0, 10.0, 40.0])
    found = assigned_objects(vector((1, 12, 10, 17), (1, 12, 10, 17), (0, 0, 0, 0)), x, y, IDS)
    assert found.tolist() == [NO_OBJECT, IDS[0], NO_OBJECT]


def test_no_detection_at_all():
    assert assigned_objects(np.empty((0, 4)), np.empty(0), np.empty(0), IDS).shape == (0,)
