"""Limits, errors in cells, marks of doubt."""

import numpy as np
import pyarrow as pa
import pytest
from redpix.io.tables import read_table
from redpix.io.written_numbers import read_written, with_numbers


def written(*cells):
    return read_written(pa.chunked_array([pa.array(cells, pa.string())]))


@pytest.mark.parametrize(
    ("cell", "number", "error", "kind"),
    [
        (">26.5", np.nan, np.nan, "limits"),
        ("<= 0.3", np.nan, np.nan, "limits"),
        ("0.1±0.01", 0.1, 0.01, "errors"),
        ("0.1 +/- 1e-2", 0.1, 0.01, "errors"),
        ("20.1(0.05)", 20.1, 0.05, "errors"),
        ("20.12(5)", 20.12, 0.05, "last digits"),
        ("20.125 (12)", 20.125, 0.012, "last digits"),
        ("0.31:", 0.31, np.nan, "doubtful"),
        ("0.31?", 0.31, np.nan, "doubtful"),
        ("~20", 20, np.nan, "doubtful"),
        ("20.1 mag", 20.1, np.nan, "units"),
        ("'20.1'", 20.1, np.nan, "quotes"),
        ("b'20.1'", 20.1, np.nan, "quotes"),
        ("*****", np.nan, np.nan, "missing"),
        ("…", np.nan, np.nan, "missing"),
    ],
)
def test_one_cell_among_numbers(cell, number, error, kind):
    found = written("19.5", None, cell)
    np.testing.assert_array_equal(found.numbers, [19.5, np.nan, number])
    np.testing.assert_allclose(found.errors, [np.nan, np.nan, error])
    assert found.counts == {kind: 1}
    assert found.examples == {kind: cell}


def test_a_minus_sign_of_typography():
    np.testing.assert_array_equal(written("19.5", "−20.1").numbers, [19.5, -20.1])


@pytest.mark.parametrize("cell", ["x", "20.1L", "(20.1)", "12:30:00", "26.5+", "1 2", "20.1 mJy"])
def test_other_text_stays(cell):
    assert written("19.5", cell) is None
    assert written("19.5", "20") is None
    assert written("?", "***") is None


def test_errors_in_cells_become_a_column():
    data = b"id,g,r,r_err\n1:,20.1+/-0.1,19.5(0.2),0.3\n2:,20.2+/-0.2,>24,\n"
    table = with_numbers(read_table(data, "a.csv"), but=("id",))
    assert table.names == ["id", "g", "r", "r_err", "g_err"]
    np.testing.assert_array_equal(table.numbers("g_err"), [0.1, 0.2])
    np.testing.assert_array_equal(table.numbers("r_err"), [0.3, np.nan])
    assert table.text("id").tolist() == ["1:", "2:"]
    assert table.written["r"]["counts"] == {"errors": 1, "limits": 1}
