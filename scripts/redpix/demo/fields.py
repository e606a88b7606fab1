"""The fields of the demo sky: positions, epochs and observing conditions.

The fields resemble those of the survey's drift scans: pixels of 0.396 arcsec, and columns rotated
from north by the angle of the scan. 9001-3-100 and 9002-4-57 overlap; 9001-2-210 is separate.
9003-3-101 observes the first field again, shifted by (-24, -172) pixels and rotated, in worse
seeing. Runs of the survey do not have these numbers. Rules import this module, so it does not
import numpy.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class DemoField:
    """One simulated field.

    Attributes
    ----------
    run, camcol, field : int
    epoch : int
        1, or 2 for a later visit.
    ra, dec : float
        Centre in the r band, degrees, ICRS.
    angle : float
        Direction in which the column number increases, degrees from north through east.
    seeing : float
        FWHM of the PSF in r, arcsec.
    transparency : float
        Transmission of the atmosphere relative to a clear night.
    sky : float
        Brightness of the sky relative to a dark night.
    mjd : float
        TAI of the first row in r, days.
    """

    run: int
    camcol: int
    field: int
    epoch: int
    ra: float
    dec: float
    angle: float
    seeing: float
    transparency: float
    sky: float
    mjd: float

    @property
    def name(self):
        """Return the name ``run-camcol-field``."""
        return f"{self.run}-{self.camcol}-{self.field}"


FIELDS = (
    DemoField(9001, 3, 100, 1, 180.28600, 45.28000, 33.8, 1.28, 1.00, 1.00, 53083.2410),
    DemoField(9002, 4, 57, 1, 180.46800, 45.41700, 34.5, 1.36, 0.97, 1.08, 53108.1975),
    DemoField(9001, 2, 210, 1, 180.75700, 45.76000, 33.1, 1.20, 1.02, 0.97, 53083.2830),
    DemoField(9003, 3, 101, 2, 180.31040, 45.27164, 34.2, 1.42, 0.92, 1.20, 53461.2260),
)

#: rows and columns of every field
SHAPE = (1489, 2048)

#: size of a pixel along x and along y, arcsec
PIXEL_SCALE = (0.39616, 0.39598)


#: position of a source in a band minus its position in r, pixels (x, y)
BAND_OFFSET = {
    "u": (2.3, -3.1),
    "g": (-1.2, 2.6),
    "r": (0.0, 0.0),
    "i": (1.7, 1.4),
    "z": (-2.8, -1.9),
}

#: rotation of a band's CCD relative to that of r, arcsec
BAND_ROTATION = {"u": 35.0, "g": -50.0, "r": 0.0, "i": 20.0, "z": 60.0}


def find(name):
    """Return the field of a name.

    Parameters
    ----------
    name : str
        Such as 9001-3-100.

    Returns
    -------
    DemoField

    Raises
    ------
    KeyError
        If the demo does not have the field.
    """
    return {field.name: field for field in FIELDS}[name]
