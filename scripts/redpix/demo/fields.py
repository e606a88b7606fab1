"""The fields of the demo sky: where they lie, when and how well they were seen.

The numbers are those of a drift scan like the survey's: 0.396 arcsec pixels, columns turned from
north by the scan's angle. 9001-3-100 and 9002-4-57 overlap on the sky, 9001-2-210 lies apart and
9003-3-101 sees the first of them again, shifted by (-24, -172) pixels, turned a little, in worse
seeing. No run of the survey has these numbers. This module imports nothing heavy: rules read it.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class DemoField:
    """One simulated field."""

    run: int
    camcol: int
    field: int
    epoch: int  # 1, or 2 for a later visit to sky that epoch 1 saw
    ra: float  # degrees, ICRS, the centre in the r band
    dec: float
    angle: float  # degrees from north through east to the direction in which columns count
    seeing: float  # FWHM in r, arcsec
    transparency: float  # 1 is a clear night
    sky: float  # brightness of the sky, 1 is a dark night
    mjd: float  # TAI, of the first row in r

    @property
    def name(self):
        """``run-camcol-field``."""
        return f"{self.run}-{self.camcol}-{self.field}"


FIELDS = (
    DemoField(9001, 3, 100, 1, 180.28600, 45.28000, 33.8, 1.28, 1.00, 1.00, 53083.2410),
    DemoField(9002, 4, 57, 1, 180.46800, 45.41700, 34.5, 1.36, 0.97, 1.08, 53108.1975),
    DemoField(9001, 2, 210, 1, 180.75700, 45.76000, 33.1, 1.20, 1.02, 0.97, 53083.2830),
    DemoField(9003, 3, 101, 2, 180.31040, 45.27164, 34.2, 1.42, 0.92, 1.20, 53461.2260),
)

#: rows and columns of every field
SHAPE = (1489, 2048)

#: arcsec, along columns' and along rows' counting direction
PIXEL_SCALE = (0.39616, 0.39598)


#: where a source falls in a band beyond where it falls in r, pixels (x, y)
BAND_OFFSET = {
    "u": (2.3, -3.1),
    "g": (-1.2, 2.6),
    "r": (0.0, 0.0),
    "i": (1.7, 1.4),
    "z": (-2.8, -1.9),
}

#: turn of a band's CCD against that in r, arcsec
BAND_ROTATION = {"u": 35.0, "g": -50.0, "r": 0.0, "i": 20.0, "z": 60.0}


def find(name):
    """The field of a name such as 9001-3-100.

    Raises
    ------
    KeyError
        If the demo has no such field.
    """
    return {field.name: field for field in FIELDS}[name]
