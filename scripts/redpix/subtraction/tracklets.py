"""Link detections of a series into tracklets: objects that move along a line at constant speed."""

from typing import NamedTuple

import numpy as np

from redpix.subtraction.series import Detections

#: largest speed of a tracklet, pixels per hour
FASTEST = 150.0

#: smallest distance of a tracklet's first and last detection, in units of the FWHM
LEAST_WAY = 1.0

#: largest distance of a detection from the line, pixels, beside three times its error
OFF_LINE = 0.7

#: largest ratio of the fluxes of two detections of one object
ALIKE = 2.0

#: significance of forced photometry that can support a tracklet at a predicted place
SUPPORT = 5.0

#: expected number of false detections as near as that of a tracklet of two epochs, at most
CHANCE = 0.1


class Tracklet(NamedTuple):
    """Object on a line.

    Attributes
    ----------
    rows : ndarray of int
        Rows of the detections, in the order of time.
    hour : float
        Hours from the first epoch of the series to the reference time of `place`.
    place, speed : ndarray, shape (2,)
        x and y at that time in pixels of the reference, and pixels per hour.
    residual : float
        rms distance of the detections from the line, pixels.
    """

    rows: np.ndarray
    hour: float
    place: np.ndarray
    speed: np.ndarray
    residual: float

    def at(self, hours):
        """Return x and y at times in hours from the first epoch of the series."""
        return self.place[:, None] + self.speed[:, None] * (np.asarray(hours) - self.hour)


def hours_of(epochs):
    """Return the times of epochs in hours from the first; their order if a time is unknown.

    Parameters
    ----------
    epochs : list of redpix.subtraction.series.SeriesEpoch
        Epochs of the series.

    Returns
    -------
    hours : ndarray, shape (epochs,)
    known : bool
        Whether all times are known.
    """
    mjd = np.array([epoch.mjd for epoch in epochs])
    if np.isfinite(mjd).all():
        return 24 * (mjd - mjd.min()), True
    return np.arange(len(epochs), dtype=float), False


def link(detections, epochs, fwhm):
    """Link detections of different epochs that lie on a line.

    Parameters
    ----------
    detections : redpix.subtraction.series.Detections
        Detections that are brighter in their epoch, and at rest in no other epoch.
    epochs : list of redpix.subtraction.series.SeriesEpoch
        Epochs of the series.
    fwhm : float
        FWHM, pixels of the reference.

    Returns
    -------
    list of Tracklet
        Those of most detections first; each detection belongs to one tracklet at most.
    """
    hours, _ = hours_of(epochs)
    grown = (_grown(detections, hours, *pair) for pair in _pairs(detections, hours, fwhm))
    possible = {tuple(one.rows): one for one in grown if one is not None}.values()
    used, kept = set(), []
    # of lines through as many detections, slow ones are less likely by chance
    for one in sorted(possible, key=lambda one: (-len(one.rows), np.hypot.reduce(one.speed))):
        if used.isdisjoint(one.rows) and _is_supported(one, detections, epochs, hours):
            used |= set(one.rows)
            kept.append(one)
    return kept


def _pairs(detections: Detections, hours, fwhm):
    """Yield pairs of detections that one object may have made, by speed and brightness."""
    time = hours[detections.epoch]
    order = np.argsort(time, kind="stable")
    for place, first in enumerate(order):
        later = order[place + 1 :]
        gap = time[later] - time[first]
        offset_x, offset_y = (along[later] - along[first] for along in (detections.x, detections.y))
        way = np.hypot(offset_x, offset_y)
        ratio = detections.flux[later] / detections.flux[first]
        good = (gap > 0) & (way < FASTEST * gap) & (way > LEAST_WAY * fwhm)
        good &= (ratio < ALIKE) & (ratio > 1 / ALIKE)
        yield from ((int(first), int(second)) for second in later[good])


def _grown(detections, hours, first, second):
    """Return the tracklet through two detections, with all others on its line; one per epoch."""
    rows = np.array([first, second])
    for _ in range(3):
        tracklet = _fitted(detections, hours, rows)
        x, y = tracklet.at(hours[detections.epoch])
        off = np.hypot(detections.x - x, detections.y - y)
        ratio = detections.flux / np.median(detections.flux[rows])
        near = off < OFF_LINE + 3 * np.nan_to_num(detections.error, nan=1.0)
        near &= (ratio < ALIKE) & (ratio > 1 / ALIKE)
        chosen = [
            min(np.flatnonzero(near & (detections.epoch == epoch)), key=lambda row: off[row])
            for epoch in np.unique(detections.epoch[near])
        ]
        if len(chosen) < 2:
            return None
        if set(chosen) == set(rows.tolist()):
            break
        rows = np.array(chosen)
    rows = rows[np.argsort(hours[detections.epoch[rows]])]
    return _fitted(detections, hours, rows)


def _fitted(detections, hours, rows):
    """Return the line through detections by least squares."""
    time = hours[detections.epoch[rows]]
    places = np.stack([detections.x[rows], detections.y[rows]])
    middle = time.mean()
    offsets, since = places - places.mean(1, keepdims=True), time - middle
    speed = (offsets @ since) / np.sum(since**2)
    squared = np.sum((offsets - speed[:, None] * since) ** 2, axis=0)
    return Tracklet(rows, middle, places.mean(1), speed, float(np.sqrt(squared.mean())))


def _is_supported(tracklet, detections, epochs, hours):
    """Return whether forced photometry on the line shows the object where it was not detected.

    Two detections always lie on a line. So the images of all other epochs must show the object. In
    a series of two epochs, the two detections must be free of flags, and so near each other that
    false ones are rarely as near.
    """
    seen = set(detections.epoch[tracklet.rows].tolist())
    flux = np.median(detections.flux[tracklet.rows])
    possible = supporting = 0
    for number, (x, y) in enumerate(tracklet.at(hours).T):
        if number in seen:
            continue
        value, error, flags = epochs[number].forced(x, y)
        if np.isfinite(value) and flags == 0 and flux > ALIKE * SUPPORT * error:
            possible += 1
            supporting += flux / ALIKE < value < flux * ALIKE
    if len(tracklet.rows) > 2:
        return supporting >= possible / 2
    if len(epochs) > 2:
        return 0 < possible == supporting
    return (
        not detections.flags[tracklet.rows].any() and _chance(tracklet, detections, epochs) < CHANCE
    )


def _chance(tracklet, detections, epochs):
    """Return how many detections of the last epoch lie by chance as near as those of a tracklet."""
    first, last = tracklet.rows[[0, -1]]
    way = np.hypot(
        detections.x[last] - detections.x[first], detections.y[last] - detections.y[first]
    )
    epoch = detections.epoch[last]
    return np.sum(detections.epoch == epoch) * np.pi * way**2 / epochs[epoch].area
