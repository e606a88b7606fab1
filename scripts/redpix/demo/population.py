"""Draw the galaxies, stars and transients of the demo, without positions.

Galaxies follow the luminosity functions of a red and a blue population in comoving volume. The
median redshift is near 0.12 at r = 17.5 and near 0.28 at r = 20, as on the sky. `BRIGHT_SHARE` of
the galaxies are brighter than r = 20. This is about twice the fraction of the survey, because a few
fields must provide a training set. Galaxies are not clustered.
"""

import numpy as np
import pandas as pd
from astropy.cosmology import FlatLambdaCDM

from redpix.demo.spectral_scatter import WAVELENGTHS, draw_scatter, scattered
from redpix.sdss.magnitudes import ZERO_POINT_FLUX, pogson_flux, pogson_magnitude
from redpix.simulation import seds

BANDS = ("u", "g", "r", "i", "z")
COSMOLOGY = FlatLambdaCDM(H0=70, Om0=0.3)

#: magnitude limits of the galaxies in r: brightest, limit of the bright galaxies, faintest
BRIGHTEST, BRIGHT, FAINTEST = 15.0, 20.0, 22.0

#: fraction of the galaxies that are brighter than `BRIGHT`
BRIGHT_SHARE = 0.38

# Schechter functions in rest-frame r: M*, slope, relative density at M*; rounded from published
# values for H0 = 70
_POPULATIONS = {"red": (-21.6, -0.6, 2.5), "blue": (-21.0, -1.2, 3.5)}

# brightening of M* from redshift 0 to 1, magnitudes
_EVOLUTION = 1.0

# SED types whose K-correction is used for a population while redshifts are drawn
_TYPICAL = {"red": 0.1, "blue": 1.5}

# power of 1 + z with which the radius of a red and of a blue galaxy changes (van der Wel et al.
# 2014, ApJ 788, 28), and the typical redshift of the relation of Shen et al. (2003)
_SIZE_EVOLUTION, _SHEN_REDSHIFT = (-1.48, -0.75), 0.1

# Sersic indices of the bulges of blue galaxies
_BLUE_SERSIC = (2.0, 2.5, 3.0, 3.5, 4.0)

# main-sequence locus: g-i, u-g, g-r, i-z. For g-i of 0.3 to 1.6 it is within 0.05 mag of Yuan et
# al. (2015, ApJ 799, 134) at [Fe/H] = -0.5; it continues to M dwarfs
_LOCUS = np.array(
    [
        (0.2, 1.00, 0.17, -0.03),
        (0.4, 1.05, 0.31, 0.01),
        (0.6, 1.27, 0.45, 0.05),
        (0.8, 1.59, 0.59, 0.09),
        (1.0, 1.91, 0.74, 0.13),
        (1.2, 2.17, 0.88, 0.17),
        (1.6, 2.47, 1.16, 0.24),
        (2.0, 2.57, 1.38, 0.35),
        (2.4, 2.60, 1.45, 0.51),
        (2.8, 2.62, 1.48, 0.70),
    ]
)


def draw_galaxies(rng, number, grid):
    """Draw galaxies; those brighter than `BRIGHT` come first.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers.
    number : int
        Number of sources.
    grid : redpix.simulation.seds.SedGrid
        Grid in the bands u, g, r, i, z; it sets the largest redshift.

    Returns
    -------
    pandas.DataFrame
        redshift, flux_u..z and bulge_flux_u..z (nanomaggies), bulge_fraction (in r), sersic,
        bulge_radius and disk_radius (half-light, arcsec), axis_ratio, position_angle, bulge_sed
        and disk_sed (types of `redpix.simulation.seds`), bulge_ebv and disk_ebv, and the scatter of
        the spectrum about them (`redpix.demo.spectral_scatter`).
    """
    bright = round(number * BRIGHT_SHARE)
    parts = [
        _galaxies_between(rng, bright, grid, BRIGHTEST, BRIGHT),
        _galaxies_between(rng, number - bright, grid, BRIGHT, FAINTEST),
    ]
    return pd.concat(parts, ignore_index=True)


def _galaxies_between(rng, number, grid, bright, faint):
    """Draw galaxies with bright <= r < faint, distributed as in a magnitude-limited survey."""
    # the empty table sets the columns if the number is 0
    tables, drawn = [_galaxies(rng, grid, np.zeros(0, bool), np.zeros(0), np.zeros(0))], 0
    while drawn < number:
        red, redshift, magnitude = _draw_luminosities(rng, 2 * number, grid, bright, faint)
        table = _galaxies(rng, grid, red, redshift, magnitude)
        r = pogson_magnitude(table["flux_r"])
        tables.append(table[(r >= bright) & (r < faint)])
        drawn += len(tables[-1])
    return pd.concat(tables, ignore_index=True).iloc[:number]


def _draw_luminosities(rng, number, grid, bright, faint):
    """Draw population, redshift and rest-frame M_r of galaxies near a range of magnitudes."""
    redshifts = np.arange(0.012, grid.redshifts[-1], 0.004)
    absolute = np.arange(-24.0, -15.0, 0.1)
    modulus = COSMOLOGY.distmod(redshifts).value
    volume = COSMOLOGY.differential_comoving_volume(redshifts).value
    weights = []
    for name, (knee, slope, density) in _POPULATIONS.items():
        luminosity = 10 ** (0.4 * (knee - _EVOLUTION * redshifts[:, None] - absolute))
        schechter = density * luminosity ** (slope + 1) * np.exp(-luminosity)
        shift = seds.fluxes(grid, _TYPICAL[name], 0.0, redshifts)[:, BANDS.index("r")]
        apparent = absolute + (modulus - 2.5 * np.log10(shift))[:, None]
        margin = 0.5  # mag, for K-corrections that differ from the typical one
        seen = (apparent > bright - margin) & (apparent < faint + margin)
        weights.append(schechter * volume[:, None] * seen)
    weights = np.array(weights)
    cell = rng.choice(weights.size, size=number, p=weights.ravel() / weights.sum())
    population, i, j = np.unravel_index(cell, weights.shape)
    redshift = redshifts[i] + rng.uniform(-0.002, 0.002, number)
    magnitude = absolute[j] + rng.uniform(-0.05, 0.05, number)
    return population == list(_POPULATIONS).index("red"), redshift, magnitude


def _galaxies(rng, grid, red, redshift, magnitude):
    """Draw fluxes and shapes of galaxies of given population, redshift and rest-frame M_r."""
    n = len(red)

    def either(for_red, for_blue):
        return np.where(red, for_red, for_blue)

    # bulge fractions and radii of the populations overlap: a profile is not a label of a spectrum
    share = either(rng.normal(0.65, 0.22, n), np.abs(rng.normal(0.0, 0.32, n)))
    share = np.clip(share, 0.0, 0.98)
    # fainter blue galaxies are of later type
    late = 1.5 + 0.3 * (magnitude + 20.5) + rng.normal(0, 0.5, n)
    bulge_sed = either(rng.uniform(0, 0.2, n), rng.uniform(0.2, 1.2, n))
    disk_sed = either(rng.uniform(0, 0.5, n), np.clip(late, 0.6, 3.0))
    bulge_ebv = either(rng.uniform(0, 0.05, n), rng.uniform(0, 0.2, n))
    disk_ebv = either(rng.uniform(0, 0.05, n), rng.uniform(0, 0.25, n))

    # (10 pc / D_L)^2 in nanomaggies
    distance = 10 ** (-0.4 * (magnitude + COSMOLOGY.distmod(redshift).value))
    unit = ZERO_POINT_FLUX * distance[:, None]
    scatter = draw_scatter(rng, red)
    unit = unit * scattered(scatter, redshift, [WAVELENGTHS[band] for band in BANDS])
    bulge = unit * share[:, None] * seds.fluxes(grid, bulge_sed, bulge_ebv, redshift)
    disk = unit * (1 - share)[:, None] * seds.fluxes(grid, disk_sed, disk_ebv, redshift)
    total = bulge + disk

    growth = ((1 + redshift) / (1 + _SHEN_REDSHIFT)) ** either(*_SIZE_EVOLUTION)
    radius = half_light_radius(rng, magnitude, red) * growth  # kpc
    bulge_radius = radius * either(0.8, 0.45) * np.exp(0.3 * rng.standard_normal(n))
    disk_radius = radius * either(1.4, 1.1) * np.exp(0.2 * rng.standard_normal(n))
    arcsec = 1 / COSMOLOGY.kpc_proper_per_arcmin(redshift).value * 60
    table = {"redshift": redshift}
    table |= {f"flux_{band}": total[:, k] for k, band in enumerate(BANDS)}
    table |= {f"bulge_flux_{band}": bulge[:, k] for k, band in enumerate(BANDS)}
    table |= {
        "bulge_fraction": (bulge / total)[:, BANDS.index("r")],
        "sersic": either(rng.choice([2.5, 3.0, 3.5, 4.0, 4.5], n), rng.choice(_BLUE_SERSIC, n)),
        "bulge_radius": bulge_radius * arcsec,
        "disk_radius": disk_radius * arcsec,
        "axis_ratio": either(rng.uniform(0.4, 1.0, n), rng.uniform(0.25, 1.0, n)),
        "position_angle": rng.uniform(0, 180, n),
        "bulge_sed": bulge_sed,
        "disk_sed": disk_sed,
        "bulge_ebv": bulge_ebv,
        "disk_ebv": disk_ebv,
        **scatter,
    }
    return pd.DataFrame(table)


def half_light_radius(rng, magnitude, early):
    """Draw half-light radii in kpc, log-normal around the relation of Shen et al. (2003).

    MNRAS 343, 978, equations 14 to 16, with the parameters of their table 1 (figure 4: types
    by Sersic index).

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers.
    magnitude : ndarray
        Absolute magnitude in r.
    early : ndarray of bool
        Whether a galaxy is an early type.

    Returns
    -------
    ndarray
        kpc.
    """
    knee = 10 ** (-0.4 * (magnitude + 20.52))
    late = -0.4 * 0.21 * magnitude + (0.53 - 0.21) * np.log10(1 + knee) - 1.31
    median = np.where(early, -0.4 * 0.60 * magnitude - 4.63, late)
    scatter = 0.25 + (0.48 - 0.25) / (1 + knee**2)
    return 10**median * np.exp(scatter * rng.standard_normal(len(magnitude)))


def draw_stars(rng, number):
    """Draw stars from r = 13 to 21.5 along the main-sequence locus.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers.
    number : int
        Number of sources.

    Returns
    -------
    pandas.DataFrame
        redshift (0) and flux_u..z (nanomaggies).
    """
    # counts increase as 10^(0.2 m)
    low, high = 10 ** (0.2 * 13.0), 10 ** (0.2 * 21.5)
    r = np.log10(rng.uniform(low, high, number)) / 0.2
    dwarfs = rng.random(number) < 0.5
    colour = np.where(dwarfs, rng.normal(2.0, 0.4, number), rng.normal(0.65, 0.2, number))
    colour = np.clip(colour, _LOCUS[0, 0], _LOCUS[-1, 0])
    u_g, g_r, i_z = (np.interp(colour, _LOCUS[:, 0], _LOCUS[:, k]) for k in (1, 2, 3))
    u_g = u_g + rng.normal(0, 0.08, number)
    i_z = i_z + rng.normal(0, 0.02, number)
    g = r + g_r + rng.normal(0, 0.03, number)
    i = g - colour
    by_band = zip(BANDS, (g + u_g, g, r, i, i - i_z), strict=True)
    fluxes = {f"flux_{band}": pogson_flux(m) for band, m in by_band}
    return pd.DataFrame({"redshift": np.zeros(number)} | fluxes)


def draw_transients(rng, number):
    """Draw transients from r = 18 to 22.5 with the colours of blackbodies of 5000 to 15000 K.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers.
    number : int
        Number of sources.

    Returns
    -------
    pandas.DataFrame
        flux_u..z (nanomaggies) and temperature (K).
    """
    r = rng.uniform(18.0, 22.5, number)
    temperature = 10 ** rng.uniform(np.log10(5000), np.log10(15000), number)
    by_band = (r[:, None] + seds.blackbody_colours(temperature, BANDS)).T
    fluxes = {f"flux_{band}": pogson_flux(m) for band, m in zip(BANDS, by_band, strict=True)}
    return pd.DataFrame(fluxes | {"temperature": temperature})
