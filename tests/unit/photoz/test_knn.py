"""Neighbours against a slow loop, their scaling, and real galaxies."""

import numpy as np
import pandas
import pytest
from learner_checks import assert_alike, five_fold
from redpix.photoz import metrics, pdf
from redpix.photoz.attributes import Attributes
from redpix.photoz.learners.base import STAR, Training
from redpix.photoz.learners.knn import KNN, MODES
from redpix.photoz.learners.neighbours import principal_axes

GRID = pdf.make_grid(0.0, 1.0, 0.005)


def training(n, seed=1):
    generator = np.random.default_rng(seed)
    vectors = generator.normal(size=(n, 4)).astype(np.float32)
    label = generator.choice([-1, 0, 0, 1, STAR], n)
    return Training(vectors, generator.uniform(0, 0.8, n), label, np.arange(n))


def slow(known, query, k):
    """Return the redshift and class fractions of one vector at a time."""
    moving = known.label != STAR
    deviation = known.vectors[moving].std(axis=0)

    def nearest(vector, rows):
        offset = (known.vectors[rows].astype(float) - vector) / deviation
        return rows[np.argsort(np.sum(offset**2, axis=1))[:k]]

    redshift, share = [], []
    for vector in query.astype(float):
        redshift.append(known.redshift[nearest(vector, np.flatnonzero(moving))].mean())
        labels = known.label[nearest(vector, np.flatnonzero(known.label >= 0))]
        share.append([np.mean(labels == label) for label in range(3)])
    return np.array(redshift), np.array(share)


def test_redshift_and_class_are_those_of_a_slow_loop():
    known, query = training(300), training(60, seed=2).vectors
    redshift, share = slow(known, query, 7)
    found = KNN.fit(known, GRID, k=7, mode="mean").predict(query)
    assert found.redshift == pytest.approx(redshift)
    assert found.probability == pytest.approx(share)


def test_density_lies_where_the_neighbours_are():
    known = training(2000)
    found = KNN.fit(known, GRID, k=50, mode="mean").predict(known.vectors[:40])
    mean = np.trapezoid(found.pdf * GRID, GRID, axis=1)
    assert mean == pytest.approx(found.redshift, abs=0.03)
    assert np.trapezoid(found.pdf, GRID, axis=1) == pytest.approx(1)


def test_units_of_an_attribute_do_not_matter():
    known, query = training(300), training(60, seed=2).vectors
    factor, offset = np.float32([1, 64, 0.125, 8]), np.float32([0, 16, -2, 4])
    changed = known._replace(vectors=known.vectors * factor + offset)
    plain = KNN.fit(known, GRID, k=5, mode="mean").predict(query)
    found = KNN.fit(changed, GRID, k=5, mode="mean").predict(query * factor + offset)
    assert found.redshift == pytest.approx(plain.redshift)


def test_principal_axes_keep_distances_in_fewer_dimensions():
    magnitudes = np.random.default_rng(5).normal(20, 1, (400, 5))
    vectors = Attributes(("magnitudes", "colours"), ("u", "g", "r", "i", "z")).vectors(magnitudes)
    axes = principal_axes(vectors.astype(float))
    assert axes.shape == (9, 5)
    plain = np.linalg.norm(vectors[:200].astype(float) - vectors[200:], axis=1)
    assert np.linalg.norm((vectors[:200].astype(float) - vectors[200:]) @ axes, axis=1) == (
        pytest.approx(plain, rel=1e-5)
    )


@pytest.mark.parametrize("mode", MODES)
def test_threads_and_chunks_change_nothing(mode):
    known, query = training(3000), training(5000, seed=2).vectors
    learner = KNN.fit(known, GRID, k=20, mode=mode)
    whole = learner.predict(query, n_threads=2)
    halves = [learner.predict(part, n_threads=1) for part in (query[:1234], query[1234:])]
    for name in whole._fields:
        parts = np.concatenate([getattr(half, name) for half in halves])
        assert np.array_equal(getattr(whole, name), parts), name


def test_its_arrays_hold_all_of_it():
    known, query = training(300), training(60, seed=2).vectors
    learner = KNN.fit(known, GRID, k=7, mode="mean")
    again = KNN.from_arrays(learner.arrays(), GRID, k=7, mode="mean")
    for own, other in zip(learner.predict(query), again.predict(query), strict=True):
        assert np.array_equal(own, other)


@pytest.mark.parametrize("label", [0, -1])
def test_one_class_or_none_gives_no_probability(label):
    known = training(100)._replace(label=np.full(100, label))
    assert np.isnan(KNN.fit(known, GRID, k=5, mode="mean").predict(known.vectors).probability).all()


def test_stars_teach_classes_and_no_redshift():
    known = training(200)
    star = known.label == STAR
    moved = known._replace(redshift=np.where(star, 0.0, known.redshift))
    plain = KNN.fit(known, GRID, k=5, mode="mean").predict(known.vectors)
    found = KNN.fit(moved, GRID, k=5, mode="mean").predict(known.vectors)
    assert np.array_equal(plain.redshift, found.redshift)
    assert plain.probability[star, STAR].mean() > plain.probability[~star, STAR].mean()


def linear_sky(n, noise, seed=1):
    """Return vectors whose redshift is a linear function of them plus noise."""
    generator = np.random.default_rng(seed)
    vectors = generator.uniform(-1, 1, (n, 3)).astype(np.float32)
    redshift = 0.4 + vectors @ [0.1, -0.05, 0.15] + noise * generator.normal(size=n)
    return Training(vectors, redshift, np.zeros(n, int), np.arange(n))


def test_a_linear_law_is_found_and_its_noise_is_the_width():
    query = linear_sky(400, 0.0, seed=2)
    inner = np.abs(query.vectors).max(axis=1) < 0.7
    query = query.take(inner)
    exact = KNN.fit(linear_sky(3000, 0.0), GRID, k=60, mode="linear").predict(query.vectors)
    assert exact.redshift == pytest.approx(query.redshift, abs=1e-3)
    noisy = KNN.fit(linear_sky(3000, 0.03), GRID, k=100, mode="linear").predict(query.vectors)
    mean = np.trapezoid(noisy.pdf * GRID, GRID, axis=1)
    width = np.sqrt(np.trapezoid(noisy.pdf * (GRID - mean[:, None]) ** 2, GRID, axis=1))
    # the fit's own uncertainty and the smoothing widen it a little
    assert np.median(width) == pytest.approx(0.032, abs=0.002)


@pytest.mark.parametrize("mode", MODES)
def test_what_lies_far_from_all_known_is_outside(mode):
    known = training(2000)
    learner = KNN.fit(known, GRID, k=20, mode=mode)
    assert learner.predict(known.vectors + np.float32(9)).outside.all()
    low, high = known.redshift.min(), known.redshift.max()
    far = learner.predict(known.vectors + np.float32(9)).redshift
    assert far.min() >= low
    assert far.max() <= high
    assert learner.predict(training(2000, seed=2).vectors).outside.mean() < 0.05


def cross_validated(vectors, redshift, k, mode="mean"):
    found, _ = five_fold(lambda known: KNN.fit(known, GRID, k=k, mode=mode), vectors, redshift)
    return metrics.summarise(metrics.score(found.redshift, found.pdf, redshift, GRID))


def test_real_galaxies_give_published_like_scatter(real):
    """Main-sample galaxies, five-fold: a forest on the same rows reaches .0154."""
    table = np.loadtxt(real / "galaxies/SDSS_MGS.train")
    redshift, magnitudes = table[:, 0], table[:, 1:6]
    both = Attributes(("magnitudes", "colours"), ("u", "g", "r", "i", "z"))
    found = cross_validated(both.vectors(magnitudes), redshift, 10)
    assert 0.0150 < found["nmad"] < 0.0172
    assert found["outliers_005"] < 0.025
    assert found["crps"] < 0.0122
    assert found["cde"] < -14
    raw = Attributes(("magnitudes",), both.bands)
    assert found["nmad"] < cross_validated(raw.vectors(magnitudes), redshift, 10)["nmad"] * 0.95


def test_fits_to_neighbours_beat_their_mean_on_real_galaxies(real):
    table = np.loadtxt(real / "galaxies/SDSS_MGS.train")
    attributes = Attributes(("brightness", "colours"), ("u", "g", "r", "i", "z"))
    found = cross_validated(attributes.vectors(table[:, 1:6]), table[:, 0], 100, "linear")
    assert found["nmad"] < 0.0146
    assert found["cde"] < -17.5
    assert found["pit_ks"] < 0.045  # before it is calibrated
    assert found["coverage_68"] == pytest.approx(0.68, abs=0.05)


def test_fits_to_neighbours_on_the_surveys_galaxies(real):
    """Model fluxes less extinction, five-fold."""
    table = pandas.read_csv(real / "galaxies/sdss_galaxies.csv")
    attributes = Attributes(("brightness", "colours"), ("u", "g", "r", "i", "z"))
    flux, dust = (
        table[[f"{kind}_{band}" for band in attributes.bands]].to_numpy()
        for kind in ("modelflux", "extinction")
    )
    redshift = table["redshift"].to_numpy()
    seen = (redshift > 0.001) & (flux > 0).all(axis=1)
    magnitudes = 22.5 - 2.5 * np.log10(flux[seen]) - dust[seen]
    found = cross_validated(attributes.vectors(magnitudes), redshift[seen], 100, "linear")
    assert found["n"] > 4900
    assert found["nmad"] < 0.0135
    assert found["cde"] < -18
    assert found["outliers_005"] < 0.02


def test_errors_among_the_attributes_change_no_neighbour():
    known, query = training(300), training(60, seed=2).vectors
    plain = KNN.fit(known, GRID, k=7, mode="linear").predict(query)
    errors = np.random.default_rng(4).normal(size=(360, 2)).astype(np.float32)
    wider = known._replace(vectors=np.hstack([known.vectors, errors[:300]]))
    learner = KNN.fit(wider, GRID, k=7, mode="linear", errors=2)
    found = learner.predict(np.hstack([query, errors[300:]]))
    assert np.array_equal(found.redshift, plain.redshift)


def test_without_a_fold_is_a_learner_of_the_rest():
    known, query = training(300), training(40).vectors
    folds = np.arange(300) % 3
    learner = KNN.fit(known, GRID, k=5, mode="linear", folds=folds)
    for fold in range(3):
        rest = KNN.fit(known.take(folds != fold), GRID, k=5, mode="linear")
        assert_alike(rest.predict(query), learner.without(fold).predict(query))


def test_columns_are_the_only_coordinates():
    known, query = training(300), training(40).vectors
    some = known._replace(vectors=known.vectors[:, [0, 2]])
    expected = KNN.fit(some, GRID, k=5, mode="linear").predict(query[:, [0, 2]])
    learner = KNN.fit(known, GRID, k=5, mode="linear", columns=[0, 2, 7])
    assert_alike(expected, learner.predict(query))


@pytest.mark.parametrize("mode", MODES)
def test_no_vector_has_no_redshift(mode):
    known = training(300)
    found = KNN.fit(known, GRID, k=5, mode=mode).predict(known.vectors[:0])
    assert [len(field) for field in found] == [0, 0, 0, 0]
