"""The grid of the PDFs follows the redshifts of the training set and their scatter."""

import numpy as np
import pytest
from redpix.core.exceptions import InputError
from redpix.photoz import pdf
from redpix.photoz.pdf_file import read_pdfs
from redpix.photoz.redshift_grid import MOST_NODES, chosen_grid, redshift_scatter
from table_runs import metrics_of, run, sky


def galaxies(n, scatter, highest=1.0):
    """Return a vector per galaxy that gives its redshift with a scatter."""
    generator = np.random.default_rng(1)
    redshift = generator.uniform(0.02, highest, n)
    return (redshift + generator.normal(0, scatter, n))[:, None], redshift


def test_the_scatter_is_that_of_the_redshifts_at_given_colours():
    vectors, redshift = galaxies(4000, 0.03)
    # the mean of ten neighbours adds a tenth to the variance
    assert redshift_scatter(vectors, redshift) == pytest.approx(0.03 * np.sqrt(1.1), rel=0.1)


@pytest.mark.parametrize(
    ("scatter", "highest", "step"), [(0.06, 3.0, 0.01), (0.03, 1.0, 0.005), (0.012, 0.4, 0.002)]
)
def test_step_and_end_follow_the_training_set(scatter, highest, step):
    vectors, redshift = galaxies(3000, scatter, highest)
    grid = chosen_grid("auto", vectors, redshift)
    assert grid[0] == 0
    assert grid[1] == pytest.approx(step)
    assert highest + 3 * scatter < grid[-1] < highest + 6 * scatter + 0.02
    pdf.check_range(redshift, grid)


def test_the_grid_stays_bounded():
    vectors, redshift = galaxies(500, 1e-5, 6.0)
    assert len(chosen_grid("auto", vectors, redshift)) <= MOST_NODES + 1
    one = chosen_grid("auto", np.ones((1, 2)), np.array([0.1]))
    assert one[-1] > 0.1
    np.testing.assert_array_equal(chosen_grid([0, 1, 0.25], None, None), [0, 0.25, 0.5, 0.75, 1])
    with pytest.raises(InputError, match=r"photoz\.grid: auto, but no galaxy"):
        chosen_grid("auto", np.full((3, 2), np.nan), np.ones(3))


def test_a_deep_table_runs_without_a_grid(tmp_path):
    train, test = sky(200, 1), sky(80, 2, first=1001)
    train["redshift"] *= 6
    test["redshift"] *= 6
    found = run(tmp_path, train, test, grid="auto")
    _, pdfs, grid = read_pdfs(found / "pdfs.parquet")
    assert train["redshift"].max() < grid[-1] < 4
    assert np.isfinite(pdfs).all()
    assert metrics_of(found)["objects"]["n"] == 80
