"""Spectral energy distributions (SEDs) of galaxies, and their fluxes in SDSS filters.

The SED of a galaxy component is a mixture of two adjacent templates of the sequence `TEMPLATES`,
reddened by dust. Its *type* is its position in the sequence: 0 is CWW_E, 1 CWW_Sbc, 2 CWW_Scd,
3 CWW_Im. Type 0.25 has three quarters E and one quarter Sbc of the light in rest-frame r. All
fluxes are normalised to the rest-frame r band after dust, so that magnitudes are::

    m_b = M_r + distance modulus - 2.5 log10(fluxes_b)

GalSim provides the templates (Coleman, Wu & Weedman 1980, extended), and speclite the filter curves
(`sdss2010-*`). Both are imported where they are used, because the imports take a second each.
"""

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

TEMPLATES = ("CWW_E", "CWW_Sbc", "CWW_Scd", "CWW_Im")

#: rest-frame wavelengths of the spectra, Angstrom; the step resolves the lines of the templates
WAVELENGTH = np.arange(1000.0, 12000.0, 4.0)

#: ratio of total to selective attenuation, Calzetti et al. (2000)
_R_V = 4.05


class SedGrid(NamedTuple):
    """Band fluxes of the templates on a grid of redshift and dust.

    Attributes
    ----------
    bands : tuple of str
    redshifts : ndarray, shape (nz,)
        Evenly spaced.
    reddenings : ndarray, shape (ne,)
        E(B-V), magnitudes, evenly spaced.
    log_fluxes : ndarray, shape (nt, ne, nz, nb)
        Natural logarithm of the fluxes.
    """

    bands: tuple
    redshifts: np.ndarray
    reddenings: np.ndarray
    log_fluxes: np.ndarray


@lru_cache(maxsize=1)
def template_spectra():
    """Return the templates on `WAVELENGTH`.

    Returns
    -------
    ndarray, shape (nt, nw)
        f_lambda in arbitrary units.
    """
    return spectra_on(WAVELENGTH, TEMPLATES)


def spectra_on(wavelength, names):
    """Return templates on given wavelengths.

    Parameters
    ----------
    wavelength : ndarray, shape (nw,)
        Angstrom, from 91 to 22050.
    names : sequence of str
        Some of `TEMPLATES`.

    Returns
    -------
    ndarray, shape (nt, nw)
        f_lambda in arbitrary units.
    """
    import galsim

    folder = Path(galsim.meta_data.share_dir) / "SEDs"
    spectra = [np.loadtxt(folder / f"{name}_ext.sed") for name in names]
    return np.array([np.interp(wavelength, s[:, 0], s[:, 1]) for s in spectra])


def attenuation(wavelength, reddening):
    """Return the fraction of light that dust transmits.

    The law is that of Calzetti et al. (2000, ApJ 533, 682), equation 4.

    Parameters
    ----------
    wavelength : array_like
        Rest-frame Angstrom. The law is valid from 1200 to 22000 and is extrapolated below 1200.
    reddening : float
        E(B-V) of the stellar continuum, mag.

    Returns
    -------
    ndarray
    """
    inverse = 1e4 / np.asarray(wavelength)  # 1 / micron
    blue = 2.659 * (-2.156 + 1.509 * inverse - 0.198 * inverse**2 + 0.011 * inverse**3)
    red = 2.659 * (-1.857 + 1.040 * inverse)
    curve = np.where(inverse > 1 / 0.63, blue, red) + _R_V
    return 10 ** (-0.4 * reddening * curve)


def band_fluxes(spectra, redshift, bands):
    """Return the AB fluxes of redshifted spectra, f_lambda(l/(1+z)) / (1+z), without distance.

    Parameters
    ----------
    spectra : ndarray, shape (n, nw)
        Rest-frame f_lambda on `WAVELENGTH`, erg/s/cm2/Angstrom.
    redshift : float
        Redshift of the spectra.
    bands : sequence of str
        Some of u, g, r, i, z.

    Returns
    -------
    ndarray, shape (n, nb)
        In units of the AB zero point. Multiply by (10 pc / D_L)^2 for a luminosity distance; the
        product includes band shift, dimming and K-correction.
    """
    return ab_fluxes(WAVELENGTH, np.atleast_2d(spectra), redshift, _filters(tuple(bands)))


def ab_fluxes(wavelength, spectra, redshift, curves):
    """Return the AB fluxes of redshifted spectra as `band_fluxes`, in any filters.

    Parameters
    ----------
    wavelength : ndarray, shape (nw,)
        Rest-frame Angstrom.
    spectra : ndarray, shape (n, nw)
        f_lambda, erg/s/cm2/Angstrom.
    redshift : float
        Redshift of the spectra.
    curves : sequence of speclite.filters.FilterResponse
        Filters of different names; the redshifted spectra must cover them.

    Returns
    -------
    ndarray, shape (n, nb)
        In units of the AB zero point.
    """
    from astropy import units

    observed = wavelength * (1 + redshift) * units.Angstrom
    flux = spectra / (1 + redshift) * units.Unit("erg/(s cm2 Angstrom)")
    maggies = [np.asarray(curve.get_ab_maggies(flux, observed)) for curve in curves]
    return np.stack(maggies, axis=-1)


@lru_cache(maxsize=4)
def _filters(bands):
    """Return the SDSS filter curves of bands."""
    from speclite.filters import load_filters

    names = [f"sdss2010-{band}" for band in bands]
    return load_filters(*names)


def build_grid(bands=("u", "g", "r", "i", "z"), redshift_max=1.0, redshift_step=0.01, curves=None):
    """Return the grid of the templates' band fluxes, for interpolation.

    Parameters
    ----------
    bands : sequence of str, optional
        Names of the bands.
    redshift_max, redshift_step : float, optional
        With steps of 0.01, interpolated magnitudes are accurate to 0.01 mag in u, 0.002 in griz.
    curves : sequence of speclite.filters.FilterResponse, optional
        Filters of the bands; by default those of SDSS.

    Returns
    -------
    SedGrid
    """
    redshifts = np.arange(0, redshift_max + redshift_step / 2, redshift_step)
    reddenings = np.array([0.0, 0.2, 0.4, 0.6])
    spectra = np.array([template_spectra() * attenuation(WAVELENGTH, e) for e in reddenings])
    spectra = spectra.transpose(1, 0, 2)  # template, reddening, wavelength
    rest = band_fluxes(spectra.reshape(-1, WAVELENGTH.size), 0.0, "r")
    spectra = spectra / rest.reshape(len(TEMPLATES), reddenings.size, 1)
    flat = spectra.reshape(-1, WAVELENGTH.size)
    curves = _filters(tuple(bands)) if curves is None else curves
    fluxes = np.stack([ab_fluxes(WAVELENGTH, flat, z, curves) for z in redshifts], axis=1)
    shape = (len(TEMPLATES), reddenings.size, redshifts.size, len(bands))
    return SedGrid(tuple(bands), redshifts, reddenings, np.log(fluxes.reshape(shape)))


def fluxes(grid, kind, reddening, redshift):
    """Return the band fluxes of components.

    Parameters
    ----------
    grid : SedGrid
        Fluxes of the templates.
    kind : array_like, shape (n,)
        Type, 0 to 3 (see the module's docstring).
    reddening : array_like, shape (n,)
        E(B-V), from 0 to the maximum of the grid.
    redshift : array_like, shape (n,)
        From 0 to the maximum of the grid.

    Returns
    -------
    ndarray, shape (n, nb)
        Ratio to the flux in rest-frame r at the same luminosity distance.

    Raises
    ------
    ValueError
        If a value lies outside the grid.
    """
    kind, reddening, redshift = np.broadcast_arrays(kind, reddening, redshift)
    types = np.arange(len(TEMPLATES))
    first, fraction = _bracket(kind, types, "type")
    dust, dust_fraction = _bracket(reddening, grid.reddenings, "E(B-V)")
    shift, shift_fraction = _bracket(redshift, grid.redshifts, "redshift")

    def template(index):
        """Return the fluxes of one template per component."""
        low, high = (
            (1 - dust_fraction)[:, None] * grid.log_fluxes[index, dust, step]
            + dust_fraction[:, None] * grid.log_fluxes[index, dust + 1, step]
            for step in (shift, shift + 1)
        )
        return np.exp((1 - shift_fraction)[:, None] * low + shift_fraction[:, None] * high)

    return (1 - fraction)[:, None] * template(first) + fraction[:, None] * template(first + 1)


def _bracket(values, nodes, name):
    """Return the index of the node below each value, and the fraction of a step above it."""
    if values.size and not (values.min() >= nodes[0] and values.max() <= nodes[-1]):
        raise ValueError(f"{name} outside the grid, {nodes[0]} to {nodes[-1]}")
    position = (values - nodes[0]) / (nodes[1] - nodes[0])
    lower = np.minimum(position.astype(np.intp), len(nodes) - 2)
    return lower, position - lower


def blackbody_colours(temperature, bands, curves=None):
    """Return the AB magnitudes of blackbodies relative to r, the colours of hot transients.

    Parameters
    ----------
    temperature : array_like, shape (n,)
        Kelvin.
    bands : sequence of str
        Names of the bands.
    curves : sequence of speclite.filters.FilterResponse, optional
        Filters of the bands; by default those of SDSS.

    Returns
    -------
    ndarray, shape (n, nb)
        m_b - m_r, with r of SDSS.
    """
    # second radiation constant hc/k in Angstrom Kelvin
    exponent = 1.438776877e8 / (WAVELENGTH * np.asarray(temperature, dtype=float)[:, None])
    spectra = WAVELENGTH**-5 / np.expm1(exponent)
    curves = _filters(tuple(bands)) if curves is None else list(curves)
    fluxes_of_bands = ab_fluxes(WAVELENGTH, spectra, 0.0, curves)
    return -2.5 * np.log10(fluxes_of_bands / band_fluxes(spectra, 0.0, "r"))
