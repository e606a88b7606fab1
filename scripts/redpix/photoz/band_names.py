"""Names of bands with their wavelengths, and units of fluxes with their zero points."""

import re

import numpy as np

#: approximate wavelengths of bands, nm
WAVELENGTHS = {
    **{"FUV": 154, "NUV": 231, "UVW2": 193, "UVM2": 225, "UVW1": 260},
    **{"u": 355, "U": 365, "B": 445, "BP": 511, "g": 475, "G": 475, "V": 551, "VIS": 700},
    **{"r": 622, "R": 658, "i": 763, "I": 806, "RP": 777, "z": 905, "Z": 880, "y": 1000},
    **{"Y": 1020, "J": 1250, "H": 1650, "Ks": 2150, "K": 2200},
    **{"W1": 3350, "W2": 4600, "W3": 11600, "W4": 22100},
    **{"ch1": 3550, "ch2": 4490, "ch3": 5730, "ch4": 7870},
    **{"irac1": 3550, "irac2": 4490, "irac3": 5730, "irac4": 7870},
}

#: numbers of Hubble's filters below 900 nm, which are wavelengths in nm; others are in 10 nm.
#: S-PLUS and J-PLUS write wavelengths in nm with a zero in front, such as J0378.
_HUBBLE = (218, 225, 275, 300, 336, 350, 390, 435, 438, 450, 475, 555, 606, 625, 775, 814, 850)

#: those of ALHAMBRA's medium bands, nm
_ALHAMBRA = (365, *range(396, 955, 31))

#: smallest number of a narrow or medium band that is in nm, as in NB816; NB118 is in 10 nm
_SHORTEST = 300

#: regular expression of a band
BAND = (
    "|".join(sorted(WAVELENGTHS, key=len, reverse=True))
    + "|f[0-9]{3}(?:w|m|n|lp|x)|[a-z]0?[0-9]{3}|(?:nb|ib|ia)[0-9]{3}"
)

#: zero points of fluxes in AB magnitudes by unit
ZERO_POINTS = {
    "nanomaggy": 22.5,
    "nanomaggies": 22.5,
    "nmgy": 22.5,
    "jy": 8.90,
    "mjy": 16.40,
    "ujy": 23.90,
    "microjansky": 23.90,
    "njy": 31.40,
}


def zero_point_of(unit):
    """Return the AB magnitude of a flux of 1 in a unit.

    Parameters
    ----------
    unit : str
        Unit as a table gives it, such as ``nmgy``, ``uJy`` or ``erg / (s cm2 Hz)``.

    Returns
    -------
    float or None
        None if it is not a unit of flux density.
    """
    for name in (unit, unit.lower()):
        if name in ZERO_POINTS:
            return ZERO_POINTS[name]
    if not unit:
        return None
    from astropy import units  # only here: it takes a tenth of a second to import

    try:
        janskys = units.Unit(unit).to(units.Jy)
    except (ValueError, TypeError, units.UnitConversionError):
        return None
    return float(ZERO_POINTS["jy"] - 2.5 * np.log10(janskys))


def wavelength(band):
    """Return the approximate wavelength of a band in nm.

    Parameters
    ----------
    band : str
        Name of the band. If no band has the name in this case, its case is ignored.

    Returns
    -------
    float
        Infinity if the band is unknown.
    """
    for name in (band, band.lower(), band.upper(), band.capitalize()):
        if name in WAVELENGTHS:
            return float(WAVELENGTHS[name])
    narrow = re.fullmatch("(?:nb|ib|ia)([0-9]{3})", band, re.IGNORECASE)
    if narrow:
        return float(narrow[1]) * (1 if int(narrow[1]) >= _SHORTEST else 10)
    number = re.fullmatch("[a-z](0?[0-9]{3})(w|m|n|lp|x)?", band, re.IGNORECASE)
    if not number:
        return float("inf")
    value = int(number[1])
    in_nm = value in (*_HUBBLE, *_ALHAMBRA) or number[1].startswith("0")
    return float(value if in_nm else 10 * value)
