"""Scatter of star light by the turbulence of the air."""

import numpy as np

#: empirical factor of Osborn et al. (2015, MNRAS 452, 1707), eq. 7, at good sites, m^(2/3) s^(1/2)
_TURBULENCE = 1.5

#: scale height of the turbulence, m
_SCALE_HEIGHT = 8000.0


def scintillation(diameter, exposure, airmass, altitude):
    """Return the relative scatter of a star's flux by scintillation.

    Osborn et al. (2015), eq. 7: sigma^2 = 10^-5 C^2 D^(-4/3) t^-1 (sec z)^3 exp(-2 h / H), after
    Young (1967).

    Parameters
    ----------
    diameter : float
        Diameter of the telescope, m.
    exposure : float
        Exposure time, s.
    airmass : float
        Airmass of the exposure.
    altitude : float
        Altitude of the site, m.

    Returns
    -------
    float
        1-sigma scatter; NaN if an argument is NaN.
    """
    variance = 1e-5 * _TURBULENCE**2 * diameter ** (-4 / 3) / exposure * airmass**3
    return float(np.sqrt(variance * np.exp(-2 * altitude / _SCALE_HEIGHT)))
