"""Lines that are not rows, cells beyond the header, commas in numbers."""

import numpy as np
import pytest
from redpix.core.exceptions import InputError
from redpix.io.tables import read_table
from redpix.io.written_numbers import with_numbers

HEADER = "id,x,y"
ROWS = ["7,1.5,2", "8,2.5,3", "9,3.5,4", "11,4.5,5"]


def read(*lines, **options):
    return read_table("\n".join(lines).encode() + b"\n", "a.csv", **options)


def same(table, **columns):
    """Assert that a table has the columns of `ROWS`."""
    expected = {"id": [7, 8, 9, 11], "x": [1.5, 2.5, 3.5, 4.5], "y": [2, 3, 4, 5]}
    assert table.names == list(expected)
    for name, values in (expected | columns).items():
        np.testing.assert_array_equal(table.numbers(name), values)


def test_the_headers_of_joined_files_are_left_out():
    table = read(HEADER, *ROWS[:2], "\ufeff" + HEADER, *ROWS[2:])
    same(table)
    assert table.lines.tolist() == [2, 3, 5, 6]
    assert "1 lines that repeat the header left out" in table.understood
    same(read(HEADER, "---,---,---", *ROWS[:2], HEADER, "---,---,---", *ROWS[2:]))


def test_a_header_in_another_order_is_refused():
    with pytest.raises(InputError, match="a.csv: line 3: names the columns again, in another ord"):
        read(HEADER, ROWS[0], "x,id,y", ROWS[1])


@pytest.mark.parametrize("mark", ["#", "  #", "%", "//", "!"])
def test_remarks_among_the_rows_and_above_them(mark):
    table = read(HEADER, *ROWS[:2], f"{mark} a remark", *ROWS[2:])
    same(table)
    assert table.lines.tolist() == [2, 3, 5, 6]
    same(read(f"{mark} one", f"{mark} two, three", HEADER, *ROWS))


def test_a_header_behind_a_percent_sign():
    same(read("% id x y", *[row.replace(",", " ") for row in ROWS]))


def test_empty_cells_beyond_the_header_are_left_out():
    same(read(HEADER, *[row + "," for row in ROWS]))
    same(read(HEADER, *ROWS[:2], *[row + ",," for row in ROWS[2:]]))
    same(read(HEADER + ",", *ROWS))


def test_a_delimiter_too_many_within_a_row_is_refused():
    with pytest.raises(InputError, match="line 3: 4 cells; allowed: 3"):
        read(HEADER, "7,1.5,", "8,2,5,", "9,3.5,4")


def test_the_row_names_of_r():
    same(read('"id","x","y"', *[f'"{n}",{row}' for n, row in enumerate(ROWS, 1)]))
    with pytest.raises(InputError, match="line 2: 4 cells; allowed: 3"):
        read(HEADER, *[f"a,{row}" for row in ROWS])


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["0,25", "12,125", "", "3,5"], [0.25, 12.125, np.nan, 3.5]),
        (["1,234.5", "999", "1,000,000", "-1,000"], [1234.5, 999, 1e6, -1000]),
    ],
)
def test_quoted_commas_in_numbers(cells, expected):
    lines = [f'{n},"{cell}",{n}' for n, cell in enumerate(cells)]
    np.testing.assert_array_equal(read(HEADER, *lines).numbers("x"), expected)


def test_commas_that_may_be_either_are_refused():
    table = read(HEADER, '1,"1,234",1', '2,"5,678",2')
    with pytest.raises(InputError, match="line 2: x: '1,234' is not .* with a decimal point"):
        table.numbers("x")


def test_limits_with_decimal_commas():
    table = with_numbers(read("id;x;y", "1;>26,5;2", "2;20,25;3"))
    np.testing.assert_array_equal(table.numbers("x"), [np.nan, 20.25])
