"""Ensembles: weights against a search, members held out by fold, missing attributes."""

import itertools

import numpy as np
import pytest
from learner_checks import assert_alike
from redpix.core.exceptions import InputError
from redpix.photoz import metrics, pdf
from redpix.photoz.learners.base import Training
from redpix.photoz.learners.ensemble import Ensemble
from redpix.photoz.learners.pooling import pool_weights
from test_mdn import GRID, curved_sky

MEMBERS = {
    "mdn": {"networks": 5, "steps": 300, "seed": 1},
    "knn": {"k": 40, "mode": "linear"},
    "tpz": {"trees": 10, "seed": 1, "mixing": np.eye(3).tolist()},
}


def test_weights_have_the_largest_likelihood_of_all():
    generator = np.random.default_rng(1)
    likelihoods = generator.gamma(2, [[1.0], [0.9], [0.3]], (3, 400))
    weights = pool_weights(likelihoods)

    def score(weights):
        return np.log(np.array(weights) @ likelihoods).mean()

    steps = np.arange(21) / 20
    every = itertools.product(steps, repeat=3)
    slow = max((w for w in every if abs(sum(w) - 1) < 1e-9), key=score)
    assert score(weights) >= score(slow) - 1e-6
    assert weights == pytest.approx(slow, abs=0.06)
    assert weights.sum() == pytest.approx(1)


def test_a_pool_is_no_worse_than_its_members():
    known, query = curved_sky(900, 0.02), curved_sky(500, 0.02, seed=2)
    learner = Ensemble.fit(known, GRID, members=MEMBERS, errors=0)
    scores = []
    for one in (learner, *learner.members):
        found = one.predict(query.vectors)
        scores.append(np.log(pdf.evaluate(found.pdf, query.redshift, GRID) + 1e-6).mean())
    assert scores[0] > max(scores[1:]) - 0.02
    told = learner.insight(())["weights"]
    assert list(told) == ["mdn", "knn", "tpz"]
    assert sum(told.values()) == pytest.approx(1)
    assert told["mdn"] > 0.5


def test_threads_and_arrays_change_nothing():
    known, query = curved_sky(400, 0.02), curved_sky(100, 0.02, seed=2).vectors
    members = {**MEMBERS, "mdn": {**MEMBERS["mdn"], "steps": 30}}
    one = Ensemble.fit(known, GRID, 1, members=members, errors=0)
    two = Ensemble.fit(known, GRID, 2, members=members, errors=0)
    again = Ensemble.from_arrays(one.arrays(), GRID, members=members, errors=0)
    expected = one.predict(query)
    assert_alike(expected, two.predict(query, n_threads=2), again.predict(query))
    assert not any(array.dtype == object for array in one.arrays().values())


def test_without_a_fold_its_truths_change_nothing():
    known = curved_sky(300, 0.02)._replace(label=np.zeros(300, int))
    folds = np.arange(300) % 3
    members = {name: MEMBERS[name] for name in ("knn", "tpz")}
    first = Ensemble.fit(known, GRID, folds=folds, members=members, errors=0)
    moved = np.where(folds == 1, known.redshift[::-1], known.redshift)
    second = Ensemble.fit(
        known._replace(redshift=moved), GRID, folds=folds, members=members, errors=0
    )
    query = known.vectors[folds == 1]
    for fold in range(3):
        pairs = zip(first.without(fold).members, second.without(fold).members, strict=True)
        same = [
            np.array_equal(a.predict(query).redshift, b.predict(query).redshift) for a, b in pairs
        ]
        assert same == [fold == 1] * 2


def test_objects_of_one_group_cannot_be_weighed():
    known = curved_sky(100, 0.02)._replace(group=np.zeros(100, int))
    with pytest.raises(InputError, match=r"photoz\.methods: ensemble: all training objects are in"):
        Ensemble.fit(known, GRID, members={"knn": MEMBERS["knn"]}, errors=0)


def test_real_galaxies(real):
    """Half of the benchmark's training file; local linear regression alone has -17.2 in CDE."""
    table = np.loadtxt(real / "galaxies/SDSS_MGS.train")
    vectors = np.hstack([table[:, 1:6], np.log(table[:, 10:15])]).astype(np.float32)
    rows = np.random.default_rng(0).permutation(5000)
    count = 3000
    known = Training(vectors, table[:, 0], np.zeros(5000, int), np.arange(5000)).take(rows[:count])
    networks = {"networks": 3, "seed": 1, "epochs": 30, "augmentation": 0.0, "steps": 700}
    members = {"knn": {"k": 50, "mode": "linear"}, "mdn": {**networks, "bands": 5}}
    folds = np.arange(count) % 3
    learner = Ensemble.fit(known, GRID, folds=folds, members=members, errors=5)
    found = learner.predict(vectors[rows[count:]])
    scores = metrics.score(found.redshift, found.pdf, table[rows[count:], 0], GRID)
    worth = metrics.summarise(scores)
    assert worth["nmad"] < 0.0145
    assert worth["pit_ks"] < 0.05
    assert worth["coverage_68"] == pytest.approx(0.68, abs=0.04)
    assert worth["cde"] < -18.5
