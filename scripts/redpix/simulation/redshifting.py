"""Effects of redshift on a galaxy: distance, angular size and band fluxes.

The flux of a band at redshift z is that of f_lambda(l/(1+z)) / (1+z), divided by the squared
luminosity distance. This includes band shift, dimming and K-correction. The bolometric surface
brightness then decreases as (1+z)^-4. Fluxes are in nanomaggies, distances in Mpc.
"""

from typing import NamedTuple

import numpy as np
from scipy.interpolate import CubicSpline

from redpix.core.exceptions import InputError
from redpix.simulation import seds

# step of the spline of band fluxes, in ln(1+z)
_STEP = 0.004


class Spectra(NamedTuple):
    """Spectral energy distributions on a common grid of wavelengths.

    Attributes
    ----------
    names : tuple of str
    wavelength : ndarray, shape (nw,)
        Rest-frame Angstrom, rising.
    flux : ndarray, shape (m, nw)
        f_lambda in arbitrary units.
    """

    names: tuple
    wavelength: np.ndarray
    flux: np.ndarray


class BandFluxes(NamedTuple):
    """Band fluxes of spectra over a range of redshifts, without distance.

    Attributes
    ----------
    names : tuple of str
        Names of the spectra.
    bands : tuple of str
    splines : tuple of scipy.interpolate.CubicSpline
        One per spectrum: ln(1+z) to fluxes, shape (c,).
    """

    names: tuple
    bands: tuple
    splines: tuple

    def at(self, spectrum, redshift):
        """Return the fluxes of spectra at redshifts.

        Parameters
        ----------
        spectrum : ndarray of int, shape (n,)
            Index of the spectrum of each galaxy.
        redshift : ndarray, shape (n,)
            Redshift of each galaxy.

        Returns
        -------
        ndarray, shape (n, c)
            In the unit of the spectra.
        """
        spectrum, redshift = np.broadcast_arrays(spectrum, redshift)
        fluxes = np.empty((len(spectrum), len(self.bands)))
        for number, spline in enumerate(self.splines):
            chosen = spectrum == number
            fluxes[chosen] = spline(np.log1p(redshift[chosen]))
        return fluxes


def luminosity_distances(cosmology, table=None):
    """Return the luminosity distance as a function of redshift.

    Parameters
    ----------
    cosmology : str
        Name of a cosmology of astropy (Planck18, WMAP9, ...), or path of the table.
    table : (ndarray, ndarray), optional
        Rising redshifts and their luminosity distances, Mpc.

    Returns
    -------
    callable
        Maps redshifts to Mpc.

    Raises
    ------
    InputError
        If astropy does not know the cosmology; when called, if a redshift is not in the table.
    """
    if table is None:
        from astropy import cosmology as cosmologies  # slow to import

        if cosmology not in cosmologies.available:
            raise InputError(
                f"training_images.cosmology: {cosmology!r}; allowed: one of "
                f"{', '.join(sorted(cosmologies.available))}, or the path of a table"
            )
        model = getattr(cosmologies, cosmology)
        return lambda redshift: model.luminosity_distance(redshift).value
    # interpolate the distance divided by z, which is smooth at low redshift (Hubble's law)
    ratio = CubicSpline(table[0], table[1] / table[0])

    def distance(redshift):
        """Return the luminosity distance of redshifts in Mpc."""
        redshift = np.asarray(redshift, dtype=float)
        if redshift.min() < table[0][0] or redshift.max() > table[0][-1]:
            raise InputError(
                f"{cosmology}: redshifts {redshift.min():g} to {redshift.max():g}; its table has "
                f"{table[0][0]:g} to {table[0][-1]:g}"
            )
        return ratio(redshift) * redshift

    return distance


def size_factor(distance, z_in, z_out, pixel_in=1.0, pixel_out=1.0):
    """Return the ratio of sizes in pixels: D_A(z_in)/D_A(z_out) * pixel_in/pixel_out.

    Parameters
    ----------
    distance : callable
        Luminosity distance of a redshift; D_A is this divided by (1+z)^2.
    z_in, z_out : float or ndarray
        Redshifts of input and target.
    pixel_in, pixel_out : float, optional
        Pixel scales.

    Returns
    -------
    float or ndarray
    """
    angular_in = distance(z_in) / (1 + np.asarray(z_in)) ** 2
    angular_out = distance(z_out) / (1 + np.asarray(z_out)) ** 2
    return angular_in / angular_out * pixel_in / pixel_out


def flux_factor(distance, z_in, z_out):
    """Return the dimming by distance, (D_L(z_in)/D_L(z_out))^2, without band shift.

    Parameters
    ----------
    distance : callable
        Luminosity distance of a redshift.
    z_in, z_out : float or ndarray
        Redshifts of input and target.

    Returns
    -------
    float or ndarray
    """
    return (distance(z_in) / distance(z_out)) ** 2


def band_fluxes(spectra, bands, curves, z_low, z_high):
    """Return the band fluxes of spectra over a range of redshifts.

    Parameters
    ----------
    spectra : Spectra
        Spectra of the galaxies.
    bands : sequence of str
        Names of the bands.
    curves : sequence of speclite.filters.FilterResponse
        Filter curves.
    z_low, z_high : float
        Range of the redshifts.

    Returns
    -------
    BandFluxes

    Raises
    ------
    InputError
        If the spectra do not cover a band at a redshift of the range.
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
    # slightly wider, so that a single redshift is a range, too
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
