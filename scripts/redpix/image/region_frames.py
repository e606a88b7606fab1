"""Coordinate systems of DS9 regions: pixels of the image, of the detector, or the sky."""

import math
import re

import numpy as np
from astropy.coordinates import SkyCoord
from astropy.wcs.utils import wcs_to_celestial_frame

from redpix.core.exceptions import InputError
from redpix.image.wcs import celestial_wcs

#: systems of the sky, by the word of DS9
SKY = {"fk5": "fk5", "j2000": "fk5", "icrs": "icrs", "galactic": "galactic"}

#: systems of pixels
PIXELS = ("image", "physical")

#: degrees per unit of a size or an angle on the sky
_UNITS = {"": 1.0, "d": 1.0, '"': 1 / 3600, "'": 1 / 60, "r": math.degrees(1)}

#: coordinate of a pixel from which on a position is refused
_FAR = 1e9

_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([\"'dr]?)")
_SEXAGESIMAL = re.compile(r"([+-]?)(\d+)[:h](\d+)[:m](\d+\.?\d*)s?")


class RegionFrame:
    """A coordinate system of regions, and the image on which they lie.

    Parameters
    ----------
    name : str
        Word of DS9, in small letters: one of `PIXELS` or of `SKY`.
    header : Mapping
        FITS header of the image: LTV and LTM for ``physical``, the WCS for the sky.

    Raises
    ------
    InputError
        If the image has no usable WCS and the system is one of the sky.
    """

    def __init__(self, name, header):
        self.name, self._wcs = name, None
        self._origin, self._step = (0.0, 0.0), (1.0, 1.0)
        if name in SKY:
            self._wcs = celestial_wcs(header)
            self._turn = _rotation(SKY[name], wcs_to_celestial_frame(self._wcs))
            self._scale = math.sqrt(abs(np.linalg.det(self._wcs.pixel_scale_matrix)))
        if name == "physical":
            self._origin = tuple(float(header.get(f"LTV{axis}", 0.0)) for axis in (1, 2))
            self._step = tuple(float(header.get(f"LTM{axis}_{axis}", 1.0)) for axis in (1, 2))

    def point(self, first, second):
        """Return the 1-based pixel of a position.

        Parameters
        ----------
        first, second : str
            Coordinates as in the file.

        Returns
        -------
        (float, float)

        Raises
        ------
        ValueError
            If a text is not a finite coordinate.
        """
        if self._wcs is None:
            pair = zip((first, second), self._origin, self._step, strict=True)
            return tuple(_near(step * _finite(text) + origin) for text, origin, step in pair)
        x, y = self._on_image(*self._degrees(first, second))
        if not (np.isfinite(x) and np.isfinite(y)):
            raise ValueError("a position that does not lie on the image's projection")
        return _near(float(x) + 1), _near(float(y) + 1)

    def _degrees(self, first, second):
        """Return longitude and latitude of coordinates as in the file, degrees."""
        hours = 1.0 if self.name == "galactic" else 15.0
        return _angle(first, hours), _angle(second, 1.0)

    def _on_image(self, longitude, latitude):
        """Return the 0-based pixel of a position on the sky, degrees; NaN off the projection."""
        if self._turn is None:
            sky = SkyCoord(longitude, latitude, unit="deg", frame=SKY[self.name])
            return self._wcs.world_to_pixel(sky)
        # a thousand times faster than SkyCoord for one position
        east, north = np.deg2rad([longitude, latitude])
        toward = np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)
        x, y, z = self._turn @ toward
        world = [0.0, 0.0]
        world[self._wcs.wcs.lng] = np.rad2deg(np.arctan2(y, x)) % 360
        world[self._wcs.wcs.lat] = np.rad2deg(np.arctan2(z, np.hypot(x, y)))
        return self._wcs.world_to_pixel_values(*world)

    def length(self, text, axis):
        """Return a size in pixels.

        Parameters
        ----------
        text : str
            Size as in the file.
        axis : int
            0 for sizes along x, 1 along y; only steps of ``physical`` differ.

        Returns
        -------
        float

        Raises
        ------
        ValueError
            If the text is not a positive size.
        """
        match = _NUMBER.fullmatch(text.strip())
        if match is None or (self._wcs is None and match[2]):
            raise ValueError(f"{text.strip()[:20]!r} is not a size")
        value = float(match[1])
        if not 0 < value < math.inf:
            raise ValueError("a size that is not above 0 and finite")
        if self._wcs is None:
            return value * abs(self._step[axis])
        return value * _UNITS[match[2]] / self._scale

    def angle(self, text, first, second):
        """Return the angle of the first axis of a shape from x to y, degrees.

        Parameters
        ----------
        text : str
            Angle as in the file. On the sky it starts at the direction that is clockwise from
            north by 90 degrees in the image; north is that of this coordinate system.
        first, second : str
            Coordinates of the centre as in the file.

        Returns
        -------
        float

        Raises
        ------
        ValueError
            If a text is not a number.
        """
        value = _finite(text)
        if self._wcs is None:
            return value
        longitude, latitude = self._degrees(first, second)
        step = 1e-4 if latitude < 89 else -1e-4
        here, there = (self._on_image(longitude, latitude + move) for move in (0, step))
        x, y = (float(end - start) / step for start, end in zip(here, there, strict=True))
        return value + math.degrees(math.atan2(y, x)) - 90


def _rotation(source, target):
    """Return the matrix that turns positions of a frame to those of another; None if none does."""
    axes = SkyCoord([0, 90, 0], [0, 0, 90], unit="deg", frame=source).transform_to(target)
    matrix = axes.cartesian.xyz.value
    return matrix if np.allclose(matrix @ matrix.T, np.eye(3), atol=1e-12) else None


def _angle(text, hours):
    """Return a coordinate in degrees; `hours` is the number of degrees of a sexagesimal unit."""
    match = _SEXAGESIMAL.fullmatch(text.strip())
    if match:
        value = int(match[2]) + int(match[3]) / 60 + float(match[4]) / 3600
        return (-value if match[1] == "-" else value) * hours
    return _finite(text.strip().removesuffix("d"))


def _finite(text):
    """Return a finite number; raise ValueError for any other text."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text.strip()[:20]!r} is not finite")
    return value


def _near(pixel):
    """Return a coordinate in pixels; raise ValueError if it is senselessly far from the image."""
    if not abs(pixel) < _FAR:
        raise ValueError(f"a position at pixel {pixel:.3g}")
    return pixel


def frame_of(name, header, where):
    """Return the coordinate system of a line of a region file.

    Parameters
    ----------
    name : str
        Word of DS9.
    header : Mapping
        FITS header of the image.
    where : str
        Beginning of a message.

    Returns
    -------
    RegionFrame

    Raises
    ------
    InputError
        If the image has no usable WCS.
    """
    try:
        return RegionFrame(name.lower(), header)
    except InputError as error:
        raise InputError(
            f"{where}: {name}: the image has no usable WCS ({error}); allowed: polygon and other "
            "regions in image or physical coordinates"
        ) from None
