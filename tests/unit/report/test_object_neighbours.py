"""Nearest training objects, histograms and rows of the explorer's objects."""

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.parquet
import pytest
from redpix.report import object_neighbours


@pytest.fixture
def flux():
    """Fluxes of 40 objects in three bands, with a twin of the first one."""
    generator = np.random.default_rng(1)
    found = 10 ** generator.uniform(0, 2, (40, 3))
    found[7] = found[0] * 1.0001
    return found


def test_the_twin_is_nearest_and_an_object_is_not_its_own_neighbour(flux):
    training = np.ones(40, bool)
    distance, row = object_neighbours.nearest_training(flux, training, 1)
    assert row[0, 0] == 7
    assert distance[0, 0] < 0.01
    assert not (row == np.arange(40)[:, None]).any()
    assert (np.diff(distance, axis=1) >= 0).all()


def test_only_training_objects_are_neighbours_and_distances_are_those_of_the_coordinates(flux):
    training = np.arange(40) % 2 == 0
    distance, row = object_neighbours.nearest_training(flux, training, 1)
    assert (row % 2 == 0).all()
    magnitudes = object_neighbours.softened_magnitudes(flux)
    places = np.column_stack([magnitudes[:, 1], magnitudes[:, :2] - magnitudes[:, 1:]])
    places /= places[training].std(axis=0)
    away = np.linalg.norm(places[training] - places[3], axis=1)
    assert distance[3] == pytest.approx(np.sort(away)[:5])


def test_objects_without_pixels_have_no_neighbours(flux):
    flux[5] = np.nan
    distance, row = object_neighbours.nearest_training(flux, np.ones(40, bool), 0)
    assert not np.isfinite(distance[5]).any()
    assert object_neighbours.neighbour_lists(distance, row, [5]) == [[]]
    assert 5 not in row[np.isfinite(distance)]


def test_magnitudes_of_bright_sources_are_plain_and_negative_fluxes_have_one():
    flux = np.array([[1.0], [100.0], [1000.0], [-3.0]])
    found = object_neighbours.softened_magnitudes(flux)[:, 0]
    assert found[1] - found[2] == pytest.approx(2.5, abs=0.01)
    assert np.isfinite(found).all()


def test_fluxes_are_sums_over_pixels(tmp_path):
    table = {"object_id": [4, 4, 9], "flux_g": [1.0, 2.0, 5.0], "flux_r": [1.0, 1.0, -1.0]}
    pyarrow.parquet.write_table(pyarrow.table(table), tmp_path / "a.parquet")
    found = object_neighbours.summed_fluxes([tmp_path / "a.parquet"], [9, 4, 1], ["g", "r"])
    assert found[:2].tolist() == [[5, -1], [3, 2]]
    assert np.isnan(found[2]).all()
    assert object_neighbours.summed_fluxes([], [1], ["g"]).shape == (1, 1)


def test_counts_have_every_pixel_and_rows_have_every_column():
    counts = object_neighbours.counts_of_pixels(np.array([0.01, 0.49, 0.7]), 0.5)
    assert sum(counts) == 3
    assert (counts[0], counts[-1]) == (1, 2)
    table = pd.DataFrame({"object_id": [2**60, 3], "ra": [180.123456789, 1], "z": [np.nan, 0.1]})
    columns, rows = object_neighbours.row_texts(table, np.array([0]))
    assert dict(zip(columns, rows[0], strict=True)) == {
        "object_id": str(2**60),
        "ra": "180.1234568",
        "z": "",
    }
