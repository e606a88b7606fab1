"""Windows, choices and packed PDFs of the explorer of objects; policies of pages."""

import base64
import hashlib

import numpy as np
import pytest
from redpix.report import object_details, page_policy


def test_the_furthest_off_have_pictures_first():
    deviation = np.array([0.01, np.nan, -0.5, 0.2, 0.0])
    assert list(object_details.choose_objects(deviation, 2)) == [2, 3]
    assert list(object_details.choose_objects(deviation, 9)) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(("x", "y"), [([50, 53], [40, 41]), ([0, 2], [0, 1]), ([97, 99], [79])])
def test_a_window_holds_its_object_and_ends_at_the_border(x, y):
    rows, columns = object_details.cut_window(np.array(x), np.array(y), (80, 100))
    assert 0 <= rows.start <= min(y)
    assert max(y) < rows.stop <= 80
    assert 0 <= columns.start <= min(x)
    assert max(x) < columns.stop <= 100
    if 20 < min(x) < 80:
        assert min(y) - rows.start >= object_details.MARGIN - 1


def test_packed_pdfs_are_the_pdfs_to_half_a_percent():
    grid = np.linspace(0, 1, 201)
    pdfs = np.exp(-((grid - np.array([[0.2], [0.6]])) ** 2) / (2 * 0.05**2))
    packed = object_details.packed_pdfs(np.vstack([pdfs, np.full(201, np.nan)]), grid)
    nodes = np.array(packed["grid"])
    found = np.zeros((3, len(nodes)))
    levels = iter(base64.b64decode(packed["levels"]))
    for row, (first, count) in enumerate(zip(packed["first"], packed["counts"], strict=True)):
        for node in range(first, first + count):
            found[row, node] = next(levels) / 255 * packed["scale"][row]
    assert next(levels, None) is None
    expected = np.exp(-((nodes - np.array([[0.2], [0.6]])) ** 2) / (2 * 0.05**2))
    assert found[:2] == pytest.approx(expected, abs=0.005)
    assert packed["counts"][2] == 0
    assert max(packed["counts"]) < 0.5 * len(nodes)


def test_a_policy_names_the_scripts_of_a_page_and_nothing_else():
    digest = base64.b64encode(hashlib.sha256(b"go();").digest()).decode()
    assert page_policy.policy(["go();"]).endswith(f"script-src 'sha256-{digest}'")
    assert "script-src" not in page_policy.policy([])
    assert page_policy.policy([]).startswith("default-src 'none'")
