"""Extended light about a transient: scattered light, moving gradients, haloes."""

import numpy as np

#: inner and outer radius of the ring in units of the FWHM, and their minima in pixels
RING, LEAST_RING = (1.5, 3.0), (4.0, 8.0)

#: number of sectors of the ring
SECTORS = 8

#: mean squared level of the sectors over its variance, above which the ring is not empty
NOT_EMPTY = 4.5

#: number of lines through a transient that are tried
LINES = 16

#: distances from a transient at which the light on its sides is read, in units of the FWHM
SIDES = (1.75, 2.25, 2.75, 3.25)

#: standard deviation of a median over that of a mean
OF_MEDIAN = 1.2533


def extended_share(data, noise, power, fwhm):
    """Return the light at large scale about a transient as the flux that it would imitate.

    The ring about the transient is divided into sectors. The median of each sector is what a
    smooth light adds to each pixel. Its root mean square over the sectors, beyond noise, is the
    power at large scale. It is expressed as the flux of a point source that it would imitate.

    Parameters
    ----------
    data, noise : ndarray, shape (m, m)
        D about the transient, which is subtracted, and its 1-sigma noise; NaN in invalid pixels.
    power : float
        Sum of a point source of unit flux in D over the sum of its square.
    fwhm : float
        FWHM of the wider PSF, pixels.

    Returns
    -------
    float
        0 if the ring is empty within the noise.
    """
    inner, outer = ring(fwhm)
    reach = len(data) // 2
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    radius, sector = np.hypot(x, y), np.floor(np.arctan2(y, x) / (2 * np.pi) * SECTORS) % SECTORS
    inside = (radius > inner) & (radius <= outer) & np.isfinite(data) & (noise > 0)
    levels, errors = [], []
    for number in range(SECTORS):
        pixels = inside & (sector == number)
        if pixels.sum() > SECTORS:
            levels.append(np.median(data[pixels]))
            errors.append(OF_MEDIAN * np.median(noise[pixels]) / np.sqrt(pixels.sum()))
    levels, errors = np.array(levels), np.array(errors)
    if not len(levels) or np.mean((levels / errors) ** 2) < NOT_EMPTY:
        return 0.0
    level = np.sqrt(max(np.mean(levels**2 - errors**2), 0.0))
    # a level of 1 in each pixel has this flux by the fit of a point source
    return float(level * abs(power))


def ring(fwhm):
    """Return the inner and the outer radius of the ring about a transient, pixels.

    Parameters
    ----------
    fwhm : float
        FWHM of the wider PSF, pixels.

    Returns
    -------
    ndarray, shape (2,)
    """
    return np.maximum(np.multiply(RING, fwhm), LEAST_RING)


def light_along_lines(alpha, alpha_error, x, y, fwhm):
    """Return the light on both sides of each transient: trails, spikes, edges.

    On either side, the mean signal-to-noise ratio of some places counts. Both means have the same
    sign on a line. The smaller one counts, and of all lines the one with the most light.

    Parameters
    ----------
    alpha, alpha_error : ndarray
        Flux of a point source at each pixel and its error; NaN in invalid pixels.
    x, y : ndarray, shape (n,)
        Places of the transients, 0-based.
    fwhm : float
        FWHM of the wider PSF, pixels.

    Returns
    -------
    ndarray, shape (n,)
        Mean signal-to-noise ratio, with the sign of the light; near 0 for a point source alone.
    """
    angle = np.pi * np.arange(LINES) / LINES
    away = fwhm * np.multiply.outer(np.array([np.cos(angle), np.sin(angle)]), SIDES)
    ends = []
    for side in (1, -1):
        column = np.rint(x[:, None, None] + side * away[0]).astype(int)
        row = np.rint(y[:, None, None] + side * away[1]).astype(int)
        inside = (row >= 0) & (row < alpha.shape[0]) & (column >= 0) & (column < alpha.shape[1])
        row, column = np.where(inside, row, 0), np.where(inside, column, 0)
        ratio = alpha[row, column] / alpha_error[row, column]
        ends.append(np.mean(np.where(inside & np.isfinite(ratio), ratio, 0.0), axis=2))
    smaller = np.where(abs(ends[0]) < abs(ends[1]), ends[0], ends[1])
    smaller = np.where(ends[0] * ends[1] > 0, smaller, 0.0)
    most = np.argmax(abs(smaller), axis=1) if len(x) else np.zeros(0, int)
    return smaller[np.arange(len(x)), most]
