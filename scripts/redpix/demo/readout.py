"""Readout of the demo's CCDs: counts, cosmic-ray hits, interpolation of bad pixels, rounding."""

import numpy as np


def read_out(rng, mean_counts, gain, dark_variance):
    """Read out an exposure.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers.
    mean_counts : ndarray
        Expected counts, DN.
    gain : float
        Electrons per DN.
    dark_variance : float
        Variance without photon noise, DN^2; it includes 1/12 for the rounding.

    Returns
    -------
    ndarray of float64
        Counts, whole numbers.
    """
    # the Fourier transform leaves negative light, down to -1e-5 of a peak; the sky exceeds it
    electrons = rng.poisson(np.maximum(mean_counts * gain, 0))
    noise = rng.standard_normal(mean_counts.shape, dtype=np.float32)
    return np.rint(electrons / gain + noise * np.sqrt(dark_variance - 1 / 12))


def cosmic_ray_hits(rng, shape, number):
    """Draw the mask of cosmic-ray hits: short straight tracks.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers.
    shape : (int, int)
        (ny, nx).
    number : int
        Number of tracks.

    Returns
    -------
    ndarray of bool, shape (ny, nx)
    """
    mask = np.zeros(shape, dtype=bool)
    for _ in range(number):
        x, y = rng.uniform(0, shape[1]), rng.uniform(0, shape[0])
        angle, length = rng.uniform(0, np.pi), 1 + rng.exponential(2.0)
        steps = np.arange(0, length, 0.5)
        columns = (x + steps * np.cos(angle)).astype(int)
        rows = (y + steps * np.sin(angle)).astype(int)
        inside = (columns >= 0) & (columns < shape[1]) & (rows < shape[0])
        mask[rows[inside], columns[inside]] = True
    return mask


def interpolate_rows(counts, bad):
    """Replace bad pixels by linear interpolation along the row.

    Parameters
    ----------
    counts : ndarray, shape (ny, nx)
        Expected counts of light and dark current.
    bad : ndarray of bool, shape (ny, nx)
        Each row needs one or more good pixels.

    Returns
    -------
    ndarray, shape (ny, nx)
        Replaced pixels are rounded to whole numbers.
    """
    repaired = counts.copy()
    columns = np.arange(counts.shape[1])
    for row in np.flatnonzero(bad.any(axis=1)):
        holes = bad[row]
        line = np.interp(columns[holes], columns[~holes], counts[row, ~holes])
        repaired[row, holes] = np.rint(line)
    return repaired


def shorten(image):
    """Round float32 values to 10 binary digits, as in real frames, so that they compress.

    The relative error is at most 2^-10. Counts within 30 DN of the sky stay whole numbers to
    0.003 DN rms.

    Parameters
    ----------
    image : ndarray
        Image, nanomaggies.

    Returns
    -------
    ndarray of float32
    """
    bits = np.ascontiguousarray(image, dtype=np.float32).view(np.uint32)
    dropped = 14  # of the 23 stored digits; the leading digit is not stored
    rounded = (bits + np.uint32(1 << (dropped - 1))) >> np.uint32(dropped) << np.uint32(dropped)
    return rounded.view(np.float32)
