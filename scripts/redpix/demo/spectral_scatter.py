"""Scatter of the demo's spectra about the templates: slope, 4000 Angstrom break, ultraviolet.

The four templates and their mixtures are a line in the space of colours, and galaxies fill a
volume. Each galaxy has three numbers of its own. They multiply its spectrum by a smooth function of
the rest-frame wavelength that is 1 in r, and so its fluxes by the value of this function at the
wavelengths of the bands.
"""

import numpy as np

#: effective wavelengths of SDSS's bands, Angstrom
WAVELENGTHS = {"u": 3551.0, "g": 4686.0, "r": 6166.0, "i": 7480.0, "z": 8932.0}

#: wavelength at which the functions are 1, Angstrom
_PIVOT = 6200.0

#: standard deviation of each number for red and for blue galaxies. Redshifts from colours without
#: noise scatter by 0.014 for r < 17.8, and those of the survey's galaxies, with noise, by 0.017
SCATTER = {
    "spectrum_slope": (0.025, 0.05),
    "spectrum_break": (0.02, 0.035),
    "spectrum_uv": (0.03, 0.05),
}


def draw_scatter(rng, red):
    """Draw the numbers of galaxies.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers.
    red : ndarray of bool, shape (n,)
        Whether a galaxy is of the red population.

    Returns
    -------
    dict of str to ndarray, shape (n,)
        By the names of `SCATTER`, natural logarithms: slope of the spectrum with the logarithm of
        the wavelength, and changes of the flux below 4000 Angstrom and at 2500 Angstrom.
    """
    return {
        name: rng.normal(0, 1, len(red)) * np.where(red, for_red, for_blue)
        for name, (for_red, for_blue) in SCATTER.items()
    }


def scattered(numbers, redshift, wavelengths):
    """Return the factors of the fluxes of galaxies.

    Parameters
    ----------
    numbers : dict of str to ndarray, shape (n,)
        Result of `draw_scatter`.
    redshift : ndarray, shape (n,)
        Redshifts.
    wavelengths : sequence of float, shape (nb,)
        Effective wavelengths of the bands, Angstrom.

    Returns
    -------
    ndarray, shape (n, nb)
    """
    wavelength = np.array(wavelengths) / (1 + redshift[:, None])
    below = (1 - np.tanh((wavelength - 4000) / 250)) / 2
    ultraviolet = np.maximum(4000 - wavelength, 0) / 1500
    slope, step, rise = (numbers[name][:, None] for name in SCATTER)
    return np.exp(slope * np.log(wavelength / _PIVOT) + step * below + rise * ultraviolet)
