"""Deterministic splits that do not divide groups; samples of pixels per object."""

import json

import numpy as np
import pytest
from redpix.core.exceptions import InputError
from redpix.photoz.split import (
    FOLDS,
    NEIGHBOURS,
    TARGET,
    TEST,
    TRAIN,
    assign_folds,
    check_count,
    chosen_neighbours,
    sample_pixels,
    split_objects,
)


def test_fraction_targets_and_determinism():
    known = np.arange(1000) % 10 > 0
    split = split_objects(known, np.arange(1000), 0.3, seed=4)
    assert (split[~known] == TARGET).all()
    assert np.sum(split == TEST) == 270
    assert np.sum(split == TRAIN) == 630
    assert (split == split_objects(known, np.arange(1000), 0.3, seed=4)).all()
    assert (split != split_objects(known, np.arange(1000), 0.3, seed=5)).any()


def test_a_group_is_never_on_both_sides():
    groups = np.random.default_rng(3).integers(0, 40, 1000)
    known = np.random.default_rng(4).random(1000) < 0.8
    split = split_objects(known, groups, 0.25, seed=1)
    trained, tested = set(groups[split == TRAIN]), set(groups[split == TEST])
    assert not trained & tested
    assert len(tested) == 10


@pytest.mark.parametrize("fraction", [0.001, 0.999])
def test_neither_side_is_ever_empty(fraction):
    split = split_objects(np.ones(5, bool), np.arange(5), fraction, seed=1)
    assert set(split) == {TRAIN, TEST}


def test_nothing_to_split_is_an_error():
    with pytest.raises(InputError, match="no object with pixels has a redshift"):
        split_objects(np.zeros(5, bool), np.arange(5), 0.3, seed=1)
    with pytest.raises(InputError, match="all objects with a redshift are in one group, 94-1-11"):
        split_objects(np.ones(5, bool), np.full(5, "94-1-11"), 0.3, seed=1)


def test_folds_part_galaxies_and_stars_evenly():
    training = np.arange(400) % 4 > 0
    star = np.arange(400) % 3 == 0
    folds = assign_folds(training, star, seed=2)
    assert (folds[~training] == -1).all()
    for members in (training & star, training & ~star):
        counts = np.bincount(folds[members], minlength=FOLDS)
        assert counts.max() - counts.min() <= 1


def test_more_neighbours_than_a_fold_has_galaxies_are_refused():
    training, star = np.ones(12, bool), np.arange(12) >= 9
    folds = assign_folds(training, star, seed=1)
    check_count("knn", 7, folds, star)
    with pytest.raises(InputError, match=r"photoz\.k: 8 neighbours.* 9 training.* at most 7"):
        check_count("knn", 8, folds, star)
    with pytest.raises(InputError, match=r"photoz\.methods: tpz.* needs 8 .* has 7"):
        check_count("tpz", 8, folds, star)
    with pytest.raises(InputError, match="no galaxy or quasar"):
        check_count("tpz", 1, folds, np.ones(12, bool))


def test_pixels_are_sampled_per_object_and_evenly():
    counts = np.array([3, 1000, 0, 50])
    chosen = np.array([sample_pixels(counts, 40, seed) for seed in range(300)])
    parts = np.split(chosen, np.cumsum(counts)[:-1], axis=1)
    assert [set(part.sum(axis=1)) for part in parts] == [{3}, {40}, {0}, {40}]
    assert parts[3].mean(axis=0) == pytest.approx(0.8, abs=0.12)  # 5 sigma
    assert (sample_pixels(counts, 40, 7) == chosen[7]).all()
    assert sample_pixels(counts, None, 7).all()


def test_neighbours_are_fewer_where_few_galaxies_are_known():
    folds, star = np.arange(40) % 5, np.zeros(40, bool)
    settings = {"k": None, "knn": {"k": None, "mode": "linear"}, "mlp": {"k": 7}}
    chosen = chosen_neighbours(settings, folds, star)
    assert chosen == {"k": 16, "knn": {"k": 16, "mode": "linear"}, "mlp": {"k": 7}}
    assert json.dumps(chosen)  # it is written beside the result
    many = chosen_neighbours({"k": None}, np.arange(5000) % 5, np.zeros(5000, bool))
    assert many == {"k": NEIGHBOURS}
