"""Read a camera's gain from a header and distinguish it from the setting of the same name.

CMOS cameras have a gain *setting* (0 to 600), which their programs write as GAIN. Then the
electrons per count are in EGAIN or missing.
"""

import re

from redpix.io.amplifier_cards import amplifier_cards, combined
from redpix.io.header_values import UNKNOWN, HeaderValue, comment, filled, number

#: cards of electrons per count; the first with a valid value is used
FACTORS = ("EGAIN", "EPERADU", "EPERDN", "CVF")

#: card of either electrons per count or a setting
AMBIGUOUS = ("GAIN",)

#: cards of a nominal or a combined gain, used if the amplifiers have no cards of their own
NOMINAL = ("CCDGAIN", "ATODGAIN", "GAINEFF", "E_GAIN", "PHOTGAIN", "ADUGAIN")

#: maximum setting of a camera
_LARGEST_SETTING = 600

#: minimum whole number of electrons per count that may be a setting without other evidence
_SUSPECT = 30

#: makers whose cameras have a gain setting, in INSTRUME
_MAKERS = re.compile(
    r"zwo|\basi ?\d|qhy|touptek|\batr\d|player ?one|svbony|seestar|dwarf|altair", re.I
)

#: programs that write the setting as GAIN, in SWCREATE, CREATOR or PROGRAM
_PROGRAMS = re.compile(
    r"n\.i\.n\.a|sequence generator|astro ?photography tool|asiair|asiimg|sharpcap|firecapture"
    r"|seestar|dwarf|\bekos|kstars|indi\b|asistudio|asicap",
    re.I,
)

#: words for the setting in comments
_SETTING_WORDS = re.compile(
    r"iso\b|setting|gain set|sensor gain|camera gain|gain value|sub gain|ratio"
)

#: words for counts and for electrons in units and comments
COUNTS = re.compile(r"\b(adu|dn|du|counts?)s?\b")
ELECTRONS = re.compile(r"\b(electrons?|photo-?e|e)\b")

# units of the gain and of its inverse
_FACTOR_WORDS = re.compile(r"(electrons?|photo-?e|\be-?)\s*(/|per)\s*(adu|dn|du|count)")
_INVERSE_WORDS = re.compile(r"(adu|dn|du|counts?)s?\s*(/|per)\s*(electron|photo-?e|e\b)")

# card that is counts per electron by ESO's header dictionary
_INVERSE_CARD = re.compile(r"ESO DET OUT\d+ GAIN")


def read_gain(header):
    """Return the gain of a header in electrons per count.

    Parameters
    ----------
    header : Mapping
        FITS header, with comments if it has any.

    Returns
    -------
    value : HeaderValue
        None if the header has only a setting, or neither gain nor setting.
    remarks : list of str
        Assumptions, one sentence each.
    """
    remarks = []
    factor = _first(header, (*FACTORS, *AMBIGUOUS), remarks)
    if factor.value is None:
        factor = _amplifiers(header, remarks)
    if factor.value is None:
        factor = _first(header, NOMINAL, remarks)
    if factor.source in FACTORS and filled(header.get("GAIN")):
        value, _ = number(header["GAIN"])
        if value is None or abs(value - factor.value) > 0.01 * factor.value:
            remarks.append(
                f"{factor.source} = {factor.value:g} is the gain, not GAIN = {header['GAIN']}"
            )
    return factor, remarks


def _first(header, cards, remarks):
    """Return the gain of the first card with a valid value."""
    factor = UNKNOWN
    for card in cards:
        if factor.value is None and filled(header.get(card)):
            factor = _factor(header, card, remarks)
    return factor


def _factor(header, card, remarks):
    """Return the gain of one card; unknown if the card is invalid or holds a setting."""
    value, unit = number(header[card])
    if value is None or value <= 0:
        remarks.append(f"{card} = {header[card]} is not a gain in electrons per count")
        return UNKNOWN
    words = f"{unit} {comment(header, card)}"
    if card not in FACTORS and _is_setting(header, card, value, words):
        remarks.append(f"{card} = {header[card]} is a setting of the camera, not its gain")
        return UNKNOWN
    inverse = _INVERSE_WORDS.search(words) or _INVERSE_CARD.fullmatch(card)
    if inverse and not _FACTOR_WORDS.search(words):
        remarks.append(f"{card} = {header[card]} is in counts per electron")
        return HeaderValue(1 / value, card, "derived")
    if card not in FACTORS and value >= _SUSPECT and value == int(value):
        remarks.append(f"{card} = {header[card]} may be a setting of the camera, and not its gain")
        return HeaderValue(value, card, "guessed")
    return HeaderValue(value, card, "stated")


def _is_setting(header, card, value, words):
    """Return whether a card holds the setting of a camera."""
    if value != int(value) or value > _LARGEST_SETTING or _FACTOR_WORDS.search(words):
        return False
    program = " ".join(str(header.get(one, "")) for one in ("SWCREATE", "CREATOR", "PROGRAM"))
    return bool(
        _SETTING_WORDS.search(words)
        or _MAKERS.search(str(header.get("INSTRUME", "")))
        or _PROGRAMS.search(program)
        or filled(header.get("BAYERPAT"))
        or ("OFFSET" in header and ("READOUTM" in header or "XPIXSZ" in header))
    )


def _amplifiers(header, remarks):
    """Return the mean gain of the amplifiers that have cards of their own."""
    for cards in amplifier_cards(header, "gain"):
        factors = {card: _factor(header, card, remarks) for card in cards}
        values = {card: one.value for card, one in factors.items() if one.value is not None}
        if values:
            value, words = combined(values, "gain", "mean")
            remarks += [words] if words else []
            sure = factors[min(values)].sure if len(values) == 1 else "derived"
            return HeaderValue(value, "+".join(values), sure)
    return UNKNOWN
