"""Galactic dust in front of the demo sky: E(B-V) at a position, and what it takes from fluxes.

E(B-V) is a wave across the fields, `MEAN` + `AMPLITUDE` sin(2 pi s), where s is the distance from
`ORIGIN` towards the north-east in degrees. The fields of epoch 1 have 0.02, 0.04 and 0.10 at their
centres. The extinction of a band is E(B-V) times its coefficient of
`redpix.pixels.extinction.COEFFICIENTS`.
"""

import numpy as np

from redpix.pixels.extinction import COEFFICIENTS

#: E(B-V) on the scale of Schlegel, Finkbeiner & Davis, mag
MEAN, AMPLITUDE = 0.06, 0.04

#: right ascension and declination where the wave rises through its mean, degrees
ORIGIN = (180.5, 45.5)


def reddening(ra, dec):
    """Return E(B-V) of the demo sky.

    Parameters
    ----------
    ra, dec : ndarray, shape (n,)
        Degrees.

    Returns
    -------
    ndarray, shape (n,)
        Magnitudes.
    """
    east = (np.asarray(ra) - ORIGIN[0]) * np.cos(np.radians(ORIGIN[1]))
    north = np.asarray(dec) - ORIGIN[1]
    return MEAN + AMPLITUDE * np.sin(2 * np.pi * (east + north) / np.sqrt(2))


def behind_dust(table, bands):
    """Return sources with the fluxes that reach the telescope through the dust.

    Fluxes of transients are drawn as observed, and stay.

    Parameters
    ----------
    table : pandas.DataFrame
        kind, ra, dec (degrees), ``flux_<band>`` and ``bulge_flux_<band>``.
    bands : sequence of str
        Names of the bands.

    Returns
    -------
    pandas.DataFrame
        With ebv and ``extinction_<band>`` (magnitudes).
    """
    ebv = reddening(table["ra"], table["dec"]).round(6)
    columns = {"ebv": ebv}
    steady = (table["kind"] != "transient").to_numpy()
    for band in bands:
        columns[f"extinction_{band}"] = (COEFFICIENTS[band] * ebv).round(6)
        passed = np.where(steady, 10 ** (-0.4 * columns[f"extinction_{band}"]), 1.0)
        for name in (f"flux_{band}", f"bulge_flux_{band}"):
            columns[name] = table[name] * passed
    return table.assign(**columns)
