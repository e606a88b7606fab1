"""Galactic extinction of catalogue objects, by band, from the columns of the catalogue.

Coefficients A / E(B-V) are those of Schlafly & Finkbeiner (2011, ApJ 737, 103, table 6, R_V = 3.1),
for E(B-V) of Schlegel, Finkbeiner & Davis (1998, SFD). For another band they follow from the law of
Fitzpatrick (1999, PASP 111, 63, table 3, R_V = 3.1) at its wavelength, times 0.86 as Schlafly &
Finkbeiner find.
"""

import re
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.interpolate import CubicSpline

from redpix.core.exceptions import InputError
from redpix.core.job import log

#: A / E(B-V) by band: SDSS u to z, LSST y, DES Y, Landolt U to I, UKIRT and 2MASS J, H, K
COEFFICIENTS = {
    "u": 4.239,
    "g": 3.303,
    "r": 2.285,
    "i": 1.698,
    "z": 1.263,
    "y": 1.088,
    "Y": 1.058,
    "U": 4.334,
    "B": 3.626,
    "V": 2.742,
    "R": 2.169,
    "I": 1.505,
    "J": 0.709,
    "H": 0.449,
    "K": 0.302,
    "Ks": 0.310,
}

# inverse wavelength per micrometre, and A / E(B-V), of the law of Fitzpatrick (1999)
_FITZPATRICK = np.array(
    [
        (0.000, 0.000),
        (0.377, 0.265),
        (0.820, 0.829),
        (1.667, 2.688),
        (1.828, 3.055),
        (2.141, 3.806),
        (2.433, 4.315),
        (3.704, 6.265),
        (4.115, 6.591),
    ]
)

#: scale of SFD's E(B-V) by Schlafly & Finkbeiner (2011)
RECALIBRATION = 0.86

#: range of the law, Angstrom
SHORTEST, LONGEST = 2430.0, 26500.0

# names of a column of E(B-V), without signs and in lower case
_REDDENING = ("ebv", "ebvsfd", "sfdebv", "ebmv", "ebv98")

#: possible values of E(B-V) and of an extinction, mag
_RANGES = {"E(B-V)": (0.0, 20.0), "extinction": (0.0, 80.0)}


class Extinction(NamedTuple):
    """Extinction of objects.

    Attributes
    ----------
    values : dict of int to ndarray, shape (bands,)
        Extinction by the identifier of an object, mag.
    origin : str
        Columns that it comes from.
    """

    values: dict
    origin: str


def law(wavelength):
    """Return A / E(B-V) at a wavelength, for E(B-V) of SFD.

    Parameters
    ----------
    wavelength : float
        Angstrom, from `SHORTEST` to `LONGEST`.

    Returns
    -------
    float
    """
    spline = CubicSpline(_FITZPATRICK[:, 0], _FITZPATRICK[:, 1], bc_type="natural")
    return RECALIBRATION * float(spline(1e4 / wavelength))


def coefficient(band, wavelength=None):
    """Return A / E(B-V) of a band.

    Parameters
    ----------
    band : str
        Name of the band.
    wavelength : float, optional
        Effective wavelength, Angstrom. With it, the law of Fitzpatrick (1999) holds.

    Returns
    -------
    float or None
        None for an unknown name without a wavelength.

    Raises
    ------
    InputError
        If the law does not reach to the wavelength.
    """
    if wavelength is None:
        return COEFFICIENTS.get(band)
    if not SHORTEST <= wavelength <= LONGEST:
        raise InputError(
            f"frames: band {band}: wavelength {wavelength:g}: the extinction law reaches from "
            f"{SHORTEST:g} to {LONGEST:g} Angstrom; allowed: pixels.extinction none, or columns "
            f"extinction_{band} in the catalogue"
        )
    return law(wavelength)


def read_extinction(path, bands, wavelengths):
    """Read the extinction of the objects of a catalogue.

    Columns extinction_<band> of all bands are preferred to E(B-V). An object without a value gets
    the median of the others.

    Parameters
    ----------
    path : str
        The file catalogue/objects.csv.
    bands : sequence of str
        Names of the bands.
    wavelengths : dict of str to float
        Effective wavelengths of bands, Angstrom; empty for bands of SDSS.

    Returns
    -------
    Extinction or None
        None if the catalogue has neither.

    Raises
    ------
    InputError
        If a band has no coefficient, or a column has no possible value.
    """
    header = list(pd.read_csv(path, nrows=0).columns)
    names = {name.lower(): name for name in header}
    columns = [names.get(f"extinction_{band}".lower()) for band in bands]
    reddening = [name for name in header if re.sub(r"[\W_]", "", name.lower()) in _REDDENING]
    if all(columns):
        factors, kind = np.eye(len(bands)), "extinction"
    elif reddening:
        columns, kind = reddening[:1], "E(B-V)"
        factors = np.array([[_needed(band, wavelengths.get(band)) for band in bands]])
    else:
        return None
    table = pd.read_csv(path, usecols=["id", *columns], dtype={"id": "int64"})
    values = np.stack([_numbers(table[name], kind, path) for name in columns], axis=1) @ factors
    return Extinction(
        dict(zip(table["id"].tolist(), values, strict=True)), f"{', '.join(columns)} ({kind})"
    )


def _needed(band, wavelength):
    """Return the coefficient of a band, which must be known."""
    value = coefficient(band, wavelength)
    if value is None:
        raise InputError(
            f"frames: band {band}: the catalogue has E(B-V), and the extinction of this band is "
            "unknown; allowed: a column wavelength in the table, columns extinction_<band> in the "
            "catalogue, or pixels.extinction none"
        )
    return value


def _numbers(column, kind, path):
    """Return the values of a column; impossible ones are replaced by the median."""
    low, high = _RANGES[kind]
    values = pd.to_numeric(column, errors="coerce").to_numpy(float)
    possible = (values >= low) & (values <= high)
    if not possible.any():
        raise InputError(
            f"{path}: column {column.name}: no value from {low:g} to {high:g}; allowed: {kind} in "
            "magnitudes, or pixels.extinction none"
        )
    if not possible.all():
        middle = np.median(values[possible])
        log.warning(
            "%s: column %s: %d of %d values are missing or impossible; the median %.4f is used",
            path,
            column.name,
            np.sum(~possible),
            len(values),
            middle,
        )
        values = np.where(possible, values, middle)
    return values
