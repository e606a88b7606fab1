"""Boosted trees: predictions from plain arrays, widths, classes, missing attributes, real data."""

import numpy as np
import pytest
from learner_checks import assert_alike, dealt_out_by_group
from redpix.photoz import pdf
from redpix.photoz.attributes import Attributes
from redpix.photoz.learners.base import STAR, Training
from redpix.photoz.learners.boosted_trees import Trees, regressor
from redpix.photoz.learners.boosting import Boosting
from sklearn.ensemble import HistGradientBoostingClassifier
from test_tpz import sky

GRID = pdf.make_grid(0.0, 1.0, 0.005)
SETTINGS = {"trees": 40, "leaves": 12, "rate": 0.15, "seed": 1}


def test_arrays_predict_what_the_library_does():
    known, query = sky(600, 0.02), sky(300, 0.02, seed=2).vectors
    vectors = known.vectors.copy()
    vectors[::7, 1], query[::5, 0], query[::3, 2] = np.nan, np.nan, np.nan
    fitted = regressor(1, max_iter=30).fit(vectors, known.redshift)
    assert np.array_equal(Trees.of(fitted).sums(query)[:, 0], fitted.predict(query))
    for label in (known.label, known.label + (vectors[:, 0] > 0.2)):
        told = HistGradientBoostingClassifier(max_iter=10).fit(vectors, label)
        own = Trees.of(told).sums(query)
        assert np.array_equal(own.squeeze(), told.decision_function(query).squeeze())


def test_redshifts_widths_and_classes():
    known, query = sky(2500, 0.03), sky(400, 0.0, seed=2)
    learner = Boosting.fit(known, GRID, **SETTINGS)
    found = learner.predict(query.vectors)
    moving = query.label != STAR
    assert np.abs(found.redshift - query.redshift)[moving].mean() < 0.02
    mean = np.trapezoid(found.pdf * GRID, GRID, axis=1)
    width = np.sqrt(np.trapezoid(found.pdf * (GRID - mean[:, None]) ** 2, GRID, axis=1))
    assert 0.028 < np.median(width) < 0.06
    clear = np.abs(query.vectors[:, 2] - 0.3) > 0.1
    told = found.probability[clear].argmax(axis=1)
    assert np.mean(told == query.label[clear]) > 0.97
    assert found.probability.sum(axis=1) == pytest.approx(1)
    first, second, third = learner.importance
    assert first > 2 * second > 4 * third
    assert learner.insight("abc")["held_out_nmad"] == pytest.approx(0.03 / 1.4, rel=0.2)


def test_widths_follow_the_noise_and_three_classes_are_told():
    generator = np.random.default_rng(1)
    vectors = generator.uniform(-1, 1, (3000, 2)).astype(np.float32)
    noise = np.where(vectors[:, 1] > 0, 0.06, 0.01)
    redshift = 0.4 + 0.2 * vectors[:, 0] + noise * generator.normal(size=3000)
    label = np.digitize(vectors[:, 0], [-0.4, 0.4])
    known = Training(vectors, redshift, label, np.arange(3000))
    found = Boosting.fit(known, GRID, **SETTINGS).predict(
        np.array([[-0.7, 0.5], [0.0, -0.5], [0.7, 0.5]], np.float32)
    )
    assert found.probability.argmax(axis=1).tolist() == [0, 1, 2]
    ends = pdf.quantiles(found.pdf, [0.16, 0.84], GRID)
    half = np.diff(ends, axis=1)[:, 0] / 2
    assert half[0] == pytest.approx(0.06, rel=0.35)
    assert half[1] < 0.4 * half[0]


def test_more_vectors_than_are_learnt_from_have_no_redshift_held_out(monkeypatch):
    monkeypatch.setattr("redpix.photoz.learners.boosting.MOST_VECTORS", 150)
    known = sky(400, 0.02)
    held = Boosting.fit(known, GRID, **SETTINGS).held
    assert held.shape == (2, np.sum(known.label != STAR))
    assert np.isfinite(held[0]).sum() == 150


def test_objects_are_held_out_whole():
    known = dealt_out_by_group(60, 20)
    assert (
        np.subtract(*Boosting.fit(known, GRID, **SETTINGS).held).std() > 0.8 * known.redshift.std()
    )


@pytest.mark.parametrize("errors", [0, 1])
def test_threads_and_arrays_change_nothing(errors):
    known, query = sky(400, 0.02), sky(100, 0.02, seed=2).vectors
    settings = {**SETTINGS, "errors": errors}
    one, two = (Boosting.fit(known, GRID, n_threads=n_threads, **settings) for n_threads in (1, 2))
    again = Boosting.from_arrays(one.arrays(), GRID, **settings)
    expected = one.predict(query)
    assert_alike(expected, two.predict(query, n_threads=2), again.predict(query))
    assert not any(np.asarray(array).dtype == object for array in one.arrays().values())


def test_a_missing_attribute_costs_little_where_it_tells_little():
    known, query = sky(2000, 0.02), sky(300, 0.0, seed=2)
    gaps = np.random.default_rng(5).random(known.vectors.shape) < 0.1
    known = known._replace(vectors=np.where(gaps, np.nan, known.vectors).astype(np.float32))
    learner = Boosting.fit(known, GRID, **SETTINGS)
    errors = []
    for column in (2, 0):
        vectors = query.vectors.copy()
        vectors[:, column] = np.nan
        found = learner.predict(vectors)
        assert np.isfinite(found.pdf).all()
        errors.append(np.abs(found.redshift - query.redshift)[query.label != STAR].mean())
    assert errors[0] < 0.03
    assert errors[1] > 2 * errors[0]


def test_real_galaxies_held_out(real):
    table = np.loadtxt(real / "galaxies/SDSS_MGS.train")
    attributes = Attributes(("brightness", "colours", "errors"), ("u", "g", "r", "i", "z"))
    vectors = attributes.vectors(table[:, 1:6], errors=table[:, 10:15])
    known = Training(vectors, table[:, 0], np.zeros(5000, int), np.arange(5000))
    settings = {"trees": 100, "leaves": 24, "rate": 0.1, "seed": 1}
    told = Boosting.fit(known, GRID, n_threads=2, **settings, errors=5).insight(attributes.names)
    assert told["held_out_nmad"] < 0.0156
    assert max(told["importance"], key=told["importance"].get) == "g-r"
