"""The reader of tables on the files that strangers bring."""

import bz2
from pathlib import Path

import numpy as np
import pytest
from redpix.core.exceptions import InputError
from redpix.io.tables import read_table

FOLDER = Path(__file__).resolve().parents[3].parent / "shared/strangers"
if not FOLDER.is_dir():
    pytest.skip("no folder of strangers' files beside the project", allow_module_level=True)

#: what of a message tells why a file is refused
REFUSED = {
    "cat_error_text.csv": "server's message",
    "cat_excel_ids.csv": "line 2: id: '1.23765E+18' lost",
    "cat_float_ids.csv": "line 2: id: '1237648704577142784.0' lost",
    "cat_html.csv": "web page",
    "cat_lost_digits.csv": "line 3: id: 1237648704577142784 occurs twice",
    "cat_lost_digits_clash.csv": "line 3: id: 1237648704577142784 occurs twice",
    "id_excel.csv": "line 2: id: '1.23765E+18' lost",
    "mlz_head.train": "line 2: 19 values, the line above has 18 names",
    "csv__longline.csv.bz2": "line 1: 4000001 bytes",
    "listing__longcell.tsv": "line 3: name: 200000 characters",
    "table__flip11.csv": "line 137: 12 cells; allowed: 13, as in the header",
    "table__flip15.csv": "line 54: 12 cells; allowed: 13, as in the header",
    "table__widehdr.csv": "30000 columns",
    "tsv__i_longcell.tsv": "line 4: image: 200000 characters",
    "tsv__p_longcell.tsv": "line 4: pair: 200000 characters",
}
#: files of the same 400 objects as ok.csv, under other names or in another format
SAME = (
    *("bom.csv", "decimalcomma.csv", "des_MAG_AUTO.csv", "gz.csv.gz", "hashheader.csv"),
    *("hashheader.txt", "hsc_cmodel.csv", "index.csv", "kids_GAAP.csv", "ps1_Mag.csv"),
    *("rail_lsst.csv", "sdss_dered.csv", "sdss_modelMag.csv", "sdss_psfMag.csv", "semicolon.csv"),
    *("t.ecsv", "t.fits", "t.hdf5", "t.ipac", "t.parquet", "t.vot", "tab.csv", "upper.csv"),
    *("utf16.csv", "vizier_mag.csv", "whitespace.txt", "z_REDSHIFT.csv", "z_Z_SPEC.csv"),
    *("z_specz.csv", "z_z_true.csv", "z_zs.csv", "id_19.csv", "id_float.csv", "latin1.csv"),
)
PLAIN = "catalogues/cat_plain.csv"


def files(*patterns):
    """Return the names of files, relative to the folder."""
    return [str(p.relative_to(FOLDER)) for one in patterns for p in sorted(FOLDER.glob(one))]


def attempt(path):
    """Return the table, or None and the message."""
    try:
        return read_table(path, ids=["id"]), ""
    except InputError as error:
        return None, str(error)


def matrix(path):
    """Return the numbers of a table of magnitudes: redshift, then magnitudes and errors."""
    table = read_table(path)
    names = [name for name in table.names if name not in ("id", "comment")]
    return np.array([table.numbers(name) for name in names])


@pytest.mark.parametrize(
    "name",
    files("tables/*", "catalogues/*", "faults/*csv*", "faults/*.tsv", "faults/*.fit*"),
)
def test_every_file_is_read_or_named_in_one_line(name):
    path = FOLDER / name
    table, message = attempt(path)
    if table is None:
        assert message.startswith(f"{path}: ")
        assert "\n" not in message
        assert len(message) < 400 + len(str(path))
        assert ".fit" in path.name or REFUSED[path.name] in message
        return
    assert path.name not in REFUSED
    assert len(table) > 0
    assert len(table.names) > 1
    assert all(len(table[name]) == len(table) for name in table.names)
    assert table.understood.startswith(f"{path}: ")


@pytest.mark.parametrize("name", SAME)
def test_the_same_objects_have_the_same_numbers(name):
    expected = matrix(FOLDER / "tables/ok.csv")
    assert expected.shape == (11, 400)
    assert matrix(FOLDER / "tables" / name).tobytes() == expected.tobytes()


@pytest.mark.parametrize("kind", ["table1", "utf16", "semicolon", "tab", "pandas_index"])
def test_the_same_catalogue_in_other_formats(kind):
    expected = read_table(FOLDER / PLAIN)
    assert expected.ids("id").tolist()[0] == 1237648704577142822
    table = read_table(FOLDER / f"catalogues/cat_{kind}.csv")
    assert table.names == expected.names
    for name in table.names:
        assert table[name].dtype == expected[name].dtype
        assert table[name].tolist() == expected[name].tolist()


@pytest.mark.parametrize("column", ["id", "redshift", "u"])
def test_a_byte_order_mark_changes_nothing(column):
    tables = [
        read_table(FOLDER / f"faults/table_bom{mark}_{column}_first.csv") for mark in (True, False)
    ]
    assert tables[0].names == tables[1].names
    assert tables[0].names[0] == column
    assert tables[0].frame().equals(tables[1].frame())


def test_a_bomb_ends_in_one_line(tmp_path):
    """Ten megabytes of gzip that become ten gigabytes."""
    path = tmp_path / "bomb.fits.gz"
    path.write_bytes(bz2.decompress((FOLDER / "faults/user__gzbomb10GB.fits.gz.bz2").read_bytes()))
    table, message = attempt(path)
    assert table is None
    assert message.startswith(f"{path}: more than ")
    assert "bytes after decompression" in message


def test_missing_values_of_strangers():
    table = read_table(FOLDER / "tables/miss_masked.csv")
    assert np.isnan(table.numbers("u")).sum() == 100
    table = read_table(FOLDER / "catalogues/cat_null_z.csv")
    assert np.isnan(table.numbers("redshift")).tolist() == [True, False, False]
    table = read_table(FOLDER / "tables/zmiss_99.csv")
    missing = np.isnan(table.numbers("redshift", sentinels=(99,)))
    assert 0 < missing.sum() < 400
    assert missing.sum() == (table.numbers("redshift") == 99).sum()


def test_headers_in_comments():
    table = read_table(FOLDER / "tables/eazy_head.cat")
    assert table.names[:3] == ["id", "f_f300w", "e_f300w"]
    assert table.ids("id")[0] == 1
    # a caller's names decide which of two headers it is
    assert read_table(FOLDER / "tables/eazy_head.cat", required=["F10"]).names[1] == "F10"
