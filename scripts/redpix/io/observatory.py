"""Read the position of the observatory and the pointing of the telescope from a header."""

import math
import re
from typing import NamedTuple

from redpix.io.exposure_header import airmass
from redpix.io.header_values import filled, number
from redpix.io.observatory_names import named_site

#: pairs of cards of latitude and longitude
_PLACES = (
    ("OBSGEO-B", "OBSGEO-L"),
    ("SITELAT", "SITELONG"),
    ("SITELAT", "SITELON"),
    ("LAT-OBS", "LONG-OBS"),
    ("OBS-LAT", "OBS-LONG"),
    ("LATITUDE", "LONGITUD"),
    ("OBSLAT", "OBSLONG"),
    ("GEOLAT", "GEOLON"),
    ("TELLAT", "TELLONG"),
    ("LATITUD", "LONGITUD"),
)

#: cards of the height above sea level, metres
_HEIGHTS = ("OBSGEO-H", "SITEELEV", "SITEALT", "ALT-OBS", "OBS-ELEV", "HEIGHT", "OBSALT", "GEOELEV")

#: pairs of cards of right ascension and declination
_POINTINGS = (("OBJCTRA", "OBJCTDEC"), ("RA", "DEC"), ("CAT-RA", "CAT-DEC"), ("TELRA", "TELDEC"))

#: smallest and largest distance of an observatory from the centre of the Earth, metres
_EARTH = (6.30e6, 6.40e6)

#: maximum relative difference between the airmass of a header and that of its site and time
_AIRMASS = 0.03


class Observatory(NamedTuple):
    """The position of an observatory.

    Attributes
    ----------
    latitude, longitude : float or None
        Geodetic, degrees, north and east positive; None if only x, y, z are known.
    height : float
        Metres.
    xyz : tuple of float or None
        Geocentric, metres.
    source : str
        Cards that state it.
    remarks : tuple of str
        Assumptions, one sentence each.
    """

    latitude: float | None
    longitude: float | None
    height: float
    xyz: tuple | None
    source: str
    remarks: tuple = ()


def observatory(header, middle=None):
    """Return the position of the observatory of an exposure.

    The cards OBSGEO count first, then other cards of latitude and longitude, then names. With
    pointing, time and airmass known, a longitude that counts west and an exchange of latitude and
    longitude are found.

    Parameters
    ----------
    header : Mapping
        FITS header.
    middle : float, optional
        Modified Julian Date (UTC) of the exposure.

    Returns
    -------
    Observatory or None
        None if unknown.
    """
    xyz = tuple(number(header.get(f"OBSGEO-{axis}"))[0] for axis in "XYZ")
    if None not in xyz and _EARTH[0] < math.hypot(*xyz) < _EARTH[1]:
        return Observatory(None, None, 0.0, xyz, "OBSGEO-X/Y/Z")
    for cards in _PLACES:
        latitude, longitude = (angle(header.get(card)) for card in cards)
        if latitude is None or longitude is None or latitude == longitude == 0:
            continue
        if abs(latitude) > 90 or abs(longitude) > 360:
            continue
        place, remarks = _tested(header, middle, latitude, longitude, "+".join(cards))
        return Observatory(*place, _height(header), None, "+".join(cards), remarks)
    named = named_site(header)
    if named is None:
        return None
    (latitude, longitude, height), card = named
    remark = f"{card} = {str(header[card]).strip()} is taken for the site at latitude "
    remark += f"{latitude:.2f}, longitude {longitude:.2f}"
    return Observatory(latitude, longitude, height, None, card, (remark,))


def pointing(header):
    """Return right ascension and declination of the telescope in degrees, or None.

    Parameters
    ----------
    header : Mapping
        FITS header. Zero for both counts as unknown. Plain numbers are degrees; a sexagesimal
        right ascension is in hours.

    Returns
    -------
    (float, float) or None
    """
    for cards in _POINTINGS:
        ra, dec = (angle(header.get(card)) for card in cards)
        if ra is None or dec is None or ra == dec == 0 or abs(dec) > 90:
            continue
        return (ra * 15 if number(header[cards[0]])[0] is None else ra) % 360, dec
    return None


def angle(value):
    """Return an angle in the unit of its first part.

    Parameters
    ----------
    value : object
        A number, or text such as ``'+38 26 18.00'``, ``'-22:57:08:99'``, ``'51.05'``.

    Returns
    -------
    float or None
        None if the value is not an angle.
    """
    if not filled(value):
        return None
    plain, unit = number(value)
    if plain is not None and not re.match(r"\d|[d:]", unit):
        return plain
    # hundredths of a second may follow a third colon
    text = re.sub(r"(:\d+:\d+):(\d+)$", r"\1.\2", str(value).strip())
    match = re.fullmatch(
        r"([+-]?) *(\d{1,3})(?:[hd°:]| +) *(\d{1,2})(?:(?:[m':]| +) *(\d{1,2}(?:\.\d*)?)s?\"?)?",
        text,
    )
    if match is None:
        return None
    size = int(match[2]) + int(match[3]) / 60 + float(match[4] or 0) / 3600
    return -size if match[1] == "-" else size


def _height(header):
    """Return the height of the site in metres; 0 if unknown."""
    heights = (number(header.get(card)) for card in _HEIGHTS)
    return next((h for h, unit in heights if h is not None and -500 < h < 9000), 0.0)


def _tested(header, middle, latitude, longitude, cards):
    """Return latitude and longitude that agree with the airmass, and remarks."""
    stated = (latitude, (longitude + 180) % 360 - 180)
    target, measured = pointing(header), airmass(header).value
    if middle is None or target is None or measured is None:
        return stated, ()
    if abs(airmass_of(target, middle, stated) - measured) < _AIRMASS * measured:
        return stated, ()
    others = {
        "the longitude counts west": (latitude, -stated[1]),
        "latitude and longitude are exchanged": (longitude, latitude),
    }
    for words, place in others.items():
        if abs(place[0]) > 90:
            continue
        if abs(airmass_of(target, middle, place) - measured) < _AIRMASS * measured:
            return place, (f"{cards}: {words}, as the airmass shows",)
    return stated, (f"{cards} do not agree with airmass, time and pointing",)


def airmass_of(target, middle, place):
    """Return the airmass of a position of the sky in the plane-parallel approximation.

    Parameters
    ----------
    target : (float, float)
        Right ascension and declination, degrees.
    middle : float
        Modified Julian Date (UTC).
    place : (float, float)
        North latitude and east longitude, degrees.

    Returns
    -------
    float
        Infinite below the horizon.
    """
    # mean sidereal time of Greenwich, Meeus (1998), eq. 12.4 without its small terms
    sidereal = 280.46061837 + 360.98564736629 * (middle - 51544.5)
    hour = math.radians(sidereal + place[1] - target[0])
    dec, latitude = math.radians(target[1]), math.radians(place[0])
    sine = math.sin(latitude) * math.sin(dec)
    sine += math.cos(latitude) * math.cos(dec) * math.cos(hour)
    return 1 / sine if sine > 0 else math.inf
