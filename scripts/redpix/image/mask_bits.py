"""Names of the bits of other projects' masks, by the cards of their headers."""

import re

#: names of our bits by LSST's names
LSST = {
    "NO_DATA": "NO_DATA",
    "EDGE": "EDGE",
    "SAT": "SATURATED",
    "INTRP": "INTERPOLATED",
    "CR": "COSMIC_RAY",
    "BAD": "BAD",
}

#: names of our bits by those of Pan-STARRS (cards MSKNAM04 = 'SATURATED', MSKVAL04 = 16); its
#: other bits, such as SUSPECT and BURNTOOL, mark usable pixels
PAN_STARRS = {
    **dict.fromkeys(("DETECTOR", "FLAT", "DARK", "BLANK", "CTE", "LOW", "CONV.BAD"), "BAD"),
    **dict.fromkeys(("SAT", "SATURATED", "STARCORE"), "SATURATED"),
    "CR": "COSMIC_RAY",
    "GHOST": "GHOST",
}

#: names of our bits by those of maskbits of the Legacy Surveys, which end with a band; its other
#: bits, such as MEDIUM, GALAXY and NPRIMARY, mark usable pixels
LEGACY = {"SATUR": "SATURATED", "ALLMASK": "BAD", "ALLM": "BAD"}


def bit_names(header, band=None):
    """Return the names of the bits of a mask, as its header states them.

    Parameters
    ----------
    header : Mapping
        Cards as for `redpix.image.masks.translated_mask`.
    band : str, optional
        Band of the image: bits that name another band are ignored.

    Returns
    -------
    dict of int to str or None
        Name of our bit by its number in the mask; None for bits of usable pixels. Empty if the
        header does not name its bits.
    """
    keys = [key for key in header if re.fullmatch(r"BIT\d+", key)]
    names = {int(key[3:]): header[key] for key in keys if isinstance(header[key], str)}
    names |= {header[key]: LSST.get(key[3:]) for key in header if key.startswith("MP_")}
    for key in header:
        value = header.get(f"MSKVAL{key[6:]}") if re.fullmatch(r"MSKNAM\d+", key) else None
        if isinstance(value, int) and value > 0:
            names[value.bit_length() - 1] = PAN_STARRS.get(str(header[key]).strip().upper())
    names |= _of_legacy_surveys(header, band)
    return {bit: name for bit, name in names.items() if type(bit) is int and 0 <= bit < 63}


def _of_legacy_surveys(header, band):
    """Return the names of the bits of a mask of the Legacy Surveys."""
    bits = {header[key]: int(key[5:]) for key in header if re.fullmatch(r"MBIT_\d+", key)}
    if not bits and isinstance(header.get("NPRIMARY"), int):  # until DR8: SATUR_R = 8
        keys = [key for key in header if re.fullmatch(r"NPRIMARY|[A-Z]+_[A-Z]", key)]
        values = {key: header[key] for key in keys if type(header[key]) is int and header[key] > 0}
        bits = {key: value.bit_length() - 1 for key, value in values.items()}
    parts = {str(name).upper().partition("_")[::2]: bit for name, bit in bits.items()}
    bands = {last for first, last in parts if first in LEGACY}
    wanted = bands & set(re.split(r"[^A-Z0-9]+", str(band).upper())) or bands
    return {
        bit: LEGACY.get(first) if last in wanted else None for (first, last), bit in parts.items()
    }
