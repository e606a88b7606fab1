"""Transients and stars of two runs, matched by their places."""

import numpy as np
import pandas as pd
import pytest
from redpix.report import compared_places


def test_each_place_has_one_partner():
    first = np.array([[10.0, 10.0], [11.0, 10.0], [50.0, 50.0]])
    second = np.array([[10.9, 10.0], [80.0, 80.0], [50.0, 51.4]])
    low, high = compared_places.nearest(first, second)
    assert (low.tolist(), high.tolist()) == ([1, 2], [0, 2])
    empty = compared_places.nearest(first, np.zeros((0, 2)))
    assert [len(one) for one in empty] == [0, 0]


def test_shared_transients_and_their_fluxes():
    first = pd.DataFrame(
        {
            "band": ["r", "r", "r", "g"],
            "x": [10, 20, 30, 10],
            "y": [10, 20, 30, 10],
            "flux": [100.0, -50.0, 70.0, 5.0],
            "flags": [0, 0, 1, 0],
        }
    )
    second = first.assign(flux=first["flux"] * 1.1).iloc[[1, 0]]
    rows = {row["band"]: row for row in compared_places.compare_transients(first, second)}
    assert rows["r"] == {
        **{"band": "r", "first": 2, "second": 2, "both": 2},
        "ratio": pytest.approx(1.1),
    }
    assert (rows["g"]["first"], rows["g"]["second"]) == (1, 0)
    assert np.isnan(rows["g"]["ratio"])


def test_a_shift_of_magnitudes_has_its_sampling_error():
    rng = np.random.default_rng(2)
    flux = rng.uniform(1000, 9000, 900)
    first = pd.DataFrame(
        {
            "centroid_x": rng.uniform(0, 2000, 900),
            "centroid_y": rng.uniform(0, 2000, 900),
            "psf_flux": flux,
            "psf_flux_error": flux * 0.01,
            "flags": 0,
        }
    )
    noise = 10 ** (-0.4 * rng.normal(0.02, 0.03, 900))
    second = first.assign(psf_flux=flux * noise).sample(frac=1, random_state=1)
    found = compared_places.compare_stars(first, second)
    assert found["both"] > 880  # a few lie within 1.5 pixels of each other
    assert found["error"] == pytest.approx(np.sqrt(np.pi / 2) * 0.03 / 30, rel=0.1)
    assert found["shift"] == pytest.approx(0.02, abs=4 * found["error"])
