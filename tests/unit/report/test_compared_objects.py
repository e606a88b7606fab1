"""Two runs object by object: matches, differences of metrics and their sampling errors."""

import numpy as np
import pandas as pd
import pytest
from redpix.photoz.metrics import Scores
from redpix.report import compared_objects


def scores(dz, pit=None):
    """Scores with given deviations; CRPS and CDE loss follow them."""
    dz = np.asarray(dz, np.float32)
    pit = np.linspace(0, 1, len(dz)) if pit is None else pit
    return Scores(dz, np.abs(dz), dz**2, np.asarray(pit, np.float32))


def changes(first, second, **more):
    """Differences of metrics by their names."""
    return {one.key: one for one in compared_objects.metric_changes(first, second, 1, **more)}


def test_objects_are_matched_by_id_in_any_order():
    first = pd.DataFrame({"object_id": ["9007199254740993", "2", "3", "3"]})
    second = pd.DataFrame({"object_id": ["3", "9007199254740993", "9007199254740992", "2"]})
    low, high = compared_objects.match(first, second)
    assert low.tolist() == [0, 1]  # 3 is twice in the first
    assert high.tolist() == [1, 3]


def test_a_difference_of_means_has_the_error_of_paired_values():
    rng = np.random.default_rng(3)
    dz = rng.normal(0, 0.03, 900)
    other = dz + rng.normal(0.002, 0.004, 900)
    bias = changes(scores(dz), scores(other), resamples=800)["bias"]
    assert bias.difference == pytest.approx(np.mean(other - dz), rel=1e-4)
    assert bias.error == pytest.approx(np.std(other - dz) / 30, rel=0.1)
    assert bias.mark == "worse"


def test_different_objects_have_both_scatters_in_the_error():
    rng = np.random.default_rng(4)
    one, two = rng.normal(0, 0.03, 400), rng.normal(0.002, 0.04, 1600)
    bias = changes(scores(one), scores(two), resamples=800, paired=False)["bias"]
    assert bias.error == pytest.approx(np.hypot(0.03 / 20, 0.04 / 40), rel=0.12)
    assert bias.mark == "same"


def test_half_the_scatter_is_better_and_new_noise_is_not():
    rng = np.random.default_rng(5)
    dz, other = rng.normal(0, 0.03, (2, 500))
    half = changes(scores(dz), scores(dz / 2))
    assert half["nmad"].second == pytest.approx(half["nmad"].first / 2)
    assert half["nmad"].mark == half["sigma68"].mark == half["crps"].mark == "better"
    again = changes(scores(dz), scores(other))
    assert {again[key].mark for key in ("nmad", "sigma68", "coverage_68")} == {"same"}


def test_coverage_is_best_at_its_probability():
    inside = np.full(400, 0.5)
    wide = changes(scores(np.zeros(400)), scores(np.zeros(400), inside))["coverage_68"]
    assert (wide.first, wide.second) == (pytest.approx(0.68, abs=0.01), 1)
    assert wide.mark == "worse"


def test_too_few_objects_have_neither_errors_nor_marks():
    few = changes(scores(np.zeros(5)), scores(np.zeros(5)))
    assert {one.mark for one in few.values()} == {""}
    assert few["nmad"].first is few["nmad"].error is None


def test_the_object_that_changed_most_is_first():
    first = pd.DataFrame(
        {
            "object_id": ["a", "b", "c"],
            "redshift": [1.0, 0.0, np.nan],
            "z_phot": [1.0, 0.1, 0.5],
            "z_error": [0.1, 0.03, 0.1],
            "split": ["test", "test", "target"],
        }
    )
    second = first.assign(z_phot=[1.4, 0.05, 0.5], z_error=[0.1, 0.04, 0.1])
    table = compared_objects.object_changes(first, second)
    assert table["object"].tolist() == ["a", "b", "c"]
    assert table["change"].to_numpy() == pytest.approx([0.2, -0.05, 0])
    assert table["sigmas"].to_numpy() == pytest.approx([0.4 / np.hypot(0.1, 0.1), -1, 0])
    assert table["better"].to_numpy() == pytest.approx([-0.2, 0.05, np.nan], nan_ok=True)
