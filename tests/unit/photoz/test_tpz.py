"""Forests: against scikit-learn's own, on skies of known truth, with missing bands, real."""

import numpy as np
import pytest
from learner_checks import assert_alike, dealt_out_by_group
from redpix.photoz import metrics, pdf
from redpix.photoz.attributes import Attributes
from redpix.photoz.learners.base import STAR, Training
from redpix.photoz.learners.tpz import TPZ
from redpix.photoz.learners.tpz_trees import Tree
from redpix.photoz.learners.tree_leaves import leaf_shares
from sklearn.tree import DecisionTreeRegressor

GRID = pdf.make_grid(0.0, 1.0, 0.005)
SETTINGS = {"trees": 40, "seed": 1, "mixing": np.eye(3).tolist()}


def sky(n, noise, seed=1):
    """Redshifts that follow the first two of three attributes, and classes the third."""
    generator = np.random.default_rng(seed)
    vectors = generator.uniform(-1, 1, (n, 3)).astype(np.float32)
    redshift = 0.4 + 0.2 * vectors[:, 0] + 0.1 * vectors[:, 1] + noise * generator.normal(size=n)
    label = np.where(vectors[:, 2] > 0.3, STAR, 0)
    return Training(vectors, redshift, label, np.arange(n))


def test_leaves_are_those_of_the_library_missing_attributes_too():
    known = sky(500, 0.02)
    vectors = known.vectors.copy()
    vectors[::7, 1] = np.nan
    fitted = DecisionTreeRegressor(min_samples_leaf=5, random_state=1).fit(vectors, known.redshift)
    leaves = fitted.apply(vectors)
    histogram = leaf_shares(leaves, known.redshift, fitted.tree_.node_count, GRID)
    tree = Tree.of(fitted, fitted.tree_.value[:, 0, 0], histogram)
    assert np.array_equal(tree.leaves(vectors), leaves)
    assert tree.values[leaves] == pytest.approx(fitted.predict(vectors))
    for leaf in np.unique(leaves)[:20]:
        own = histogram[[leaf]].toarray()[0]
        assert own.sum() == pytest.approx(1)
        assert own @ GRID == pytest.approx(known.redshift[leaves == leaf].mean())


def test_redshifts_widths_classes_and_importance():
    known, query = sky(3000, 0.03), sky(400, 0.0, seed=2)
    learner = TPZ.fit(known, GRID, **SETTINGS)
    found = learner.predict(query.vectors)
    moving = query.label != STAR
    assert np.abs(found.redshift - query.redshift)[moving].mean() < 0.02
    mean = np.trapezoid(found.pdf * GRID, GRID, axis=1)
    assert mean == pytest.approx(found.redshift, abs=0.01)
    width = np.sqrt(np.trapezoid(found.pdf * (GRID - mean[:, None]) ** 2, GRID, axis=1))
    assert 0.028 < np.median(width) < 0.08
    clear = np.abs(query.vectors[:, 2] - 0.3) > 0.1
    told = found.probability[clear].argmax(axis=1)
    assert np.mean(told == query.label[clear]) > 0.97
    first, second, third = learner.importance
    assert first > 2 * second > 4 * third
    assert learner.insight("abc")["importance"].keys() == set("abc")


def test_bins_of_redshift_as_classes_do_as_well():
    known, query = sky(3000, 0.03), sky(400, 0.0, seed=2)
    learner = TPZ.fit(known, GRID, **SETTINGS, mode="classification")
    found = learner.predict(query.vectors)
    moving = query.label != STAR
    assert np.abs(found.redshift - query.redshift)[moving].mean() < 0.025
    mean = np.trapezoid(found.pdf * GRID, GRID, axis=1)
    assert mean == pytest.approx(found.redshift, abs=0.01)
    first, second, third = learner.importance
    assert first > second > third
    plain = TPZ.fit(known, GRID, **SETTINGS).predict(query.vectors)
    assert not np.array_equal(plain.redshift, found.redshift)


def test_out_of_bag_errors_are_those_of_other_objects():
    known, query = sky(2000, 0.03), sky(2000, 0.03, seed=2)
    learner = TPZ.fit(known, GRID, **SETTINGS)
    moving = query.label != STAR
    other = np.std((learner.predict(query.vectors).redshift - query.redshift)[moving])
    own = np.std(np.subtract(*learner.out_of_bag))
    assert own == pytest.approx(other, rel=0.1)


def test_objects_are_out_of_bag_whole():
    known = dealt_out_by_group(60, 20)
    missed = np.subtract(*TPZ.fit(known, GRID, **SETTINGS).out_of_bag)
    assert missed.std() > 0.8 * known.redshift.std()


def test_realisations_follow_the_errors():
    """Attributes with errors as large as their range teach nothing."""
    known = sky(1000, 0.0)
    wide = np.hstack([known.vectors, np.full((1000, 3), np.log(30.0), np.float32)])
    learner = TPZ.fit(known._replace(vectors=wide), GRID, **SETTINGS, errors=3)
    found = learner.predict(wide)
    assert found.redshift.std() < 0.2 * known.redshift.std()


@pytest.mark.parametrize("errors", [0, 1])
def test_threads_and_arrays_change_nothing(errors):
    known, query = sky(400, 0.02), sky(100, 0.02, seed=2).vectors
    settings = {**SETTINGS, "mixing": np.eye(3)[: 3 - errors, :1].tolist(), "errors": errors}
    one, two = (TPZ.fit(known, GRID, n_threads=n_threads, **settings) for n_threads in (1, 2))
    again = TPZ.from_arrays(one.arrays(), GRID, **settings)
    expected = one.predict(query)
    assert_alike(expected, two.predict(query, n_threads=2), again.predict(query))


def test_a_missing_attribute_costs_little_where_it_tells_little():
    known, query = sky(2000, 0.02), sky(300, 0.0, seed=2)
    gaps = np.random.default_rng(5).random(known.vectors.shape) < 0.1
    known = known._replace(vectors=np.where(gaps, np.nan, known.vectors).astype(np.float32))
    learner = TPZ.fit(known, GRID, **SETTINGS)
    missed = []
    for column in (2, 0):
        vectors = query.vectors.copy()
        vectors[:, column] = np.nan
        found = learner.predict(vectors)
        assert np.isfinite(found.pdf).all()
        missed.append(np.abs(found.redshift - query.redshift)[query.label != STAR].mean())
    assert missed[0] < 0.03
    assert missed[1] > 2 * missed[0]


def test_real_galaxies_out_of_bag(real):
    table = np.loadtxt(real / "galaxies/SDSS_MGS.train")
    attributes = Attributes(("brightness", "colours", "errors"), ("u", "g", "r", "i", "z"))
    vectors = attributes.vectors(table[:, 1:6], errors=table[:, 10:15])
    known = Training(vectors, table[:, 0], np.zeros(5000, int), np.arange(5000))
    settings = {"trees": 100, "seed": 1, "errors": 5, "mixing": attributes.mixing}
    learner = TPZ.fit(known, GRID, n_threads=2, **settings)
    predicted, true = learner.out_of_bag
    assert np.array_equal(true, table[:, 0])
    dz = (predicted - true) / (1 + true)
    nmad = 1.4826 * np.median(np.abs(dz - np.median(dz)))
    assert nmad < 0.0152
    told = learner.insight(attributes.names)
    assert told["out_of_bag_nmad"] == pytest.approx(nmad)
    assert max(told["importance"], key=told["importance"].get) == "g-r"
    found = learner.predict(vectors[:500])
    assert np.isfinite(metrics.score(found.redshift, found.pdf, table[:500, 0], GRID).cde).all()
    assert learner.importance.sum() == pytest.approx(1)
