"""Survey catalogues of stars of known magnitude, and the band that a filter's name means.

All are requested from VizieR: it holds each of them, takes a cone without a login, and answers in
one format. The archives of the surveys differ in query language, limits and column names.
"""

import re
from typing import NamedTuple


class Survey(NamedTuple):
    """A survey catalogue in VizieR.

    Attributes
    ----------
    table : str
        Name of the table in VizieR.
    position : (str, str)
        Columns of right ascension and declination, degrees.
    epoch : float or None
        Julian year of the positions; None: proper motions are not in the table.
    bands : dict of str to (str, str)
        Columns of magnitude and error of each band.
    colour : (str, str)
        Bands whose difference is the colour.
    limits : (float, float)
        Magnitudes between which stars are neither saturated nor faint, in the first band of
        `limited`.
    limited : str
        Band of the limits.
    filters : dict of str to str
        Further conditions on columns.
    """

    table: str
    position: tuple
    epoch: float | None
    bands: dict
    colour: tuple
    limits: tuple
    limited: str
    filters: dict = {}


def _columns(bands, magnitude, error):
    return {band: (magnitude.format(band), error.format(band)) for band in bands}


SURVEYS = {
    "gaia": Survey(
        "I/355/gaiadr3",
        ("RA_ICRS", "DE_ICRS"),
        2016.0,
        _columns(("G", "BP", "RP"), "{}mag", "e_{}mag"),
        ("BP", "RP"),
        (6.0, 19.0),
        "G",
    ),
    "panstarrs": Survey(
        "II/349/ps1",
        ("RAJ2000", "DEJ2000"),
        None,
        _columns("grizy", "{}mag", "e_{}mag"),
        ("g", "r"),
        (13.5, 20.0),
        "r",
    ),
    "skymapper": Survey(
        "II/379/smssdr4",
        ("RAICRS", "DEICRS"),
        None,
        _columns("uvgriz", "{}PSF", "e_{}PSF"),
        ("g", "r"),
        (9.5, 18.5),
        "r",
    ),
    "apass": Survey(
        "II/336/apass9",
        ("RAJ2000", "DEJ2000"),
        None,
        _columns("BV", "{}mag", "e_{}mag") | _columns("gri", "{}'mag", "e_{}'mag"),
        ("B", "V"),
        (9.0, 17.0),
        "V",
    ),
    "sdss": Survey(
        "V/154/sdss16",
        ("RA_ICRS", "DE_ICRS"),
        None,
        _columns("ugriz", "{}mag", "e_{}mag"),
        ("g", "r"),
        (14.0, 20.0),
        "r",
        {"class": "=6", "mode": "=1"},
    ),
}


class GaiaRelation(NamedTuple):
    """A magnitude in another band from Gaia's G, BP and RP.

    Attributes
    ----------
    terms : tuple of float
        G less the magnitude as a polynomial of BP - RP, mag, lowest order first.
    colours : (float, float)
        BP - RP between which it holds, mag.
    scatter : float
        Standard deviation of stars about it, mag.
    """

    terms: tuple
    colours: tuple
    scatter: float


#: relations to Johnson-Cousins and SDSS bands: Riello et al. 2021, A&A 649, A3, tables C.1 and C.2
GAIA_RELATIONS = {
    "V": GaiaRelation((-0.02704, 0.01424, -0.2156, 0.01426), (-0.5, 5.0), 0.03017),
    "R": GaiaRelation((-0.02275, 0.3961, -0.1243, -0.01396, 0.003775), (0.0, 4.0), 0.03167),
    "I": GaiaRelation((0.01753, 0.76, -0.0991), (-0.5, 4.5), 0.03765),
    "g": GaiaRelation((0.2199, -0.6365, -0.1548, 0.0064), (0.3, 3.0), 0.0745),
    "r": GaiaRelation((-0.09837, 0.08592, 0.1907, -0.1701, 0.02263), (0.0, 3.0), 0.03776),
    "i": GaiaRelation((-0.293, 0.6404, -0.09609, -0.002104), (0.5, 2.0), 0.04092),
}

#: words of a photometric system of capital letters, and of small letters
_CAPITAL = re.compile(r"johnson|bessell?|cousins|kron|landolt")
_SMALL = re.compile(r"sdss|sloan|pan-?starrs|\bps1?\b|skymapper|prime|'")

#: names that mean light without a filter
_WHITE = (
    "",
    "l",
    "lum",
    "luminance",
    "clear",
    "c",
    "w",
    "open",
    "none",
    "no filter",
    "empty",
    "air",
)


def band_of_filter(name, bands):
    """Return the band that the name of a filter means.

    Parameters
    ----------
    name : str or None
        Name as a header has it, such as ``V``, ``SDSS-R``, ``rp``, ``Bessell I``, ``Ic``.
    bands : sequence of str
        Bands of a catalogue. Letters of another case are another band, unless the name says the
        system.

    Returns
    -------
    str or None
        None if the catalogue does not have the band, or if the name may mean several. ``G`` alone
        is the green filter of a colour set as often as Gaia's G.
    """
    text = (name or "").strip()
    plain = text.lower()
    if plain in _WHITE:
        return "G" if "G" in bands else None
    small, capital = _SMALL.search(plain), _CAPITAL.search(plain)
    rest = _CAPITAL.sub(" ", _SMALL.sub(" ", plain))
    letters = re.findall(r"[a-z]+", re.sub(r"filter|\d|astrodon|baader|chroma|asahi", " ", rest))
    if len(letters) != 1:
        return None
    letter = letters[0]
    if re.fullmatch("[griz][ps]", letter) and not capital:
        letter, small = letter[0], True  # gp, rp, ip, zs
    elif re.fullmatch("[ri]c", letter):
        letter, capital = letter[0], True  # of Cousins
    if len(letter) != 1:
        return None
    if small and not capital:
        return letter if letter in bands else None
    if capital:
        return letter.upper() if letter.upper() in bands else None
    original = re.search(letter, text, re.IGNORECASE)[0]
    return original if original in bands and original != "G" else None
