"""The reader of tables: one content in every format and encoding gives the same columns."""

import gzip
import io

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from astropy.table import MaskedColumn, Table
from redpix.core.exceptions import InputError
from redpix.io import table_bytes, tables
from redpix.io.tables import read_table
from table_contents import CLASS, CONTENTS, IDS, MAGNITUDE, REDSHIFT, text_of


@pytest.mark.parametrize("kind", CONTENTS)
def test_one_content_gives_the_same_columns_in_every_format(tmp_path, kind):
    path = tmp_path / "table"
    path.write_bytes(CONTENTS[kind]())
    table = read_table(path, ids=["id"])
    assert sorted(table.names) == ["class", "g", "id", "redshift"]
    assert table.ids("id").dtype == table["id"].dtype == np.int64
    assert table.ids("id").tolist() == IDS.tolist()
    for name, expected in (("redshift", REDSHIFT), ("g", MAGNITUDE)):
        for found in (table.numbers(name), table[name]):
            assert found.dtype == np.float64
            assert found.tobytes() == expected.tobytes()
    assert table["class"].tolist() == table.text("class").tolist() == CLASS.tolist()
    assert table.text("id").tolist() == [str(one) for one in IDS]
    assert table.text("redshift").tolist() == ["0.1", "", repr(1 / 3)]
    assert "1 missing values" in table.understood
    assert str(path) in table.understood


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"])
def test_text_of_any_encoding(encoding):
    table = read_table("name,café\nZoë,1\nµ,2\n".encode(encoding))
    assert table.names == ["name", "café"]
    assert table["name"].tolist() == ["Zoë", "µ"]


def test_damaged_utf8_is_not_taken_for_another_encoding():
    table = read_table("name,x\nZoë,1\nµ,2\nÅ,3\n".encode().replace(b",3", b",\xb3"), "a.csv")
    assert table["name"].tolist() == ["Zoë", "µ", "Å"]
    assert "UTF-8 with 1 characters that are not" in table.understood
    with pytest.raises(InputError, match="a.csv: line 4: x: '\ufffd' is not a number"):
        table.numbers("x")


def test_a_byte_order_mark_is_not_part_of_the_first_name(monkeypatch):
    content = text_of().encode("utf-8-sig")
    assert read_table(content).names[0] == "id"
    # with the mark kept, the table is refused and not read under another name
    monkeypatch.setattr(tables, "decoded", lambda data, name: (data, "as it is"))
    with pytest.raises(InputError, match="column '.ufeffid': a name that cannot be printed"):
        read_table(content)


@pytest.mark.parametrize("kind", ["hdf5", "parquet"])
def test_each_element_of_a_vector_has_its_unit(kind):
    file = io.BytesIO()
    if kind == "hdf5":
        with h5py.File(file, "w") as out:
            out["id"], out["mags"] = [1, 2], [[20.0, 21.0], [22.0, 23.0]]
            out["mags"].attrs["unit"] = "mag"
    else:
        column = pa.array([[20.0, 21.0], [22.0, 23.0]], pa.list_(pa.float64(), 2))
        fields = [
            pa.field("id", pa.int64()),
            pa.field("mags", column.type, metadata={"unit": "mag"}),
        ]
        table = pa.table([pa.array([1, 2]), column], pa.schema(fields))
        pyarrow.parquet.write_table(table, file)
    read = read_table(file.getvalue())
    assert read.units == {"mags_1": "mag", "mags_2": "mag"}
    assert read.numbers("mags_2").tolist() == [21.0, 23.0]


def test_a_line_of_units_below_the_header():
    table = read_table(b"id,g,flux,n\n,mag,nJy,-\n7,20.5,3e2,x\n8,21.5,4e2,y\n")
    assert (table.units["g"], table.units["flux"]) == ("mag", "nJy")
    assert table.lines.tolist() == [3, 4]
    assert table.numbers("flux").tolist() == [300.0, 400.0]
    # a row of text whose cells may be units is a row if the next one has no number
    assert len(read_table(b"name,unit\nflux,mag\nsize,arcsec\n")) == 2


@pytest.mark.parametrize("line", ["sep=;", '"sep=;"', "sep=;;;"])
def test_the_line_of_a_spreadsheet_that_names_the_separator(line):
    table = read_table(f"{line}\nid;g\n7;20,5\n8;21,5\n".encode())
    assert table.names == ["id", "g"]
    assert table.numbers("g").tolist() == [20.5, 21.5]
    assert table.lines.tolist() == [3, 4]


def test_units_come_with_the_columns():
    text = b"ra [deg],wavelength (Angstrom),MAG(AUTO),n[0]\n1,2,3,4\n"
    table = read_table(text)
    assert table.names == ["ra", "wavelength", "MAG(AUTO)", "n[0]"]
    assert table.units == {"ra": "deg", "wavelength": "Angstrom"}
    for kind in ("fits", "votable", "ascii.ecsv"):
        file = io.BytesIO() if kind != "ascii.ecsv" else io.StringIO()
        Table({"ra": [1.0], "g": [2.0]}, units={"ra": "deg", "g": "mag"}).write(file, format=kind)
        content = file.getvalue()
        found = read_table(content if isinstance(content, bytes) else content.encode())
        assert found.units == {"ra": "deg", "g": "mag"}


def test_vectors_become_columns_and_other_arrays_are_named():
    file = io.BytesIO()
    Table({"id": [1, 2], "flux": np.arange(6.0).reshape(2, 3), "stamp": np.zeros((2, 5, 5))}).write(
        file, format="fits"
    )
    table = read_table(file.getvalue())
    assert table.names == ["id", "flux_1", "flux_2", "flux_3"]
    assert table["flux_2"].tolist() == [1.0, 4.0]
    assert "stamp holds arrays, left out" in table.understood


def test_masked_integers_of_fits_and_votable_are_missing():
    column = MaskedColumn([1, 2**53 + 1, 3], mask=[True, False, False])
    for kind in ("fits", "votable"):
        file = io.BytesIO()
        Table({"id": [1, 2, 3], "n": column}).write(file, format=kind)
        table = read_table(file.getvalue())
        # a float64 cannot hold the second
        assert table.text("n").tolist() == ["", str(2**53 + 1), "3"]
        assert table["n"].tolist() == ["", str(2**53 + 1), "3"]
        assert np.isnan(table.numbers("n")[0])


def test_numbers_that_stand_for_a_missing_value_are_the_caller_s():
    table = read_table(b"id,u\n1,-9999\n2,99\n3,20.5\n")
    assert table.numbers("u").tolist() == [-9999.0, 99.0, 20.5]
    found = table.numbers("u", sentinels=(-9999, 99))
    assert np.isnan(found).tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("cell", "words"), [("", "is missing"), ("nan", "is missing"), ("inf", "inf is not finite")]
)
def test_complete_columns_have_a_number_in_each_row(cell, words):
    table = read_table(f"id,u\n1,5\n2,{cell}\n".encode(), "a.csv")
    with pytest.raises(InputError, match=f"^a.csv: line 3: u: {words}; allowed: a finite number"):
        table.numbers("u", complete=True)
    assert table.numbers("id", complete=True).tolist() == [1.0, 2.0]


def test_columns_are_found_in_either_case():
    table = read_table(b"ObjID,Z_SPEC,u,U\n1,2,3,4\n")
    assert table.find("redshift", "z_spec") == "Z_SPEC"
    assert table.find("U") == "U"
    assert table.find("zphot") is None
    with pytest.raises(InputError, match="more than one column is 'id', .*: Id, ID"):
        read_table(b"Id,ID\n1,2\n").find("id")


def test_a_remark_is_not_a_header():
    text = b"# my list\nname class\nM31 GALAXY\n"
    assert read_table(text).names == ["name", "class"]
    text = b"# made by hand\n# name class\nM31 GALAXY\n"
    assert read_table(text, required=["class"]).names == ["name", "class"]
    text = b"# id ra\nid ra\n1 2\n"
    assert read_table(text, required=["id"])["ra"].tolist() == [2]


def test_columns_can_be_chosen():
    table = read_table(text_of().encode(), columns=["CLASS", "id"])
    assert table.names == ["class", "id"]
    with pytest.raises(InputError, match="no column ra; the table has id, redshift, g, class"):
        read_table(text_of().encode(), required=["id", "ra"])


def test_a_listing_keeps_quotes_and_the_word_null():
    text = b'# mine\n\nname\tpath\tmore\nnull\ta "b".fits\tx\nnan\tb.fits\n'
    table = read_table(text, delimiter="\t", quotes=False, fill=True, missing=("",))
    assert table.text("name").tolist() == ["null", "nan"]
    assert table.text("path").tolist() == ['a "b".fits', "b.fits"]
    assert table.text("more").tolist() == ["x", ""]
    assert table.lines.tolist() == [4, 5]
    assert list(table.frame().index) == [4, 5]


def test_lines_are_right_in_a_long_table():
    """The parser works in blocks: the bad row lies beyond the first."""
    rows = [b"%d,%d.5,abc" % (number + 2**60, number) for number in range(300_000)]
    rows[250_000] = b"1,2"
    content = b"# remark\nid,x,s\n" + b"\n".join(rows) + b"\n"
    table = read_table(content, keep_ragged=True)
    assert table.ragged == [(250_003, "2 cells; allowed: 3, as in the header")]
    assert table.ids("id")[-1] == 2**60 + 299_999
    assert table.lines[-1] == 300_002
    assert table.numbers("x")[-1] == 299_999.5
    with pytest.raises(InputError, match="line 250003: 2 cells; allowed: 3, as in the header"):
        read_table(content)


def test_decompressed_size_is_bounded(monkeypatch):
    monkeypatch.setattr(table_bytes, "ALWAYS_UNPACKED", 2**20)
    read_table(gzip.compress(b"a,b\n" + b"1,2\n" * 200_000))
    with pytest.raises(InputError, match="more than 1048576 bytes after decompression"):
        read_table(gzip.compress(b"a,b\n" + b"1,2\n" * 300_000))


def test_exponents_of_fortran_are_read_as_numbers_only():
    table = read_table(b"name,x,y\n1d3,5.0D-02,-1.d+3\n2d4,3,1e2\n")
    assert table.numbers("x").tolist() == [0.05, 3.0]
    assert table.numbers("y").tolist() == [-1000.0, 100.0]
    assert table["name"].tolist() == ["1d3", "2d4"]
