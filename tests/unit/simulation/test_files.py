"""Spectra, filter curves, cosmologies and galaxies are read alike from every format of table."""

import numpy as np
import pandas as pd
import pytest
from redpix.simulation import files
from table_contents import FORMS, forms_of

SPECTRA = "wavelength,flat,blue\n" + "".join(
    f"{w!r},{w**-2.0!r},{w**-1.0!r}\n" for w in np.linspace(800, 20000, 50).tolist()
)
CURVE = "wavelength,response\n5000,0\n5500,0.75\n5800,1\n6000,0\n"
COSMOLOGY = "redshift,luminosity_distance\n" + "".join(
    f"{z!r},{4300 * z!r}\n" for z in np.linspace(0.01, 2, 20).tolist()
)
GALAXIES = (
    "z_in,z_out,magnitude,bulge_fraction,bulge_radius,disk_radius,sersic,axis_ratio,"
    "position_angle,bulge_sed,disk_sed\n0.1,0.5,17,0.4,0.4,0.9,3.5,0.7,30,CWW_E,CWW_Im\n"
)


def written(folder, text, form):
    """Return the paths of a plain CSV and of the same table in another form."""
    plain, other = folder / "mine.csv", folder / f"mine.{form}"
    plain.write_text(text)
    other.write_bytes(forms_of(text)[form])
    return str(plain), str(other)


@pytest.mark.parametrize("form", FORMS)
def test_spectra(tmp_path, form):
    expected, found = (files.read_spectra([p]) for p in written(tmp_path, SPECTRA, form))
    assert found.names == expected.names == ("flat", "blue")
    assert expected.wavelength[0] == 800
    np.testing.assert_array_equal(found.wavelength, expected.wavelength)
    np.testing.assert_array_equal(found.flux, expected.flux)


@pytest.mark.parametrize("form", FORMS)
def test_a_filter_curve(tmp_path, form):
    (names, expected), (_, found) = (files.read_curves([p]) for p in written(tmp_path, CURVE, form))
    assert names == ["mine"]
    wavelength = np.linspace(5000, 6000, 101)
    np.testing.assert_array_equal(found[0](wavelength), expected[0](wavelength))
    assert found[0](5500.0) == pytest.approx(0.75)


def test_a_packed_filter_curve_has_the_name_of_the_plain_one(tmp_path):
    _, packed = written(tmp_path, CURVE, "csv.gz")
    assert files.read_curves([packed])[0] == ["mine"]


@pytest.mark.parametrize("form", FORMS)
def test_a_cosmology(tmp_path, form):
    expected, found = (files.read_distance(p) for p in written(tmp_path, COSMOLOGY, form))
    redshift = np.array([0.1, 0.55])
    np.testing.assert_array_equal(found(redshift), expected(redshift))
    assert found(redshift) == pytest.approx(4300 * redshift)


@pytest.mark.parametrize("form", FORMS)
def test_galaxies(tmp_path, form):
    seds = ("CWW_E", "CWW_Im")
    expected, found = (files.read_galaxies(p, seds) for p in written(tmp_path, GALAXIES, form))
    pd.testing.assert_frame_equal(found, expected, check_exact=True)
    assert found["disk_sed"].item() == "CWW_Im"
