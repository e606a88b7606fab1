"""The ECSV twin of a table has its rows, and units, UCDs and descriptions for other programs."""

import re

import numpy as np
import pytest
from astropy import units
from astropy.table import Table
from conftest import ROOT
from redpix.io.column_meanings import MEANINGS, meaning_of
from redpix.io.described_table import FLUX_UNITS, column_types, write_described

ROWS = (
    "object_id,ra,dec,redshift,z_phot,psf_flux,flags,class,note,chi2\n"
    '1237648720693755918,180.5,-1.25,0.1,0.11,1.5e3,0,GALAXY,"a, ""b""",\n'
    "1237648720693755919,180.6,-1.35,,0.21,2,4,STAR,,\n"
)


@pytest.fixture
def twin(tmp_path):
    (tmp_path / "a.csv").write_text(ROWS)
    write_described(tmp_path / "a.csv", "one row per object")
    return Table.read(tmp_path / "a.ecsv")


def test_rows_are_those_of_the_table(twin):
    assert twin["object_id"].tolist() == [1237648720693755918, 1237648720693755919]
    assert twin["ra"].dtype == float
    assert twin["redshift"].mask.tolist() == [False, True]
    assert twin["chi2"].mask.all()
    assert twin["flags"].dtype.kind == "i"
    assert twin["note"][0] == 'a, "b"'
    assert np.ma.is_masked(twin["note"][1])


def test_columns_have_units_descriptions_and_ucds(twin):
    assert twin["ra"].unit == units.deg
    assert twin["psf_flux"].unit == units.ct
    assert twin["z_phot"].description == "Photometric redshift"
    assert twin["ra"].meta["ucd"] == "pos.eq.ra;meta.main"
    assert twin.meta["description"] == "one row per object"
    assert "description" not in twin["note"].meta


def test_a_table_without_rows(tmp_path):
    (tmp_path / "a.csv").write_text(ROWS.splitlines()[0] + "\n")
    write_described(tmp_path / "a.csv", "one row per object")
    made = Table.read(tmp_path / "a.ecsv")
    assert len(made) == 0
    assert made["ra"].unit == units.deg


def test_the_type_is_that_of_all_rows(tmp_path):
    """A word behind many numbers makes text, also in another block of the file."""
    lines = [f"{number},{number},1\n" for number in range(300_000)]
    (tmp_path / "a.csv").write_text("a,b,c\n" + "".join(lines) + "x,0.5,2\n")
    assert column_types(tmp_path / "a.csv") == {"a": "string", "b": "float64", "c": "int64"}


def test_every_unit_is_one_of_astropy():
    for name in [*MEANINGS, "flux_g", "error_r", "mag_i", "u"]:
        for flux in FLUX_UNITS.values():
            unit, ucd, words = meaning_of(name, flux)
            units.Unit(unit, parse_strict="raise")
            assert re.fullmatch(r"[a-zA-Z2.;]+", ucd), name
            assert words, name
    assert units.Unit(FLUX_UNITS["nanomaggy"]).to(units.ABmag) == pytest.approx(22.5, abs=1e-3)


def test_units_are_those_of_the_page_of_products():
    """The page says degrees and pixels where a file says deg and pix."""
    page = (ROOT / "docs/reference/products.md").read_text()
    words = {"deg": "degrees", "pix": "pixels", "d": "days", "mag": "mag", "flux": "counts"}
    for names, unit in re.findall(r"^\| (`[^|]*`) \|[^|]*\| ([^|]*)\|$", page, re.MULTILINE):
        for name in re.findall(r"`(\w+)`", names):
            if name in MEANINGS and unit.strip() in words.values():
                assert words.get(MEANINGS[name][0]) == unit.strip(), name
