"""Networks and ensembles on skies whose best prediction is known, and on real galaxies."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
from learner_checks import assert_alike, dealt_out_by_group, five_fold
from redpix.core.exceptions import InputError
from redpix.photoz import catalogue_training, metrics, pdf
from redpix.photoz.attributes import Attributes
from redpix.photoz.calibration import Calibration, calibrate
from redpix.photoz.learners.base import STAR, Prediction, Training
from redpix.photoz.learners.ensemble import Ensemble, best_weights
from redpix.photoz.learners.mlp import MLP

GRID = pdf.make_grid(0.0, 1.0, 0.005)
SETTINGS = {"k": 40, "networks": 4, "seed": 1}
MEMBERS = {
    "members": {
        "knn": {"k": 40, "mode": "linear"},
        "mlp": SETTINGS,
        "boosting": {"trees": 60, "leaves": 12, "rate": 0.1, "seed": 1},
    }
}


def curved_sky(n, noise, seed=1):
    """Return vectors whose redshift is a curved function plus noise, and a useless column."""
    generator = np.random.default_rng(seed)
    vectors = generator.uniform(-1, 1, (n, 3)).astype(np.float32)
    redshift = 0.4 + 0.15 * np.sin(2 * vectors[:, 0]) + 0.1 * vectors[:, 1] ** 2
    redshift += noise * generator.normal(size=n)
    label = generator.choice([0, 0, 0, 1, STAR, -1], n)
    return Training(vectors, redshift, label, np.arange(n))


def test_networks_find_a_curve_and_its_noise_is_the_width():
    query = curved_sky(500, 0.0, seed=2)
    found = MLP.fit(curved_sky(2500, 0.02), GRID, **SETTINGS).predict(query.vectors)
    assert np.abs(found.redshift - query.redshift).mean() < 0.005
    mean = np.trapezoid(found.pdf * GRID, GRID, axis=1)
    width = np.sqrt(np.trapezoid(found.pdf * (GRID - mean[:, None]) ** 2, GRID, axis=1))
    assert np.median(width) == pytest.approx(0.0225, abs=0.002)


def test_outliers_hardly_pull():
    clean = curved_sky(1500, 0.01)
    wrong = np.random.default_rng(3).random(1500) < 0.05
    soiled = clean._replace(redshift=np.where(wrong, 0.95, clean.redshift))
    query = curved_sky(500, 0.0, seed=2)
    found = MLP.fit(soiled, GRID, **SETTINGS).predict(query.vectors)
    # least squares would be drawn 0.05 x 0.5 = 0.025 upwards
    assert np.median(found.redshift - query.redshift) < 0.006


@pytest.mark.parametrize(("learner", "settings"), [(MLP, SETTINGS), (Ensemble, MEMBERS)])
def test_threads_and_arrays_change_nothing(learner, settings):
    known, query = curved_sky(400, 0.02), curved_sky(100, 0.02, seed=2).vectors
    settings = {**settings, "errors": 1}
    one = learner.fit(known, GRID, n_threads=1, **settings)
    two = learner.fit(known, GRID, n_threads=2, **settings)
    again = learner.from_arrays(one.arrays(), GRID, **settings)
    expected = one.predict(query)
    assert_alike(expected, two.predict(query, n_threads=2), again.predict(query))
    assert not any(array.dtype == object for array in one.arrays().values())


def test_objects_of_a_group_are_left_out_together():
    """If groups have random redshifts, residuals are as wide as the redshifts."""
    known = dealt_out_by_group(60, 20)
    residual = MLP.fit(known, GRID, **SETTINGS).residual
    assert residual.std() > 0.8 * known.redshift.std()


def test_weights_are_the_best_of_all():
    generator = np.random.default_rng(1)
    truth = generator.uniform(0.1, 0.5, 300)
    noise = generator.normal(size=(3, 300)) * [[0.01], [0.02], [0.05]]
    weights = best_weights(truth + noise, truth)

    def cost(weights):
        return np.mean(np.abs(np.array(weights) @ noise) / (1 + truth))

    steps = np.arange(21) / 20
    slow = min((w for w in itertools.product(steps, repeat=3) if abs(sum(w) - 1) < 1e-9), key=cost)
    assert cost(weights) <= cost(slow)
    assert weights == pytest.approx(slow, abs=0.06)
    assert weights.sum() == pytest.approx(1)
    assert weights[0] > weights[1] > weights[2]


def test_weights_that_were_not_found_are_no_weights(monkeypatch):
    unsolved = SimpleNamespace(success=False, message="out of steps", x=np.ones(5))
    monkeypatch.setattr(
        "redpix.photoz.learners.ensemble.linprog", lambda *known, **settings: unsolved
    )
    with pytest.raises(RuntimeError, match="weights of an ensemble: out of steps"):
        best_weights(np.ones((2, 3)), np.ones(3))


def test_members_that_nothing_is_held_out_of_are_not_weighed():
    known = curved_sky(100, 0.02)._replace(group=np.zeros(100, int))
    members = {"knn": {"k": 5, "mode": "mean"}}
    with pytest.raises(InputError, match=r"photoz\.methods: ensemble: no training galaxy could"):
        Ensemble.fit(known, GRID, members=members, errors=0)


def test_an_ensemble_is_no_worse_than_its_members():
    known, query = curved_sky(1200, 0.02), curved_sky(600, 0.0, seed=2)
    learner = Ensemble.fit(known, GRID, **MEMBERS, errors=0)
    whole = np.abs(learner.predict(query.vectors).redshift - query.redshift).mean()
    single = [
        np.abs(member.predict(query.vectors).redshift - query.redshift).mean()
        for member in learner.members
    ]
    assert whole < 1.1 * min(single)
    told = learner.insight(())["weights"]
    assert list(told) == ["knn", "mlp", "boosting"]
    assert sum(told.values()) == pytest.approx(1)
    assert told["mlp"] > 0.5


def test_an_ensemble_tells_classes_by_all_its_members():
    known, query = curved_sky(600, 0.02), curved_sky(50, 0.0, seed=2).vectors
    learner = Ensemble.fit(known, GRID, **MEMBERS, errors=1)
    assert learner.names == ["knn", "mlp", "boosting", "mlp_without_errors"]
    found = learner.predict(query).probability
    weighed = [m for m, w in zip(learner.members, learner.weights, strict=True) if w > 0]
    expected = np.mean([member.predict(query).probability for member in weighed], axis=0)
    assert found == pytest.approx(expected)
    assert found.sum(axis=1) == pytest.approx(1)


def test_real_galaxies(real):
    """Calibrate on half of the benchmark's training file, score on the other half."""
    table = np.loadtxt(real / "galaxies/SDSS_MGS.train")
    attributes = Attributes(("brightness", "colours", "errors"), ("u", "g", "r", "i", "z"))
    vectors = attributes.vectors(table[:, 1:6], errors=table[:, 10:15])
    rows = np.random.default_rng(0).permutation(5000)
    known = Training(vectors, table[:, 0], np.zeros(5000, int), np.arange(5000))
    settings = {"k": 100, "networks": 4, "seed": 1, "errors": 5}
    found = MLP.fit(known.take(rows[:3500]), GRID, **settings).predict(vectors[rows[3500:]])
    half, truth = np.arange(1500) < 750, table[rows[3500:], 0]
    first = Prediction(*(column[half] for column in found))
    other = Prediction(*(column[~half] for column in found))
    right = calibrate(other, Calibration.fit(first, truth[half], GRID), GRID)
    worth = metrics.summarise(metrics.score(right.redshift, right.pdf, truth[~half], GRID))
    assert worth["nmad"] < 0.0148
    assert worth["pit_ks"] < 0.06
    assert worth["coverage_68"] == pytest.approx(0.68, abs=0.05)


def test_an_ensemble_of_real_galaxies_five_fold(real):
    """Use a third of the default number of networks; with all of them the scatter is .0134."""
    table = np.loadtxt(real / "galaxies/SDSS_MGS.train")
    attributes = Attributes(("brightness", "colours", "errors"), ("u", "g", "r", "i", "z"))
    vectors = attributes.vectors(table[:, 1:6], errors=table[:, 10:15])
    members = {"knn": {"k": 100, "mode": "linear"}, "mlp": {"k": 100, "networks": 4, "seed": 1}}
    found, fold = five_fold(
        lambda known: Ensemble.fit(known, GRID, members=members, errors=5), vectors, table[:, 0]
    )
    learnt = catalogue_training.Learnt(SimpleNamespace(grid=GRID), found, fold)
    known = SimpleNamespace(label=np.zeros(5000, int), redshift=table[:, 0])
    worth = catalogue_training.cross_validated(learnt, known)
    assert worth["nmad"] < 0.0138
    assert worth["pit_ks"] < 0.03
    assert worth["coverage_68"] == pytest.approx(0.68, abs=0.02)
    # local linear regression alone reaches -18.0
    assert worth["cde"] < -19
