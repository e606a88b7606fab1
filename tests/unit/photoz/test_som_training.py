"""Grids of cells and the self-organising maps on them: against geometry, loops and HEALPix."""

import astropy_healpix
import numpy as np
import pytest
from redpix.photoz.learners import som_training
from redpix.photoz.learners.som_topology import GRIDS, chosen_size, distances, places


def neighbours(distance, least=1e-9, most=1.01):
    return ((distance > least) & (distance < most)).sum(axis=1)


@pytest.mark.parametrize(
    ("grid", "periodic", "counts"),
    [
        ("rectangular", True, {4: 49}),
        ("rectangular", False, {2: 4, 3: 20, 4: 25}),
        ("hexagonal", True, {6: 56}),
    ],
)
def test_cells_of_flat_grids_touch_as_many_as_they_should(grid, periodic, counts):
    found = neighbours(distances(grid, 7, periodic))
    kinds, number = np.unique(found, return_counts=True)
    assert dict(zip(kinds.tolist(), number.tolist(), strict=True)) == counts


def test_hexagons_touch_those_beside_them_and_those_of_the_rows_above_and_below():
    """Odd rows lie half a cell to the right."""
    found = distances("hexagonal", 5, False)
    rows = len(found) // 5
    assert rows == 6
    for cell in range(len(found)):
        y, x = divmod(cell, 5)
        shift = y % 2
        around = [(x - 1, y), (x + 1, y)]
        around += [(x + side - 1 + shift, y + step) for side in (0, 1) for step in (-1, 1)]
        expected = {b * 5 + a for a, b in around if 0 <= a < 5 and 0 <= b < rows}
        touching = (found[cell] > 0) & (found[cell] < 1.01)
        assert set(np.flatnonzero(touching).tolist()) == expected


def test_distances_on_a_torus_are_the_shortest_of_all_copies():
    for grid, high in (("rectangular", 6), ("hexagonal", 6 * np.sqrt(3) / 2)):
        centres = places(grid, 6)
        shifts = [np.array([6 * i, high * j]) for i in (-1, 0, 1) for j in (-1, 0, 1)]
        slow = [
            [min(np.hypot(*(a - b + shift)) for shift in shifts) for b in centres] for a in centres
        ]
        assert distances(grid, 6, True) == pytest.approx(np.array(slow), abs=1e-9)
        plain = [[np.hypot(*(a - b)) for b in centres] for a in centres]
        assert distances(grid, 6, False) == pytest.approx(np.array(plain), abs=1e-9)


def test_a_sphere_is_healpix():
    size = 4
    found = distances("spherical", size, True)
    assert found.shape == (192, 192)
    assert found.max() == pytest.approx(np.pi / np.sqrt(4 * np.pi / 192))
    with np.errstate(invalid="ignore"):  # 24 cells have seven neighbours
        touching = astropy_healpix.neighbours(np.arange(192), size, order="ring")
    for cell in range(192):
        own = set(touching[:, cell].tolist()) - {-1}
        nearest = set(np.argsort(found[cell])[1:5].tolist())
        assert nearest <= own
    assert np.sum(touching == -1) == 24
    longitude, latitude = astropy_healpix.healpix_to_lonlat([17, 90], size, order="ring")
    cosine = np.sin(latitude[0]) * np.sin(latitude[1]) + np.cos(latitude[0]) * np.cos(
        latitude[1]
    ) * np.cos(longitude[0] - longitude[1])
    angle = np.arccos(float(cosine)) / np.sqrt(4 * np.pi / 192)
    assert found[17, 90] == pytest.approx(angle)


@pytest.mark.parametrize("grid", GRIDS)
def test_distances_are_a_metric(grid):
    found = distances(grid, 4, True)
    assert np.array_equal(found, found.T)
    assert np.all(np.diag(found) == 0)
    assert np.all(found[:, None] <= found[:, :, None] + found[None] + 1e-9)
    assert found[found > 0].min() == pytest.approx(1, abs=0.15)


@pytest.mark.parametrize(
    ("grid", "size", "cells"),
    [("rectangular", 15, 225), ("hexagonal", 14, 224), ("spherical", 4, 192)],
)
def test_a_size_is_chosen_by_the_number_of_cells(grid, size, cells):
    assert chosen_size(grid, 225) == size
    assert len(places(grid, size)) == cells


def data(missing=0.15):
    generator = np.random.default_rng(3)
    vectors = generator.normal(size=(60, 3))
    vectors[generator.random(vectors.shape) < missing] = np.nan
    return vectors, som_training.first_prototypes(vectors, 9, generator)


def slow_best(vector, prototypes):
    there = np.isfinite(vector)
    return int(np.argmin([np.sum((vector - p)[there] ** 2) for p in prototypes]))


@pytest.mark.parametrize("missing", [0, 0.15])
def test_a_batch_is_that_of_a_slow_loop(missing):
    vectors, prototypes = data(missing)
    distance = distances("rectangular", 3, False)
    found = som_training.batch(vectors, prototypes, distance, 4)
    for radius in som_training.radii(distance, 4):
        total, count = np.zeros((9, 3)), np.zeros((9, 3))
        for vector in vectors:
            best = slow_best(vector, prototypes)
            for cell in range(9):
                pull = np.exp(-(distance[best, cell] ** 2) / radius**2)
                for axis in np.flatnonzero(np.isfinite(vector)):
                    total[cell, axis] += pull * vector[axis]
                    count[cell, axis] += pull
        prototypes = np.where(count > 1e-9, total / np.maximum(count, 1e-9), prototypes)
    assert found == pytest.approx(prototypes)


@pytest.mark.parametrize("missing", [0, 0.15])
def test_online_is_that_of_a_slow_loop(missing):
    vectors, start = data(missing)
    distance = distances("rectangular", 3, True)
    samples = np.stack([vectors, vectors[::-1]])
    found = som_training.online(samples, np.stack([start, start + 0.1]), distance, 3)
    for sample, prototypes, own in zip(samples, (start, start + 0.1), found, strict=True):
        prototypes = prototypes.copy()
        for step in range(3):
            rate = som_training.FIRST_RATE * (som_training.LAST_RATE / som_training.FIRST_RATE) ** (
                step / 2
            )
            radius = som_training.radii(distance, 3)[step]
            for vector in sample:
                best = slow_best(vector, prototypes)
                for cell in range(9):
                    pull = rate * np.exp(-(distance[best, cell] ** 2) / radius**2)
                    for axis in np.flatnonzero(np.isfinite(vector)):
                        prototypes[cell, axis] += pull * (vector[axis] - prototypes[cell, axis])
        assert own == pytest.approx(prototypes)


@pytest.mark.parametrize("update", ["batch", "online"])
@pytest.mark.parametrize("grid", GRIDS)
def test_neighbouring_cells_are_alike(grid, update):
    """Points of a square end up in order: cells that touch lie nearer each other than others."""
    generator = np.random.default_rng(1)
    vectors = generator.uniform(-1, 1, (800, 2))
    distance = distances(grid, 8 if grid != "spherical" else 2, False)
    start = som_training.first_prototypes(vectors, len(distance), generator)
    found = som_training.UPDATES[update]([vectors], [start], distance, 10, 1)[0]
    apart = np.hypot(*np.moveaxis(found[:, None] - found, 2, 0))
    touching = (distance > 0) & (distance < 1.3)
    assert apart[touching].mean() < 0.4 * apart[distance > 3].mean()
    quantised = np.sqrt(som_training.mismatch(vectors, found).min(axis=1)).mean()
    assert quantised < 3 * np.sqrt(4 / len(distance)) * 0.38
