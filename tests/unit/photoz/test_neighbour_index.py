"""The approximate search against a slow loop: neighbours and measured recall."""

import numpy as np
import pytest
from redpix.photoz.learners import neighbour_index


def clumps(n, seed=1, dimensions=6):
    """Vectors of uneven density."""
    laid = np.random.default_rng(0)
    centre = laid.normal(size=(30, dimensions))
    width = laid.uniform(0.1, 0.6, (30, 1))
    generator = np.random.default_rng(seed)
    own = generator.integers(0, 30, n)
    return (centre[own] + width[own] * generator.normal(size=(n, dimensions))).astype(np.float32)


def slow(vectors, queries, k):
    """Return the rows of the nearest vectors, one query at a time."""
    offsets = [np.sum((vectors.astype(float) - query) ** 2, axis=1) for query in queries]
    return np.array([np.argsort(offset)[:k] for offset in offsets])


@pytest.mark.parametrize(
    "kind", [neighbour_index.Exact, lambda vectors: neighbour_index.Approximate(vectors, 20)]
)
def test_neighbours_are_those_of_a_slow_loop(kind):
    vectors, queries = clumps(20_000), clumps(100, seed=2)
    distance, found = kind(vectors).search(queries, 20)
    truth = slow(vectors, queries, 20)
    assert np.mean([len(set(a) & set(b)) for a, b in zip(found, truth, strict=True)]) >= 19.9
    own = np.linalg.norm(vectors[found] - queries[:, None], axis=2)
    assert distance == pytest.approx(own, rel=1e-4)
    assert (np.diff(distance, axis=1) >= 0).all()


def test_recall_is_measured_and_more_cells_are_searched_until_it_is_high():
    vectors = clumps(30_000)
    about = neighbour_index.Approximate(vectors, 50).about()
    assert about["kind"] == "approximate"
    assert about["vectors"] == 30_000
    assert about["recall"] > 0.995
    assert neighbour_index.FEWEST_CELLS < about["searched_cells"] < about["cells"] / 4
    fewer = neighbour_index.Approximate(vectors, 50)
    fewer._file.nprobe = 2
    queries = clumps(100, seed=3)
    found = neighbour_index.recall(fewer.search(queries, 50)[1], slow(vectors, queries, 50))
    assert 0.1 < found < 0.95


def test_recall_by_slow_loop():
    found, truth = np.array([[1, 2, 3], [4, 5, 6]]), np.array([[3, 2, 9], [4, 6, 5]])
    assert neighbour_index.recall(found, truth) == pytest.approx(5 / 6)


def test_threads_and_another_start_change_nothing():
    vectors, queries = clumps(10_000), clumps(5000, seed=2)
    first = neighbour_index.Approximate(vectors, 30)
    again = neighbour_index.Approximate(vectors, 30)
    assert first.about() == again.about()
    found = first.search(queries, 30), again.search(queries, 30, n_threads=2)
    for own, other in zip(*found, strict=True):
        assert np.array_equal(own, other)


def test_cells_with_too_few_vectors_are_searched_beyond():
    vectors = clumps(500)
    approximate = neighbour_index.Approximate(vectors, 5)
    queries = clumps(30, seed=2) + 9
    _, found = approximate.search(queries, 400)
    assert (found >= 0).all()
    assert neighbour_index.recall(found, slow(vectors, queries, 400)) == 1


def test_auto_is_exact_up_to_a_stated_size(monkeypatch):
    monkeypatch.setattr(neighbour_index, "LARGE", 1000)
    assert isinstance(neighbour_index.make_index(clumps(999), 5, "auto"), neighbour_index.Exact)
    assert isinstance(
        neighbour_index.make_index(clumps(1000), 5, "auto"), neighbour_index.Approximate
    )
    assert isinstance(neighbour_index.make_index(clumps(1000), 5, "exact"), neighbour_index.Exact)
    assert isinstance(
        neighbour_index.make_index(clumps(300), 5, "approximate"), neighbour_index.Approximate
    )


@pytest.mark.parametrize("count", [1, 5, 50, 63])
def test_few_vectors_are_searched_approximately_too(count):
    vectors = clumps(count)
    k = min(3, count)
    approximate = neighbour_index.Approximate(vectors, k)
    assert approximate.about()["cells"] <= count
    _, found = approximate.search(vectors, k)
    assert neighbour_index.recall(found, slow(vectors, vectors, k)) == 1


@pytest.mark.parametrize("kind", neighbour_index.KINDS[1:4])
def test_no_query_has_no_neighbours(kind):
    vectors = clumps(300)
    if kind == "torch":
        pytest.importorskip("torch")
    distance, found = neighbour_index.make_index(vectors, 4, kind).search(vectors[:0], 4)
    assert distance.shape == found.shape == (0, 4)
    assert found.dtype == np.int64
