"""Compute error maps of SDSS frames from photon noise, dark current and read noise.

A frame holds sky-subtracted, calibrated fluxes. With its extensions the counts are::

    dn      = img / cimg + simg
    dn_err  = sqrt(dn / gain + dark_variance)
    img_err = dn_err * cimg

The equations are those of the SDSS data model, `frame` files. cimg is the calibration vector in
nanomaggies per DN with one value per column; simg is the sky in DN.
"""

import numpy as np

#: bands of the survey, in the order of its filters
BANDS = ("u", "g", "r", "i", "z")

# gain in e-/DN and dark variance in DN^2 by camera column, bands in the order of `BANDS`;
# from the page of the SDSS data model on frame files
_GAIN = {
    1: (1.62, 3.32, 4.71, 5.165, 4.745),
    2: (1.595, 3.855, 4.6, 6.565, 5.155),
    3: (1.59, 3.845, 4.72, 4.86, 4.885),
    4: (1.6, 3.995, 4.76, 4.885, 4.775),
    5: (1.47, 4.05, 4.725, 4.64, 3.48),
    6: (2.17, 4.035, 4.895, 4.76, 4.69),
}
_DARK_VARIANCE = {
    1: (9.61, 15.6025, 1.8225, 7.84, 0.81),
    2: (12.6025, 1.44, 1.00, 5.76, 1.0),
    3: (8.7025, 1.3225, 1.3225, 4.6225, 1.0),
    4: (12.6025, 1.96, 1.3225, 6.25, 9.61),
    5: (9.3025, 1.1025, 0.81, 7.84, 1.8225),
    6: (7.0225, 1.8225, 0.9025, 5.0625, 1.21),
}
# values after a change of the electronics: (camcol, band): (last run before it, new value)
_GAIN_LATER = {(2, "u"): (1100, 1.825)}
_DARK_VARIANCE_LATER = {
    (2, "i"): (1500, 6.25),
    (4, "i"): (1500, 7.5625),
    (4, "z"): (1500, 12.6025),
    (5, "z"): (1500, 2.1025),
}


def gain(camcol, band, run):
    """Return the gain of a CCD in electrons per DN.

    Parameters
    ----------
    camcol : int
        Camera column, 1 to 6.
    band : str
        One of u, g, r, i, z.
    run : int
        Run number: the u amplifier of camera column 2 changed after run 1100.

    Returns
    -------
    float
    """
    return _value(_GAIN, _GAIN_LATER, camcol, band, run)


def dark_variance(camcol, band, run):
    """Return the variance of dark current and readout in DN^2.

    Parameters
    ----------
    camcol : int
        Camera column, 1 to 6.
    band : str
        One of u, g, r, i, z.
    run : int
        Run number: some electronics changed after run 1500.

    Returns
    -------
    float
    """
    return _value(_DARK_VARIANCE, _DARK_VARIANCE_LATER, camcol, band, run)


def _value(table, later, camcol, band, run):
    """Return the value of a CCD, which may have changed after a run."""
    last_run, changed = later.get((camcol, band), (run, None))
    return changed if run > last_run else table[camcol][BANDS.index(band)]


def sky_image(allsky, xinterp, yinterp):
    """Return the sky of each pixel in DN.

    The sky table is interpolated bilinearly and clamped at its edges.

    Parameters
    ----------
    allsky : ndarray, shape (my, mx)
        Table of the sky in DN; (192, 256) in SDSS frames.
    xinterp : ndarray, shape (nx,)
        0-based column in `allsky` of each image column. On real frames the first and the last
        lie outside the table.
    yinterp : ndarray, shape (ny,)
        0-based row in `allsky` of each image row. On real frames they do not span the table.

    Returns
    -------
    ndarray, shape (ny, nx), float32
    """
    allsky = np.asarray(allsky, dtype=np.float64)
    lower, upper, weight = _bracket(np.asarray(yinterp, dtype=np.float64), allsky.shape[0])
    rows = allsky[lower] * (1 - weight)[:, None] + allsky[upper] * weight[:, None]
    lower, upper, weight = _bracket(np.asarray(xinterp, dtype=np.float64), allsky.shape[1])
    rows, weight = rows.astype(np.float32), weight.astype(np.float32)
    return rows[:, lower] * (1 - weight) + rows[:, upper] * weight


def _bracket(position, length):
    """Return the grid indices below and above each position, and the weight of the upper one."""
    position = np.clip(position, 0, length - 1)
    lower = np.minimum(position.astype(np.intp), max(length - 2, 0))
    return lower, np.minimum(lower + 1, length - 1), position - lower


def counts(image, calibration, sky):
    """Return the counts of each pixel in DN, as the camera read them.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Sky-subtracted flux in nanomaggies.
    calibration : ndarray, shape (nx,)
        Nanomaggies per DN of each column.
    sky : ndarray, shape (ny, nx)
        Sky in DN.

    Returns
    -------
    ndarray, shape (ny, nx)
    """
    return image / calibration + sky


def error_map(image, calibration, sky, gain, dark_variance):
    """Return the 1-sigma error of each pixel in nanomaggies.

    Where counts are negative, as at bad pixels, the variance is the dark variance alone.

    Parameters
    ----------
    image, calibration, sky
        As in `counts`.
    gain : float
        Electrons per DN.
    dark_variance : float
        Variance of dark current and readout in DN^2.

    Returns
    -------
    ndarray, shape (ny, nx), float32
    """
    photon_variance = np.maximum(counts(image, calibration, sky), 0) / gain
    return (np.sqrt(photon_variance + dark_variance) * calibration).astype(np.float32)
