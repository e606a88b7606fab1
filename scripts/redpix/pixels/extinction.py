"""Galactic extinction of catalogue objects, by band, from the columns of the catalogue.

Coefficients A / E(B-V) are those of Schlafly & Finkbeiner (2011, ApJ 737, 103, table 6, R_V = 3.1),
for E(B-V) of Schlegel, Finkbeiner & Davis (1998, SFD). For another band they follow from the law of
Fitzpatrick (1999, PASP 111, 63, table 3, R_V = 3.1) at its wavelength, times 0.86 as Schlafly &
Finkbeiner find.
"""

import csv
import re
from typing import NamedTuple

import numpy as np

from redpix.config.sfd_files import COLUMN as SFD_COLUMN
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
    from scipy.interpolate import CubicSpline  # slow to import; known bands do not need it

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

    Columns extinction_<band> of all bands are preferred to E(B-V), and this to E(B-V) of the maps
    of SFD. An object without a value gets that of the maps, or else the median of the others.

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
    table = _read_columns(path)
    header = list(table)
    names = {name.lower(): name for name in header}
    columns = [names.get(f"extinction_{band}".lower()) for band in bands]
    stated = [name for name in header if re.sub(r"[\W_]", "", name.lower()) in _REDDENING]
    reddening = [name for name in stated if name != SFD_COLUMN] or stated
    if all(columns):
        kind = "extinction"
    elif reddening:
        columns, kind = reddening[:1], "E(B-V)"
    else:
        return None
    maps = [SFD_COLUMN] if SFD_COLUMN in header and SFD_COLUMN not in columns else []
    values = np.stack([_numbers(table[name], kind) for name in columns], axis=1)
    if kind == "E(B-V)" or (maps and np.isnan(values).any()):
        factors = np.array([_needed(band, wavelengths.get(band)) for band in bands])
        values = values * factors if kind == "E(B-V)" else values
        if maps:
            spare = _numbers(table[SFD_COLUMN], "E(B-V)")[:, None] * factors
            values = _filled(values, spare, columns, path)
    values = _complete(values, columns, kind, path)
    words = "E(B-V) of the maps of SFD" if columns == [SFD_COLUMN] else kind
    return Extinction(
        dict(zip(map(int, table["id"]), values, strict=True)), f"{', '.join(columns)} ({words})"
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


def _read_columns(path):
    """Return the cells of each column of a CSV file; pandas would take half of the job's time."""
    with open(path, newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    return dict(zip(header, zip(*rows, strict=True) if rows else [()] * len(header), strict=True))


def _number(text):
    """Return a number, or NaN for another text."""
    try:
        return float(text)
    except ValueError:
        return np.nan


def _numbers(column, kind):
    """Return the values of a column; impossible ones are NaN."""
    low, high = _RANGES[kind]
    values = np.array([_number(text) for text in column], float)
    return np.where((values >= low) & (values <= high), values, np.nan)


def _filled(values, spare, columns, path):
    """Return extinctions, with those of the maps of SFD where they are missing."""
    missing = np.isnan(values)
    if missing.any():
        log.warning(
            "%s: %s: %d of %d objects have no possible value; the maps of SFD give it",
            path,
            ", ".join(columns),
            missing.any(axis=1).sum(),
            len(values),
        )
    return np.where(missing, spare, values)


def _complete(values, columns, kind, path):
    """Return extinctions, with the median of the others where they are missing."""
    missing = np.isnan(values)
    for number in np.flatnonzero(missing.any(axis=0)):
        column = columns[min(number, len(columns) - 1)]
        if missing[:, number].all():
            low, high = _RANGES[kind]
            raise InputError(
                f"{path}: column {column}: no value from {low:g} to {high:g}; allowed: {kind} in "
                "magnitudes, or pixels.extinction none"
            )
        middle = np.nanmedian(values[:, number])
        if kind == "extinction" or number == 0:
            log.warning(
                "%s: column %s: %d of %d values are missing or impossible; the median is used",
                path,
                column,
                missing[:, number].sum(),
                len(values),
            )
        values[missing[:, number], number] = middle
    return values
