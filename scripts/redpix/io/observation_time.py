"""Read the time of an exposure from its header as a Modified Julian Date (MJD) in UTC."""

import math
import re
from datetime import UTC, datetime

from redpix.io.header_values import UNKNOWN, HeaderValue, comment, filled, number

_UNIX_EPOCH = 40587.0  # MJD of 1970-01-01

#: Julian Date of Modified Julian Date 0, days
JULIAN = 2400000.5

#: seconds per day
DAY = 86400.0

#: cards with date and time of the start in one text
_STARTS = ("DATE-OBS", "DATE-BEG", "DATE-STA", "UT-OBS")

#: cards of a date whose time is in another card
_DATES = ("DATE-OBS", "DATE-BEG", "UT-DATE", "UTDATE", "DATE_OBS")

#: cards of the time of the start beside a date
_CLOCKS = ("TIME-OBS", "UTC-OBS", "UT-OBS", "UTSTART", "TIME-BEG", "UT", "UTC", "UT-TIME", "TIME")

#: cards of the day number of the start, or of the middle if their comment says so
_DAYS = ("MJD-OBS", "MJD-BEG", "JD", "JD-OBS", "MJD", "MJD_OBS")

#: cards of the middle of an exposure: dates, then day numbers
_MIDDLES = ("DATE-AVG", "DATE-MID")
_MIDDLE_DAYS = ("MJD-AVG", "MJD-MID", "JD-UTC", "JD_UTC", "JULDAT")

#: cards of day numbers at the Sun or at the barycentre
_HELIOCENTRIC = ("HJD", "JD-HELIO", "HELJD", "HJD-OBS", "HJD-MID", "BJD", "BJD-OBS", "BJD_TDB")

#: earliest and latest plausible MJD of an electronic camera
_PLAUSIBLE = (15000.0, 100000.0)

#: cards of the end of an exposure
_ENDS = ("DATE-END", "DATE-STP", "MJD-END")

#: time scales that agree with UTC to one second
_UTC = ("", "utc", "ut", "ut1", "gmt", "z")

#: TAI less GPS time, seconds
_GPS = 19.0

#: maximum difference between two cards of the same start, seconds
_AGREE = 10.0


def mid_exposure(header, exposure):
    """Return the Modified Julian Date (UTC) of the middle of an exposure.

    The cards are used in this order: the middle (DATE-AVG), the start with date and time in one
    card or in two, day numbers. A time zone in a date is applied, and so is TIMESYS.

    Parameters
    ----------
    header : Mapping
        FITS header, with comments if it has any.
    exposure : float or None
        Exposure time in seconds.

    Returns
    -------
    value : HeaderValue
        MJD and its cards.
    remarks : list of str
        Assumptions, one sentence each.
    """
    # TIMESYS may name the realisation, too: UTC(NTP)
    scale = str(header.get("TIMESYS", "") or "").split("(")[0].strip().lower()
    if "orion camera" in str(header.get("SWCREATE", "")).lower():
        # its clock is local and has 12 hours without AM or PM
        return UNKNOWN, ["no time: the clock in DATE-OBS is local and has 12 hours"]
    stated = _stated_middle(header, scale)
    if stated is not None:
        return stated, []
    start, card = _start(header, scale)
    if start is None:
        return _from_days(header, exposure)
    value, sure, remarks = _to_middle(header, card, start, exposure)
    return HeaderValue(value, card, sure), remarks + _disagreement(header, card, start)


def seconds_of(text):
    """Return the seconds since midnight of a clock time.

    Parameters
    ----------
    text : str
        ``hh:mm:ss.s``, with colons or blanks; seconds may be missing.

    Returns
    -------
    float or None
        None if the text is not a clock time.
    """
    match = re.fullmatch(
        r"(\d{1,2})[: ](\d{1,2})(?:[: ](\d{1,2}(?:[.,]\d*)?))? *([AP]M)?",
        re.sub(r" *(UTC?|GMT|Z)$", "", str(text).strip().upper()),
    )
    if match is None:
        return None
    hours, minutes, rest = int(match[1]), int(match[2]), float((match[3] or "0").replace(",", "."))
    if match[4]:
        hours = hours % 12 + 12 * (match[4] == "PM")
    return 3600 * hours + 60 * minutes + rest if hours < 25 and minutes < 60 and rest < 61 else None


def _stated_middle(header, scale):
    """Return the middle from a card of the middle; None without such a card."""
    for card in _MIDDLES:
        value = _stamp(header.get(card), scale)
        if value is not None:
            return HeaderValue(value, card, "stated")
    return None


def _start(header, scale):
    """Return the MJD of the start and the names of its cards."""
    for card in _STARTS:
        value = _stamp(header.get(card), scale)
        local = re.search(r"\blocal\b", comment(header, card)) and not _zoned(header[card])
        if value is not None and not local and not _lacks_its_clock(header, value):
            return value, card
    for card in _DATES:
        date = _date(header.get(card))
        clock = next((one for one in _CLOCKS if seconds_of(header.get(one, "")) is not None), None)
        if date is not None and clock is not None:
            value = date + seconds_of(header[clock]) / DAY
            return _as_utc(value, scale), f"{card}+{clock}"
    return None, ""


def _lacks_its_clock(header, start):
    """Return whether a start is midnight because its clock time is in another card."""
    times = (seconds_of(header.get(card, "")) for card in _CLOCKS)
    return start == math.floor(start) and any(times)


def _zoned(text):
    """Return whether a date and time names its zone."""
    return re.search(r"(Z|UTC?|GMT|[+-]\d{2}:?\d{2})$", str(text).strip()) is not None


def _from_days(header, exposure):
    """Return the middle from day numbers of the middle or else of the start."""
    for card in (*_MIDDLE_DAYS, *_DAYS):
        words = comment(header, card)
        if re.search(r"helio|bary", words):
            continue
        if re.search(r"\bmid(?!night)", words) or (card in _MIDDLE_DAYS and "start" not in words):
            value = _day_number(header.get(card))
            if value is not None:
                return HeaderValue(value, card, "stated"), []
    for card in _DAYS:
        value = _day_number(header.get(card))
        if value is not None and not re.search(r"helio|bary", comment(header, card)):
            middle, sure, remarks = _to_middle(header, card, value, exposure)
            if value == math.floor(value) and "MJD" in card:
                sure = "guessed"
                remarks.append(f"{card} = {value:g} is a whole number: it may be a date alone")
            return HeaderValue(middle, card, sure), remarks
    for card in _ENDS:
        value = _day_number(header.get(card)) if "MJD" in card else _stamp(header.get(card), "")
        if value is not None:
            middle = value - (exposure or 0.0) / 2 / DAY
            return HeaderValue(middle, card, "derived"), [
                f"the start is unknown: {card} is the end"
            ]
    if any(filled(header.get(card)) for card in (*_STARTS, *_DATES)):
        return UNKNOWN, ["no time: the header states a date without a time in UTC"]
    card = next((card for card in _HELIOCENTRIC if filled(header.get(card))), None)
    if card:
        return UNKNOWN, [f"no time: {card} is the time at the Sun, not at the telescope"]
    return UNKNOWN, []


def _to_middle(header, card, start, exposure):
    """Return the middle, its certainty and remarks."""
    words = " ".join(comment(header, one) for one in card.split("+"))
    half = (exposure or 0.0) / 2 / DAY
    program = " ".join(str(header.get(one, "")) for one in ("SWCREATE", "PROGRAM", "CREATOR"))
    if "fits file was created" in words or "indigo" in program.lower():
        return start - half, "guessed", [f"{card} is the end of the exposure, as INDIGO writes it"]
    if "created" in words:
        remark = f"{card} is the time when the image was created; it is taken for the start"
        return start + half, "guessed", [remark]
    if exposure is None:
        return start, "guessed", [f"no exposure time: {card} is taken for the middle"]
    return start + half, "stated", []


def _disagreement(header, card, start):
    """Return a remark if MJD-OBS and the date give different starts."""
    value = _day_number(header.get("MJD-OBS"))
    if value is None or abs(value - start) * DAY < _AGREE:
        return []
    return [f"MJD-OBS = {value:.6f} is not used: {card} says {start:.6f}"]


def _stamp(value, scale):
    """Return the MJD of a date and time in one text; None if the text is not a date and time."""
    text = str(value or "").strip().replace("/", "-")
    match = re.fullmatch(
        r"(\d{4}-\d{1,2}-\d{1,2})(?: *T *| +)(\d.*?)(?: *(Z|UTC?|GMT)| *([+-])(\d{2}):?(\d{2}))?",
        text,
    )
    if match is None:
        return None
    date, clock = _date(match[1]), seconds_of(match[2])
    if date is None or clock is None:
        return None
    days = date + clock / DAY
    if match[4]:
        east = int(match[5]) / 24 + int(match[6]) / 1440
        return days - east if match[4] == "+" else days + east
    return days if match[3] else _as_utc(days, scale)


def _date(value):
    """Return the MJD of midnight of a date with the year first or the day first."""
    text = str(value or "").strip().split("T")[0].replace("/", "-").replace(".", "-")
    first = re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})", text)
    last = re.fullmatch(r"(\d{1,2})-(\d{1,2})-(\d{4}|\d{2})", text)
    if first:
        year, month, day = map(int, first.groups())
    elif last:
        day, month, year = map(int, last.groups())
        # two digits mean 19.. in the old standard; some programs still write them after 1999
        year += 0 if year > 99 else (1900 if year >= 70 else 2000)
    else:
        return None
    try:
        return _UNIX_EPOCH + datetime(year, month, day, tzinfo=UTC).timestamp() / DAY
    except ValueError:
        return None


def _day_number(value):
    """Return the MJD of a day number, MJD or Julian date; None if it is neither."""
    days, unit = number(value)
    if days is None or unit not in ("", "d", "day", "days"):
        return None
    if days > 2_000_000:
        days -= JULIAN
    return days if _PLAUSIBLE[0] < days < _PLAUSIBLE[1] else None


def _as_utc(days, scale):
    """Return an MJD converted to UTC; None for an unknown time scale."""
    if scale in _UTC:
        return days
    if scale == "gps":
        days, scale = days + _GPS / DAY, "tai"
    if scale not in ("tai", "tt", "tdb", "tcb", "tcg"):
        return None
    from astropy.time import Time  # its import takes 0.1 s

    return float(Time(days, format="mjd", scale=scale).utc.mjd)
