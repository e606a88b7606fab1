"""PDFs on a grid against direct sums and closed forms."""

import numpy as np
import pytest
from redpix.core.exceptions import InputError
from redpix.photoz import pdf
from redpix.photoz.pdf_transforms import stretch
from scipy.stats import norm

GRID = pdf.make_grid(0.0, 1.0, 0.005)


def gaussian(mean, sigma):
    return pdf.normalise(norm.pdf(GRID, np.array(mean)[:, None], np.array(sigma)[:, None]), GRID)


def test_grid_has_both_ends():
    assert len(GRID) == 201
    assert (GRID[0], GRID[-1]) == (0, 1)
    assert np.diff(GRID) == pytest.approx(0.005)


@pytest.mark.parametrize("triple", [(0, 1, 0), (0.5, 0.2, 0.1), (0, 1, 0.3), (0, 1, 1), (1, 1, 1)])
def test_what_is_no_grid_is_refused(triple):
    with pytest.raises(InputError, match=r"photoz\.grid"):
        pdf.make_grid(*triple)


def test_training_redshifts_outside_the_grid_are_refused():
    pdf.check_range(np.array([0.0, 1.0]), GRID)
    with pytest.raises(InputError, match=r"photoz\.grid: runs from 0 to 1, .* from 0\.1 to 1\.3"):
        pdf.check_range(np.array([0.1, 1.3]), GRID)


def test_smoothed_samples_are_a_sum_of_gaussians_folded_at_the_ends():
    samples = np.array([[0.001, 0.3, 0.31], [0.5, 0.97, 1.0]])
    width = np.array([0.03, 0.02])
    pdfs = pdf.from_samples(samples, width, GRID)
    low, high = GRID[0], GRID[-1]
    expected = np.zeros_like(pdfs)
    for row in range(2):
        for z in samples[row]:
            for image in (z, 2 * low - z, 2 * high - z):
                expected[row] += norm.pdf(GRID, image, width[row]) / 3
    assert pdfs == pytest.approx(expected, abs=0.006 * expected.max())
    assert np.trapezoid(pdfs, GRID, axis=1) == pytest.approx(1)
    assert (pdfs >= 0).all()


def test_mean_of_smoothed_samples_is_theirs():
    samples = np.random.default_rng(1).uniform(0.3, 0.6, (20, 30))
    pdfs = pdf.from_samples(samples, np.full(20, 0.02), GRID)
    mean = np.trapezoid(pdfs * GRID, GRID, axis=1)
    assert mean == pytest.approx(samples.mean(axis=1), abs=1e-6)


def test_quantiles_and_cumulative_are_the_gaussian_s():
    mean, sigma = [0.3, 0.55], [0.02, 0.05]
    pdfs = gaussian(mean, sigma)
    levels = [0.025, 0.16, 0.5, 0.84, 0.975]
    expected = norm.ppf(levels, np.array(mean)[:, None], np.array(sigma)[:, None])
    assert pdf.quantiles(pdfs, levels, GRID) == pytest.approx(expected, abs=5e-4)
    expected = norm.cdf(GRID, np.array(mean)[:, None], np.array(sigma)[:, None])
    assert pdf.cumulative(pdfs, GRID) == pytest.approx(expected, abs=2e-3)


def test_stretching_multiplies_the_width_and_keeps_the_centre():
    stretched = stretch(gaussian([0.4, 0.5], [0.03, 0.04]), np.array([0.4, 0.5]), 1.7, GRID)
    assert stretched == pytest.approx(gaussian([0.4, 0.5], [0.051, 0.068]), abs=0.04)
    narrowed = stretch(stretched, np.array([0.4, 0.5]), 1 / 1.7, GRID)
    assert narrowed == pytest.approx(gaussian([0.4, 0.5], [0.03, 0.04]), abs=0.1)


def test_stretching_beyond_the_grid_leaves_nothing_there():
    stretched = stretch(gaussian([0.1], [0.05]), np.array([0.1]), 0.5, GRID)
    assert stretched[0, GRID > 0.6].max() == 0
    assert np.trapezoid(stretched, GRID, axis=1) == pytest.approx(1)


def test_what_is_narrowed_between_nodes_is_shared_by_the_two():
    centre = np.array([0.4, 0.4012, 1.0])
    narrowed = stretch(gaussian(centre, [0.03] * 3), centre, 1e-3, GRID)
    assert np.trapezoid(narrowed * GRID, GRID, axis=1) == pytest.approx(centre, abs=1e-9)
    assert np.count_nonzero(narrowed > 1e-9, axis=1).tolist() == [1, 2, 1]


def test_samples_outside_the_grid_pile_up_on_its_ends():
    width = np.array([0.02])
    beyond = pdf.from_samples(np.array([[-0.3, 0.5, 1.7]]), width, GRID)
    assert np.array_equal(beyond, pdf.from_samples(np.array([[0.0, 0.5, 1.0]]), width, GRID))
