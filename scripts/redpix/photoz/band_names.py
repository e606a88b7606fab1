"""Names of bands, and how surveys name the columns of magnitudes, fluxes and their errors.

Sources: the schema pages of SDSS (SkyServer), Pan-STARRS 1, DES, KiDS, HSC-SSP, LSST DP0, the
Legacy Surveys, AllWISE and VizieR, and the documentation of RAIL and EAZY.
"""

import re
from typing import NamedTuple

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

#: numbers of Hubble's filters below 900 nm, which are wavelengths in nm; others are in 10 nm
_HUBBLE = (218, 225, 275, 300, 336, 350, 390, 435, 438, 450, 475, 555, 606, 625, 775, 814, 850)

_BAND = (
    "|".join(sorted(WAVELENGTHS, key=len, reverse=True)) + "|f[0-9]{3}(?:w|m|n|lp|x)|[a-z][0-9]{3}"
)

#: names of a column of errors, from the name of the column of magnitudes
ERROR_NAMES = (
    "{}_error",
    "{}_err",
    "{}Error",
    "{}Err",
    "{}err",
    "error_{}",
    "err_{}",
    "e_{}",
    "e{}",
    "sigma_{}",
    "{}_sigma",
)

#: further names of a column of errors in a band, if no column has the name of the band alone
ERRORS_OF_BANDS = ("err_{b}", "{b}_err", "e_{b}", "sigma_{b}", "magerr_{b}", "mag_err_{b}")

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


class Family(NamedTuple):
    """Names of one kind of column in all bands; ``{b}`` is the band.

    Attributes
    ----------
    name : str
        Name of the column, upper or lower case.
    errors : tuple of str
        Names of the column of 1-sigma errors, besides `ERROR_NAMES`.
    ivar : tuple of str
        Names of the column of inverse variances.
    zero_point : float or None
        Zero point of a flux in AB magnitudes; None for magnitudes.
    """

    name: str
    errors: tuple = ()
    ivar: tuple = ()
    zero_point: float = None


_KINDS = ("AUTO", "DETMODEL", "MODEL", "CMODEL", "GAAP", "PSF", "APER", "ISO", "PETRO", "KRON")
_SURVEYS = ("lsst", "des", "hsc", "sdss", "ps1", "kids", "roman", "euclid", "wise")
_SDSS = ("modelMag", "cModelMag", "petroMag", "psfMag", "fiberMag", "fiber2Mag")
_HSC = ("cmodel", "kron", "psf", "gaap", "auto")
_PS1 = ("MeanKronMag", "MeanPSFMag", "MeanApMag", "KronMag", "PSFMag", "ApMag", "AperMag3")


def _kinds(kinds, name, errors):
    """Return families of magnitudes that differ by a word, ``{k}`` in the names."""
    return [
        Family(name.replace("{k}", kind), tuple(error.replace("{k}", kind) for error in errors))
        for kind in kinds
    ]


#: families of magnitudes, in the order in which they are preferred
MAGNITUDES = [
    Family("dered_{b}", ("err_{b}", "modelMagErr_{b}", "derederr_{b}")),
    Family("dered_mag_{b}", ("dered_mag_err_{b}", "dered_magerr_{b}")),
    *_kinds(_SDSS, "{k}_{b}", ["{k}Err_{b}"]),
    *_kinds(_SURVEYS, "mag_{b}_{k}", ["mag_err_{b}_{k}"]),
    *_kinds(_SURVEYS, "{b}_{k}", ["{b}_{k}_err", "{b}_err_{k}"]),
    *_kinds(_KINDS, "MAG_{k}_{b}", ["MAGERR_{k}_{b}", "MAG_ERR_{k}_{b}"]),
    *_kinds(_KINDS, "{b}_MAG_{k}", ["{b}_MAGERR_{k}", "{b}_MAG_ERR_{k}"]),
    *_kinds(_HSC, "{b}{k}_mag", ["{b}{k}_mag_err", "{b}{k}_magerr", "{b}{k}_magsigma"]),
    *_kinds(_HSC, "{b}_{k}_mag", ["{b}_{k}_magsigma", "{b}_{k}_magerr", "{b}_{k}_mag_err"]),
    *_kinds(_PS1, "{b}{k}", ["{b}{k}Err", "e_{b}{k}"]),
    Family("mag_{b}", ("mag_err_{b}", "magerr_{b}", "mag_{b}_err", "e_mag_{b}")),
    Family("{b}_mag", ("{b}_mag_err", "{b}_magerr", "{b}_err")),
    Family("{b}mag", ("{b}magErr", "e_{b}mag", "{b}mag_err")),
    Family("{b}mpro", ("{b}sigmpro",)),
    Family("{b}_m", ("{b}_msigcom", "{b}_cmsig")),
    Family("{b}"),
]


def _sdss_flux(kind):
    """Return the family of one kind of SDSS fluxes, in nanomaggies."""
    ivar = (f"{kind}Ivar_{{b}}", f"{kind}_ivar_{{b}}")
    return Family(f"{kind}_{{b}}", (f"{kind}Err_{{b}}",), ivar, 22.5)


def _hsc_flux(kind):
    """Return the family of one kind of HSC fluxes, in nanojansky."""
    errors = (f"{{b}}_{kind}_fluxerr", f"{{b}}_{kind}_fluxsigma")
    return Family(f"{{b}}_{kind}_flux", errors, (), 31.4)


def _des_flux(kind):
    """Return the family of one kind of DES fluxes."""
    return Family(f"FLUX_{kind}_{{b}}", (f"FLUXERR_{kind}_{{b}}",), (), 30.0)


#: families of fluxes, in the order in which they are preferred
FLUXES = [
    *map(_sdss_flux, ("modelFlux", "cModelFlux", "petroFlux", "psfFlux")),
    Family(
        "flux_{b}",
        ("flux_err_{b}", "fluxerr_{b}", "flux_{b}_err"),
        ("flux_ivar_{b}", "ivar_flux_{b}", "ivar_{b}", "flux_{b}_ivar"),
        22.5,
    ),
    Family("{b}_cModelFlux", ("{b}_cModelFluxErr",), (), 31.4),
    Family("{b}_psfFlux", ("{b}_psfFluxErr",), (), 31.4),
    *map(_hsc_flux, _HSC),
    *map(_des_flux, _KINDS),
    Family("{b}_flux", ("{b}_flux_err", "{b}_fluxerr"), ("{b}_flux_ivar", "{b}_ivar"), 22.5),
    Family("f_{b}", ("e_{b}",), (), 25.0),
]


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
    return round(float(2.5 * np.log10(3631 / janskys)), 4)


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
    number = re.fullmatch("[a-z]([0-9]{3})(w|m|n|lp|x)?", band, re.IGNORECASE)
    if not number:
        return float("inf")
    value = int(number[1])
    return float(value if value in _HUBBLE else 10 * value)


def band_of(column, family):
    """Return the band of a column of a family, or None.

    Parameters
    ----------
    column : str
        Name of the column.
    family : Family
        How the columns are named.

    Returns
    -------
    str or None
        The band as the column spells it.
    """
    band = "[a-z0-9]+" if family.name == "f_{b}" else _BAND
    before, after = family.name.split("{b}")
    found = re.fullmatch(
        f"{re.escape(before)}({band}){re.escape(after)}", column, flags=re.IGNORECASE
    )
    return found[1] if found else None


def looks_like_magnitude(column):
    """Return whether the name of a column is that of a magnitude in some band.

    Parameters
    ----------
    column : str
        Name of the column.

    Returns
    -------
    bool
    """
    if re.search("abs", column, re.IGNORECASE):
        return False
    if re.search("mag", column, re.IGNORECASE):
        return True
    return any(band_of(column, family) for family in MAGNITUDES)


def looks_like_photometry(column):
    """Return whether the name of a column is that of a magnitude or a flux in some band.

    Parameters
    ----------
    column : str
        Name of the column.

    Returns
    -------
    bool
    """
    return looks_like_magnitude(column) or any(band_of(column, family) for family in FLUXES)
