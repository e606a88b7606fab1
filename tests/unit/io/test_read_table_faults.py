"""The reader of tables on files that are damaged, that lie, or that are not tables."""

import bz2
import gzip
import io

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from astropy.io import fits
from astropy.table import Table
from redpix.core.exceptions import InputError
from redpix.io import table_header, table_text
from redpix.io.tables import read_table
from table_contents import CONTENTS, zipped

HEADER = "id,ra,class\n"
LONG = "x" * (table_text.MOST_CELL + 1)
WIDE = ",".join(f"c{number}" for number in range(table_header.MOST_COLUMNS + 1))
VOTABLE_ERROR = (
    '<VOTABLE version="1.3"><RESOURCE type="results">'
    '<INFO name="QUERY_STATUS" value="ERROR">no such column</INFO></RESOURCE></VOTABLE>'
)


def attempt(content):
    """Return the table, or None and the message."""
    try:
        return read_table(content, "a", keep_ragged=True), ""
    except InputError as error:
        return None, str(error)


def fits_bytes(**columns):
    file = io.BytesIO()
    Table(columns).write(file, format="fits")
    return file.getvalue()


def hdf5_of_nothing():
    """Return a file of two columns of a million million values, of which it stores none."""
    file = io.BytesIO()
    with h5py.File(file, "w") as out:
        for name in "ab":
            out.create_dataset(f"t/{name}", shape=(10**12,), dtype="f8", chunks=(10**4,))
    return file.getvalue()


def with_card(content, key, value):
    with fits.open(io.BytesIO(content)) as hdus:
        place = hdus[1].fileinfo()["hdrLoc"]
    start = content.index(f"{key:8}= ".encode(), place)
    return content[: start + 10] + f"{value:>20}".encode() + content[start + 30 :]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "empty; allowed: a header line and rows"),
        ("\n\n# remark\n", "empty; allowed: a header line and rows"),
        (HEADER, "no row; allowed: one or more"),
        (HEADER + "1,2\n", "line 2: 2 cells; allowed: 3, as in the header"),
        (HEADER + "\n# a\n1,2,a,b\n", "line 4: 4 cells; allowed: 3, as in the header"),
        (HEADER + '1,2,"a\n3,4,b\n', "line 2: a quotation mark is not closed on its line"),
        (HEADER + f"1,2,a\n3,4,{LONG}\n", "line 3: class: 65537 characters; allowed: at most"),
        (HEADER + "1," * table_text.MOST_LINE, "line 2: 2097152 bytes; allowed: at most 1048576"),
        (f"{WIDE}\n", "10001 columns; allowed: at most 10000"),
        (f"a,{LONG}\n1,2\n", "a name of 65537 characters; allowed: at most 200"),
        ("a,b,a\n1,2,3\n", "the header names 'a' more than once"),
        ("a,,b\n1,2,3\n", "column 2 of the header has no name"),
        (",id\nx,1\n", "column 1 of the header has no name"),
        ("7,1.5,GALAXY\n8,3,QSO\n", "line 1: 3 values, no line above has names; allowed: a"),
        ("1.5,2.5\n3,4\n", "line 1: 2 values, no line above has names; allowed: a header line"),
        ("# a b c\n1 2\n", "line 2: 2 values, the line above has 3 names; allowed: a header"),
        ("word\n1\n", "the header 'word' has one cell; allowed: cells separated by commas"),
        ("<!DOCTYPE html>\n<html>no</html>\n", "'<!DOCTYPE html> <html>no</html>', which is a web"),
        ("#Table1\nERROR: Maximum 60 queries\n", "'ERROR: Maximum 60 queries', which is a server"),
        ('[{"ErrorCode": 400}]', "which is a server's message"),
        (VOTABLE_ERROR, "is a server's error message: 'no such column'"),
        (HEADER + "1,2,\0\n", "line 2: holds a zero byte, so the file is not text"),
        (b"PK\x03\x04 and more", "cannot be decompressed: File is not a zip file"),
        (zipped({"a.csv": HEADER, "b.csv": HEADER}), "is a spreadsheet, or an archive of more"),
        (b"\xff\xfea\x00\x00", "is not utf-16-le, as its first bytes say"),
        (gzip.compress(HEADER.encode() * 99, mtime=0)[:-12], "cannot be decompressed: "),
        (b"\x1f\x8bno gzip", "cannot be "),
        (
            bz2.compress(gzip.compress(HEADER.encode(), mtime=0)),
            "is compressed twice; allowed: once",
        ),
        (b"SIMPLE  = not FITS", "cannot be read as FITS: "),
        (b"PAR1 not Parquet", "cannot be read as Parquet: "),
        (b"\x89HDF\r\n\x1a\n not HDF5", "cannot be read as HDF5: "),
        (hdf5_of_nothing(), "t: 8000000000000 bytes, of which 0 are stored"),
        (with_card(fits_bytes(a=[1], b=[2]), "NAXIS2", 10**12), "HDU 1: 15999999997"),
        (with_card(fits_bytes(a=[1], b=[2]), "NAXIS1", 8), "HDU 1: columns of 16 bytes in rows of"),
        (with_card(fits_bytes(a=[1], b=[2]), "TFIELDS", 2147483647), "TFIELDS is 2147483647"),
    ],
)
def test_a_file_that_is_not_a_table_ends_in_one_line(tmp_path, content, words):
    path = tmp_path / "t.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError) as caught:
        read_table(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert words in message
    assert "\n" not in message
    assert len(message) < 400 + len(str(path))


@pytest.mark.parametrize("path", ["", "absent.csv"])
def test_a_path_without_a_file(tmp_path, path):
    with pytest.raises(InputError, match="is not a file|No such file"):
        read_table(tmp_path / path)


def test_a_cell_that_is_not_a_number_is_named_by_line_and_column():
    table = read_table(b"# remark\n\nid,ra\n1,2\n\n# more\n3,1\xb9.78\n", "a.csv")
    with pytest.raises(InputError) as caught:
        table.numbers("ra")
    assert str(caught.value) == (
        "a.csv: line 7: ra: '1¹.78' is not a number; allowed: numbers, empty where unknown"
    )
    assert table["ra"].tolist() == ["2", "1¹.78"]
    assert table.where(1) == "a.csv: line 7"


@pytest.mark.parametrize(
    ("cells", "row", "words"),
    [
        (["7", ""], 3, "is missing; allowed: an id in each row"),
        (["1.23765E+18", "5"], 2, "'1.23765E+18' lost its last digits"),
        (["5", "1237648704577142784.0"], 3, "'1237648704577142784.0' lost its last digits"),
        (["1237648704577142784"] * 2, 3, "1237648704577142784 occurs twice and lost its last"),
    ],
)
def test_ids_that_lost_digits_are_refused(cells, row, words):
    content = "id,x\n" + "".join(f"{cell},1\n" for cell in cells)
    for ids in (["id"], ["ID"]):
        with pytest.raises(InputError, match=f"^a.csv: line {row}: id: ") as caught:
            read_table(content.encode(), "a.csv", ids=ids)
        assert words in str(caught.value)


def test_ids_that_were_stored_as_floats_are_refused():
    table = read_table(fits_bytes(id=[1.0, 1.2376487045771428e18], x=[1, 2]), "a.fits")
    with pytest.raises(InputError, match=r"^a.fits: row 2: id: 1.2376487045771428e\+18 is stored"):
        table.ids("id")
    assert read_table(fits_bytes(id=[1.0, 2.0**53], x=[1, 2])).ids("id").tolist() == [1, 2**53]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["18446744073709551615", "1"], np.array([2**64 - 1, 1], np.uint64)),
        (["18446744073709551616", "1"], np.array(["18446744073709551616", "1"])),
        (["-5", "1"], np.array([-5, 1], np.int64)),
        (["007", "7"], np.array(["007", "7"])),
        (["1E0657-56", "M31"], np.array(["1E0657-56", "M31"])),
        # no float64 is this number
        (["1237648704577140001.0", "12.0"], np.array([1237648704577140001, 12], np.int64)),
    ],
)
def test_ids_are_exact(cells, expected):
    content = "id,x\n" + "".join(f"{cell},1\n" for cell in cells)
    found = read_table(content.encode(), ids=["id"]).ids("id")
    assert found.dtype.kind == expected.dtype.kind
    assert found.tolist() == expected.tolist()


def test_the_smallest_whole_number_beside_a_missing_one():
    """Its absolute value does not fit into 64 bits."""
    file = io.BytesIO()
    pyarrow.parquet.write_table(pa.table({"n": [-(2**63), None, 3], "x": [1, 2, 3]}), file)
    assert read_table(file.getvalue())["n"].tolist() == [str(-(2**63)), "", "3"]


@pytest.mark.parametrize("kind", ["fits", "parquet", "hdf5"])
def test_unsigned_ids_are_exact(kind):
    ids = np.array([2**64 - 1, 2**63], np.uint64)
    if kind == "fits":
        content = fits_bytes(id=ids, x=[1, 2])
    else:
        file = io.BytesIO()
        if kind == "parquet":
            Table({"id": ids, "x": [1, 2]}).to_pandas().to_parquet(file)
        else:
            with h5py.File(file, "w") as out:
                out["t"] = Table({"id": ids, "x": [1, 2]}).as_array()
        content = file.getvalue()
    found = read_table(content, ids=["id"]).ids("id")
    assert found.dtype == np.uint64
    assert found.tolist() == ids.tolist()


def test_ids_that_may_have_lost_digits_are_mentioned():
    ids = [1237648704577142784, 1237648704577143040]
    content = "id,x\n" + "".join(f"{one},1\n" for one in ids)
    table = read_table(content.encode(), ids=["id"])
    assert table.ids("id").tolist() == ids
    assert "id: each is a multiple of 256, as if its last digits had been lost" in table.understood


def test_decimal_commas_beside_points_are_not_guessed():
    table = read_table(b"a;b\n0,5;1\n1,234;2.5\n", "a.csv")
    with pytest.raises(InputError, match="line 2: a: '0,5' is not a number"):
        table.numbers("a")


@pytest.mark.parametrize("kind", [*CONTENTS])
def test_flipped_bits_end_in_a_table_or_in_one_line(kind):
    content, rng = CONTENTS[kind](), np.random.default_rng(list(kind.encode()))
    for _ in range(60):
        damaged = np.frombuffer(content, np.uint8).copy()
        places = rng.integers(0, len(damaged), 3)
        damaged[places] ^= (1 << rng.integers(0, 8, 3)).astype(np.uint8)
        damaged = damaged.tobytes()[: rng.integers(len(content) // 2, 2 * len(content))]
        table, message = attempt(damaged)
        if table is None:
            assert message.startswith("a: ")
            assert "\n" not in message
        else:
            assert all(len(table[name]) == len(table) for name in table.names)
