"""Read the difference of one epoch of a series, with forced photometry on it."""

from pathlib import Path

import numpy as np
from astropy.io import fits
from scipy import ndimage

from redpix.subtraction.reference_map import ReferenceMap
from redpix.subtraction.series import SeriesEpoch
from redpix.subtraction.transient_rows import read_rows

#: half a side of the square of ALPHA that is interpolated, pixels
NEAR = 4


def read_epoch(difference, transients):
    """Read one epoch of a series.

    Parameters
    ----------
    difference, transients : str
        FITS file of the difference and CSV file of its transients.

    Returns
    -------
    redpix.subtraction.series.SeriesEpoch
    """
    with fits.open(difference, memmap=True) as hdus:
        header = hdus["D"].header
        planes = {name: _place_of(hdus[name]) for name in ("ALPHA", "ALPHA_ERR", "MASK")}
    to_reference, ratio = ReferenceMap(header), header["FLXRATIO"]
    rows, _ = read_rows(transients)
    columns = {
        name: np.array([float(row[name] or "nan") for row in rows])
        for name in ("x", "y", "x_error", "y_error", "scorr", "flux", "flux_error", "flags")
    }
    centre = [(length - 1) / 2 for length in to_reference.shape[::-1]]
    u, v = to_reference(centre[0] + np.array([0, 1, 0]), centre[1] + np.array([0, 0, 1]))
    scale = abs((u[1] - u[0]) * (v[2] - v[0]) - (u[2] - u[0]) * (v[1] - v[0])) ** 0.5
    registration = np.hypot(header["REGRMSX"], header["REGRMSY"]) / np.sqrt(2)
    error = np.hypot(np.hypot(columns["x_error"], columns["y_error"]) / np.sqrt(2), registration)
    places = to_reference(columns["x"], columns["y"]) if rows else np.zeros((2, 0))
    return SeriesEpoch(
        name=Path(difference).parents[1].name,
        mjd=header.get("MJD-AVG", np.nan),
        x=places[0],
        y=places[1],
        error=scale * error,
        scorr=columns["scorr"],
        flux=ratio * columns["flux"],
        flux_error=ratio * columns["flux_error"],
        flags=columns["flags"].astype(int),
        fwhm=scale * max(header["FWHMNEW"], header["FWHMREF"]),
        area=scale**2 * np.prod(to_reference.shape),
        forced=lambda x, y: _forced(difference, planes, to_reference, ratio, x, y),
    )


def _place_of(hdu):
    """Return type, offset and shape of the pixels of an HDU in its file; None if compressed."""
    if isinstance(hdu, fits.CompImageHDU):
        return None
    kind = {16: ">i2", -32: ">f4", -64: ">f8"}[hdu.header["BITPIX"]]
    return kind, hdu.fileinfo()["datLoc"], hdu.shape


def _square(path, name, place, rows, columns):
    """Return a square of the pixels of an HDU; no other pixel of it is read."""
    if place is None:
        with fits.open(path) as hdus:
            return hdus[name].section[rows, columns]
    kind, offset, shape = place
    # mapped anew, so that a long series does not keep its files open
    return np.array(np.memmap(path, kind, "r", offset, shape)[rows, columns])


def _forced(difference, planes, to_reference, ratio, x, y):
    """Return flux, its error and mask bits at a place in the reference; NaN outside the image."""
    u, v = (float(along) for along in to_reference.inverse(x, y))
    column, row = round(u), round(v)
    ny, nx = to_reference.shape
    if not (0 <= column < nx and 0 <= row < ny):
        return np.nan, np.nan, 0
    low = max(0, row - NEAR), max(0, column - NEAR)
    square = slice(low[0], row + NEAR + 1), slice(low[1], column + NEAR + 1)
    near, errors, mask = (_square(difference, name, planes[name], *square) for name in planes)
    near = near.astype(float)
    if not np.isfinite(near).all():
        near = (
            np.where(np.isfinite(near), near, 0)
            if np.isfinite(near[row - low[0], column - low[1]])
            else near
        )
    flux = ndimage.map_coordinates(near, [[v - low[0]], [u - low[1]]], order=3, mode="nearest")[0]
    inner = row - low[0], column - low[1]
    return ratio * float(flux), ratio * float(errors[inner]), int(mask[inner])
