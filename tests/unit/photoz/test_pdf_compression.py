"""Compressed PDFs differ little from the originals."""

import numpy as np
import pytest
from redpix.photoz import pdf, pdf_compression
from scipy.stats import norm

GRID = pdf.make_grid(0.0, 1.0, 0.005)


def densities(n, seed=1):
    """Return sums of two Gaussians; the ends of the grid cut some of them."""
    generator = np.random.default_rng(seed)
    centre, width = generator.uniform(0, 1, (2, n, 1)), generator.uniform(0.005, 0.05, (2, n, 1))
    both = norm.pdf(GRID, centre[0], width[0]) + 0.3 * norm.pdf(GRID, centre[1], width[1])
    return pdf.normalise(both, GRID)


def test_densities_come_back():
    pdfs = densities(300)
    packed = pdf_compression.pack(pdfs.astype(np.float32))
    assert packed.values.dtype == np.int16
    assert np.all(packed.values[packed.bounds[:-1]] > 0)
    assert np.all(packed.values[packed.bounds[1:] - 1] > 0)
    found = pdf_compression.unpack(packed, GRID)
    peak = pdfs.max(axis=1)
    assert (np.abs(found - pdfs) / peak[:, None]).max() < 1e-4
    assert pdf.mean(found, GRID) == pytest.approx(pdf.mean(pdfs, GRID), abs=1e-4)
    levels = [0.025, 0.16, 0.5, 0.84, 0.975]
    assert pdf.quantiles(found, levels, GRID) == pytest.approx(
        pdf.quantiles(pdfs, levels, GRID), abs=1e-4
    )


def test_gaps_and_ends_by_hand():
    pdfs = np.array([[0, 0, 2, 0, 1, 0], [3, 0, 0, 0, 0, 3.0]])
    packed = pdf_compression.pack(pdfs)
    assert packed.first.tolist() == [2, 0]
    assert packed.bounds.tolist() == [0, 3, 9]
    assert packed.values.tolist() == [32767, 0, 16384, 32767, 0, 0, 0, 0, 32767]
    found = pdf_compression.unpack(packed, np.arange(6.0))
    assert found[0] == pytest.approx([0, 0, 2 / 3, 0, 1 / 3, 0], abs=1e-4)
    assert found[1] == pytest.approx([1, 0, 0, 0, 0, 1])


def test_no_object_is_no_row():
    packed = pdf_compression.pack(np.empty((0, 6)))
    assert pdf_compression.unpack(packed, np.arange(6.0)).shape == (0, 6)


def test_mean_and_mode_of_a_density():
    pdfs = densities(50)
    fine = np.linspace(0, 1, 20_001)
    for row, mean, mode in zip(pdfs, pdf.mean(pdfs, GRID), pdf.mode(pdfs, GRID), strict=True):
        values = np.interp(fine, GRID, row)
        assert mean == pytest.approx(np.sum(values * fine) / np.sum(values), abs=1e-4)
        assert mode == pytest.approx(fine[np.argmax(values)], abs=1e-6)
