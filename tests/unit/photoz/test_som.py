"""Maps as learners: skies of known truth, missing bands, classes, model files, real galaxies."""

import numpy as np
import pytest
from learner_checks import assert_alike, dealt_out_by_group
from redpix.photoz import metrics, pdf
from redpix.photoz.attributes import Attributes
from redpix.photoz.learners.base import STAR, Training
from redpix.photoz.learners.som import SOM
from redpix.photoz.learners.som_cells import QUANTILES, _cell_quantiles, _linear
from test_tpz import sky

GRID = pdf.make_grid(0.0, 1.0, 0.005)
SETTINGS = {"topology": "hexagonal", "size": None, "periodic": True, "update": "batch", "maps": 8}
SETTINGS |= {"iterations": 8, "mode": "linear", "seed": 1, "mixing": np.eye(3).tolist()}


def missed(learner, query):
    found = learner.predict(query.vectors)
    return np.abs(found.redshift - query.redshift)[query.label != STAR].mean()


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"mode": "mean", "size": 10},
        {"topology": "rectangular", "update": "online"},
        {"topology": "spherical"},
        {"periodic": False},
    ],
)
def test_redshifts_widths_and_classes(asked):
    known, query = sky(2500, 0.03), sky(400, 0.0, seed=2)
    learner = SOM.fit(known, GRID, **{**SETTINGS, **asked})
    found = learner.predict(query.vectors)
    assert missed(learner, query) < (0.045 if "mode" in asked else 0.02)
    mean = np.trapezoid(found.pdf * GRID, GRID, axis=1)
    assert mean == pytest.approx(found.redshift, abs=0.01)
    width = np.sqrt(np.trapezoid(found.pdf * (GRID - mean[:, None]) ** 2, GRID, axis=1))
    assert 0.028 < np.median(width) < 0.1
    clear = np.abs(query.vectors[:, 2] - 0.3) > 0.25
    told = found.probability[clear].argmax(axis=1)
    assert np.mean(told == query.label[clear]) > 0.93
    assert found.probability.sum(axis=1) == pytest.approx(1)


def test_a_linear_map_beats_a_plain_one():
    known, query = sky(2500, 0.01), sky(400, 0.0, seed=2)
    linear, plain = (
        missed(SOM.fit(known, GRID, **{**SETTINGS, "mode": mode}), query)
        for mode in ("linear", "mean")
    )
    assert linear < 0.6 * plain


def test_fits_of_cells_are_those_of_weighted_least_squares():
    generator = np.random.default_rng(1)
    vectors, cell = generator.normal(size=(200, 2)), generator.integers(4, size=200)
    redshift = 0.3 + vectors @ [0.05, -0.02] + 0.3 * (cell == 1) + 0.01 * generator.normal(size=200)
    near = np.eye(4) + 0.3
    member = (np.arange(4)[:, None] == cell).astype(float)
    centre, value, slope = _linear(vectors, redshift, member, near)
    for number in range(4):
        weight = near[number, cell]
        columns = np.column_stack([np.ones(200), vectors - np.average(vectors, 0, weight)])
        root = np.sqrt(weight)
        expected = np.linalg.lstsq(columns * root[:, None], redshift * root)[0]
        assert value[number, 0] == pytest.approx(expected[0])
        assert slope[number] == pytest.approx(expected[1:], rel=0.1, abs=2e-3)
        assert centre[number] == pytest.approx(np.average(vectors, 0, weight))


def test_quantiles_of_cells():
    generator = np.random.default_rng(1)
    cell, residual = generator.choice([0, 1, 3, 3, 3], 90), generator.normal(size=90)
    found = _cell_quantiles(residual, cell, np.bincount(cell, minlength=5))
    for number in (0, 1, 3):
        expected = np.quantile(residual[cell == number], QUANTILES)
        assert found[number] == pytest.approx(expected)
    assert not found[[2, 4]].any()


def test_out_of_bag_errors_are_those_of_other_objects():
    known, query = sky(2000, 0.03), sky(2000, 0.03, seed=2)
    learner = SOM.fit(known, GRID, **{**SETTINGS, "maps": 20})
    moving = query.label != STAR
    other = np.std((learner.predict(query.vectors).redshift - query.redshift)[moving])
    assert np.nanstd(np.subtract(*learner.out_of_bag)) == pytest.approx(other, rel=0.1)
    assert learner.insight("abc")["out_of_bag_nmad"] == pytest.approx(0.03 / 1.4, rel=0.2)


def test_objects_are_out_of_bag_whole():
    known = dealt_out_by_group(60, 20)
    found = np.subtract(*SOM.fit(known, GRID, **{**SETTINGS, "maps": 20}).out_of_bag)
    assert np.nanstd(found) > 0.8 * known.redshift.std()


def test_realisations_follow_the_errors():
    """Attributes with errors as large as their range teach nothing."""
    known = sky(1000, 0.0)
    wide = np.hstack([known.vectors, np.full((1000, 3), np.log(30.0), np.float32)])
    learner = SOM.fit(known._replace(vectors=wide), GRID, **SETTINGS, errors=3)
    assert learner.predict(wide).redshift.std() < 0.3 * known.redshift.std()


@pytest.mark.parametrize("update", ["batch", "online"])
@pytest.mark.parametrize("errors", [0, 1])
def test_threads_and_arrays_change_nothing(errors, update):
    known, query = sky(400, 0.02), sky(100, 0.02, seed=2).vectors
    mixing = np.eye(3)[: 3 - errors, :1].tolist()
    settings = {**SETTINGS, "mixing": mixing, "errors": errors, "update": update, "maps": 12}
    one, two = (SOM.fit(known, GRID, n_threads=n_threads, **settings) for n_threads in (1, 2))
    again = SOM.from_arrays(one.arrays(), GRID, **settings)
    expected = one.predict(query)
    assert_alike(expected, two.predict(query, n_threads=2), again.predict(query))
    assert not any(array.dtype == object for array in one.arrays().values())


def test_a_missing_attribute_costs_little_where_it_tells_little():
    known, query = sky(2000, 0.02), sky(300, 0.0, seed=2)
    gaps = np.random.default_rng(5).random(known.vectors.shape) < 0.1
    known = known._replace(vectors=np.where(gaps, np.nan, known.vectors).astype(np.float32))
    learner = SOM.fit(known, GRID, **SETTINGS)
    errors = []
    for column in (2, 0):
        vectors = query.vectors.copy()
        vectors[:, column] = np.nan
        assert np.isfinite(learner.predict(vectors).pdf).all()
        errors.append(missed(learner, query._replace(vectors=vectors)))
    assert errors[0] < 0.035
    assert errors[1] > 2 * errors[0]


def test_what_lies_far_is_outside():
    known = sky(1000, 0.02)
    learner = SOM.fit(known, GRID, **SETTINGS)
    moving = known.vectors[known.label != STAR]
    assert learner.predict(moving).outside.mean() < 0.02
    assert learner.predict(known.vectors + 4).outside.all()


def test_one_class_tells_no_classes():
    known = sky(300, 0.02)
    found = SOM.fit(known._replace(label=np.zeros(300, int)), GRID, **SETTINGS).predict(
        known.vectors[:5]
    )
    assert np.isnan(found.probability).all()


def test_real_galaxies_out_of_bag(real):
    table = np.loadtxt(real / "galaxies/SDSS_MGS.train")
    attributes = Attributes(("brightness", "colours", "errors"), ("u", "g", "r", "i", "z"))
    vectors = attributes.vectors(table[:, 1:6], errors=table[:, 10:15])
    known = Training(vectors, table[:, 0], np.zeros(5000, int), np.arange(5000))
    settings = {**SETTINGS, "maps": 12, "mixing": attributes.mixing}
    learner = SOM.fit(known, GRID, n_threads=2, **settings, errors=5)
    assert learner.insight(())["out_of_bag_nmad"] < 0.0154
    found = learner.predict(vectors[:500])
    assert np.isfinite(metrics.score(found.redshift, found.pdf, table[:500, 0], GRID).cde).all()
