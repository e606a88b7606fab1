"""Magnitudes that survive negative fluxes, and the survey's units."""

import numpy as np

#: flux of magnitude zero in nanomaggies
ZERO_POINT_FLUX = 1e9

#: softening parameter b of the SDSS asinh magnitudes, in units of the zero-point flux
#: (Lupton, Gunn & Szalay 1999; values of the SDSS photometric pipeline)
SOFTENING = {"u": 1.4e-10, "g": 0.9e-10, "r": 1.2e-10, "i": 1.8e-10, "z": 7.4e-10}

_POGSON = 2.5 / np.log(10)


def asinh_magnitude(flux, band):
    """SDSS asinh magnitude of a flux.

    m = -2.5/ln(10) * [asinh((f/f0) / (2 b)) + ln(b)], Lupton, Gunn & Szalay (1999, AJ 118, 1406).

    Parameters
    ----------
    flux : array_like
        Flux in nanomaggies; may be zero or negative.
    band : str
        One of u, g, r, i, z: it sets the softening b.

    Returns
    -------
    ndarray
        Magnitudes, shape and floating type of `flux`.
    """
    b = SOFTENING[band]
    ratio = np.asarray(flux) / (ZERO_POINT_FLUX * 2 * b)
    return -_POGSON * (np.arcsinh(ratio) + np.log(b))


def asinh_magnitude_error(flux, error, band):
    """Error of `asinh_magnitude` for a flux of a small error: |dm/df| times the error.

    Parameters
    ----------
    flux, error : array_like
        In nanomaggies.
    band : str
        One of u, g, r, i, z.
    """
    softening = ZERO_POINT_FLUX * 2 * SOFTENING[band]
    return _POGSON * np.asarray(error) / np.hypot(flux, softening)


def asinh_flux(magnitude, band):
    """Flux in nanomaggies of an SDSS asinh magnitude: the inverse of `asinh_magnitude`."""
    b = SOFTENING[band]
    return 2 * b * ZERO_POINT_FLUX * np.sinh(-np.asarray(magnitude) / _POGSON - np.log(b))


def pogson_flux(magnitude):
    """Flux in nanomaggies of an ordinary (Pogson) AB magnitude."""
    return ZERO_POINT_FLUX * 10 ** (-0.4 * np.asarray(magnitude))
