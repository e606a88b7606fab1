"""What a redshift does to a galaxy: distances, angular sizes, band fluxes of its spectrum.

A band's flux at redshift z is that of f_lambda(l/(1+z)) / (1+z), over the luminosity distance
squared: band shift, dimming and K-correction are all inside, once. Surface brightness then falls
as it must, bolometrically by (1+z)^-4. Fluxes are nanomaggies, distances Mpc.
"""

from typing import NamedTuple

import numpy as np
from scipy.interpolate import CubicSpline

from redpix.core.exceptions import InputError
from redpix.simulation import seds

# step of the redshifts between which band fluxes are interpolated, in ln(1+z)
_STEP = 0.004


class Spectra(NamedTuple):
    """Spectral energy distributions on one grid of wavelengths."""

    names: tuple
    wavelength: np.ndarray  # (nw,), rest-frame Angstrom, rising
    flux: np.ndarray  # (m, nw), f_lambda in arbitrary units


class BandFluxes(NamedTuple):
    """Band fluxes of spectra over a range of redshifts, before any distance."""

    names: tuple  # of the spectra
    bands: tuple
    splines: tuple  # of ln(1+z), a spectrum each, to (c,)

    def at(self, which, redshift):
        """Flux of spectra at redshifts, in one unit.

        Parameters
        ----------
        which : ndarray of int, shape (n,)
            Spectrum of each galaxy.
        redshift : ndarray, shape (n,)

        Returns
        -------
        ndarray, shape (n, c)
        """
        which, redshift = np.broadcast_arrays(which, redshift)
        fluxes = np.empty((len(which), len(self.bands)))
        for number, spline in enumerate(self.splines):
            chosen = which == number
            fluxes[chosen] = spline(np.log1p(redshift[chosen]))
        return fluxes


def luminosity_distances(cosmology, table=None):
    """Luminosity distance as a function of redshift.

    Parameters
    ----------
    cosmology : str
        A cosmology of astropy (Planck18, WMAP9, ...); unused where there is a table.
    table : (ndarray, ndarray), optional
        Rising redshifts and their luminosity distances, Mpc.

    Returns
    -------
    callable
        Of redshifts, to Mpc.

    Raises
    ------
    InputError
        If astropy knows no such cosmology; when called, if a redshift is not in the table.
    """
    if table is None:
        from astropy import cosmology as known

        if cosmology not in known.available:
            raise InputError(
                f"training_images.cosmology: {cosmology!r}; allowed: one of "
                f"{', '.join(sorted(known.available))}, or the path of a table"
            )
        model = getattr(known, cosmology)
        return lambda redshift: model.luminosity_distance(redshift).value
    # close to Hubble's law at low redshift: the distance over z is what is smooth
    ratio = CubicSpline(table[0], table[1] / table[0])

    def distance(redshift):
        redshift = np.asarray(redshift, dtype=float)
        if redshift.min() < table[0][0] or redshift.max() > table[0][-1]:
            raise InputError(
                f"{cosmology}: redshifts {redshift.min():g} to {redshift.max():g}; its table has "
                f"{table[0][0]:g} to {table[0][-1]:g}"
            )
        return ratio(redshift) * redshift

    return distance


def size_factor(distance, z_in, z_out, pixel_in=1.0, pixel_out=1.0):
    """Size in pixels at z_out over that at z_in: D_A(z_in)/D_A(z_out) * pixel_in/pixel_out.

    Parameters
    ----------
    distance : callable
        Luminosity distance of a redshift; D_A is that over (1+z)^2.
    """
    angular_in = distance(z_in) / (1 + np.asarray(z_in)) ** 2
    angular_out = distance(z_out) / (1 + np.asarray(z_out)) ** 2
    return angular_in / angular_out * pixel_in / pixel_out


def flux_factor(distance, z_in, z_out):
    """(D_L(z_in)/D_L(z_out))^2: what distance does to a flux, no band shift."""
    return (distance(z_in) / distance(z_out)) ** 2


def band_fluxes(spectra, bands, curves, z_low, z_high):
    """Band fluxes of spectra from one redshift to another.

    Parameters
    ----------
    spectra : Spectra
    bands : sequence of str
        Names.
    curves : sequence of speclite.filters.FilterResponse
    z_low, z_high : float

    Returns
    -------
    BandFluxes

    Raises
    ------
    InputError
        If a spectrum does not cover a band somewhere between the two.
    """
    first, last = spectra.wavelength[[0, -1]]
    for band, curve in zip(bands, curves, strict=True):
        low, high = curve.wavelength[[0, -1]]
        for z, beyond in ((z_high, low < first * (1 + z_high)), (z_low, high > last * (1 + z_low))):
            if beyond:
                raise InputError(
                    f"training_images: band {band} ({low:.0f} to {high:.0f} Angstrom) at redshift "
                    f"{z:g} needs {low / (1 + z):.0f} to {high / (1 + z):.0f} Angstrom of the "
                    f"spectra, which have {first:.0f} to {last:.0f}; choose other bands, "
                    "redshifts or spectra"
                )
    # a little wider, so that one redshift is a range too
    low, high = np.log1p(z_low) - 1e-9, np.log1p(z_high) + 1e-9
    knots = np.linspace(low, high, 5 + int((high - low) / _STEP))
    blue = min(curve.wavelength[0] for curve in curves) * np.exp(-high)
    red = max(curve.wavelength[-1] for curve in curves) * np.exp(-low)
    inner = np.s_[
        max(np.searchsorted(spectra.wavelength, blue) - 1, 0) : np.searchsorted(
            spectra.wavelength, red, side="right"
        )
        + 1
    ]
    wavelength, flux = spectra.wavelength[inner], spectra.flux[:, inner]
    table = [seds.ab_fluxes(wavelength, flux, np.expm1(knot), curves) for knot in knots]
    table = np.array(table)
    splines = tuple(CubicSpline(knots, table[:, m]) for m in range(len(spectra.names)))
    return BandFluxes(spectra.names, tuple(bands), splines)
