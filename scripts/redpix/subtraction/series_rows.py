"""Rows of the tables of a series: objects, light curves, tracklets."""

import csv
from pathlib import Path

import numpy as np
from astropy.io import fits

from redpix.core.atomic_files import atomic
from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.image.wcs import celestial_wcs, has_wcs
from redpix.io.described_table import write_described
from redpix.subtraction.reference_map import ReferenceMap
from redpix.subtraction.tracklets import hours_of


class SkyOfReference:
    """Sky positions of pixels of the reference, by the WCS of the first epoch that has one.

    Parameters
    ----------
    differences : list of str
        FITS files of the differences.
    """

    def __init__(self, differences):
        self._wcs = None
        for path in differences:
            header = fits.getheader(path, "D")
            if not has_wcs(header):
                continue
            try:
                self._wcs, self._map = celestial_wcs(header), ReferenceMap(header)
                return
            except InputError as error:
                log.warning("%s: its WCS is not used: %s", path, error)
        log.warning("%s: no epoch has a usable WCS: ra and dec stay empty", differences[0])

    def __call__(self, x, y):
        """Return right ascension and declination in degrees; NaN without a WCS."""
        if self._wcs is None:
            return np.full((2, *np.shape(x)), np.nan)
        return np.array(self._wcs.all_pix2world(*self._map.inverse(x, y), 0))


#: columns of the three tables
COLUMNS = {
    "series": "object kind ra dec x y detections epochs first_mjd last_mjd scorr flux flux_error "
    "chi2 same_as",
    "light_curves": "object pair mjd flux flux_error flags detected ra dec x y",
    "tracklets": "object detections epochs mjd ra dec x y speed angle speed_x speed_y residual "
    "flux pairs",
}


#: what a row of each table is
ABOUT = {
    "series": "one row per object of the series; pixels are those of the reference",
    "light_curves": "one row per object and epoch, by forced photometry",
    "tracklets": "one row per moving object of the series",
}

#: unit, UCD and description of columns that have their own meaning in these tables
MEANINGS = {
    "object": ("", "meta.id;meta.main", "V and a number: at rest; T and a number: moving"),
    "kind": ("", "meta.code.class", "rest or moving"),
    "pair": ("", "meta.id;obs", "Epoch: name of the pair"),
    "pairs": ("", "meta.id;obs", "Epochs with a detection, separated by blanks"),
    "detections": ("", "meta.number", "Number of epochs with a detection"),
    "epochs": ("", "meta.number;obs", "Number of epochs whose image has the place"),
    "detected": ("", "meta.code", "1 if the epoch has a detection there, else 0"),
    "first_mjd": ("d", "time.epoch;stat.min", "Time of the first detection, MJD (UTC)"),
    "last_mjd": ("d", "time.epoch;stat.max", "Time of the last detection, MJD (UTC)"),
    "scorr": ("", "stat.snr", "Score of the most significant detection, sigma"),
    "chi2": ("", "stat.fit.chi2", "Chi-squared per degree of freedom of a constant flux"),
    "same_as": ("", "meta.id.assoc", "Moving object that stood there in the reference"),
    "flags": ("", "meta.code.qual", "Mask bits at the place"),
    "speed": ("arcsec / h", "pos.pm", "Motion on the sky"),
    "angle": ("deg", "pos.posAng", "Position angle of the motion, north through east"),
    "speed_x": ("pix / h", "phys.veloc;pos.cartesian.x", "Motion along x on the reference"),
    "speed_y": ("pix / h", "phys.veloc;pos.cartesian.y", "Motion along y on the reference"),
    "residual": ("pix", "stat.fit.residual", "rms distance of the detections from the line"),
}


def _text(value, digits):
    return "" if value is None or not np.isfinite(value) else f"{value:.{digits}f}"


def _short(value):
    return "" if not np.isfinite(value) else f"{value:.5g}"


def object_row(name, curve, epochs, sky, same_as=""):
    """Return the row of an object in the table of the series.

    `same_as` is the moving object that stood there when the reference was exposed.
    """
    x, y = (float(np.mean(along)) for along in (curve.x, curve.y))
    ra, dec = sky(x, y)
    times = [epoch.mjd for epoch, there in zip(epochs, curve.detected, strict=True) if there]
    mean, error = curve.mean()
    return {
        "object": name,
        "kind": "moving" if name.startswith("T") else "rest",
        "ra": _text(ra, 7),
        "dec": _text(dec, 7),
        "x": _text(x, 3),
        "y": _text(y, 3),
        "detections": int(curve.detected.sum()),
        "epochs": int(np.isfinite(curve.flux).sum()),
        "first_mjd": _text(min(times), 6),
        "last_mjd": _text(max(times), 6),
        "scorr": _text(curve.scorr, 3),
        "flux": _short(mean),
        "flux_error": _short(error),
        "chi2": _short(curve.chi2()),
        "same_as": same_as,
    }


def curve_rows(name, curve, epochs, sky):
    """Yield the rows of a light curve; epochs whose image does not hold the object are left out."""
    xs, ys = (np.broadcast_to(along, len(epochs)) for along in (curve.x, curve.y))
    positions = np.transpose(sky(np.array(xs, float), np.array(ys, float)))
    for number, epoch in enumerate(epochs):
        if np.isfinite(curve.flux[number]):
            yield {
                "object": name,
                "pair": epoch.name,
                "mjd": _text(epoch.mjd, 6),
                "flux": _short(curve.flux[number]),
                "flux_error": _short(curve.flux_error[number]),
                "flags": int(curve.flags[number]),
                "detected": int(curve.detected[number]),
                "ra": _text(positions[number][0], 7),
                "dec": _text(positions[number][1], 7),
                "x": _text(xs[number], 3),
                "y": _text(ys[number], 3),
            }


def steps_on_sky(ra, dec, later_ra, later_dec):
    """Return the steps from one position to a near one, also across right ascension 0.

    Parameters
    ----------
    ra, dec, later_ra, later_dec : float
        Positions, degrees.

    Returns
    -------
    east, north : float
        Arcseconds.
    """
    moved = (later_ra - ra + 180) % 360 - 180
    return moved * np.cos(np.deg2rad(dec)) * 3600, (later_dec - dec) * 3600


def tracklet_row(name, tracklet, curve, epochs, sky):
    """Return the row of a tracklet."""
    hours, known = hours_of(epochs)
    first = min(epoch.mjd for epoch in epochs) if known else np.nan
    (ra, later_ra), (dec, later_dec) = sky(*tracklet.at([tracklet.hour, tracklet.hour + 0.1]))
    east, north = (10 * step for step in steps_on_sky(ra, dec, later_ra, later_dec))
    pairs = [epoch.name for epoch, there in zip(epochs, curve.detected, strict=True) if there]
    return {
        "object": name,
        "detections": len(tracklet.rows),
        "epochs": int(np.isfinite(curve.flux).sum()),
        "mjd": _text(first + tracklet.hour / 24, 6),
        "ra": _text(ra, 7),
        "dec": _text(dec, 7),
        "x": _text(tracklet.place[0], 3),
        "y": _text(tracklet.place[1], 3),
        "speed": _text(np.hypot(east, north), 3),
        "angle": _text(np.rad2deg(np.arctan2(east, north)) % 360, 2),
        "speed_x": _text(tracklet.speed[0], 4),
        "speed_y": _text(tracklet.speed[1], 4),
        "residual": _text(tracklet.residual, 3),
        "flux": _short(curve.mean()[0]),
        "pairs": " ".join(pairs),
    }


def write_rows(path, rows, flux_unit):
    """Write a table with the columns of its name as CSV and, with their units, as ECSV."""
    name = Path(path).stem
    columns = COLUMNS[name].split()
    with atomic(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    write_described(path, ABOUT[name], flux_unit, MEANINGS)
