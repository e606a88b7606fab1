"""Read exposure time, airmass and filter of an exposure from its header.

The functions know the cards of some twenty programs and observatories, and return which card they
used.
"""

import math
import re

from redpix.io.header_values import UNKNOWN, HeaderValue, comment, filled, number

#: cards of the exposure time with their unit in seconds; the first with a valid time is used
_TIMES = {
    **dict.fromkeys(("EXPTIME", "EXPOSURE", "XPOSURE", "EXP", "EXP_TIME", "ITIME"), 1.0),
    "EXPOINUS": 1e-6,
}

#: spellings of units of time, in seconds
_UNITS = {
    **dict.fromkeys(("ms", "msec", "millisecond", "milliseconds"), 1e-3),
    **dict.fromkeys(("us", "usec", "microsecond", "microseconds"), 1e-6),
    **dict.fromkeys(("min", "minute", "minutes"), 60.0),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
}

#: names of positions of a filter wheel without a filter
_CLEAR = re.compile(
    r"(air|clear|open|empty|none|no[ _]?filter|free|n/?a|blank|hole|\d*|slot *\d*)", re.IGNORECASE
)

#: cards of the positions of several wheels, by observatory
_WHEELS = (
    ("FILTER1", "FILTER2", "FILTER3"),
    ("FILTER01", "FILTER02", "FILTER03"),
    ("ALFLTNM", "FAFLTNM", "FBFLTNM"),
    ("FILTERA", "FILTERB"),
    ("FILTNAM1", "FILTNAM2"),
    tuple(f"ESO INS FILT{number} NAME" for number in (1, 2, 3)),
)

#: further cards of the filter
_FILTERS = ("FILTERS", "FILTNAM", "FILTNAME", "FILT", "INSFLNAM", "WFFBAND", "ACAMFILT", "FILTERID")
_FILTERS += ("INSFILTE", "BAND")

#: cards of the altitude above the horizon in degrees
_ALTITUDES = ("TELALT", "OBJCTALT", "CENTALT")


def exposure_time(header):
    """Return the exposure time in seconds.

    Parameters
    ----------
    header : Mapping
        FITS header; values may be numbers or text such as ``'30 s'`` or ``'6,4E-05'``.

    Returns
    -------
    value : HeaderValue
        None if the header has no positive time.
    remarks : list of str
        Assumptions, one sentence each.
    """
    times = {}
    for card, scale in _TIMES.items():
        value, unit = number(header.get(card))
        milliseconds = re.search(r"\b(ms|msec|milliseconds?)\b", comment(header, card))
        unit = re.match(r"[a-z]*", unit or (milliseconds[0] if milliseconds else ""))[0]
        if value is not None and value > 0:
            times[card] = value * (_UNITS.get(unit, 1.0) if scale == 1.0 else scale)
    if not times:
        return UNKNOWN, []
    card, taken = next(iter(times.items()))
    other = next((c for c, t in times.items() if abs(t - taken) > 0.01 * taken), None)
    if other is None:
        return HeaderValue(taken, card, "stated"), []
    words = f"{card} = {taken:g} s is the exposure time, not {other} = {times[other]:g} s"
    return HeaderValue(taken, card, "guessed"), [words]


def seconds(header):
    """Return the exposure time in seconds without its source.

    Parameters
    ----------
    header : Mapping
        FITS header.

    Returns
    -------
    float or None
        None if the header has no positive time.
    """
    return exposure_time(header)[0].value


def airmass(header):
    """Return the airmass: the value of a card, or 1 / sin of the altitude.

    Parameters
    ----------
    header : Mapping
        FITS header.

    Returns
    -------
    HeaderValue
    """
    for card in ("AIRMASS", "SECZ"):
        value, _ = number(header.get(card))
        if value is not None and value > 0:
            return HeaderValue(value, card, "stated")
    for card in _ALTITUDES:
        altitude, _ = number(header.get(card))
        if altitude is not None and 5 < altitude <= 90:
            return HeaderValue(1 / math.sin(math.radians(altitude)), card, "derived")
    return UNKNOWN


def filter_name(header):
    """Return the name of the filter in the spelling of the header; case counts (r is not R).

    Of several wheels, such as FILTER1, FILTER2 and FILTER3, positions without a filter are ignored.

    Parameters
    ----------
    header : Mapping
        FITS header.

    Returns
    -------
    HeaderValue
    """
    if filled(header.get("FILTER")):
        return HeaderValue(str(header["FILTER"]).strip(), "FILTER", "stated")
    for cards in _WHEELS:
        names = {card: str(header[card]).strip() for card in cards if filled(header.get(card))}
        used = {card: name for card, name in names.items() if not _CLEAR.fullmatch(name)} or names
        if used:
            sure = "stated" if len(used) == 1 else "derived"
            return HeaderValue("+".join(used.values()), "+".join(used), sure)
    for card in _FILTERS:
        if filled(header.get(card)):
            return HeaderValue(str(header[card]).strip(), card, "stated")
    return UNKNOWN
