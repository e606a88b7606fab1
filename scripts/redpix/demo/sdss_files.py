"""Convert the exposures of the demo to the formats of the survey: `frame` files and `fpM` masks."""

from datetime import datetime, timedelta

import numpy as np
from astropy.io import fits

from redpix.demo import camera
from redpix.image.sphere import unit_vectors
from redpix.io.observation_time import DAY
from redpix.sdss.mask_table import survey_mask

RERUN = "301"

# delay of each band after r, seconds: a drift scan crosses the bands in this order
_BAND_DELAY = {"r": 0.0, "i": 71.7, "u": 143.4, "z": 215.1, "g": 286.8}
# row of each band's CCD in the camera
_CAMERA_ROW = {"r": 1, "i": 2, "u": 3, "z": 4, "g": 5}


def frame_hdus(exposure, field, band):
    """Return the HDUs of a frame: image, calibration vector, sky table, asTrans.

    Parameters
    ----------
    exposure : redpix.demo.camera.DemoExposure
        Simulated exposure.
    field : redpix.demo.fields.DemoField
        Field of the demo.
    band : str
        Name of the band.

    Returns
    -------
    astropy.io.fits.HDUList
    """
    wcs = camera.band_wcs(field, band)
    node, inclination = _great_circle(field)
    image = fits.PrimaryHDU(exposure.image)
    image.header.extend(_cards(exposure, field, band, node, inclination))
    image.header.extend(_wcs_cards(wcs))
    size = exposure.allsky.size
    sky = fits.BinTableHDU.from_columns(
        [
            _column("ALLSKY", f"{size}E", exposure.allsky, dim=str(exposure.allsky.shape[::-1])),
            _column("XINTERP", f"{exposure.xinterp.size}E", exposure.xinterp),
            _column("YINTERP", f"{exposure.yinterp.size}E", exposure.yinterp),
        ]
    )
    transformation = _as_trans(exposure.image.shape, field, band, wcs, node, inclination)
    return fits.HDUList([image, fits.ImageHDU(exposure.calibration), sky, transformation])


def _column(name, form, value, **more):
    """Return a table column of one row."""
    return fits.Column(name, form, array=np.asarray(value)[None], **more)


def _cards(exposure, field, band, node, inclination):
    """Return the header cards of a frame, a subset of the survey's cards."""
    mjd = field.mjd + _BAND_DELAY[band] / DAY
    start = datetime(1858, 11, 17) + timedelta(days=mjd)
    return [
        ("TAI", round(mjd * DAY, 2), "Number of seconds since Nov 17 1858"),
        ("RA", field.ra, "Right ascension of telescope boresight"),
        ("DEC", field.dec, "Declination of telescope boresight"),
        ("DATE-OBS", f"{start:%Y-%m-%d}", "TAI date"),
        ("TAIHMS", f"{start:%H:%M:%S}.{start.microsecond // 10000:02d}", "TAI time"),
        ("ORIGIN", "redpix demo", "simulated, not an observation"),
        ("TELESCOP", "2.5m", ""),
        ("TIMESYS", "TAI", ""),
        ("RUN", field.run, "Run number"),
        ("FRAME", field.field, "Frame sequence number within the run"),
        ("CCDLOC", 10 * _CAMERA_ROW[band] + field.camcol, "Location of CCD (rowCol)"),
        ("FLAVOR", "science", "Flavor of this run"),
        ("NODE", round(node, 6), "RA of the great circle's ascending node (deg)"),
        ("INCL", round(inclination, 6), "Great circle's inclination (deg)"),
        ("EXPTIME", "53.907456", "Exposure time (seconds)"),
        ("CCDMODE", "DRIFT", "'STARING' or 'DRIFT'"),
        ("CAMROW", _CAMERA_ROW[band], "Row in the imaging camera"),
        ("SOFTBIAS", 1000, 'software "bias" added to all DN'),
        ("BUNIT", "nanomaggy", "1 nanomaggy = 3.631e-6 Jy"),
        ("FILTER", band, "filter used"),
        ("CAMCOL", field.camcol, "column in the imaging camera"),
        ("NMGY", float(np.mean(exposure.calibration)), "Calibration factor [nMgy per count]"),
        ("RERUN", RERUN, "rerun"),
    ]


def _wcs_cards(wcs):
    """Return the WCS cards in the survey's form, at full precision."""
    (cd11, cd12), (cd21, cd22) = wcs.wcs.cd
    return [
        ("EQUINOX", 2000.0, ""),
        ("RADECSYS", "ICRS", "International Celestial Ref. System"),
        ("CTYPE1", "RA---TAN", "Coordinate type"),
        ("CTYPE2", "DEC--TAN", "Coordinate type"),
        ("CUNIT1", "deg", "Units"),
        ("CUNIT2", "deg", "Units"),
        ("CRPIX1", wcs.wcs.crpix[0], "X of reference pixel"),
        ("CRPIX2", wcs.wcs.crpix[1], "Y of reference pixel"),
        ("CRVAL1", wcs.wcs.crval[0], "RA of reference pixel (deg)"),
        ("CRVAL2", wcs.wcs.crval[1], "Dec of reference pixel (deg)"),
        ("CD1_1", cd11, "RA deg per column pixel"),
        ("CD1_2", cd12, "RA deg per row pixel"),
        ("CD2_1", cd21, "Dec deg per column pixel"),
        ("CD2_2", cd22, "Dec deg per row pixel"),
    ]


def _great_circle(field):
    """Return node and inclination (degrees) of the great circle along the scan of a field."""
    # its pole is the direction of increasing column number at the centre of the field
    ra, dec, angle = np.deg2rad([field.ra, field.dec, field.angle])
    north = np.array([-np.sin(dec) * np.cos(ra), -np.sin(dec) * np.sin(ra), np.cos(dec)])
    east = np.array([-np.sin(ra), np.cos(ra), 0.0])
    pole = np.sin(angle) * east + np.cos(angle) * north
    inclination = np.rad2deg(np.arccos(pole[2]))
    return np.rad2deg(np.arctan2(pole[0], -pole[1])) % 360, inclination


def _as_trans(shape, field, band, wcs, node, inclination):
    """Return the asTrans table: row and column to great-circle longitude and latitude.

    mu = a + b row + c column and nu = d + e row + f column, in degrees; pixel centres are at 0.5.
    Distortions and colour terms are zero.
    """
    x, y = wcs.wcs.crpix - 0.5  # with pixel centres at 0.5
    position = unit_vectors(*wcs.wcs.crval)
    i, n = np.deg2rad([inclination, node])
    along = np.array([np.cos(n), np.sin(n), 0.0])
    pole = np.array([np.sin(i) * np.sin(n), -np.sin(i) * np.cos(n), np.cos(i)])
    across = np.cross(pole, along)
    mu = node + np.rad2deg(np.arctan2(position @ across, position @ along)) % 360
    nu = np.rad2deg(np.arcsin(position @ pole))
    columns_scale, rows_scale = np.hypot(*wcs.wcs.cd)
    values = {
        "RUN": ("J", field.run),
        "RERUN": ("3A", RERUN),
        "CAMCOL": ("J", field.camcol),
        "FILTER": ("A", band),
        "NODE": ("D", node),
        "INCL": ("D", inclination),
        "NAXIS": ("2J", shape[::-1]),
        "FIELD": ("J", field.field),
        "A": ("D", (mu - rows_scale * y) % 360),
        "B": ("D", rows_scale),
        "C": ("D", 0.0),
        "D": ("D", nu - columns_scale * x),
        "E": ("D", 0.0),
        "F": ("D", columns_scale),
    }
    values |= {f"D{axis}{k}": ("D", 0.0) for axis in ("ROW", "COL") for k in range(4)}
    values |= {name: ("D", 0.0) for name in ("CSROW", "CSCOL", "CCROW", "CCCOL")}
    values |= {
        "RICUT": ("D", 3.0),
        "MJD": ("D", field.mjd + _BAND_DELAY[band] / DAY),
        "AIRMASS": ("D", 1.1),
        "MUERR": ("E", 0.0),
        "NUERR": ("E", 0.0),
    }
    columns = [_column(name, form, value) for name, (form, value) in values.items()]
    return fits.BinTableHDU.from_columns(columns)


def mask_hdus(exposure, field, band):
    """Return the survey's mask (fpM) of an exposure, with the planes INTERP, SATUR and CR.

    Parameters
    ----------
    exposure : redpix.demo.camera.DemoExposure
        Simulated exposure.
    field : redpix.demo.fields.DemoField
        Field of the demo.
    band : str
        Name of the band.

    Returns
    -------
    astropy.io.fits.HDUList
    """
    marked = {
        "INTERP": exposure.saturated | exposure.cosmic_rays,
        "SATUR": exposure.saturated,
        "CR": exposure.cosmic_rays,
    }
    return survey_mask(marked, exposure.image.shape, field, band)
