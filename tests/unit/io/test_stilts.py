"""STILTS, and so TOPCAT, opens the tables of a run, with units and UCDs."""

import shutil
import subprocess

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from redpix.io.described_table import OBJECTS, write_described
from redpix.io.fits_writing import write_fits
from redpix.subtraction.transient_formats import write_formats

if shutil.which("stilts") is None:
    pytest.skip("STILTS is not installed", allow_module_level=True)

OBJECT = (
    "object_id,ra,dec,z_phot,z_error,class\n"
    "1237648720693755918,180.5,-1.25,0.11,0.01,GALAXY\n"
    "1237648720693755919,180.6,,0.21,,STAR\n"
)

TRANSIENT = (
    "id,ra,dec,x,y,band,scorr,flux,flux_error,flags,unit\n"
    "1,150.1,2.1,10.5,20.5,r,12.3,1500,100,0,adu\n"
    "2,150.2,2.2,30.5,40.5,r,-7.2,-900,100,16,adu\n"
)


def by_stilts(path, form, folder):
    """Return a table as STILTS understands it, written as a VOTable."""
    command = ["stilts", "tpipe", f"in={path}", f"ifmt={form}", "ofmt=votable"]
    made = folder / "by_stilts.vot"
    done = subprocess.run([*command, f"out={made}"], capture_output=True, text=True)
    if f"Unknown format {form}" in done.stderr:
        pytest.skip(f"this STILTS was built without {form}")
    assert done.returncode == 0, done.stderr
    return Table.read(made, format="votable")


def test_an_ecsv_table(tmp_path):
    (tmp_path / "a.csv").write_text(OBJECT)
    write_described(tmp_path / "a.csv", OBJECTS)
    read = by_stilts(tmp_path / "a.ecsv", "ecsv", tmp_path)
    assert read["object_id"].tolist() == [1237648720693755918, 1237648720693755919]
    assert str(read["ra"].unit) == "deg"
    assert read["z_phot"].description == "Photometric redshift"
    assert np.isnan(np.ma.filled(read["dec"], np.nan)[1])
    assert read["class"].tolist() == ["GALAXY", "STAR"]


def test_a_votable(tmp_path):
    (tmp_path / "a.csv").write_text(TRANSIENT)
    write_formats(str(tmp_path / "a.csv"), str(tmp_path / "a.vot"), str(tmp_path / "a.reg"))
    read = by_stilts(tmp_path / "a.vot", "votable", tmp_path)
    assert read["x"].tolist() == [10.5, 30.5]
    assert (str(read["ra"].unit), read["ra"].meta["ucd"]) == ("deg", "pos.eq.ra;meta.main")
    checked = subprocess.run(
        ["stilts", "votlint", f"votable={tmp_path}/a.vot"], capture_output=True, text=True
    )
    assert "ERROR" not in checked.stdout + checked.stderr


def test_a_fits_table(tmp_path):
    columns = [
        fits.Column("ID", "K", array=[2**60, -1], null=-1),
        fits.Column("FLUX", "E", "nanomaggy", array=[1.5, np.nan]),
    ]
    write_fits(tmp_path / "a.fits", fits.BinTableHDU.from_columns(columns, name="OBJECTS"))
    read = by_stilts(tmp_path / "a.fits", "fits", tmp_path)
    assert read["ID"][0] == 2**60
    assert read["ID"].mask.tolist() == [False, True]
    assert read["FLUX"][0] == 1.5
