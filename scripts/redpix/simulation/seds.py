"""Spectral energy distributions of galaxies and what they are through the SDSS filters.

A galaxy component is a mixture of two neighbouring templates of the sequence `TEMPLATES` behind
dust. Its place in the sequence is one number, its *type*: 0 is CWW_E, 1 CWW_Sbc, 2 CWW_Scd,
3 CWW_Im, and 0.25 is three parts E and one part Sbc of the light in the rest-frame r band.
Everything here is normalised to the rest-frame r band after dust, so that magnitudes are::

    m_b = M_r + distance modulus - 2.5 log10(fluxes_b)

The templates (Coleman, Wu & Weedman 1980, extended) come with GalSim, the filter curves
(`sdss2010-*`) with speclite.
"""

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

TEMPLATES = ("CWW_E", "CWW_Sbc", "CWW_Scd", "CWW_Im")

#: rest-frame wavelengths of the spectra, Angstrom: fine enough for every line the templates show
WAVELENGTH = np.arange(1000.0, 12000.0, 4.0)

#: ratio of total to selective attenuation, Calzetti et al. (2000)
_R_V = 4.05


class SedGrid(NamedTuple):
    """Band fluxes of the templates on a grid of redshift and dust."""

    bands: tuple
    redshifts: np.ndarray  # (nz,), evenly spaced
    reddenings: np.ndarray  # (ne,), E(B-V), evenly spaced
    log_fluxes: np.ndarray  # (nt, ne, nz, nb), natural logarithm


@lru_cache(maxsize=1)
def template_spectra():
    """Templates on `WAVELENGTH`, f_lambda in arbitrary units, shape (nt, nw)."""
    return spectra_on(WAVELENGTH, TEMPLATES)


def spectra_on(wavelength, names):
    """Some of the templates on given wavelengths (Angstrom, 91 to 22050), shape (nt, nw)."""
    import galsim

    folder = Path(galsim.meta_data.share_dir) / "SEDs"
    spectra = [np.loadtxt(folder / f"{name}_ext.sed") for name in names]
    return np.array([np.interp(wavelength, s[:, 0], s[:, 1]) for s in spectra])


def attenuation(wavelength, reddening):
    """Fraction of the light that dust lets through: Calzetti et al. (2000, ApJ 533, 682), eq. 4.

    Parameters
    ----------
    wavelength : array_like
        Rest-frame Angstrom. The law is given for 1200 to 22000; it is continued below 1200.
    reddening : float
        E(B-V) of the stellar continuum, mag.
    """
    inverse = 1e4 / np.asarray(wavelength)  # 1 / micron
    blue = 2.659 * (-2.156 + 1.509 * inverse - 0.198 * inverse**2 + 0.011 * inverse**3)
    red = 2.659 * (-1.857 + 1.040 * inverse)
    curve = np.where(inverse > 1 / 0.63, blue, red) + _R_V
    return 10 ** (-0.4 * reddening * curve)


def band_fluxes(spectra, redshift, bands):
    """AB flux of spectra seen at a redshift, before any distance: f_lambda(l/(1+z)) / (1+z).

    Parameters
    ----------
    spectra : ndarray, shape (n, nw)
        Rest-frame f_lambda on `WAVELENGTH`, erg/s/cm2/Angstrom.
    redshift : float
    bands : sequence of str
        Of u, g, r, i, z.

    Returns
    -------
    ndarray, shape (n, nb)
        In units of the AB zero point. With a luminosity distance the flux is this times
        (10 pc / D_L)^2: band shift, dimming and K-correction are all inside.
    """
    return ab_fluxes(WAVELENGTH, np.atleast_2d(spectra), redshift, _filters(tuple(bands)))


def ab_fluxes(wavelength, spectra, redshift, curves):
    """As `band_fluxes`, of spectra on any wavelengths through any filters.

    Parameters
    ----------
    wavelength : ndarray, shape (nw,)
        Rest-frame Angstrom.
    spectra : ndarray, shape (n, nw)
    redshift : float
    curves : sequence of speclite.filters.FilterResponse
        Each of another name. The shifted spectra must cover them.
    """
    from astropy import units

    observed = wavelength * (1 + redshift) * units.Angstrom
    flux = spectra / (1 + redshift) * units.Unit("erg/(s cm2 Angstrom)")
    maggies = [np.asarray(curve.get_ab_maggies(flux, observed)) for curve in curves]
    return np.stack(maggies, axis=-1)


@lru_cache(maxsize=4)
def _filters(bands):
    from speclite.filters import load_filters

    return load_filters(*(f"sdss2010-{band}" for band in bands))


def build_grid(bands=("u", "g", "r", "i", "z"), redshift_max=1.0, redshift_step=0.01):
    """Grid of the templates' band fluxes, to interpolate in.

    Parameters
    ----------
    bands : sequence of str
    redshift_max, redshift_step : float
        Magnitudes interpolated on steps of 0.01 are right to 0.01 mag in u, 0.002 in griz.

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
    fluxes = np.stack([band_fluxes(flat, z, bands) for z in redshifts], axis=1)
    shape = (len(TEMPLATES), reddenings.size, redshifts.size, len(bands))
    return SedGrid(tuple(bands), redshifts, reddenings, np.log(fluxes.reshape(shape)))


def fluxes(grid, kind, reddening, redshift):
    """Band fluxes of many components at once.

    Parameters
    ----------
    grid : SedGrid
    kind : array_like, shape (n,)
        Type, 0 to 3 (see the module).
    reddening : array_like, shape (n,)
        E(B-V), 0 to the grid's largest.
    redshift : array_like, shape (n,)
        0 to the grid's largest.

    Returns
    -------
    ndarray, shape (n, nb)
        Flux over the flux in rest-frame r at the same luminosity distance.

    Raises
    ------
    ValueError
        If a value lies outside the grid.
    """
    kind, reddening, redshift = np.broadcast_arrays(kind, reddening, redshift)
    types = np.arange(len(TEMPLATES))
    first, part = _bracket(kind, types, "type")
    dust, dust_part = _bracket(reddening, grid.reddenings, "E(B-V)")
    shift, shift_part = _bracket(redshift, grid.redshifts, "redshift")

    def template(index):
        low, high = (
            (1 - dust_part)[:, None] * grid.log_fluxes[index, dust, step]
            + dust_part[:, None] * grid.log_fluxes[index, dust + 1, step]
            for step in (shift, shift + 1)
        )
        return np.exp((1 - shift_part)[:, None] * low + shift_part[:, None] * high)

    return (1 - part)[:, None] * template(first) + part[:, None] * template(first + 1)


def _bracket(values, nodes, name):
    """Index of the even node below each value, and the fraction of a step above it."""
    if values.size and not (values.min() >= nodes[0] and values.max() <= nodes[-1]):
        raise ValueError(f"{name} outside {nodes[0]} to {nodes[-1]}")
    position = (values - nodes[0]) / (nodes[1] - nodes[0])
    lower = np.minimum(position.astype(np.intp), len(nodes) - 2)
    return lower, position - lower


def blackbody_colours(temperature, bands):
    """AB magnitudes of blackbodies relative to r: a hot transient's colours.

    Parameters
    ----------
    temperature : array_like, shape (n,)
        Kelvin.
    bands : sequence of str

    Returns
    -------
    ndarray, shape (n, nb)
        m_b - m_r.
    """
    # second radiation constant hc/k in Angstrom Kelvin
    exponent = 1.438776877e8 / (WAVELENGTH * np.asarray(temperature, dtype=float)[:, None])
    spectra = WAVELENGTH**-5 / np.expm1(exponent)
    return -2.5 * np.log10(band_fluxes(spectra, 0.0, bands) / band_fluxes(spectra, 0.0, "r"))
