"""Tables that would open other files, fill the memory or never end: one line in bounded time."""

import io
import os
import resource

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from astropy.io import fits
from redpix.core.exceptions import InputError
from redpix.io import table_text
from redpix.io.tables import read_table
from redpix.io.whole_fits import open_whole
from redpix.subtraction.known_bodies import bodies_of

FIELDS = '<FIELD name="id" datatype="long"/><FIELD name="ra" datatype="double"/>'
ROW = "<DATA><TABLEDATA><TR><TD>1</TD><TD>2</TD></TR></TABLEDATA></DATA>"


def votable(body=ROW, before="", table="", fields=FIELDS):
    """Return a VOTable of two columns and one row."""
    inside = f"<RESOURCE><TABLE {table}>{fields}{body}</TABLE></RESOURCE>"
    return f'<?xml version="1.0"?>{before}<VOTABLE version="1.3">{inside}</VOTABLE>'.encode()


def hdf5(make):
    """Return an HDF5 file that `make` fills."""
    file = io.BytesIO()
    with h5py.File(file, "w") as out:
        make(out)
    return file.getvalue()


def external(out):
    """Two columns, one of which is in a file of the system."""
    out.create_dataset("t/id", (30,), "i1", external=[("/etc/passwd", 0, 30)])
    out["t/ra"] = np.arange(30.0)


def virtual(out):
    """Two columns, one of which is in another HDF5 file; HDF5 would crash."""
    layout = h5py.VirtualLayout((3,), "i8")
    layout[:] = h5py.VirtualSource("other.hdf5", "id", (3,))
    out.create_virtual_dataset("t/id", layout)
    out["t/ra"] = np.arange(3.0)


def crowded(out):
    """Thousands of groups."""
    for number in range(5000):
        out.create_group(f"g{number}")


def parquet(column, **options):
    """Return a Parquet file of a column and one of zeros."""
    file = io.BytesIO()
    table = pa.table({"a": column, "b": pa.array(np.zeros(len(column), "i1"))})
    pyarrow.parquet.write_table(table, file, **options)
    return file.getvalue()


def repeated(count, length, **options):
    """Return a Parquet file in which many rows share one text."""
    texts = pa.DictionaryArray.from_arrays(np.zeros(count, "i4"), ["x" * length])
    return parquet(texts, **options)


def lists():
    """Return a small Parquet file of 2000 lists of 6000 numbers."""
    ends = np.arange(0, 12_000_001, 6000, dtype="i4")
    return parquet(pa.ListArray.from_arrays(ends, np.zeros(12_000_000)), compression="zstd")


def binary_table(cards, data=b""):
    """Return a FITS file of a binary table with any header."""
    stated = {"BITPIX": 8, "NAXIS": 2, "NAXIS1": 0, "NAXIS2": 0, "PCOUNT": 0, "GCOUNT": 1, **cards}
    form = "{:8}= {!r:>20}"
    lines = [f"XTENSION= '{cards.get('XTENSION', 'BINTABLE'):8}'".ljust(80)]
    lines += [form.format(k, v).ljust(80) for k, v in stated.items() if k != "XTENSION"]
    text = "".join([*lines, "END".ljust(80)])
    content = fits.PrimaryHDU().header.tostring() + text + " " * (-len(text) % 2880)
    return content.encode() + data + bytes(-len(data) % 2880)


#: each of 20,000 rows has the whole heap as its vector
SHARED = binary_table(
    {"NAXIS1": 8, "NAXIS2": 20_000, "PCOUNT": 1000, "TFIELDS": 1, "TFORM1": "1PB(1000)"},
    np.tile(np.array([1000, 0], ">i4"), 20_000).tobytes() + bytes(1000),
)
EMPTY = binary_table({"NAXIS2": 10**9, "TFIELDS": 1, "TFORM1": "0A", "TTYPE1": "a"})
OUTSIDE = binary_table(
    {"XTENSION": "TABLE", "NAXIS1": 9, "NAXIS2": 1, "TFIELDS": 1, "TFORM1": "E99999999.3"}
    | {"TBCOL1": 1},
    b"1.0      ",
)
ARRAYS = b"""# %ECSV 1.0
# ---
# datatype:
# - {name: a, datatype: string, subtype: 'float64[10000000000]'}
"""


@pytest.fixture
def little_memory():
    """Bound the memory of this process to 1 GB more than it has."""
    limits = resource.getrlimit(resource.RLIMIT_AS)
    with open("/proc/self/statm") as file:
        pages = int(file.read().split()[0])
    bound = pages * resource.getpagesize() + 2**30
    resource.setrlimit(resource.RLIMIT_AS, (bound, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, limits)


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="memory by Linux's own means")
@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (votable('<DATA><BINARY><STREAM href="file:///dev/zero"/></BINARY></DATA>'), "refers to"),
        (votable('<DATA><FITS><STREAM\n href="http://127.0.0.1:9/"/></FITS></DATA>'), "refers to"),
        (votable(before='<!DOCTYPE x [<!ENTITY a "aaa"><!ENTITY b "&a;&a;">]>'), "refers to"),
        (votable(table='nrows="1000000000"'), "states 1000000000 rows in"),
        (votable(fields=FIELDS * 5001), "more than 10000 columns"),
        (hdf5(external), "t: its values are in another file; allowed: in this file"),
        (hdf5(virtual), "t: its values are in another file; allowed: in this file"),
        (hdf5(crowded), "5000 groups and datasets or more"),
        (repeated(100_000, 100_000), "texts of 10000000000 bytes; allowed: at most"),
        (repeated(100_000, 100_000, store_schema=False), "texts of 10000000000 bytes"),
        (lists, "arrays in cells take"),
        (EMPTY, "HDU 1: 1000000000 rows without a byte"),
        (SHARED, "HDU 1: vectors of 2e+07 bytes share 1000 bytes"),
        (OUTSIDE, "TFORM1 is 'E99999999.3' and TBCOL1 1 in rows of 9 characters"),
        (ARRAYS + b"a\n[1]\n", "arrays of 10000000000 numbers in the cells"),
    ],
)
def test_a_hostile_table_ends_in_one_line(tmp_path, content, words):
    path = tmp_path / "t.dat"
    path.write_bytes(content() if callable(content) else content)
    with pytest.raises(InputError) as caught:
        read_table(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_links_to_other_files_are_not_followed(tmp_path):
    """Opening the pipe would wait for a writer without end."""
    os.mkfifo(tmp_path / "pipe")

    def linked(out):
        for name in ("id", "ra"):
            out[f"t/{name}"] = h5py.ExternalLink(str(tmp_path / "pipe"), "/t/id")
        out["t/round"] = out["t"]
        out["u/id"], out["u/ra"] = np.arange(3), np.arange(3.0)

    table = read_table(hdf5(linked), "a.hdf5")
    assert table.names == ["id", "ra"]
    assert "group u" in table.understood


def test_text_that_rows_share_stays_readable():
    content = parquet(pa.array(["GALAXY", None, "STAR"] * 1000), row_group_size=100)
    found = read_table(content, "a.parquet")["a"]
    assert found.tolist()[:3] == ["GALAXY", "", "STAR"]


@pytest.mark.parametrize("digits", [310, 4000, 5000])
def test_ids_of_thousands_of_digits(digits):
    content = "id,x\n" + "".join(f"{number}{'7' * digits},1\n" for number in (1, 2))
    assert read_table(content.encode(), ids=["id"]).ids("id").tolist()[0] == f"1{'7' * digits}"


def test_lines_without_end(monkeypatch):
    monkeypatch.setattr(table_text, "MOST_LINES", 1000)
    with pytest.raises(InputError, match="a.csv: 1002 lines; allowed: at most 1000"):
        read_table(b"a,b\n" + b"\n" * 1001, "a.csv")


@pytest.mark.parametrize(("content", "words"), [(EMPTY, "without a byte"), (SHARED, "share 1000")])
def test_a_hostile_survey_file_ends_in_one_line(tmp_path, content, words):
    path = tmp_path / "fpM.fit"
    path.write_bytes(content)
    with pytest.raises(InputError, match=f"^{path}: HDU 1: .*{words}"), open_whole(path, "a mask"):
        pass


def test_an_answer_that_refers_to_another_file():
    answer = votable('<DATA><BINARY><STREAM href="file:///etc/passwd"/></BINARY></DATA>').decode()
    with pytest.raises(InputError, match="the answer: refers to another file"):
        bodies_of(answer, 60000.0)
