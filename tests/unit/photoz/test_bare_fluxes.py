"""Fluxes whose names do not state their unit, with galaxies of known brightness and distance."""

import numpy as np
import pytest
from astropy.cosmology import FlatLambdaCDM
from redpix.photoz import table_input
from redpix.photoz.band_names import zero_point_of
from redpix.photoz.bare_fluxes import distance_modulus
from scipy.integrate import quad

BANDS = ("g", "r", "i", "z")


def catalogue(folder, name, error, zero_point, kind="fluxes.csv", absolute=-21.0):
    """A table of galaxies with absolute magnitude of about -21 in z, in units of a zero point."""
    rng = np.random.default_rng(1)
    redshift = rng.uniform(0.1, 0.9, 200)
    modulus = FlatLambdaCDM(70, 0.3).distmod(redshift).value
    magnitudes = absolute + modulus + rng.normal(0, 1, 200)
    columns = {"redshift": redshift}
    for n, band in enumerate(BANDS):
        flux = 10 ** (-0.4 * (magnitudes + 0.4 * (3 - n) - zero_point))
        columns[name.format(band)] = flux
        if error:
            columns[error.format(band)] = 0.02 * flux
    path = folder / kind
    table = np.column_stack(list(columns.values()))
    np.savetxt(path, table, delimiter=",", header=",".join(columns), comments="")
    return str(path), magnitudes


def understood(path):
    """Input and warnings of a table."""
    warn = table_input.Warnings()
    return table_input.read(path, warn=warn), " ".join(warn)


@pytest.mark.parametrize("unit", ["10*nJy", "10 nJy", "1e-8 Jy", "1e-31 erg / (s cm2 Hz)"])
def test_a_multiple_of_a_unit_has_the_zero_point_of_the_ab_system(unit):
    """AB: m = 8.90 - 2.5 log10(f / Jy), so that nJy are those of LSST, 31.4."""
    assert zero_point_of(unit) == pytest.approx(28.9, abs=1e-9)
    assert zero_point_of("nJy") == 31.4


def test_distances_are_those_of_astropy():
    z = np.array([0.02, 0.1, 0.5, 1.0, 3.0])
    assert distance_modulus(z) == pytest.approx(FlatLambdaCDM(70, 0.3).distmod(z).value, abs=0.01)
    integrals = [quad(lambda at: (0.3 * (1 + at) ** 3 + 0.7) ** -0.5, 0, one)[0] for one in z]
    distance = 299792.458 / 70 * np.array(integrals)
    assert distance_modulus(z) == pytest.approx(5 * np.log10((1 + z) * distance) + 25, abs=1e-6)


def test_a_flux_of_des_is_not_taken_for_nanomaggies_in_silence(tmp_path):
    path, _ = catalogue(tmp_path, "FLUX_{}", "FLUXERR_{}", 30.0)
    _, words = understood(path)
    absolute = float(words.partition("has the absolute magnitude ")[2].split()[0])
    assert absolute == pytest.approx(-21.0 - 7.5, abs=0.3)
    likelier = words.partition("likelier are ")[2]
    assert "DES, zero point 30" in likelier
    assert "nanomaggies," not in likelier


def test_units_that_brightness_allows_are_named(tmp_path):
    path, magnitudes = catalogue(tmp_path, "flux_{}", "flux_err_{}", 22.5)
    found, words = understood(path)
    assert "taken as nanomaggies; redshifts and brightness would allow, too: uJy" in words
    bright = magnitudes < np.median(magnitudes)  # asinh magnitudes of others are softened
    assert found.objects.magnitudes[bright, 3] == pytest.approx(magnitudes[bright], abs=0.02)


@pytest.mark.parametrize(
    ("name", "error", "zero_point"),
    [("FLUX_{}", "FLUX_IVAR_{}", 22.5), ("FLUX_AUTO_{}", "FLUXERR_AUTO_{}", 30.0)],
)
def test_a_survey_that_is_known_by_its_names_is_not_doubted(tmp_path, name, error, zero_point):
    path, _ = catalogue(tmp_path, name, error, zero_point)
    assert "state no unit" not in understood(path)[1]


def test_fluxes_of_cigale_are_in_millijansky(tmp_path):
    path, magnitudes = catalogue(tmp_path, "sdss.{}p", "sdss.{}p_err", 16.4)
    found, words = understood(path)
    assert "taken as fluxes in mJy" in words
    assert found.columns.zero_points == (16.4,) * 4
    bright = magnitudes < np.median(magnitudes)  # asinh magnitudes of others are softened
    assert found.objects.magnitudes[bright, 3] == pytest.approx(magnitudes[bright], abs=0.02)


def test_magnitudes_with_names_as_cigale_writes_them_stay_magnitudes(tmp_path):
    path, _ = catalogue(tmp_path, "sdss.{}p", "sdss.{}p_err", 16.4)
    lines = (tmp_path / "fluxes.csv").read_text().splitlines()
    cells = [[float(cell) for cell in line.split(",")] for line in lines[1:]]
    for row in cells:
        row[1::2] = [16.4 - 2.5 * np.log10(flux) for flux in row[1::2]]
    text = "\n".join([lines[0], *(",".join(map(repr, map(float, row))) for row in cells)])
    (tmp_path / "magnitudes.csv").write_text(text)
    found, words = understood(tmp_path / "magnitudes.csv")
    assert not found.columns.zero_points
    assert "mJy" not in words
