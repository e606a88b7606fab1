"""Names that surveys give to columns of magnitudes, fluxes and their errors.

Sources: the schema pages of SDSS (SkyServer), Pan-STARRS 1, DES, KiDS, HSC-SSP, LSST DP0, the
Legacy Surveys, AllWISE, Gaia, SkyMapper, S-PLUS, Euclid, COSMOS2020, CANDELS and VizieR, and the
documentation of RAIL and EAZY.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from redpix.photoz.band_names import BAND

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
    "err{}",
    "sig_{}",
    "sig{}",
    "{}_sig",
    "unc_{}",
    "{}_unc",
)

#: further names of a column of errors in a band, if no column has the name of the band alone
ERRORS_OF_BANDS = (
    "err_{b}",
    "{b}_err",
    "e_{b}",
    "sigma_{b}",
    "magerr_{b}",
    "mag_err_{b}",
    "err{b}",
    "sig_{b}",
    "sig{b}",
)

#: families whose bands have names or numbers of their own
_FREE_BANDS = {"f_{b}": "[a-z0-9]+", "F{b}": "[0-9]+"}


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
    own_bands : bool
        Whether a column with an error counts also if its band is unknown, such as ``ip``.
    """

    name: str
    errors: tuple = ()
    ivar: tuple = ()
    zero_point: float = None
    own_bands: bool = False


_KINDS = ("AUTO", "DETMODEL", "MODEL", "CMODEL", "GAAP", "PSF", "APER", "ISO", "PETRO", "KRON")
_SURVEYS = (
    "lsst",
    "des",
    "hsc",
    "sdss",
    "ps1",
    "kids",
    "roman",
    "euclid",
    "wise",
    "cfht",
    "decam",
    "vhs",
    "viking",
    "video",
    "uvista",
    "ukidss",
    "2mass",
    "galex",
    "splus",
    "jpas",
)
_TOTALS = ("psf", "petro", "auto", "PStotal", "cmodel", "iso")
_CUTOUTS = ("BDF", "SOF_CM", "SOF_BDF", "SOF_PSF", "MOF_CM", "MOF_PSF", "PSF", "WAVG")
_SDSS = ("modelMag", "cModelMag", "petroMag", "psfMag", "fiberMag", "fiber2Mag")
_HSC = ("cmodel", "kron", "psf", "gaap", "auto")
_PS1 = ("MeanKronMag", "MeanPSFMag", "MeanApMag", "KronMag", "PSFMag", "ApMag", "AperMag3")


def _kinds(kinds, name, errors, **more):
    """Return families of magnitudes that differ by a word, ``{k}`` in the names."""
    return [
        Family(
            name.replace("{k}", kind),
            tuple(error.replace("{k}", kind) for error in errors),
            **more,
        )
        for kind in kinds
    ]


#: families of magnitudes, in the order in which they are preferred
MAGNITUDES = [
    Family("dered_{b}", ("err_{b}", "modelMagErr_{b}", "derederr_{b}")),
    *_kinds(("SOF_CM", "MOF_CM", "SOF_BDF"), "{k}_MAG_CORRECTED_{b}", ["{k}_MAG_ERR_{b}"]),
    Family("BDF_MAG_{b}_CORRECTED", ("BDF_MAG_ERR_{b}",)),
    Family("MAG_AUTO_{b}_DERED", ("MAGERR_AUTO_{b}",)),
    Family("WAVG_MAG_PSF_{b}_DERED", ("WAVG_MAGERR_PSF_{b}",)),
    Family("dered_mag_{b}", ("dered_mag_err_{b}", "dered_magerr_{b}")),
    *_kinds(_SDSS, "{k}_{b}", ["{k}Err_{b}"]),
    *_kinds(_SURVEYS, "mag_{b}_{k}", ["mag_err_{b}_{k}"]),
    *_kinds(_SURVEYS, "{b}_{k}", ["{b}_{k}_err", "{b}_err_{k}"]),
    *_kinds(_TOTALS, "{b}_{k}", ["e_{b}_{k}", "{b}_{k}_err"]),
    *_kinds(_CUTOUTS, "{k}_MAG_{b}", ["{k}_MAG_ERR_{b}", "{k}_MAGERR_{b}"], own_bands=True),
    *_kinds(_KINDS, "MAG_{k}_{b}", ["MAGERR_{k}_{b}", "MAG_ERR_{k}_{b}"], own_bands=True),
    *_kinds(_KINDS, "{b}_MAG_{k}", ["{b}_MAGERR_{k}", "{b}_MAG_ERR_{k}"], own_bands=True),
    *_kinds(_HSC, "{b}{k}_mag", ["{b}{k}_mag_err", "{b}{k}_magerr", "{b}{k}_magsigma"]),
    *_kinds(_HSC, "{b}_{k}_mag", ["{b}_{k}_magsigma", "{b}_{k}_magerr", "{b}_{k}_mag_err"]),
    *_kinds(_PS1, "{b}{k}", ["{b}{k}Err", "e_{b}{k}"]),
    Family("phot_{b}_mean_mag", ("phot_{b}_mean_mag_error",)),
    Family("magnitude_{b}", ("magnitude_err_{b}", "magnitude_error_{b}")),
    Family("mag_{b}", ("mag_err_{b}", "magerr_{b}", "mag_{b}_err", "e_mag_{b}")),
    Family("{b}_mag", ("{b}_mag_err", "{b}_magerr", "{b}_err")),
    Family("{b}mag", ("{b}magErr", "e_{b}mag", "{b}mag_err")),
    Family("MAG{b}", ("MAG{b}ERR", "MAGERR{b}")),
    Family("{b}_VEGA", ("{b}_ERR",)),
    Family("{b}mpro", ("{b}sigmpro",)),
    Family("{b}_m", ("{b}_msigcom", "{b}_cmsig")),
    Family("{b}", ("d{b}",)),
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


def _cutout_flux(kind):
    """Return the family of DES's fluxes of fits to several objects."""
    errors = (f"{kind}_FLUX_ERR_{{b}}", f"{kind}_FLUXERR_{{b}}")
    return Family(f"{kind}_FLUX_{{b}}", errors, (), 30.0, True)


def _camera_flux(camera):
    """Return the family of one camera's fluxes of COSMOS2020 and CANDELS, in microjansky."""
    return Family(f"{camera}_{{b}}_FLUX", (f"{camera}_{{b}}_FLUXERR",), (), 23.9)


#: families of fluxes, in the order in which they are preferred
FLUXES = [
    *map(_sdss_flux, ("modelFlux", "cModelFlux", "petroFlux", "psfFlux")),
    Family(
        "flux_{b}",
        ("flux_err_{b}", "fluxerr_{b}", "flux_{b}_err", "flux_error_{b}"),
        ("flux_ivar_{b}", "ivar_flux_{b}", "ivar_{b}", "flux_{b}_ivar"),
        22.5,
    ),
    Family("{b}_cModelFlux", ("{b}_cModelFluxErr",), (), 31.4),
    Family("{b}_psfFlux", ("{b}_psfFluxErr",), (), 31.4),
    *map(_hsc_flux, _HSC),
    *map(_des_flux, _KINDS),
    *map(_cutout_flux, _CUTOUTS),
    Family("{b}_flux", ("{b}_flux_err", "{b}_fluxerr"), ("{b}_flux_ivar", "{b}_ivar"), 22.5),
    *map(_camera_flux, ("ACS", "WFC3", "NIRCAM", "HST", "JWST", "HSC", "CFHT", "UVISTA", "IRAC")),
    Family("FLUX_{b}_TEMPLFIT", ("FLUXERR_{b}_TEMPLFIT",), (), 23.9),
    Family("FLUX_{b}_PSF", ("FLUXERR_{b}_PSF",), (), 23.9),
    Family("NMGY_{b}", (), ("NMGY_IVAR_{b}",), 22.5),
    Family("{b}_nmgy", ("{b}_nmgy_err",), ("{b}_nmgy_ivar",), 22.5),
    Family("f_{b}", ("e_{b}",), (), 25.0),
    Family("F{b}", ("E{b}",), (), 25.0),
]


def band_of(column, family, any_name=False):
    """Return the band of a column of a family, or None.

    Parameters
    ----------
    column : str
        Name of the column.
    family : Family
        How the columns are named.
    any_name : bool, optional
        Whether the band may have any name that begins with a letter.

    Returns
    -------
    str or None
        The band as the column spells it.
    """
    found = _pattern(family.name, any_name).fullmatch(column)
    return found[1] if found else None


@lru_cache(maxsize=1024)
def _pattern(name, any_name):
    """Return the pattern of the columns of a family; its group is the band."""
    band = "[a-z][a-z0-9]*" if any_name else _FREE_BANDS.get(name, BAND)
    before, after = name.split("{b}")
    return re.compile(f"{re.escape(before)}({band}){re.escape(after)}", re.IGNORECASE)


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
