"""What a header says of an exposure: gain, read noise, saturation, exposure time, when."""

import math
from datetime import UTC, datetime
from typing import NamedTuple

#: header cards by what they say, the first that is there counts
CARDS = {
    "gain": ("GAIN", "EGAIN", "CCDGAIN"),
    "read_noise": ("RDNOISE", "READNOIS", "ENOISE", "RON"),
    "saturation": ("SATURATE", "SATLEVEL"),
    "exposure": ("EXPTIME", "EXPOSURE"),
}

_UNIX_EPOCH = 40587.0  # MJD of 1970-01-01


class Facts(NamedTuple):
    """Numbers of an exposure and where each is from."""

    values: dict  #: by name; None where unknown
    origins: dict  #: "table", "configuration", a header card, or ""


def gather(row, settings, header):
    """Numbers of an exposure: from its row of the table, else the configuration, else the header.

    Parameters
    ----------
    row, settings : Mapping
        May hold each of `CARDS`; None is unknown.
    header : Mapping

    Returns
    -------
    Facts
    """
    values, origins = {}, {}
    for name, cards in CARDS.items():
        sources = [("table", row.get(name)), ("configuration", settings.get(name))]
        sources += [(card, header.get(card)) for card in cards]
        least = 0.0 if name == "read_noise" else math.ulp(0.0)
        for origin, value in sources:
            if _number(value) is not None and value >= least:
                values[name], origins[name] = float(value), origin
                break
        else:
            values[name], origins[name] = None, ""
    return Facts(values, origins)


def middle(header, exposure):
    """Modified Julian Date (UTC) of the middle of an exposure, NaN where the header says nothing.

    DATE-OBS counts where it has a time; a time zone in it is heeded. MJD-OBS and JD come next.

    Parameters
    ----------
    header : Mapping
    exposure : float or None
        Seconds.
    """
    half = (exposure or 0.0) / 2 / 86400
    for card in ("DATE-OBS", "UT-OBS"):
        text = str(header.get(card, ""))
        if "T" in text:
            try:
                start = datetime.fromisoformat(text)
            except ValueError:
                continue
            start = start if start.tzinfo else start.replace(tzinfo=UTC)
            return _UNIX_EPOCH + start.timestamp() / 86400 + half
    for card, zero in (("MJD-OBS", 0.0), ("JD", 2400000.5)):
        if _number(header.get(card)) is not None:
            return float(header[card]) - zero + half
    return math.nan


def airmass(header):
    """Of an exposure: AIRMASS, or by the altitude TELALT, else NaN."""
    if _number(header.get("AIRMASS")) is not None:
        return float(header["AIRMASS"])
    altitude = _number(header.get("TELALT"))
    if altitude is not None and 5 < altitude <= 90:
        return 1 / math.sin(math.radians(altitude))
    return math.nan


def _number(value):
    right = isinstance(value, int | float) and not isinstance(value, bool)
    return value if right and math.isfinite(value) else None
