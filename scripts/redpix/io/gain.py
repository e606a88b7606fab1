"""Read a camera's gain from a header, and tell it from the setting of the same name.

CMOS cameras have a gain *setting* (0 to 600), which their programs write as GAIN. The electrons
per count stand in EGAIN then, or nowhere.
"""

import re

from redpix.io.header_values import UNKNOWN, HeaderValue, comment, filled, number

#: cards of electrons per count, the first that can be one counts
FACTORS = ("EGAIN", "EPERADU", "EPERDN", "CVF")

#: cards of electrons per count, or of a setting
AMBIGUOUS = ("GAIN", "CCDGAIN", "ATODGAIN", "GAINEFF", "ESO DET OUT1 CONAD")

#: cards of two amplifiers that read half of the image each
AMPLIFIERS = ("GAINA", "GAINB")

#: largest setting that cameras have
_LARGEST_SETTING = 600

#: whole numbers from here on may be settings although nothing else says so, electrons per count
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

#: what comments call the setting, and the factor
_SETTING_WORDS = re.compile(
    r"iso\b|setting|gain set|sensor gain|camera gain|gain value|sub gain|ratio"
)
#: what units call counts and electrons
COUNTS = re.compile(r"\b(adu|dn|du|counts?)s?\b")
ELECTRONS = re.compile(r"\b(electrons?|photo-?e|e)\b")

_FACTOR_WORDS = re.compile(r"(electrons?|photo-?e|\be-?)\s*(/|per)\s*(adu|dn|du|count)")
_INVERSE_WORDS = re.compile(r"(adu|dn|du|counts?)s?\s*(/|per)\s*(electron|photo-?e|e\b)")


def read_gain(header):
    """Return the electrons per count that a header states.

    Parameters
    ----------
    header : Mapping
        FITS header, with comments if it has any.

    Returns
    -------
    found : HeaderValue
        None if the header states no gain, or only a setting.
    remarks : list of str
    """
    remarks, factor = [], UNKNOWN
    for card in (*FACTORS, *AMBIGUOUS):
        if factor.value is None and filled(header.get(card)):
            factor = _factor(header, card, remarks)
    if factor.value is None:
        factor = _amplifiers(header, remarks)
    if factor.source in FACTORS and filled(header.get("GAIN")):
        value, _ = number(header["GAIN"])
        if value is None or abs(value - factor.value) > 0.01 * factor.value:
            remarks.append(
                f"{factor.source} = {factor.value:g} is the gain, not GAIN = {header['GAIN']}"
            )
    return factor, remarks


def _factor(header, card, remarks):
    """Return the gain of one card, unknown if it cannot be one."""
    value, unit = number(header[card])
    if value is None or value <= 0:
        remarks.append(f"{card} = {header[card]} is not a gain in electrons per count")
        return UNKNOWN
    words = f"{unit} {comment(header, card)}"
    if card in AMBIGUOUS and _is_setting(header, card, value, words):
        remarks.append(f"{card} = {header[card]} is a setting of the camera, not its gain")
        return UNKNOWN
    if _INVERSE_WORDS.search(words) and not _FACTOR_WORDS.search(words):
        remarks.append(f"{card} = {header[card]} is in counts per electron")
        return HeaderValue(1 / value, card, "derived")
    if card in AMBIGUOUS and value >= _SUSPECT and value == int(value):
        remarks.append(f"{card} = {header[card]} may be a setting of the camera, and is used")
        return HeaderValue(value, card, "guessed")
    return HeaderValue(value, card, "stated")


def _is_setting(header, card, value, words):
    """Return whether a card holds a camera's setting."""
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
    """Return the mean gain of two amplifiers."""
    found = [number(header.get(card))[0] for card in AMPLIFIERS]
    if any(value is None or value <= 0 for value in found):
        return UNKNOWN
    remarks.append(f"the gain is the mean of GAINA = {found[0]:g} and GAINB = {found[1]:g}")
    return HeaderValue(sum(found) / 2, "GAINA+GAINB", "derived")
