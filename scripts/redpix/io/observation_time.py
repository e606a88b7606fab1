"""Read when an exposure was taken from the cards of its header: Modified Julian Dates in UTC."""

import math
import re
from datetime import UTC, datetime

from redpix.io.header_values import UNKNOWN, HeaderValue, comment, filled, number

_UNIX_EPOCH = 40587.0  # MJD of 1970-01-01
_JULIAN = 2400000.5  # JD of MJD 0

#: seconds of a day
_DAY = 86400.0

#: cards of the start's date, which may hold the time as well
_STARTS = ("DATE-OBS", "DATE-BEG", "DATE-STA", "UT-OBS")

#: cards of a date alone, beside which the time stands in another card
_DATES = ("DATE-OBS", "DATE-BEG", "UT-DATE", "UTDATE", "DATE_OBS")

#: cards of the time at the start beside a date
_CLOCKS = ("TIME-OBS", "UTC-OBS", "UT-OBS", "UTSTART", "TIME-BEG", "UT", "UTC", "UT-TIME", "TIME")

#: cards of day numbers at the start, unless their comment says that they are of the middle
_DAYS = ("MJD-OBS", "MJD-BEG", "JD", "JD-OBS", "MJD", "MJD_OBS")

#: cards of the middle of an exposure: dates, then day numbers
_MIDDLES = ("DATE-AVG", "DATE-MID")
_MIDDLE_DAYS = ("MJD-AVG", "MJD-MID", "JD-UTC", "JD_UTC", "JULDAT")

#: days in which telescopes had electronic cameras, MJD
_PLAUSIBLE = (15000.0, 100000.0)

#: time scales that are UTC to a second
_UTC = ("", "utc", "ut", "ut1", "gmt", "z")

#: seconds by which two cards of the same start may differ
_AGREE = 10.0


def mid_exposure(header, exposure):
    """Return the Modified Julian Date (UTC) of the middle of an exposure.

    The cards count in this order: a stated middle (DATE-AVG), the start with date and time in one
    card or in two, day numbers. A time zone in a date and TIMESYS are heeded.

    Parameters
    ----------
    header : Mapping
        FITS header, with comments if it has any.
    exposure : float or None
        Exposure time, seconds.

    Returns
    -------
    found : HeaderValue
    remarks : list of str
    """
    scale = str(header.get("TIMESYS", "") or "").strip().lower()
    if "orion camera" in str(header.get("SWCREATE", "")).lower():
        # its clock is local and has 12 hours, without a word for morning or afternoon
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
    """Return the seconds since midnight of a clock time ``hh:mm:ss.s``, None if it is not one."""
    found = re.fullmatch(r"(\d{1,2})[: ](\d{1,2})(?:[: ](\d{1,2}(?:[.,]\d*)?))?", str(text).strip())
    if found is None:
        return None
    hours, minutes, rest = int(found[1]), int(found[2]), float((found[3] or "0").replace(",", "."))
    return 3600 * hours + 60 * minutes + rest if hours < 25 and minutes < 60 and rest < 61 else None


def _stated_middle(header, scale):
    for card in _MIDDLES:
        value = _stamp(header.get(card), scale)
        if value is not None:
            return HeaderValue(value, card, "stated")
    return None


def _start(header, scale):
    """Return the MJD of the start and its cards."""
    for card in _STARTS:
        value = _stamp(header.get(card), scale)
        if value is not None:
            return value, card
    for card in _DATES:
        date = _date(header.get(card))
        clock = next((one for one in _CLOCKS if seconds_of(header.get(one, "")) is not None), None)
        if date is not None and clock is not None:
            value = date + seconds_of(header[clock]) / _DAY
            return _as_utc(value, scale), f"{card}+{clock}"
    return None, ""


def _from_days(header, exposure):
    """Return the middle by day numbers: of the middle, else of the start."""
    for card in (*_MIDDLE_DAYS, *_DAYS):
        words = comment(header, card)
        if re.search(r"\bmid(?!night)", words) or (card in _MIDDLE_DAYS and "start" not in words):
            value = _day_number(header.get(card))
            if value is not None:
                return HeaderValue(value, card, "stated"), []
    for card in _DAYS:
        value = _day_number(header.get(card))
        if value is not None:
            middle, sure, remarks = _to_middle(header, card, value, exposure)
            if value == math.floor(value) and "MJD" in card:
                sure = "guessed"
                remarks.append(f"{card} = {value:g} is a whole number: it may be a date alone")
            return HeaderValue(middle, card, sure), remarks
    if any(filled(header.get(card)) for card in (*_STARTS, *_DATES, "HJD", "JD-HELIO")):
        return UNKNOWN, ["no time: the header states a date without a time in UTC"]
    return UNKNOWN, []


def _to_middle(header, card, start, exposure):
    """Return the middle, how sure it is, and remarks."""
    words = " ".join(comment(header, one) for one in card.split("+"))
    half = (exposure or 0.0) / 2 / _DAY
    program = " ".join(str(header.get(one, "")) for one in ("SWCREATE", "PROGRAM", "CREATOR"))
    if "fits file was created" in words or "indigo" in program.lower():
        return start - half, "guessed", [f"{card} is the end of the exposure, as INDIGO writes it"]
    if "created" in words:
        remark = f"{card} is when the image was created, and taken for the start"
        return start + half, "guessed", [remark]
    if exposure is None:
        return start, "guessed", [f"no exposure time: {card} is taken for the middle"]
    return start + half, "stated", []


def _disagreement(header, card, start):
    """Return a remark where MJD-OBS says another start than the date does."""
    value = _day_number(header.get("MJD-OBS"))
    if value is None or abs(value - start) * _DAY < _AGREE:
        return []
    return [f"MJD-OBS = {value:.6f} is not used: {card} says {start:.6f}"]


def _stamp(value, scale):
    """Return the MJD of a date with a time in one text, None if it is not one."""
    text = str(value or "").strip().replace("/", "-")
    if not re.match(r"\d{4}-\d{1,2}-\d{1,2}[T ]\d", text):
        return None
    try:
        start = datetime.fromisoformat(text)
    except ValueError:
        return None
    zone = start.tzinfo is not None
    start = start if zone else start.replace(tzinfo=UTC)
    value = _UNIX_EPOCH + start.timestamp() / 86400
    return value if zone else _as_utc(value, scale)


def _date(value):
    """Return the MJD of midnight at a date: year first, or the day first as before 2000."""
    text = str(value or "").strip().split("T")[0].replace("/", "-").replace(".", "-")
    first = re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})", text)
    last = re.fullmatch(r"(\d{1,2})-(\d{1,2})-(\d{4}|\d{2})", text)
    if first:
        year, month, day = map(int, first.groups())
    elif last:
        day, month, year = map(int, last.groups())
        # two digits meant 19.. in the old standard; some programs go on with them
        year += 0 if year > 99 else (1900 if year >= 70 else 2000)
    else:
        return None
    try:
        return _UNIX_EPOCH + datetime(year, month, day, tzinfo=UTC).timestamp() / 86400
    except ValueError:
        return None


def _day_number(value):
    """Return the MJD of a day number, which may be a Julian date; None if it is neither."""
    days, unit = number(value)
    if days is None or unit not in ("", "d", "day", "days"):
        return None
    if days > 2_000_000:
        days -= _JULIAN
    return days if _PLAUSIBLE[0] < days < _PLAUSIBLE[1] else None


def _as_utc(days, scale):
    """Return a MJD in UTC; None in a scale that does not lead there."""
    if scale in _UTC:
        return days
    if scale not in ("tai", "tt", "tdb", "tcb", "tcg"):
        return None
    from astropy.time import Time  # takes a tenth of a second

    return float(Time(days, format="mjd", scale=scale).utc.mjd)
