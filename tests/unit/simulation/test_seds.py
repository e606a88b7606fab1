import os

import astropy.units as u
import galsim
import numpy as np
import pytest
from astropy.constants import c
from astropy.cosmology import FlatLambdaCDM
from astropy.modeling.physical_models import BlackBody
from redpix.simulation import seds
from speclite.filters import load_filter

BANDS = ("u", "g", "r", "i", "z")


@pytest.fixture(scope="module")
def grid():
    return seds.build_grid(BANDS)


def template(name):
    path = os.path.join(galsim.meta_data.share_dir, "SEDs", f"{name}_ext.sed")
    return np.loadtxt(path).T


def direct_magnitudes(kind, reddening, redshift):
    """Return AB magnitudes relative to rest-frame r, on another wavelength grid."""
    wavelength = np.arange(1100.0, 11900.0, 7.0)
    first = min(int(kind), 2)
    mixture = 0
    for name, weight in zip(seds.TEMPLATES[first:], (1 - kind + first, kind - first), strict=False):
        flux = np.interp(wavelength, *template(name))
        micron = wavelength / 1e4
        # Calzetti et al. (2000), equation 4, term by term
        k = np.where(
            micron < 0.63,
            2.659 * (-2.156 + 1.509 / micron - 0.198 / micron**2 + 0.011 / micron**3) + 4.05,
            2.659 * (-1.857 + 1.040 / micron) + 4.05,
        )
        flux = flux * 10 ** (-0.4 * k * reddening) * 1e-17 * u.Unit("erg/(s cm2 Angstrom)")
        rest = load_filter("sdss2010-r").get_ab_maggies(flux, wavelength * u.AA)
        mixture = mixture + weight * flux / rest
    return [
        load_filter(f"sdss2010-{band}").get_ab_magnitude(
            mixture / (1 + redshift), wavelength * (1 + redshift) * u.AA
        )
        for band in BANDS
    ]


def test_fluxes_against_speclite(grid):
    rng = np.random.default_rng(1)
    n = 12
    kind, reddening = rng.uniform(0, 3, n), rng.uniform(0, 0.3, n)
    redshift = rng.uniform(0.02, 0.7, n)
    expected = np.array(
        [direct_magnitudes(*v) for v in zip(kind, reddening, redshift, strict=True)]
    )
    found = -2.5 * np.log10(seds.fluxes(grid, kind, reddening, redshift))
    assert np.abs(found - expected)[:, 0].max() < 0.01
    assert np.abs(found - expected)[:, 1:].max() < 0.002


def test_unit_light_in_rest_frame_r(grid):
    kind = np.array([0.0, 0.4, 1.0, 2.7, 3.0])
    flux = seds.fluxes(grid, kind, np.array([0.0, 0.2, 0.0, 0.6, 0.4]), np.zeros(5))
    assert flux[:, BANDS.index("r")] == pytest.approx(1, abs=1e-12)


def test_redder_with_type_and_dust(grid):
    g, r = BANDS.index("g"), BANDS.index("r")
    flux = seds.fluxes(grid, [0, 1, 2, 3, 3], [0, 0, 0, 0, 0.3], 0.1)
    colour = -2.5 * np.log10(flux[:, g] / flux[:, r])
    assert (np.diff(colour[:4]) < 0).all()
    assert colour[4] > colour[3] + 0.1


@pytest.mark.parametrize("slope", [-2.0, 0.0, 1.0])
def test_redshift_of_a_power_law(slope):
    spectrum = seds.WAVELENGTH**slope
    z = 0.8
    ratio = seds.band_fluxes(spectrum, z, BANDS) / seds.band_fluxes(spectrum, 0.0, BANDS)
    # f_lambda(l/(1+z)) / (1+z)
    assert ratio == pytest.approx((1 + z) ** (-1 - slope), rel=2e-5)


def test_zero_point():
    jansky = (3631 * u.Jy * c / (seds.WAVELENGTH * u.AA) ** 2).to_value("erg/(s cm2 Angstrom)")
    # 3631 Jy and the AB zero point, -48.6, agree to 0.03 %
    assert seds.band_fluxes(jansky, 0.0, BANDS) == pytest.approx(1, rel=5e-4)


def test_surface_brightness_dims_by_closed_formula():
    # f_nu is constant: AB surface brightness decreases as (1+z)^-3 in all bands
    cosmology = FlatLambdaCDM(H0=70, Om0=0.3)
    spectrum = seds.WAVELENGTH**-2.0
    brightness = [
        seds.band_fluxes(spectrum, z, "r")[0, 0]
        / cosmology.luminosity_distance(z).value ** 2
        * cosmology.angular_diameter_distance(z).value ** 2
        for z in (0.1, 1.0)
    ]
    assert brightness[1] / brightness[0] == pytest.approx((1.1 / 2) ** 3, rel=2e-5)


def test_attenuation_is_what_reddening_means():
    curve = -2.5 * np.log10(seds.attenuation(np.array([4400.0, 5500.0]), 1.0))
    assert curve[1] == pytest.approx(4.05, abs=0.05)
    assert curve[0] - curve[1] == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("arguments", [(3.1, 0.0, 0.1), (0.0, 0.7, 0.1), (0.0, 0.0, 1.5)])
def test_outside_the_grid(grid, arguments):
    with pytest.raises(ValueError, match="outside"):
        seds.fluxes(grid, *([value] for value in arguments))


def test_not_a_number_is_refused(grid):
    with pytest.raises(ValueError, match="outside"):
        seds.fluxes(grid, [0.5], [0.0], [np.nan])


def test_blackbody_colours_against_integration():
    temperature = 6500.0
    magnitudes = []
    for band in BANDS:
        curve = load_filter(f"sdss2010-{band}")
        wavelength = np.linspace(curve.wavelength[0], curve.wavelength[-1], 4000)
        response = np.interp(wavelength, curve.wavelength, curve.response)
        nu_flux = BlackBody(temperature * u.K)(wavelength * u.AA).value
        # ratio of the photons of f_nu to those of a constant f_nu
        weights = response / wavelength
        magnitudes.append(-2.5 * np.log10(np.sum(nu_flux * weights) / np.sum(weights)))
    expected = np.array(magnitudes) - magnitudes[BANDS.index("r")]
    found = seds.blackbody_colours([temperature], BANDS)[0]
    assert found == pytest.approx(expected, abs=2e-3)
