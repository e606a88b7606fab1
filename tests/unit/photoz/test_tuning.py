"""Tuning: the best candidate by an independent loop, whole groups, the same again."""

import numpy as np
import pytest
from learner_checks import dealt_out_by_group
from redpix.core.exceptions import InputError
from redpix.photoz import pdf, tuning
from redpix.photoz.learners.base import STAR
from redpix.photoz.learners.knn import KNN
from redpix.photoz.tuning import OPTIONS, tune
from test_run_catalogue import SETTINGS
from test_tpz import sky

GRID = pdf.make_grid(0.0, 1.0, 0.005)
MIXING = {"mixing": np.eye(3).tolist()}
ASKED = {**SETTINGS, "tpz": SETTINGS["tpz"] | MIXING, "som": SETTINGS["som"] | MIXING}


def test_the_least_error_of_objects_held_out_is_taken():
    known = sky(500, 0.05)
    asked = {"k": 1, "mode": "mean", "errors": 0}
    settings, record = tune("knn", known, GRID, asked, 10_000, 1, 1)
    assert [entry["change"] for entry in record] == [{}, *OPTIONS["knn"][:3], {"k": 200}]
    part = tuning.group_folds(known.group, 3, 1)
    for entry in record:
        k = entry["change"].get("k", 1)
        missed = []
        for number in range(3):
            rest, own = known.take(part != number), known.take(part == number)
            found = KNN(rest, GRID, k, "mean").predict(own.vectors).redshift
            missed.append((np.abs(found - own.redshift) / (1 + own.redshift))[own.label != STAR])
        assert entry["mean_abs_dz"] == pytest.approx(np.concatenate(missed).mean())
    best = min(record, key=lambda entry: entry["mean_abs_dz"])
    assert best["chosen"]
    assert sum(entry["chosen"] for entry in record) == 1
    assert settings == {**asked, **best["change"]}
    assert settings["k"] > 1


def test_no_candidate_needs_more_than_there_is():
    _, record = tune("knn", sky(120, 0.05), GRID, {"k": 5, "mode": "mean"}, 30, 1, 1)
    assert [entry["change"].get("k", 5) for entry in record] == [5, 25]


def test_groups_stay_whole():
    """With redshifts dealt out by group, a tuner that parted groups would praise few neighbours."""
    known = dealt_out_by_group(80, 30)
    asked = {"k": 25, "mode": "mean"}
    settings, record = tune("knn", known, GRID, asked, 10_000, 1, 1)
    assert settings["k"] > 50
    assert min(entry["mean_abs_dz"] for entry in record) > 0.07
    loose = known._replace(group=np.arange(2400))
    settings, record = tune("knn", loose, GRID, asked, 10_000, 1, 1)
    assert settings["k"] == 25
    assert min(entry["mean_abs_dz"] for entry in record) < 0.05


@pytest.mark.parametrize("method", ["tpz", "som", "ensemble"])
def test_every_learner_is_tuned_alike_with_any_threads(method):
    known = sky(240, 0.03)
    asked = {"errors": 0, **ASKED[method]}
    if method == "ensemble":
        asked["members"] = {name: ASKED[name] for name in ("knn", "som")}
    one, two = (tune(method, known, GRID, asked, 10_000, 1, n_threads) for n_threads in (1, 2))
    assert one == two
    assert len(one[1]) >= 3
    assert set(one[0]) >= set(asked)
    if method == "ensemble":
        assert [entry["method"] for entry in one[1]].count("som") == 4


@pytest.mark.parametrize(
    ("method", "groups", "left"),
    [("knn", 1, 0), ("som", 1, 0), ("mdn", 1, 0), ("mdn", 2, 1)],
)
def test_too_few_groups_to_hold_out_are_refused(method, groups, left):
    known = sky(200, 0.05)._replace(group=np.arange(200) % groups)
    asked = {"errors": 0, **ASKED[method]}
    message = rf"photoz\.tune: {method} .* leaves training galaxies in {left}, .* add fields"
    with pytest.raises(InputError, match=message):
        tune(method, known, GRID, asked, 10_000, 1, 1)


@pytest.mark.parametrize(("method", "groups"), [("knn", 2), ("mdn", 3)])
def test_enough_groups_are_tuned_on_however_large(method, groups, monkeypatch):
    monkeypatch.setattr(tuning, "MOST_VECTORS", 50)
    known = sky(300, 0.05)._replace(group=np.arange(300) % groups)
    asked = {"errors": 0, **ASKED[method]} | ({"epochs": 1} if method == "mdn" else {})
    _, record = tune(method, known, GRID, asked, 10_000, 1, 1)
    assert {entry["n"] for entry in record} == {np.sum(known.label != STAR)}
