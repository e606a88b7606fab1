"""What a header says of an exposure: how long it was, when, and through how much air."""

import math
from datetime import UTC, datetime

_UNIX_EPOCH = 40587.0  # MJD of 1970-01-01


def seconds(header):
    """Exposure time, by EXPTIME or EXPOSURE; None where the header says nothing."""
    for card in ("EXPTIME", "EXPOSURE"):
        value = _number(header.get(card))
        if value is not None and value > 0:
            return float(value)
    return None


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
    """Of an exposure: AIRMASS, or by the altitude TELALT in degrees, else NaN."""
    if _number(header.get("AIRMASS")) is not None:
        return float(header["AIRMASS"])
    altitude = _number(header.get("TELALT"))
    if altitude is not None and 5 < altitude <= 90:
        return 1 / math.sin(math.radians(altitude))
    return math.nan


def _number(value):
    right = isinstance(value, int | float) and not isinstance(value, bool)
    return value if right and math.isfinite(value) else None
