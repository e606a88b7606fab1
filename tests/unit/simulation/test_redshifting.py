import numpy as np
import pytest
from astropy.cosmology import FlatLambdaCDM, Planck18
from redpix.core.exceptions import InputError
from redpix.simulation import redshifting, seds
from redpix.simulation.redshifting import Spectra
from speclite.filters import load_filter

WAVELENGTH = np.geomspace(900, 20000, 4000)
CURVES = [load_filter(f"sdss2010-{band}") for band in "gr"]


def flat_70(z):
    return FlatLambdaCDM(H0=70, Om0=0.3).luminosity_distance(z).value


def test_the_reference_numbers():
    """From z = 0.1 to 1: size 0.230, flux 0.00485, surface brightness (1.1/2)^4."""
    s = redshifting.size_factor(flat_70, 0.1, 1.0)
    flux = redshifting.flux_factor(flat_70, 0.1, 1.0)
    assert s == pytest.approx(0.230, abs=5e-4)
    assert flux == pytest.approx(0.00485, abs=5e-6)
    assert flux / s**2 == pytest.approx((1.1 / 2) ** 4, rel=1e-6)
    assert redshifting.size_factor(flat_70, 0.1, 1.0, 0.4, 0.1) == pytest.approx(4 * s)


@pytest.mark.parametrize("slope", [-2.0, 0.0, 1.5])
def test_power_laws_by_closed_formula(slope):
    spectra = Spectra(("p",), WAVELENGTH, WAVELENGTH[None] ** slope)
    fluxes = redshifting.band_fluxes(spectra, "gr", CURVES, 0.05, 1.2)
    z = np.array([0.05, 0.31, 0.77, 1.2])
    found = fluxes.at(np.zeros(4, int), z) / fluxes.at(np.zeros(1, int), np.array([0.05]))
    assert found == pytest.approx(
        np.repeat((((1 + z) / 1.05) ** (-1 - slope))[:, None], 2, 1), rel=1e-4
    )
    # with distances: brightness per unit frequency decreases as (1+z)^-3 for constant f_nu
    if slope == -2.0:
        dimmed = found[:, 0] * redshifting.flux_factor(flat_70, 0.05, z)
        area = redshifting.size_factor(flat_70, 0.05, z) ** 2
        assert dimmed / area == pytest.approx((1.05 / (1 + z)) ** 3, rel=1e-4)
    # and per unit wavelength by (1+z)^-5 where f_lambda is flat: AB flux goes as lambda^2 f_lambda
    if slope == 0.0:
        dimmed = found[:, 0] * redshifting.flux_factor(flat_70, 0.05, z)
        area = redshifting.size_factor(flat_70, 0.05, z) ** 2
        assert dimmed / area == pytest.approx((1.05 / (1 + z)) ** 5, rel=1e-4)


def test_templates_between_knots_against_speclite():
    names = ("CWW_E", "CWW_Im")
    spectra = Spectra(names, WAVELENGTH, seds.spectra_on(WAVELENGTH, names))
    fluxes = redshifting.band_fluxes(spectra, "gr", CURVES, 0.1, 1.0)
    rng = np.random.default_rng(7)
    z, which = rng.uniform(0.1, 1.0, 25), rng.integers(2, size=25)
    found = fluxes.at(which, z)
    for row in range(25):
        shifted = spectra.flux[which[row]] / (1 + z[row])
        for k, curve in enumerate(CURVES):
            from astropy import units as u

            expected = curve.get_ab_maggies(
                shifted * u.Unit("erg/(s cm2 Angstrom)"), WAVELENGTH * (1 + z[row]) * u.AA
            )
            assert found[row, k] == pytest.approx(float(expected), rel=3e-4)


def test_one_redshift_is_a_range():
    spectra = Spectra(("p",), WAVELENGTH, WAVELENGTH[None] ** -2)
    fluxes = redshifting.band_fluxes(spectra, "gr", CURVES, 0.4, 0.4)
    assert fluxes.at(np.zeros(1, int), np.array([0.4]))[0, 0] == pytest.approx(
        seds.ab_fluxes(WAVELENGTH, spectra.flux, 0.4, CURVES)[0, 0], rel=1e-9
    )


@pytest.mark.parametrize(
    ("z", "words"),
    [
        ((0.1, 5.0), r"band g \(3\d\d\d to 5\d\d\d Angstrom\) at redshift 5 needs"),
        ((0.0, 0.1), r"band r .* at redshift 0 needs .*have 3000 to 6500"),
    ],
)
def test_a_spectrum_that_does_not_cover_a_band(z, words):
    wavelength = WAVELENGTH if z[1] > 1 else np.linspace(3000, 6500, 500)
    spectra = Spectra(("p",), wavelength, wavelength[None] ** -2)
    with pytest.raises(InputError, match=words):
        redshifting.band_fluxes(spectra, "gr", CURVES, *z)


def test_cosmologies():
    distance = redshifting.luminosity_distances("Planck18")
    assert distance(0.5) == Planck18.luminosity_distance(0.5).value
    z = np.linspace(0.01, 2, 60)
    own = redshifting.luminosity_distances("own.csv", (z, flat_70(z)))
    assert own(np.array([0.123, 1.9])) == pytest.approx(flat_70(np.array([0.123, 1.9])), rel=1e-5)
    with pytest.raises(InputError, match=r"own.csv: redshifts 3 to 3; its table has 0.01 to 2"):
        own(3.0)
    with pytest.raises(InputError, match="'Plank'; allowed: one of .*Planck18"):
        redshifting.luminosity_distances("Plank")
