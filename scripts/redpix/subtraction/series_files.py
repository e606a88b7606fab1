"""Make one table of objects from the differences of a series, with light curves and tracklets."""

import numpy as np
from astropy.io import fits

from redpix.core.job import log
from redpix.io.described_table import FLUX_UNITS
from redpix.subtraction.series import all_detections, forced_curve, groups_of, light_curve
from redpix.subtraction.series_epoch import read_epoch
from redpix.subtraction.series_rows import (
    SkyOfReference,
    curve_rows,
    object_row,
    tracklet_row,
    write_rows,
)
from redpix.subtraction.tracklets import hours_of, link
from redpix.subtraction.transients import FLAGS

#: flags of the rows that may be objects, and of those that may belong to a tracklet
OF_OBJECTS = FLAGS["STAND_IN"]
OF_TRACKLETS = FLAGS["STAND_IN"] | FLAGS["SHAPE"]

#: distance within which detections of several epochs are one object, in units of the FWHM
SAME_OBJECT = 0.7


def write_series(differences, transients, series, light_curves, tracklets):
    """Match the changes of all epochs of a series and measure each at every epoch.

    Parameters
    ----------
    differences, transients : list of str
        FITS file and CSV file of each epoch's difference from the common reference.
    series : str
        CSV file to write, one row per object.
    light_curves : str
        CSV file to write, one row per object and epoch.
    tracklets : str
        CSV file to write, one row per moving object.

    Notes
    -----
    Beside each CSV file lies an ECSV file with the same rows and the units of the columns.
    """
    epochs = [read_epoch(*paths) for paths in zip(differences, transients, strict=True)]
    order = np.argsort([epoch.mjd for epoch in epochs], kind="stable")
    epochs = [epochs[number] for number in order]
    sky = SkyOfReference([differences[number] for number in order])
    hours, known = hours_of(epochs)
    if not known:
        log.warning("%s: an epoch without a time: speeds are per epoch, not per hour", series)
    fwhm = float(np.median([epoch.fwhm for epoch in epochs]))
    moving = moving_objects(epochs, fwhm)
    resting = resting_objects(epochs, fwhm, moving)
    curves = {f"V{number}": curve for number, curve in enumerate(resting, start=1)}
    movers = {f"T{number}": one for number, one in enumerate(moving, start=1)}
    for name, tracklet in movers.items():
        detections = all_detections(epochs, OF_TRACKLETS).take(tracklet.rows)
        there = np.isin(np.arange(len(epochs)), detections.epoch)
        curves[name] = forced_curve(epochs, *tracklet.at(hours), there, detections.scorr)
    hour = reference_hour(differences, epochs) if known else None
    shadows = shadows_of(movers, curves, hour, fwhm)
    unit = flux_unit_of(differences[0])
    rows = [object_row(n, curve, epochs, sky, shadows.get(n, "")) for n, curve in curves.items()]
    write_rows(series, rows, unit)
    rows = [row for name, curve in curves.items() for row in curve_rows(name, curve, epochs, sky)]
    write_rows(light_curves, rows, unit)
    rows = [tracklet_row(n, one, curves[n], epochs, sky) for n, one in movers.items()]
    write_rows(tracklets, rows, unit)
    log.info(
        "%s: %d epochs, %d objects at rest, %d tracklets",
        series,
        len(epochs),
        len(resting),
        len(moving),
    )


def flux_unit_of(difference):
    """Return the unit of the fluxes of a difference, as astropy writes it; empty if unknown."""
    unit = fits.getheader(difference, "NEW").get("BUNIT", "")
    return FLUX_UNITS.get(unit, unit)


def reference_hour(differences, epochs):
    """Return when the reference was exposed, in hours from the first epoch; None if unknown.

    Parameters
    ----------
    differences : list of str
        FITS files of the differences.
    epochs : list of redpix.subtraction.series.SeriesEpoch
        Epochs of the series, all with a time.

    Returns
    -------
    float or None
    """
    times = {fits.getheader(path, "D").get("REFMJDAV") for path in differences}
    if len(times) != 1 or None in times:
        return None
    return 24 * (times.pop() - min(epoch.mjd for epoch in epochs))


def shadows_of(movers, curves, hour, fwhm):
    """Return the objects at rest that are moving objects in the reference.

    Parameters
    ----------
    movers : dict of str to redpix.subtraction.tracklets.Tracklet
        Tracklets by name.
    curves : dict of str to redpix.subtraction.series.LightCurve
        Light curves of all objects by name.
    hour : float or None
        When the reference was exposed, hours from the first epoch; None if unknown.
    fwhm : float
        Maximum distance from the line, pixels of the reference.

    Returns
    -------
    dict of str to str
        Name of the moving object by the name of the object at rest. Such an object is missing at
        every epoch.
    """
    found = {}
    for name, tracklet in movers.items() if hour is not None else ():
        x, y = tracklet.at([hour])[:, 0]
        for other, curve in curves.items():
            faded = other not in movers and curve.scorr < 0
            if faded and np.hypot(curve.x - x, curve.y - y) < fwhm:
                found[other] = name
    return found


def resting_objects(epochs, fwhm, movers):
    """Return the light curves of the objects at rest, the most significant first.

    Parameters
    ----------
    epochs : list of redpix.subtraction.series.SeriesEpoch
        Epochs of the series.
    fwhm : float
        FWHM, pixels of the reference.
    movers : list of redpix.subtraction.tracklets.Tracklet
        Tracklets, whose detections are left out.

    Returns
    -------
    list of redpix.subtraction.series.LightCurve
    """
    detections = all_detections(epochs, OF_OBJECTS)
    groups = groups_of(detections, SAME_OBJECT * fwhm)
    moving = _detections_of(movers, epochs)
    curves = []
    for number in range(groups.max() + 1 if len(groups) else 0):
        mine = detections.take(groups == number)
        rows = set(zip(mine.epoch.tolist(), mine.row.tolist(), strict=True))
        if not rows <= moving:
            curves.append(light_curve(epochs, mine))
    return sorted(curves, key=lambda curve: -abs(curve.scorr))


def moving_objects(epochs, fwhm):
    """Return the tracklets of a series.

    Parameters
    ----------
    epochs : list of redpix.subtraction.series.SeriesEpoch
        Epochs of the series.
    fwhm : float
        FWHM, pixels of the reference.

    Returns
    -------
    list of redpix.subtraction.tracklets.Tracklet
        Their rows are those of ``all_detections(epochs, OF_TRACKLETS)``.
    """
    detections = all_detections(epochs, OF_TRACKLETS)
    groups = groups_of(detections, SAME_OBJECT * fwhm)
    alone = np.flatnonzero((np.bincount(groups, minlength=1)[groups] == 1) & (detections.flux > 0))
    found = link(detections.take(alone), epochs, fwhm)
    return [one._replace(rows=alone[one.rows]) for one in found]


def _detections_of(movers, epochs):
    """Return epoch and row of the detections that belong to tracklets."""
    detections = all_detections(epochs, OF_TRACKLETS)
    rows = [row for one in movers for row in one.rows]
    return {(int(detections.epoch[row]), int(detections.row[row])) for row in rows}
