"""Bands in the names of columns of any form, such as ``CFHT_ustar_FLUX`` and ``uT07``.

The names of a group of columns are alike except for the band, and the instrument in front of it.
This finds the groups of which each column has another one with its errors.
"""

import re
from functools import lru_cache

from redpix.photoz.band_names import BAND, wavelength, zero_point_of

#: words of instruments, telescopes and surveys beside a band
_INSTRUMENTS = frozenset(
    ("cfht", "cfhtls", "megacam", "hsc", "sc", "subaru", "suprime", "uvista", "vista", "viking")
    + ("vhs", "video", "ukidss", "wfcam", "irac", "spitzer", "acs", "wfc3", "nircam", "niriss")
    + ("hst", "jwst", "ctio", "vimos", "isaac", "hawki", "hawk", "mosaic", "decam", "ext", "sdss")
    + ("panstarrs", "ps1", "lsst", "rubin", "roman", "euclid", "nisp", "galex", "wise", "unwise")
    + ("kids", "des", "pau", "splus", "jplus", "jpas", "2mass", "gpc1", "kpno", "lbc", "fourstar")
)

#: what surveys add to a band: u*, SDSS and Javalambre filters, releases, primes, epochs, totals
_ADDED = "star|java|sdss|t0[0-9]|prime|pp|p|[12]|t|band|mag"
_TOKEN = re.compile(f"({BAND})(?:{_ADDED})?", re.IGNORECASE)

#: words of errors in names
_ERROR = re.compile(
    "_?(?:error|err|sigma|unc|ivar|rms)_?|(?<![a-z])(?:de?|e)_?(?=[a-z])|_e$|(?<=_)e(?=tot)",
    re.IGNORECASE,
)

#: words of magnitudes that are corrected, which may lack in the names of their errors
_CORRECTED = re.compile(
    "_?(dered|corrected|corr|sfd|ab|vega)(?=_|$)|^(dered|corrected|corr)_", re.I
)

#: characters between the words of a name
_BETWEEN = re.compile(r"[_\s.-]+")

#: units of fluxes in names
_UNIT = re.compile(r"(?:^|_)((?:[mun]|micro|nano)?jy|nmgy|nanomagg(?:y|ies))(?:_|$)", re.IGNORECASE)

#: r' as a word of a name, which is Gaia's RP only beside BP
_PRIME = re.compile("(?<![a-z])rp(?![a-z])")

#: words of magnitudes and fluxes in names without the band
_PHOTOMETRY = re.compile(
    "mag|flux|kron|auto|psf|tot|circ|aper|odonnell|^t0|model|nmgy|(?:^|_)(?:m|ab|vega|obs|f)(?:_|$)",
    re.IGNORECASE,
)
_OTHER = re.compile(
    "rad|theta|(?<![0-9])fwhm|snr|flag|ext_(?!odonnell)|abs|ratio|spread|chi|lim", re.IGNORECASE
)

#: zero points of fluxes in AB magnitudes by their names, unless the file has a unit
_ZERO_POINTS = [
    (r"pau_nb[0-9]+", 26.0),  # PAUS
    (r"[ugrizy]_(free_)?(cModel|psf|kron|gaap|ap)[A-Za-z0-9]*Flux", 31.4),  # LSST, nJy
    (r"F[0-9]{3}[WMN]_(KRON|CIRC[0-9]|EXT)", 31.4),  # JADES, nJy
    (r"FLUX_\w+_(TEMPLFIT|[1-4]FWHM_APER|PSF|SERSIC)", 23.9),  # Euclid, uJy
    (r"flux_(FUV|NUV|u|g|r|i|Z|Y|J|H|K|W[1-4])t", 8.9),  # GAMA, Jy
    (r"\w+_odonnell_ext", -48.6),  # Flagship, erg/s/cm2/Hz
    (r"f[0-9]{3}[wmn]_tot_?[0-9]*", 23.9),  # grizli, uJy
    (r"[A-Za-z0-9]+_[A-Za-z0-9]+_FLUX(_\w+)?", 23.9),  # COSMOS2020, CANDELS, uJy
]

#: bands of Gaia, nm
_GAIA = {"bp": 511.0, "g": 622.0, "rp": 777.0}


def in_order(bands):
    """Return bands by wavelength, as they are if one is unknown; G beside BP and RP is Gaia's.

    Parameters
    ----------
    bands : sequence of str
        Names of bands.

    Returns
    -------
    list of str
    """
    lengths = {band: wavelength_among(band, bands) for band in bands}
    unknown = float("inf") in lengths.values()
    return list(bands) if unknown else sorted(bands, key=lengths.get)


def wavelength_among(band, bands):
    """Return the approximate wavelength of a band in nm, where G beside BP and RP is Gaia's.

    Parameters
    ----------
    band : str
        Name of the band.
    bands : sequence of str
        Names of all bands of the table.

    Returns
    -------
    float
        Infinity if the band is unknown. ``ip``, ``uJAVA`` and the like are i and u.
    """
    if {"bp", "rp"} <= {one.lower() for one in bands} and band.lower() in _GAIA:
        return _GAIA[band.lower()]
    match = _TOKEN.fullmatch(band)
    return wavelength(match[1] if match and wavelength(band) == float("inf") else band)


def lone_bands(bands):
    """Return BP or RP without the other: p of a PSF magnitude, as in VizieR's rpmag of SDSS.

    Parameters
    ----------
    bands : iterable of str
        Names of bands.

    Returns
    -------
    set of str
    """
    gaia = {band for band in bands if band.upper() in ("BP", "RP")}
    return gaia if len({band.upper() for band in gaia}) == 1 else set()


def band_in(column):
    """Return the ways in which a name may be a template and a band.

    Parameters
    ----------
    column : str
        Name of the column.

    Returns
    -------
    dict of str to str
        Band by template, with ``{b}`` in place of the band and without instruments.
    """
    words = _BETWEEN.split(column)
    found = {}
    for place, word in enumerate(words):
        match = _TOKEN.fullmatch(word)
        if match is None and len(words) == 1:
            match = re.fullmatch(f"({BAND})(T0[0-9])", word)
        if match is None:
            continue
        others = [one for one in words[:place] + ["{b}"] + words[place + 1 :] if one]
        kept = [one for one in others if one.lower() not in _INSTRUMENTS]
        found["_".join(kept)] = match[1]
    return found


def errors_of(header):
    """Return the columns of errors by the names of the columns whose errors they are.

    Parameters
    ----------
    header : sequence of str
        Names of columns.

    Returns
    -------
    dict of str to str
        For columns of the header whose name is that of the errors without a word of errors.
    """
    return _errors_of(tuple(header))


@lru_cache(maxsize=4)
def _errors_of(header):
    """Return the columns of errors by name; see `errors_of`."""
    without = {}
    for column in header:
        name = _BETWEEN.sub("_", column)
        for match in _ERROR.finditer(name):
            rest = (name[: match.start()] + name[match.end() :]).replace("_", "")
            without.setdefault(rest, column)
    errors = {}
    for column in header:
        name = _BETWEEN.sub("_", column)
        names = [name.replace("_", ""), _CORRECTED.sub("", name).replace("_", "")]
        found = next((without[one] for one in names if without.get(one, column) != column), None)
        if found:
            errors[column] = found
    return errors


def zero_point_by_name(column):
    """Return the zero point of a flux whose name is that of a survey, or None.

    Parameters
    ----------
    column : str
        Name of the column.

    Returns
    -------
    float or None
        AB magnitude of a flux of 1.
    """
    unit = _UNIT.search(_BETWEEN.sub("_", column))
    if unit:
        return zero_point_of(unit[1])
    for pattern, zero_point in _ZERO_POINTS:
        if re.fullmatch(pattern, column.replace("flux_pau", "pau")):
            return zero_point
    return None


def groups_of(header, reserved):
    """Return groups of columns of photometry whose names are alike except for the band.

    Parameters
    ----------
    header : sequence of str
        Names of the columns of the table.
    reserved : set of str
        Columns that are not photometry.

    Returns
    -------
    list of dict of str to str
        Band by column in order of wavelength, the best group first: magnitudes before fluxes, then
        the group with the most bands. Each column has errors.
    """
    errors, groups = errors_of(header), {}
    others = {*reserved, *errors.values()}
    for column in header:
        if column in others or column not in errors:
            continue
        for template, band in band_in(column).items():
            plain = template.replace("{b}", "").strip("_")
            if not plain or (_PHOTOMETRY.search(plain) and not _OTHER.search(plain)):
                groups.setdefault(template, {}).setdefault(column, band)
    for template, members in groups.items():
        lone = lone_bands(members.values())
        primed = {c: band[0] for c, band in members.items() if band in lone and _PRIME.search(c)}
        others = {c: band for c, band in members.items() if band not in lone}
        groups[template] = others | primed
    several = {template: members for template, members in groups.items() if len(members) > 1}
    ranked = sorted(several, key=lambda t: ("mag" not in t.lower(), -len(several[t])))
    return [
        {
            column: several[template][column]
            for column in sorted(
                several[template],
                key=lambda c, m=several[template]: wavelength_among(m[c], tuple(m.values())),
            )
        }
        for template in ranked
    ]
