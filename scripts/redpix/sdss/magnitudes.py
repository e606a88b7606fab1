"""Convert between fluxes in nanomaggies and magnitudes: asinh and Pogson."""

import numpy as np

#: flux of magnitude zero in nanomaggies
ZERO_POINT_FLUX = 1e9

#: softening parameter b of the SDSS asinh magnitudes, in units of the zero-point flux
#: (Lupton, Gunn & Szalay 1999; values of the SDSS photometric pipeline)
SOFTENING = {"u": 1.4e-10, "g": 0.9e-10, "r": 1.2e-10, "i": 1.8e-10, "z": 7.4e-10}

#: magnitude per relative error of a flux
POGSON = 2.5 / np.log(10)


def asinh_magnitude(flux, band, softening=None):
    """Return the SDSS asinh magnitude of a flux.

    m = -2.5/ln(10) * [asinh((f/f0) / (2 b)) + ln(b)], Lupton, Gunn & Szalay (1999, AJ 118, 1406).

    Parameters
    ----------
    flux : array_like
        Flux in nanomaggies. It may be zero or negative.
    band : str
        Name of the band. One of u, g, r, i, z sets the softening parameter b.
    softening : float, optional
        The parameter b, in units of the zero-point flux; required for other bands.

    Returns
    -------
    ndarray
        Magnitudes, with the shape of `flux`.
    """
    b = SOFTENING[band] if softening is None else softening
    ratio = np.asarray(flux) / (ZERO_POINT_FLUX * 2 * b)
    return -POGSON * (np.arcsinh(ratio) + np.log(b))


def asinh_magnitude_error(flux, error, band, softening=None):
    """Return the 1-sigma error of `asinh_magnitude`: abs(dm/df) times the error of the flux.

    Parameters
    ----------
    flux, error : array_like
        Flux and its 1-sigma error in nanomaggies.
    band : str
        Name of the band, as for `asinh_magnitude`.
    softening : float, optional
        The parameter b, as for `asinh_magnitude`.

    Returns
    -------
    ndarray
        Magnitudes.
    """
    b = SOFTENING[band] if softening is None else softening
    return POGSON * np.asarray(error) / np.hypot(flux, ZERO_POINT_FLUX * 2 * b)


def softening_of_noise(noise):
    """Return the softening parameter of asinh magnitudes for images of a given noise.

    The flux 2 b f0 is four times the noise of a square arcsecond, as it is for SDSS to a factor of
    two.

    Parameters
    ----------
    noise : float
        1-sigma noise of blank sky in one square arcsecond, nanomaggies.

    Returns
    -------
    float
        The parameter b in units of the zero-point flux, with two digits.
    """
    return float(f"{2 * noise / ZERO_POINT_FLUX:.1e}")


def pogson_flux(magnitude):
    """Return the flux in nanomaggies of a Pogson AB magnitude.

    Parameters
    ----------
    magnitude : array_like
        AB magnitude.

    Returns
    -------
    ndarray
        Nanomaggies.
    """
    return ZERO_POINT_FLUX * 10 ** (-0.4 * np.asarray(magnitude))


def pogson_magnitude(flux):
    """Return the Pogson AB magnitude of a positive flux.

    Parameters
    ----------
    flux : array_like
        Nanomaggies.

    Returns
    -------
    ndarray
        Magnitudes.
    """
    return -2.5 * np.log10(np.asarray(flux) / ZERO_POINT_FLUX)
